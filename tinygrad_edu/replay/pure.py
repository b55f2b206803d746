"""A program as a pure function: the same instructions, evaluated one by one in another module of arrays, such as JAX.

May import: `number_systems`; `builder`, `choices`, `instruction` and `sweep` of this folder; NumPy; JAX inside
functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.number_systems import Arrays
from tinygrad_edu.replay.builder import Var
from tinygrad_edu.replay.choices import Places
from tinygrad_edu.replay.instruction import Array, Leaf
from tinygrad_edu.replay.sweep import Instructions

__all__ = ["evaluate", "jax_arrays"]


def evaluate(
    instructions: Instructions,
    m: Arrays,
    theta: Array,
    arrays: Sequence[Array],
    noises: Sequence[Array] = (),
    weights: Array | None = None,
) -> tuple[Array, Array]:
    """Values and gradient of a program in the number system `m`, of arrays that were checked.

    The values have the shape (1, batch), or (1, 1) where they are the same for all examples. The gradient is that of
    their sum, in which each example counts as much as `weights` say, by default that of their mean. `noises` are the
    random numbers of a program that draws some. Weights and each of the noises have shape (batch,).
    """
    # As NumPy does, which copies them into arrays of floats: whole numbers of few bits would overflow. JAX takes floats
    # for those of 64 bits only where that is switched on, and else computes in single precision.
    theta, *arrays = [array.astype(float) for array in (theta, *arrays)]
    batch = arrays[0].shape[0] if arrays else 1
    if batch == 0:
        return m.zeros((1, 0)), m.zeros(len(theta))
    results = _leaves(instructions, m, theta, arrays, noises, batch)
    if "seed" in instructions.leaves:
        results[instructions.leaves["seed"]] = _seed(m, weights, batch, instructions.output.batched)
    factor: Any = 1.0  # nan where an index names no option
    for var in (*instructions.forward, *instructions.backward):
        if not isinstance(var.instruction, Leaf):
            operands = [results[operand] for operand in var.operands]
            results[var] = var.instruction.evaluate(m, *operands, batch=batch)
            if isinstance(var.instruction, Places):
                factor = factor * _one_or_nan(m, var.instruction, operands[0])
    gradient = m.zeros(len(theta)) if instructions.gradient is None else results[instructions.gradient].reshape(-1)
    return results[instructions.output] * factor, gradient * factor


def _leaves(
    instructions: Instructions,
    m: Arrays,
    theta: Array,
    arrays: Sequence[Array],
    noises: Sequence[Array],
    batch: int,
) -> dict[Var, Array]:
    leaves = instructions.leaves
    given: dict[Var, Array] = {leaves["theta"]: theta.reshape(-1, 1)}
    for k, array in enumerate(arrays):
        given[leaves[f"x{k}"]] = array.reshape(batch, -1).T
    for k, array in enumerate(noises):
        given[leaves[f"noise{k}"]] = array.reshape(1, batch)
    return given


def _seed(m: Arrays, weights: Array | None, batch: int, batched: bool) -> Array:
    """What the output's gradient is: how much each example counts, or all of them together."""
    if weights is None:
        return m.full((1, batch), 1.0 / batch) if batched else m.ones((1, 1))
    return (weights if batched else weights.sum()).reshape(1, -1)


def _one_or_nan(m: Arrays, places: Places, index: Array) -> Any:
    """1 where each index names an option, else nan, or an IndexError where the indices are known."""
    are_there = places.are_all_there(m, index)
    try:
        is_known_to_fail = not are_there
    except TypeError:  # JAX knows no number while it traces
        return m.where(are_there, 1.0, np.nan)
    if is_known_to_fail:
        raise places.error(index)
    return 1.0


def jax_arrays() -> Arrays:
    """The number system of JAX."""
    try:
        import jax
        import jax.scipy.special
    except ImportError as error:
        raise ImportError('JAX is not installed; pip install "tinygrad_edu[jax]" gives it') from error
    return Arrays(jax.numpy, jax.scipy)
