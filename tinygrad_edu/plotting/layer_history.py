"""`LayerHistory`: a callback that remembers what each layer answers while a network is trained.

May import: `modes`, `value`, `nn`, `training`; NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.modes import changed_mode
from tinygrad_edu.nn.layers import named_layers
from tinygrad_edu.nn.module import Module, in_mode
from tinygrad_edu.training.callbacks import Callback, RunView
from tinygrad_edu.training.objective import example_of, outputs_of
from tinygrad_edu.value import Value

__all__ = ["LayerHistory"]


class LayerHistory(Callback):
    """Remembers, for each layer and each epoch, its activations on some examples, and its parameters' gradients.

    `activations` and `gradients` map the name of a layer to one flat array per epoch. The activations are those of the
    first `limit` rows of `X`, in evaluation mode, at the end of the epoch. The gradients are sizes: for each parameter
    the root mean square over the iterations of the epoch, before clipping. `plot_distributions` draws both.

    >>> from tinygrad_edu import MLP
    >>> from tinygrad_edu.nn.losses import mean_squared_error
    >>> from tinygrad_edu.training import fit
    >>> X, y = [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]
    >>> history = LayerHistory(X)
    >>> _ = fit(MLP(2, [3, 1], seed=0), X, y, loss=mean_squared_error, epochs=2, callbacks=[history])
    >>> {layer: [array.shape for array in arrays] for layer, arrays in history.activations.items()}
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
    """What each layer of a model answers to these examples, flat, by the name of the layer.

    A layer that is called several times for one example, as in a recurrent network, has as many answers.

    >>> from tinygrad_edu.nn import MLP
    >>> {k: v.tolist() for k, v in layer_activations(MLP(1, [2], init="zeros"), np.array([[5.0]])).items()}
    {'layers.0': [0.0, 0.0]}
    """
    answers: dict[int, list[float]] = {id(layer.module): [] for layer in named_layers(model)}

    def hear(module: Module, answer: Any) -> None:
        if id(module) in answers:
            answers[id(module)] += _numbers_in(answer)

    with in_mode(model, training=False), changed_mode(answers=hear):
        outputs_of(model, map(example_of, examples))
    heard = {layer.name: np.array(answers[id(layer.module)]) for layer in named_layers(model)}
    return {name: numbers for name, numbers in heard.items() if numbers.size}


def _numbers_in(answer: Any) -> list[float]:
    """All numbers of an answer, whatever it is made of.

    >>> _numbers_in(([Value(1.0), 2.0], {"gate": np.array([3.0])}, "text", None))
    [1.0, 2.0, 3.0]
    """
    if isinstance(answer, Value):
        return [answer.data]
    if isinstance(answer, Real):
        return [float(answer)]
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    elif isinstance(answer, np.ndarray):
        answer = answer.ravel().tolist()
    return [number for part in answer for number in _numbers_in(part)] if isinstance(answer, (list, tuple)) else []
