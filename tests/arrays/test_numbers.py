"""The numbers of an array are a copy of them, and say so."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import array
from tinygrad_edu.arrays.numbers import copied


@pytest.mark.parametrize(
    "write",
    [
        lambda numbers: numbers.__setitem__(0, 5.0),
        lambda numbers: numbers.__setitem__(slice(None), 0.0),
        lambda numbers: numbers[0].__setitem__(1, 0.0),
        lambda numbers: numbers.T.__setitem__(0, 0.0),
        lambda numbers: numbers.reshape(-1).__setitem__(0, 0.0),
    ],
)
@pytest.mark.parametrize("name", ["data", "grad"])
def test_what_is_written_into_them_would_get_lost(name: str, write: Callable[[Any], Any]) -> None:
    W = array([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match=rf"^the {name} of an array is a copy .*: write W.{name} = numbers .* W\[0\]"):
        write(getattr(W, name))


def test_numpy_writes_nothing_into_them_either() -> None:
    W = array([3.0, 1.0])
    for write in (
        lambda: np.clip(W.data, 0.0, 1.0, out=W.data),
        lambda: W.data.sort(),
        lambda: W.data.fill(0.0),
        lambda: np.copyto(W.data, 0.0),
        lambda: np.asarray(W.data).__setitem__(0, 0.0),
    ):
        with pytest.raises(ValueError, match="read-only"):
            write()


def test_assigning_what_an_operator_makes_reaches_the_array() -> None:
    W = array([1.0, 2.0])
    elements = list(W)
    W.grad = [1.0, 1.0]
    W.data -= 0.5 * W.grad
    W.data += 1
    W.data *= 4.0
    W.data /= 2.0
    W.data **= 2
    W.data //= 2.0
    W.data %= 10
    assert W.data.tolist() == [((1.5 * 2) ** 2) // 2, ((2.5 * 2) ** 2) // 2 % 10]
    W.data @= np.array([[0.0, 1.0], [1.0, 0.0]])
    W.grad *= 0
    assert (W.data.tolist(), W.grad.tolist()) == ([2.0, 4.0], [0.0, 0.0])
    assert all(value is element for value, element in zip(W, elements, strict=True))
    with pytest.raises(ValueError, match="broadcast"):
        W.data += [1.0, 2.0, 3.0]


def test_they_are_as_good_as_an_array() -> None:
    numbers = array([[1.0, 2.0], [3.0, 4.0]]).data
    assert isinstance(numbers, np.ndarray)
    assert repr(numbers) == "array([[1., 2.],\n       [3., 4.]])"
    assert str(numbers[0]) == "[1. 2.]"
    assert type(numbers[0, 0]) is np.float64
    for made in (numbers + 1.0, np.exp(numbers), numbers @ numbers, numbers.sum(axis=0), np.mean(numbers, axis=1),
                 numbers.copy(), np.array(numbers), np.copy(numbers), pickle.loads(pickle.dumps(numbers))):  # fmt: skip
        assert type(made) is np.ndarray
        made[0] = 9.0
    for number in (numbers.sum(), numbers.max(), np.mean(numbers), array(3.0).data + 1.0):
        assert type(number) is np.float64
    assert type(numbers > 1.0) is np.ndarray


def test_what_is_copied_from_them_may_be_written_into() -> None:
    numbers = copied([1.0, 2.0], (2,), "data")
    for free in (numbers.flatten(), numbers[[0, 1]], numbers.astype(float), copy.copy(numbers), copy.deepcopy(numbers)):
        alias = free
        free[0] = 5.0
        free += 1.0
        assert (alias.tolist(), numbers.tolist()) == ([6.0, 3.0], [1.0, 2.0])
