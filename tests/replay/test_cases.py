"""Known numbers, chosen by conditions: one by one, and by bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from replay.comparing import computes

from tinygrad_edu import Value, record
from tinygrad_edu.replay.cases import TRUTH, Cases

INF, NAN = math.inf, math.nan
#: What bytes can stand for, and what they cannot.
NUMBERS = [
    TRUTH, (1.0, 0.5, 0.0), (0.0, 1.0), (-0.5, 2.5), (1.0, 0.01), (0.0, 0.0), (5e-324, 0.0), (127.0, -1.0, 1.0),
    (1.0, -0.0), (-0.0, -0.0), (1.0, NAN), (INF, 1.0), (-INF, 0.0), (128.0, 1.0), (1.0, 0.3), (1e300, 1e-300),
    (3.0, 2.0), (1.0, 2.0, 3.0, 4.0),
]  # fmt: skip


def by_hand(numbers: tuple[float, ...], conditions: Any, shape: tuple[int, ...], kind: type) -> Any:
    """The number of each element, one after the other."""
    out = np.empty(shape, kind)
    masks = [np.broadcast_to(condition, shape) for condition in conditions]
    for place in np.ndindex(shape):
        holds = [k for k, mask in enumerate(masks) if mask[place]]
        out[place] = numbers[holds[0] if holds else -1]
    return out


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(2, 3), (0, 4), (70, 1), (40, 150)], ids=str)
@pytest.mark.parametrize("numbers", NUMBERS, ids=str)
def test_the_first_condition_that_holds_names_the_number(
    numbers: tuple[float, ...], shape: tuple[int, int], kind: type
) -> None:
    generator = np.random.default_rng(0)
    for shapes in ([shape] * 3, [(1, shape[1]), (shape[0], 1), shape]):
        conditions = [generator.random(shapes[k % 3]) < 0.5 for k in range(len(numbers) - 1)]
        out = np.full((2 * shape[0], shape[1]), 99, kind)
        with np.errstate(all="ignore"):
            expected = by_hand(numbers, conditions, shape, kind)
            run = Cases(numbers).run(out[::2], *conditions)
            for _ in range(2):
                run()
                assert out[::2].tobytes() == expected.tobytes()  # which tells -0.0 from 0.0
        assert (out[1::2] == 99).all()


def test_it_is_a_pure_function_too() -> None:
    computes(
        Cases((1.0, 0.5, -2.0)),
        [[1.0, 0.5], [-2.0, 1.0]],
        [[True, False], [False, True]],
        [[False, True], [False, True]],
    )
    assert Cases(TRUTH).dtype is float


def test_which_choices_are_the_same() -> None:
    assert Cases((1.0, 0.0)).key() != Cases((1.0, -0.0)).key()
    assert Cases((1.0, 0.0)).key() == Cases(TRUTH).key()


@pytest.mark.parametrize("batch", [1, 7, 3000])
def test_slopes_of_the_largest_are_shared_by_equals(batch: int) -> None:
    w = [Value(1.0), Value(1.0)]
    program = record(lambda x, y: (w[0] * x).maximum(w[1] * y), ((), ()), w)
    generator = np.random.default_rng(0)
    x, y = generator.choice([-1.0, -0.0, 0.0, 2.0], (2, batch))
    _, (by_x, by_y) = program.value_and_grad(x, y)
    shares = np.where(x > y, 1.0, np.where(x == y, 0.5, 0.0))
    np.testing.assert_allclose(by_x, (shares * x).mean(), rtol=1e-12)
    np.testing.assert_allclose(by_y, ((1.0 - shares) * y).mean(), rtol=1e-12)
