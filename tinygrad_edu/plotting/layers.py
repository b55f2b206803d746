"""`LayerRecorder`: a callback that remembers what passes through each layer while a network is trained.

May import: `backprop`, `functions`, `drawing`, `nn`, `training`; NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.drawing.names import module_paths
from tinygrad_edu.functions import fsum
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.training.callbacks import Callback, RunView
from tinygrad_edu.training.objective import outputs_of
from tinygrad_edu.training.saving import layer_of

__all__ = ["LayerRecorder"]


class LayerRecorder(Callback):
    """Remembers, for each layer and each epoch, its activations on some examples, and its parameters' gradients.

    `activations` and `gradients` map the name of a layer to one flat array per epoch. The activations are those of the
    first `limit` rows of `X`, in evaluation mode, at the end of the epoch. The gradients are sizes: for each parameter
    the root mean square over the iterations of the epoch, before clipping. `plot_distributions` draws both.

    >>> from tinygrad_edu import MLP
    >>> from tinygrad_edu.nn.losses import mean_squared_error
    >>> from tinygrad_edu.training import fit
    >>> X, y = [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]
    >>> recorder = LayerRecorder(X)
    >>> _ = fit(MLP(2, [3, 1], seed=0), X, y, loss=mean_squared_error, epochs=2, callbacks=[recorder])
    >>> {layer: [array.shape for array in arrays] for layer, arrays in recorder.activations.items()}
    {'layers.0': [(6,), (6,)], 'layers.1': [(2,), (2,)]}
    """

    sees_weights: ClassVar[bool] = False  # except at the end of an epoch, when the loop has just written them

    def __init__(self, X: ArrayLike, *, limit: int = 32) -> None:
        self.examples = np.asarray(X, dtype=np.float64)[:limit]
        self.activations: dict[str, list[NDArray[np.float64]]] = {}
        self.gradients: dict[str, list[NDArray[np.float64]]] = {}
        self.squares: NDArray[np.float64] | float = 0.0

    def on_start(self, run: RunView) -> None:
        """Forget an epoch that was left unfinished."""
        self.squares = 0.0

    def on_iteration_end(self, run: RunView) -> None:
        """Add up the squares of the gradient."""
        self.squares = self.squares + run.gradient**2

    def on_epoch_end(self, run: RunView) -> None:
        """Add this epoch to the record."""
        sizes = np.sqrt(self.squares / run.batches_per_epoch)
        self.squares = 0.0
        for layer, places in run.layers.items():
            self.gradients.setdefault(layer, []).append(sizes[places])
        for layer, numbers in layer_activations(run.model, self.examples).items():
            self.activations.setdefault(layer, []).append(numbers)

    def state_dict(self) -> dict[str, Any]:
        """The record so far."""
        return {"activations": self.activations, "gradients": self.gradients}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a record."""
        self.activations = {layer: list(arrays) for layer, arrays in state["activations"].items()}
        self.gradients = {layer: list(arrays) for layer, arrays in state["gradients"].items()}


def layer_activations(model: Module, examples: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """What each layer of a model hands on for these examples, flat, by the name of the layer; read off the graph.

    >>> from tinygrad_edu.nn import MLP
    >>> {k: v.tolist() for k, v in layer_activations(MLP(1, [2], init="zeros"), np.array([[5.0]])).items()}
    {'layers.0': [0.0, 0.0]}
    """
    found: dict[str, list[float]] = {}
    with in_mode(model, training=False):
        for output in outputs_of(model, examples.tolist()):
            for layer, number in _handed_on(output):
                found.setdefault(layer, []).append(number)
    return {layer: np.array(numbers) for layer, numbers in found.items()}


def _handed_on(output: Any) -> list[tuple[str, float]]:
    """The last node of each innermost module, with the name of the layer it is in."""
    nodes = topological_order(fsum(np.ravel(np.array(output, dtype=object))))
    last = {path: node for node, path in module_paths(nodes).items() if node.op is not None}
    return [(layer_of(f"{path}.bias"), node.data) for path, node in last.items()]
