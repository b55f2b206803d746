"""The calls of a program, and the memory that they write to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import params_of

from tinygrad_edu import (
    Value,
    choose,
    dot,
    fsum,
    record,
)

generator = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def the_same_numbers_in_any_order():
    generator.bit_generator.state = np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("gap", [1, 2])
def test_a_product_at_several_positions_may_stand_in_rows_that_lie_apart(batch: int, gap: int) -> None:
    """The product regroups its rows, and what is regrouped must not be a copy of the rows that are read."""
    w, x = generator.normal(size=(2, 3)), generator.normal(size=(batch, 4))
    weights = params_of(w)

    def function(x: Any) -> list[Any]:
        products = [dot(row, x[p : p + 3]) for row in weights for p in range(2)]
        between = [[v.tanh()] * gap for v in x]
        return [v for product, others in zip(products, between, strict=True) for v in (product, *others)]

    windows = np.stack([x[:, :3], x[:, 1:]], axis=1)
    expected = np.empty((batch, 4, 1 + gap))
    expected[:, :, 0] = np.einsum("ok,bpk->bop", w, windows).reshape(batch, 4)
    expected[:, :, 1:] = np.tanh(x)[:, :, None]
    one = np.ones((1, 4))  # with one example, rows that lie apart can be regrouped
    program = record(function, (4,), weights.ravel(), check=(one,))
    np.testing.assert_allclose(program(x), expected.reshape(batch, 4 + 4 * gap), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_the_gradient_of_a_table_may_stand_in_rows_that_lie_apart(batch: int) -> None:
    w, x, k = generator.normal(size=6), generator.normal(size=batch), np.arange(batch) % 3
    params = list(params_of(w))

    def function(k: Any, x: Any) -> Any:
        scaled = [v * x for v in params]
        return choose(k, scaled[::2]) ** 2 + fsum(v.tanh() for v in scaled[1::2])

    program = record(function, ((), ()), params, check=(np.ones(1), np.ones(1)))
    by_hand = np.zeros((batch, 6))
    by_hand[:, 1::2] = x[:, None] * (1.0 - np.tanh(x[:, None] * w[1::2]) ** 2)
    by_hand[np.arange(batch), 2 * k] = 2.0 * x**2 * w[2 * k]
    _, gradient = program.value_and_grad(k, x)
    np.testing.assert_allclose(gradient, by_hand.sum(axis=0) / max(batch, 1), rtol=1e-12, atol=1e-15)


def test_what_constants_make_of_a_gradient_is_the_same_at_every_call() -> None:
    """Written into a larger array and added to there, it is computed anew each time."""
    w = [Value(0.5), Value(-1.0), Value(2.0)]
    slopes = np.exp([0.5, -1.0, 2.0])
    shapes: dict[str, tuple[Any, Any, Any]] = {
        "sum": (lambda: fsum([*w, *[a.exp() for a in w]]), 1.0, 1.0),
        "twice": (lambda: fsum([a * 2.0 for a in w] + [a.exp() for a in w]), 2.0, 1.0),
        "less 1": (lambda: fsum([a - 1.0 for a in w[:2]] + [a.exp() for a in w]), [1.0, 1.0, 0.0], 1.0),
        "some": (lambda: fsum([-a for a in w[1:]] + [a.exp() for a in w[:2]] + w), [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]),
    }
    for name, (function, constant, factor) in shapes.items():
        program = record(function, (), w)
        for _ in range(3):
            by_hand = constant + slopes * factor
            np.testing.assert_allclose(program.value_and_grad()[1], by_hand, rtol=1e-14, err_msg=name)
