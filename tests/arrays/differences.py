"""The same NumPy code on plain arrays and on arrays of Values: equal numbers, and slopes that differences confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu import Value, array, record

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


def weighted(result: Any) -> Any:
    """One number made of all elements, in which each counts differently: a sum of 1, 2, 3, ... times them."""
    counts = np.arange(1.0, np.size(result) + 1).reshape(np.shape(result))
    return np.sum(result * counts)


def slopes(f: Callable[..., Any], arrays: list[FloatArray], step: float = 1e-6) -> list[FloatArray]:
    """By central differences of plain numbers."""
    found = []
    for k, x in enumerate(arrays):
        slope = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            ends = []
            for change in (step, -step):
                moved = [y.copy() for y in arrays]
                moved[k][place] += change
                ends.append(float(weighted(f(*moved))))
            slope[place] = (ends[0] - ends[1]) / (2 * step)
        found.append(slope)
    return found


def check(f: Callable[..., Any], *arrays: Any, atol: float = 2e-5) -> Any:
    """Assert that value, shape and gradient are right; returns what the function makes of arrays of Values."""
    plain = [np.array(x, dtype=np.float64) for x in arrays]
    expected = f(*[x.copy() for x in plain])
    given = [array(x) for x in plain]
    result = f(*given)
    assert np.shape(result) == np.shape(expected)
    one = weighted(result)
    assert isinstance(one, Value)
    np.testing.assert_allclose(one.data, weighted(expected), rtol=1e-9, atol=1e-12)
    one.backward()
    for ours, theirs in zip(given, slopes(f, plain), strict=True):
        np.testing.assert_allclose(ours.grad, theirs, rtol=1e-4, atol=atol)
    return result


def check_recorded(f: Callable[..., Any], *arrays: Any) -> None:
    """Assert that a program of the function gives the eager numbers and gradients, also of other examples."""
    plain = [np.array(x, dtype=np.float64) for x in arrays]
    params = [array(x) for x in plain]
    flat = [value for each in params for value in each.flat]
    program = record(lambda s: s * weighted(f(*params)), ((),), flat)
    scales = np.array([1.0, -0.5, 2.0])
    one = weighted(f(*params))
    one.backward()
    np.testing.assert_allclose(program(scales), scales * one.data, rtol=1e-9)
    _, gradient = program.value_and_grad(scales)
    np.testing.assert_allclose(gradient, scales.mean() * np.array([p.grad for p in flat]), rtol=1e-7, atol=1e-9)
