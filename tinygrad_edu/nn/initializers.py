"""Initializers: how the weights of a network start.

Weights that start too large saturate the activations, too small ones let the signal die out, and equal ones make
all neurons of a layer learn the same thing. Each initializer below draws one weight; `n_inputs` and `n_outputs`
count the inputs and outputs of the layer (its "fan in" and "fan out"). Biases start at 0.

    He, K., Zhang, X., Ren, S., Sun, J. (2015). Delving deep into rectifiers. ICCV. arXiv:1502.01852
    Glorot, X., Bengio, Y. (2010). Understanding the difficulty of training deep feedforward neural networks. AISTATS.

May import: `arguments`; `activations` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator

from tinygrad_edu.arguments import unknown_name
from tinygrad_edu.nn.activations import Activation, activation_family

__all__ = [
    "INITIALIZERS",
    "Initializer",
    "draw_weights",
    "he_normal",
    "he_uniform",
    "resolve_initializer",
    "these",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

#: (n_inputs, n_outputs, generator) -> one weight, or all of them as an array of shape (n_outputs, n_inputs).
Initializer: TypeAlias = Callable[[int, int, Generator], Any]


def uniform(n_inputs: int, n_outputs: int, generator: Generator) -> float:
    """Uniform on [-1/√n_inputs, 1/√n_inputs]: the classic rule that Glorot & Bengio (2010), eq. 1, start from.

    >>> -0.5 <= uniform(4, 8, np.random.default_rng(0)) <= 0.5
    True
    """
    limit = 1.0 / sqrt(n_inputs)
    return generator.uniform(-limit, limit)


def xavier_uniform(n_inputs: int, n_outputs: int, generator: Generator) -> float:
    """Uniform on [-L, L] with L = √(6 / (n_inputs + n_outputs)); Glorot & Bengio (2010), eq. 16.

    >>> abs(xavier_uniform(3, 3, np.random.default_rng(0))) <= 1.0
    True
    """
    limit = sqrt(6.0 / (n_inputs + n_outputs))
    return generator.uniform(-limit, limit)


def xavier_normal(n_inputs: int, n_outputs: int, generator: Generator) -> float:
    """Normal with variance 2 / (n_inputs + n_outputs); Glorot & Bengio (2010), eq. 12.

    >>> generator = np.random.default_rng(0)
    >>> round(float(np.std([xavier_normal(4, 4, generator) for _ in range(10_000)])), 2)
    0.5
    """
    return generator.normal(0.0, sqrt(2.0 / (n_inputs + n_outputs)))


def he_uniform(n_inputs: int, n_outputs: int, generator: Generator) -> float:
    """Uniform on [-L, L] with L = √(6 / n_inputs), which has the variance of `he_normal`; He et al. (2015).

    >>> abs(he_uniform(6, 100, np.random.default_rng(0))) <= 1.0
    True
    """
    limit = sqrt(6.0 / n_inputs)
    return generator.uniform(-limit, limit)


def he_normal(n_inputs: int, n_outputs: int, generator: Generator) -> float:
    """Normal with variance 2 / n_inputs, for the relu family; He et al. (2015), eq. 10.

    >>> generator = np.random.default_rng(0)
    >>> round(float(np.std([he_normal(8, 1, generator) for _ in range(10_000)])), 2)
    0.5
    """
    return generator.normal(0.0, sqrt(2.0 / n_inputs))


def zeros(n_inputs: int, n_outputs: int, generator: Generator) -> float:
    """0 for every weight: fine for one neuron, and the way to see why a layer needs its symmetry broken.

    >>> zeros(4, 8, np.random.default_rng(0))
    0.0
    """
    return 0.0


def these(weights: Any) -> Initializer:
    """An initializer that hands out weights drawn before.

    >>> these([0.5, -0.5])(2, 1, np.random.default_rng())
    [0.5, -0.5]
    """
    return lambda n_inputs, n_outputs, generator: weights


INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (uniform, xavier_uniform, xavier_normal, he_uniform, he_normal, zeros)
}  # fmt: skip


def resolve_initializer(init: str | Initializer | None, activation: Activation) -> Initializer:
    """The initializer of this name, the function itself, or for None the one that suits the activation.

    That is `he_normal` for the relu family, whose neurons pass half of their inputs, and `xavier_uniform` otherwise.

    Raises ValueError for an unknown name, TypeError for what is neither a name nor a function.

    >>> resolve_initializer(None, "relu").__name__, resolve_initializer(None, "tanh").__name__
    ('he_normal', 'xavier_uniform')
    """
    if init is None:
        return he_normal if activation_family(activation) == "rectifier" else xavier_uniform
    if isinstance(init, str):
        if init not in INITIALIZERS:
            raise unknown_name("initializer", init, INITIALIZERS)
        return INITIALIZERS[init]
    if not callable(init):
        raise TypeError(
            "an initializer is a name such as 'he_normal' or a function "
            f"(n_inputs, n_outputs, generator) -> weight, not {init!r}"
        )
    return init


def draw_weights(
    initializer: Initializer,
    n_inputs: int,
    n_outputs: int,
    generator: Generator,
    shape: tuple[int, ...] | None = None,
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """An array of weights, of shape (n_outputs, n_inputs) unless `shape` says otherwise.

    An initializer that returns one number is asked once per weight; one that returns an array is asked once.

    Raises ValueError when the array does not fit the shape.

    >>> draw_weights(zeros, 3, 2, np.random.default_rng(0))
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """
    shape = (n_outputs, n_inputs) if shape is None else shape
    first = np.asarray(initializer(n_inputs, n_outputs, generator), dtype=np.float64)
    if first.ndim == 0:
        rest = [float(initializer(n_inputs, n_outputs, generator)) for _ in range(1, int(np.prod(shape)))]
        return np.array([float(first), *rest]).reshape(shape)
    try:
        return np.broadcast_to(first, shape).copy()
    except ValueError as error:
        raise ValueError(f"the initializer returned weights of shape {first.shape}, where {shape} is needed") from error
