"""A run on TensorBoard: curves and histograms in the browser while it trains.

May import: `callbacks` and `saving` of this folder; tensorboardX inside functions.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.training.callbacks import Callback, RunView
from tinygrad_edu.training.saving import FilePath, arrays_of

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """A callback that writes what `tensorboard --logdir FOLDER` shows, one point per epoch.

    Curves of `loss/training`, `loss/validation`, `learning_rate`, `gradient_norm/all` and `gradient_norm/LAYER`;
    histograms of `weights/ARRAY` and `gradients/LAYER` every `histograms` epochs (0 for none). A resumed run goes on in
    the same curves. Raises ImportError without tensorboardX, ValueError for a negative `histograms`.

    >>> TensorBoard("runs/first").folder
    'runs/first'
    """

    def __init__(self, folder: FilePath, *, histograms: int = 1) -> None:
        if histograms < 0:
            raise ValueError(f"histograms counts epochs, 0 for no histograms at all, and is {histograms}")
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise ImportError(
                'TensorBoard needs tensorboardX; install it with: pip install "tinygrad_edu[learn]"'
            ) from error
        self.folder = folder
        self.histograms = histograms
        self._open = SummaryWriter
        self._writer: Any = None

    def on_start(self, run: RunView) -> None:
        """Open the event file."""
        self._writer = self._open(str(self.folder))

    def on_epoch_end(self, run: RunView) -> None:
        """Write the numbers of the epoch, where anyone looking can see them at once."""
        history = run.history
        curves = {
            "loss/training": history.loss,
            "loss/validation": history.validation_loss,
            "learning_rate": history.learning_rate,
            "gradient_norm/all": history.gradient_norm,
        } | {f"gradient_norm/{layer}": norms for layer, norms in history.layer_gradient_norms.items()}
        for name, curve in curves.items():
            if curve:
                self._writer.add_scalar(name, curve[-1], run.epoch)
        if self.histograms and run.epoch % self.histograms == 0:
            for name, array in arrays_of(run.model).items():
                self._writer.add_histogram(f"weights/{name}", array.ravel(), run.epoch)
            for layer, places in run.layers.items():
                self._writer.add_histogram(f"gradients/{layer}", run.gradient[places], run.epoch)
        self._writer.flush()

    def on_end(self, run: RunView) -> None:
        """Close the event file."""
        self._writer.close()
