"""The calls of a program, and the memory that they write to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf, params_of

from tinygrad_edu import Value, choose, dot, fsum, record
from tinygrad_edu.replay.bind import Bound
from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.memory import planned
from tinygrad_edu.replay.rows import Assemble
from tinygrad_edu.replay.sweep import Instructions

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


# By hand --------------------------------------------------------------------------------------------------


def bound(builder: Builder, output: Var, gradient: Var | None, theta: Any, batch: int, noises: int = 0) -> Bound:
    """What `builder` has written, forward, for one input of two numbers."""
    leaves = {var.instruction.name: var for var in builder.written if isinstance(var.instruction, Leaf)}
    instructions = Instructions(builder.written, [], output, gradient, leaves)
    return Bound(instructions, planned(builder.written, {output, gradient}), [(2,)], noises, theta, batch)


def neuron() -> tuple[Builder, Var]:
    """Two inputs times one parameter each, plus noise; the first output is kept."""
    builder = Builder()
    x, theta, noise = leaf(builder, "x0", 2), leaf(builder, "theta", 2, batched=False), leaf(builder, "noise0")
    return builder, x * theta + noise


def test_inputs_and_noises_are_copied_in_and_values_read_out() -> None:
    builder, output = neuron()
    theta = np.array([2.0, 3.0])
    program = bound(builder, output, None, theta, batch=3, noises=1)
    for scale in (1.0, 10.0):
        program.inputs[0][...] = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 3.0]]) * scale
        program.noises[0][...] = [[0.5, 0.25, 0.0]]
        program.run(program.forward)
        expected = np.array([[2.0, 4.0, 0.0], [3.0, 0.0, 9.0]]) * scale + [[0.5, 0.25, 0.0]]
        np.testing.assert_array_equal(program.values, expected)
    theta[0] = 4.0  # it is shared
    program.run(program.forward)
    np.testing.assert_array_equal(program.values[0], [40.5, 80.25, 0.0])


def test_the_mean_over_the_batch_is_of_the_first_row() -> None:
    builder, output = neuron()
    program = bound(builder, output, None, np.array([2.0, 3.0]), batch=2, noises=1)
    program.inputs[0][...], program.noises[0][...] = [[1.0, 1.0], [2.0, 0.0]], 0.0
    program.run(program.everything)
    assert program.mean == 3.0
    assert program.gradient.tolist() == [0.0, 0.0]


def test_without_examples_the_mean_is_nan_and_the_gradient_0() -> None:
    builder, output = neuron()
    program = bound(builder, output, leaf(builder, "theta", 2, batched=False), np.ones(2), batch=0, noises=1)
    program.run(program.everything)
    assert np.isnan(program.mean)
    assert (program.values.shape, program.gradient.tolist()) == ((2, 0), [0.0, 0.0])


def test_the_seed_is_the_share_of_each_example_in_the_mean() -> None:
    builder = Builder()
    leaf(builder, "theta", 2, batched=False)
    x, seed = leaf(builder, "x0", 2), leaf(builder, "seed")
    program = bound(builder, x * seed, None, np.ones(2), batch=4)
    program.inputs[0][...] = 1.0
    program.run(program.forward)
    np.testing.assert_array_equal(program.values, np.full((2, 4), 0.25))
    builder = Builder()
    leaf(builder, "theta", 2, batched=False)
    leaf(builder, "x0", 2)
    program = bound(builder, leaf(builder, "seed", batched=False) * 3.0, None, np.ones(2), batch=4)
    np.testing.assert_array_equal(program.values, np.full((1, 4), 3.0))


def test_what_depends_on_constants_alone_is_computed_when_it_is_bound() -> None:
    builder = Builder()
    x = leaf(builder, "x0", 2)
    leaf(builder, "theta", 2, batched=False)
    once = builder.exp(builder.constants([0.0, 0.0]) + builder.constants([0.0, 1.0]))
    program = bound(builder, x * once, None, np.ones(2), batch=1)
    assert len(program.forward) == 1
    program.inputs[0][...] = [[2.0, 3.0]]
    program.run(program.forward)
    np.testing.assert_array_equal(program.values, [[2.0], [3.0 * np.exp(1.0)]])


def test_parts_are_computed_in_their_places_and_need_no_call_of_their_own() -> None:
    builder = Builder()
    leaf(builder, "theta", 2, batched=False)
    x = leaf(builder, "x0", 2)
    parts = ((slice(0, 4, 2), False), (slice(1, 4, 2), False))
    whole = builder.write(Assemble(4, True, parts, False), [x + 1.0, x * 10.0], 4, True)
    program = bound(builder, whole, None, np.ones(2), batch=2)
    assert len(program.forward) == 2  # a sum and a product; nothing is copied
    program.inputs[0][...] = [[1.0, 2.0], [3.0, 4.0]]
    program.run(program.forward)
    np.testing.assert_array_equal(program.values, [[2.0, 4.0], [10.0, 30.0], [3.0, 5.0], [20.0, 40.0]])


def test_a_run_warns_of_nothing() -> None:
    Bound.run([lambda: np.divide(1.0, 0.0), lambda: np.log(-1.0), lambda: np.exp(1000.0)])
