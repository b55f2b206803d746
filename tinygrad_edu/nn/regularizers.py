"""Regularizers: what keeps a network from learning its examples by heart, and its numbers in a sane range.

`Dropout`, `LayerNorm` and `RMSNorm` are called on one example. `BatchNorm` compares examples, so it is called on a
batch: a list of examples; any model it is part of must be called on a list of examples too, and says so with
`takes_batch = True`. `Sequential` does this by itself. The penalties are functions of the parameters.

May import: `arguments`, `elsewhere`, `modes`, `value`, `functions`, `arrays`; `layers` and `module` of this folder;
NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from tinygrad_edu.arguments import Seed, above_zero, at_least_zero, random_generator, whole_number
from tinygrad_edu.arrays import ValueArray, array
from tinygrad_edu.elsewhere import NORM_KEYWORDS, says_ours
from tinygrad_edu.functions import fsum, where
from tinygrad_edu.modes import noise
from tinygrad_edu.nn.layers import one_example
from tinygrad_edu.nn.module import Module
from tinygrad_edu.value import Number, Value, as_value

__all__ = ["BatchNorm", "Dropout", "LayerNorm", "RMSNorm", "Sequential", "l1_penalty", "l2_penalty"]


class Dropout(Module):
    """In training, drop each input with probability p and scale up the others, so that the sum stays on average.

        yᵢ = xᵢ / (1 - p) with probability 1 - p, else 0;      in `eval()`: yᵢ = xᵢ

    Because the scaling is done in training ("inverted" dropout), nothing is left to do in `eval()`. Called on one
    example, it returns as many `Value`s. Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
    overfitting".

    Raises ValueError for a p outside [0, 1).

    >>> drop = Dropout(0.5, seed=0)
    >>> drop([1.0, 1.0, 1.0, 1.0])
    ValueArray([2., 0., 0., 0.])
    >>> drop.eval()([1.0, 1.0])
    ValueArray([1., 1.])
    """

    @says_ours(NORM_KEYWORDS)
    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if not 0.0 <= p < 1.0:
            raise ValueError(f"p is the share of inputs that is dropped, at least 0 and below 1, not {p!r}")
        self.p = float(p)
        self.generator = random_generator(seed)

    def noise(self) -> Number:
        """A fresh random number, uniform on [0, 1); a recorded program draws it anew for each example."""
        drawn: Number = noise(self.generator.random)
        return drawn

    def __call__(self, inputs: Iterable[Number]) -> ValueArray:
        """What is left of the inputs of one example."""
        values = array(inputs if isinstance(inputs, np.ndarray) else list(inputs))
        if not self.training or self.p == 0.0:
            return values
        scale = 1.0 / (1.0 - self.p)
        return array([where(self.noise() >= self.p, scale * x, 0.0) for x in values.tolist()])

    def describe(self) -> str:
        """The share that is dropped."""
        return f"p={self.p:g}"


class LayerNorm(Module):
    """Give the numbers of one example mean 0 and variance 1, then apply a learned scale and shift to each.

        yᵢ = weightᵢ · (xᵢ - mean) / √(variance + ε) + biasᵢ,     over the `size` numbers of the example

    Called on one example of `size` numbers, it returns as many `Value`s. `weight` starts at 1, `bias` at 0;
    ε, which keeps equal numbers from being divided by 0, is as in PyTorch. Ba, Kiros & Hinton 2016, "Layer
    normalization".

    Raises ValueError for a size below 1, an eps that is not above 0, and a wrong number of inputs.

    >>> LayerNorm(3)([1.0, 2.0, 3.0]).data.round(3)
    array([-1.225,  0.   ,  1.225])
    """

    @says_ours(NORM_KEYWORDS)
    def __init__(self, size: int, *, eps: float = 1e-5) -> None:
        self.size = whole_number(size, "size")
        self.eps = above_zero(eps, "eps")
        self.weight = [Value(1.0) for _ in range(self.size)]
        self.bias = [Value(0.0) for _ in range(self.size)]
        self.label_parameters()

    def __call__(self, inputs: Iterable[Number]) -> ValueArray:
        """The numbers of one example, normalized."""
        values = one_example(inputs, self.size, "this LayerNorm")
        mean, variance = _mean_and_variance(values)
        scale = (variance + self.eps).sqrt().reciprocal()
        return array([(x - mean) * scale * w + b for x, w, b in zip(values, self.weight, self.bias, strict=True)])

    def describe(self) -> str:
        """The number of inputs."""
        return f"{self.size}"


class RMSNorm(Module):
    """Divide the numbers of one example by their root mean square, then apply a learned scale to each.

        yᵢ = weightᵢ · xᵢ / √(Σ xⱼ² / size + ε)

    Called on one example of `size` numbers, it returns as many `Value`s. `weight` starts at 1; ε is as in the authors'
    code. Zhang & Sennrich 2019, "Root mean square layer normalization".

    Raises ValueError as `LayerNorm` does.

    >>> RMSNorm(2)([3.0, 4.0]).data.round(3)
    array([0.849, 1.131])
    """

    @says_ours(NORM_KEYWORDS)
    def __init__(self, size: int, *, eps: float = 1e-8) -> None:
        self.size = whole_number(size, "size")
        self.eps = above_zero(eps, "eps")
        self.weight = [Value(1.0) for _ in range(self.size)]
        self.label_parameters()

    def __call__(self, inputs: Iterable[Number]) -> ValueArray:
        """The numbers of one example, scaled."""
        values = one_example(inputs, self.size, "this RMSNorm")
        mean_square = fsum([x.square() for x in values]) / self.size
        scale = (mean_square + self.eps).sqrt().reciprocal()
        return array([x * scale * w for x, w in zip(values, self.weight, strict=True)])

    def describe(self) -> str:
        """The number of inputs."""
        return f"{self.size}"


class BatchNorm(Module):
    """Give each feature mean 0 and variance 1 over the batch, then apply a learned scale and shift to it.

        y = weight · (x - mean) / √(variance + ε) + bias,     mean and variance of the feature over the batch

    Called on a batch, shape (n, size), it returns an array of `Value`s of the same shape. In training it also
    follows the mean and the unbiased variance of the batches (`running_mean`, `running_var`). It uses these in
    `eval()`, where a batch of one is fine. `momentum` is the share of the newest batch in them. Ioffe & Szegedy 2015,
    "Batch normalization", with the names and defaults of PyTorch.

    Raises ValueError for settings out of range, a wrong number of inputs, and a training batch of one example, whose
    variance is 0.

    >>> norm = BatchNorm(1)
    >>> norm([[1.0], [3.0]]).data.round(3)
    array([[-1.],
           [ 1.]])
    >>> norm.running_mean
    [0.2]
    """

    takes_batch: ClassVar[bool] = True
    buffer_names = ("running_mean", "running_var")

    @says_ours(NORM_KEYWORDS)
    def __init__(self, size: int, *, momentum: float = 0.1, eps: float = 1e-5) -> None:
        self.size = whole_number(size, "size")
        if not 0.0 < momentum <= 1.0:
            raise ValueError(f"momentum is the share of the newest batch, above 0 and at most 1, not {momentum!r}")
        self.momentum = float(momentum)
        self.eps = above_zero(eps, "eps")
        self.weight = [Value(1.0) for _ in range(self.size)]
        self.bias = [Value(0.0) for _ in range(self.size)]
        self.running_mean = [0.0] * self.size
        self.running_var = [1.0] * self.size
        self.label_parameters()

    def __call__(self, batch: Iterable[Iterable[Number]]) -> ValueArray:
        """The examples of the batch, each feature normalized."""
        rows = [one_example(row, self.size, "this BatchNorm, of each row of a batch,") for row in batch]
        if self.training and len(rows) < 2:
            raise ValueError(
                f"BatchNorm in training needs a batch of at least 2 examples, not {len(rows)}; "
                "choose a batch size that leaves no single example over, or call eval()"
            )
        if not rows:
            return array(np.zeros((0, self.size)))
        return array([self._normalized(k, list(column)) for k, column in enumerate(zip(*rows, strict=True))]).T

    def _normalized(self, k: int, column: list[Value]) -> list[Value]:
        """Feature `k` of all examples, normalized."""
        mean: Number
        variance: Number
        if self.training:
            mean, variance = _mean_and_variance(column)
            self._follow(k, mean.data, variance.data * len(column) / (len(column) - 1))
        else:
            mean, variance = self.running_mean[k], as_value(self.running_var[k])
        scale = (variance + self.eps).sqrt().reciprocal()
        return [(x - mean) * scale * self.weight[k] + self.bias[k] for x in column]

    def _follow(self, k: int, mean: float, variance: float) -> None:
        """Move the running mean and variance of feature `k` towards those of the newest batch."""
        self.running_mean[k] += self.momentum * (mean - self.running_mean[k])
        self.running_var[k] += self.momentum * (variance - self.running_var[k])

    def describe(self) -> str:
        """The number of features."""
        return f"{self.size}"


class Sequential(Module):
    """Modules one after the other, each given what the one before returned.

    Called on one example, as its modules are. If one of them takes a batch (`BatchNorm`), it is called on a batch, and
    calls the others on each example of it.

    Raises ValueError for no modules, TypeError for what cannot be called.

    >>> from tinygrad_edu.nn import Layer
    >>> net = Sequential(Layer(2, 8, "relu", seed=0), Dropout(0.2, seed=1), Layer(8, 1, "linear", seed=2))
    >>> len(net([0.5, -0.5])), net.takes_batch
    (1, False)
    >>> net = Sequential(Layer(2, 8, "linear"), BatchNorm(8), Layer(8, 1, "linear"))
    >>> len(net([[0.5, -0.5], [1.0, 2.0], [0.0, 1.0]])), net.takes_batch
    (3, True)
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        if not layers:
            raise ValueError("Sequential needs at least one module, such as Sequential(Layer(2, 1))")
        for layer in layers:
            if not callable(layer):
                raise TypeError(f"Sequential takes modules and functions, not {layer!r}")
        self.layers = list(layers)
        self.label_parameters()

    @property
    def takes_batch(self) -> bool:
        """Whether it must be called on a list of examples."""
        return any(_takes_batch(layer) for layer in self.layers)

    def __call__(self, inputs: Any) -> Any:
        """The output for one example; or, if it takes a batch, for each example of one."""
        on_batch = self.takes_batch
        for layer in self.layers:
            if on_batch and not _takes_batch(layer):
                inputs = _together([layer(example) for example in inputs])
            else:
                inputs = layer(inputs)
        return inputs


def _together(rows: list[Any]) -> Any:
    """What a module answered to each example of a batch: one array, if these were arrays of the same shape."""
    alike = all(isinstance(row, ValueArray) for row in rows) and len({row.shape for row in rows}) == 1
    return array(rows) if alike else rows


def _takes_batch(layer: Any) -> bool:
    return bool(getattr(layer, "takes_batch", False))


# Penalties ------------------------------------------------------------------------------------------------


def l1_penalty(params: Sequence[Value], strength: float) -> Value:
    """strength · Σ |θᵢ|, to add to a loss: it drives weights that are not needed to 0 exactly.

    Tibshirani 1996, "Regression shrinkage and selection via the lasso". Raises ValueError for no parameters, and for
    a strength that is negative or not finite.

    >>> l1_penalty([Value(-2.0), Value(3.0)], 0.1).data
    0.5
    """
    return _penalty_strength(strength, params) * fsum([abs(p) for p in params])


def l2_penalty(params: Sequence[Value], strength: float) -> Value:
    """strength · Σ θᵢ², to add to a loss: it keeps weights small, large ones most of all.

    For plain SGD it is the same as `weight_decay=2 * strength`. Hoerl & Kennard 1970, "Ridge regression". Raises
    ValueError for no parameters, and for a strength that is negative or not finite.

    >>> l2_penalty([Value(-2.0), Value(4.0)], 0.5).data
    10.0
    """
    return _penalty_strength(strength, params) * fsum([p.square() for p in params])


def _penalty_strength(strength: float, params: Sequence[Value]) -> float:
    """The strength of a penalty, if there are parameters to penalize."""
    if not params:
        raise ValueError("a penalty needs at least one parameter, not an empty list; pass model.parameters()")
    return at_least_zero(strength, "the strength of a penalty")


# Helpers --------------------------------------------------------------------------------------------------


def _mean_and_variance(values: Sequence[Value]) -> tuple[Value, Value]:
    """The mean, and the mean squared distance from it."""
    mean = fsum(values) / len(values)
    return mean, fsum([(x - mean).square() for x in values]) / len(values)
