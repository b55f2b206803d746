"""Large batches, some examples at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf

from tinygrad_edu import Program, Value, choose, dot, fsum, record
from tinygrad_edu.modes import noise
from tinygrad_edu.replay.bind import Bound
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.memory import planned
from tinygrad_edu.replay.shares import CACHE, FEWEST, InShares, share_size

WEIGHTS = np.random.default_rng(0).normal(size=40)


def layer() -> Program:
    """Tanh of dots, squared errors."""
    weights = [Value(number) for number in WEIGHTS]

    def loss(x: Any, y: Any) -> Value:
        return fsum((dot(weights[k : k + 4], x).tanh() - y) ** 2 for k in range(0, 40, 4))

    return record(loss, ((4,), ()), weights)


def bound_of(program: Program) -> Any:
    return next(reversed(program._bound.values()))


def share_of(program: Program) -> int:
    return share_size([*program.instructions.forward, *program.instructions.backward], program._plan)


@pytest.mark.parametrize(("shares", "more"), [(2, 0), (2, 700), (3, 1), (7, 0)])
def test_a_large_batch_is_that_of_numpy(shares: int, more: int) -> None:
    program, generator = layer(), np.random.default_rng(1)
    batch = shares * share_of(program) + more
    w = WEIGHTS.reshape(10, 4)
    for _ in range(2):
        x, y = generator.normal(size=(batch, 4)), generator.normal(size=batch)
        h = np.tanh(x @ w.T)
        values = ((h - y[:, None]) ** 2).sum(axis=1)
        gradient = (2.0 * (h - y[:, None]) * (1.0 - h * h)).T @ x / batch
        np.testing.assert_allclose(program(x, y), values, rtol=1e-12)
        mean, ours = program.value_and_grad(x, y)
        np.testing.assert_allclose(mean, values.mean(), rtol=1e-12)
        np.testing.assert_allclose(ours, gradient.ravel(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(program.values_and_grad(x, y)[0], values, rtol=1e-12)
    assert isinstance(bound_of(program), InShares)


def test_small_batches_are_run_at_once() -> None:
    program = layer()
    most = 2 * share_of(program) - 1
    program(np.ones((most, 4)), np.ones(most))
    assert isinstance(bound_of(program), Bound)


def test_what_a_list_of_outputs_is_stands_in_the_order_of_the_examples() -> None:
    weights = [Value(number) for number in WEIGHTS]
    program = record(lambda x: [dot(weights[k : k + 2], x).exp() for k in range(0, 40, 2)], (2,), weights)
    x = np.random.default_rng(2).normal(size=(2 * share_of(program) + 567, 2))
    np.testing.assert_allclose(program(x), np.exp(x @ WEIGHTS.reshape(20, 2).T), rtol=1e-12)
    assert isinstance(bound_of(program), InShares)


def test_random_numbers_are_drawn_as_for_a_small_batch() -> None:
    weights = [Value(number) for number in WEIGHTS]
    generators = [np.random.default_rng(7), np.random.default_rng(7)]
    program = record(lambda x: fsum(w * x for w in weights) + noise(generators[0].random), ((),), weights)
    generators[0].bit_generator.state = generators[1].bit_generator.state
    x = np.zeros(5 * share_of(program))
    np.testing.assert_allclose(program(x), generators[1].random(size=len(x)), rtol=1e-12)


def test_an_index_out_of_range_in_any_share_is_an_error_and_the_next_call_is_right() -> None:
    weights = [Value(number) for number in WEIGHTS]
    program = record(lambda k, x: choose(k, weights) * x, ((), ()), weights)
    share = share_of(program)
    index, x = np.arange(2 * share) % 40, np.ones(2 * share)
    wrong = index.copy()
    wrong[-1] = 40
    with pytest.raises(IndexError, match=r"these are not: \[40.0\]"):
        program.value_and_grad(wrong, x)
    mean, gradient = program.value_and_grad(index, x)
    np.testing.assert_allclose(mean, WEIGHTS[index].mean(), rtol=1e-12)
    np.testing.assert_allclose(gradient, np.bincount(index) / len(index), rtol=1e-12)


def test_a_share_is_as_large_as_its_arrays_fit_the_cache_and_not_smaller_than_pays() -> None:
    builder = Builder()
    small = builder.exp(leaf(builder, "x", 4))
    assert share_size(builder.written, planned(builder.written, {small})) == CACHE // (8 * 8)
    large = builder.exp(leaf(builder, "y", 1000))
    assert share_size(builder.written, planned(builder.written, {small, large})) == FEWEST


def test_data_are_let_go_when_the_run_is_over() -> None:
    program = layer()
    program(np.ones((3 * share_of(program), 4)), np.ones(3 * share_of(program)))
    assert bound_of(program)._arrays == ()
