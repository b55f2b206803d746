"""From scalars to the instructions of the forward program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from replay.comparing import exactly

from tinygrad_edu import Program, Value, choose, dot, fsum, ops, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.op import RULE_BOOK, op
from tinygrad_edu.replay.listing import parts
from tinygrad_edu.replay.lower import Lowered
from tinygrad_edu.replay.scalars import ScalarGraph

INF, NAN = math.inf, math.nan
P = [Value(0.8), Value(-2.0)]
p, q = P


def program_of(outputs: Sequence[Value], inputs: Sequence[Value], params: Sequence[Value]) -> Program:
    """The program for a graph that eager code built, on an example whose numbers play no part."""
    graph = ScalarGraph(inputs, params)
    graph.include(outputs, joined=Value.apply(ops.fsum, outputs))
    return Program(graph, [()] * len(inputs), params, [], len(outputs) == 1)


def test_a_graph_of_values_that_hold_an_example_is_a_program_for_all() -> None:
    x, w = Value(5.0), Value(2.0)
    program = program_of([(x * w + Value(1.0)) ** 2], [x], [w])
    np.testing.assert_array_equal(program(np.array([1.0, -1.0])), [9.0, 1.0])
    mean, gradient = program.value_and_grad(np.array([1.0, -1.0]))
    np.testing.assert_array_equal([mean, *gradient], [5.0, 4.0])


NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, INF, -INF, NAN)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_answer_may_be_a_constant_at_every_batch_size(number: float) -> None:
    x, w = Value(5.0), Value(2.0)
    for answer in (Value(number), Value(number) * 1.0, fsum([Value(number), 0.0])):
        program = program_of([answer], [x], [w])
        listed = program_of([answer, answer, x, w, x], [x], [w])
        for batch in (0, 1, 2, 17):
            given = np.linspace(-1.0, 1.0, batch)
            np.testing.assert_array_equal(program(given), np.full(batch, number))
            mean, gradient = program.value_and_grad(given)
            np.testing.assert_array_equal(mean, number if batch else NAN)
            np.testing.assert_array_equal(gradient, [0.0])
            columns = [np.full(batch, number), np.full(batch, number), given, np.full(batch, 2.0), given]
            np.testing.assert_array_equal(listed(given), np.column_stack(columns))


def test_without_inputs_and_without_parameters() -> None:
    program = program_of([Value(3.0).exp()], [], [])
    np.testing.assert_array_equal(program(), [np.exp(3.0)])
    mean, gradient = program.value_and_grad()
    assert mean == np.exp(3.0)
    assert gradient.shape == (0,)
    assert record(lambda x, unused: x, ((), 4), [])(np.ones(2), np.ones((2, 4))).tolist() == [1.0, 1.0]


def test_the_two_zeros_are_two_constants() -> None:
    declared = op(
        "beside",
        lambda m, a, b: m.prefer(a, a < 0.0, lambda m, a, b: a / b, a, b),
        (lambda m, y, a, b: 1.0, lambda m, y, a, b: 0.0),
    )
    try:
        program = record(
            lambda x: [x / 0.0, x / -0.0, applied(declared, [x, 0.0]), applied(declared, [x, -0.0]), 0.0 * p], ((),), P
        )
    finally:
        del RULE_BOOK["beside"]
    exactly(program(np.array([2.0])), [[INF, -INF, INF, -INF, 0.0]])
    exactly(record(lambda: [p / 1.0 / 1.0, q / 0.0 / -0.0], (), P)(), [[0.8, INF]])  # q < 0
    x, w = Value(5.0), Value(2.0)
    exactly(program_of([Value(0.0), Value(-0.0), x], [x], [w])(np.array([2.0])), [[0.0, -0.0, 2.0]])


def test_equal_work_becomes_few_operations() -> None:
    """The listing names the operations; a convolution and a chain of × and + become matrix products."""
    weights = [[Value(0.1 * (i + j)) for j in range(3)] for i in range(2)]
    flat = [w for row in weights for w in row]

    def convolution(x: Any) -> Any:
        return fsum(dot(row, x[p : p + 3]).relu() for row in weights for p in range(6))

    def plain(x: Any) -> Any:
        total: Any = 0
        for row in weights:
            for p in range(6):
                total = total + sum(w * v for w, v in zip(row, x[p : p + 3], strict=True)).relu()
        return total

    x = np.random.default_rng(0).normal(size=(5, 8))
    programs = [record(function, (8,), flat) for function in (convolution, plain)]
    for program in programs:
        lines = str(program).splitlines()
        assert sum("@" in line for line in lines[: lines.index("backward")]) == 1
        assert "theta[2×3]" in str(program)
        assert any(line.endswith("Values") for line in lines)
    np.testing.assert_allclose(programs[0].value_and_grad(x)[1], programs[1].value_and_grad(x)[1], rtol=1e-12)


def test_no_gradient_flows_into_a_comparison_even_from_an_infinite_upstream() -> None:
    w = Value(1.0)
    program = record(lambda x: where(w > x, x, 1.0).log(), ((),), [w])
    values, gradient = program.values_and_grad(np.array([0.0]))
    np.testing.assert_array_equal(values, [-np.inf])
    np.testing.assert_array_equal(gradient, [0.0])
    where(w > 0.0, Value(0.0), 1.0).log().backward()
    assert w.grad == 0.0


# Instruction by instruction -------------------------------------------------------------------------------


def lowered(function: Callable[..., Any], n_data: int, n_params: int) -> list[str]:
    """The listing of what is written for a function of so many inputs and parameters."""
    data, params = [Value(1.0) for _ in range(n_data)], [Value(2.0) for _ in range(n_params)]
    outputs = function(*data, *params)
    graph = ScalarGraph(data, params)
    graph.include(outputs, joined=fsum(outputs))
    written = Lowered(graph, [("x", n_data)], n_params).builder.written
    return [f"{name} = {text}" for name, text, _ in parts(written, [])["forward"]]


def test_equal_operations_are_one() -> None:
    assert lowered(lambda x, y, w, v: [(x * w).exp(), (y * v).exp()], 2, 2) == ["v1 = x * theta", "v2 = exp(v1)"]


def test_operations_with_other_settings_are_others() -> None:
    lines = lowered(lambda x, y: [x.leaky_relu(0.1), y.leaky_relu(0.2), x**3.0, y**3.0], 2, 0)
    assert sum("0.1" in line for line in lines) == sum("0.2" in line for line in lines) == 1
    assert [line for line in lines if "**" in line] == ["v7 = x ** 3"]


def test_what_all_examples_share_is_computed_once_and_not_for_each() -> None:
    assert lowered(lambda x, w: [w.exp() * x], 1, 1) == ["v1 = exp(theta)", "v2 = v1 * x"]


def test_sums_of_products_are_a_matrix_product_and_then_the_addends() -> None:
    def two_neurons(x: Any, y: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> list[Any]:
        return [a * x + b * y + e, c * x + d * y + f]

    assert lowered(two_neurons, 2, 6) == ["v1 = theta[2×2] @ x", "v2 = v1 + theta[4:6]"]


def test_biases_beside_their_weights_are_weights_of_a_value_that_is_1() -> None:
    def two_neurons(x: Any, y: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> list[Any]:
        return [a * x + b * y + c, d * x + e * y + f]

    assert lowered(two_neurons, 2, 6) == ["v1 = 2 parts: x, constants 1", "v2 = theta[2×3] @ v1"]


@pytest.mark.parametrize("batch", [0, 1, 2, 5])
@pytest.mark.parametrize("apart", [False, True])
def test_a_network_is_that_of_numpy_wherever_its_biases_lie(apart: bool, batch: int) -> None:
    """At several positions, too: two filters on three pairs of numbers, then a neuron that reads them all."""
    generator = np.random.default_rng(0)
    params = [Value(number) for number in generator.normal(size=2 * 3 + 7)]
    weights, biases = (params[0:4], params[4:6]) if apart else ([*params[0:2], *params[3:5]], [params[2], params[5]])

    def network(x: Any) -> Value:
        filtered = [dot(weights[2 * k : 2 * k + 2], x[2 * j : 2 * j + 2], biases[k]) for k in (0, 1) for j in range(3)]
        return dot(params[6:12], [v.tanh() for v in filtered], params[12]).exp()

    program = record(network, (6,), params)
    theta, x = program.theta, generator.normal(size=(batch, 6))
    w, b = (theta[0:4], theta[4:6]) if apart else (theta[[0, 1, 3, 4]], theta[[2, 5]])
    w = w.reshape(2, 2)
    pairs = x.reshape(batch, 3, 2)
    hidden = np.tanh(np.einsum("kc,bjc->bkj", w, pairs) + b[:, None])
    output = np.exp(hidden.reshape(batch, 6) @ theta[6:12] + theta[12])
    upstream = output / max(batch, 1)
    d = upstream[:, None, None] * theta[6:12].reshape(2, 3) * (1.0 - hidden**2)
    dw, db = np.einsum("bkj,bjc->kc", d, pairs), d.sum(axis=(0, 2))
    first = np.concatenate([dw.ravel(), db]) if apart else np.column_stack([dw, db]).ravel()
    expected = np.concatenate([first, np.einsum("b,bkj->kj", upstream, hidden).ravel(), [upstream.sum()]])
    for _ in range(2):
        np.testing.assert_allclose(program(x), output, rtol=1e-12)
        np.testing.assert_allclose(program.value_and_grad(x)[1], expected, rtol=1e-12, atol=1e-15)


def test_weights_that_two_neurons_share_get_both_gradients() -> None:
    """[[a, b], [b, c]] is no matrix of parameters, for b stands twice."""
    a, b, c = w = [Value(0.1), Value(0.2), Value(0.3)]
    program = record(lambda x: dot([a, b], x).relu() + dot([b, c], x).relu(), (2,), w)
    np.testing.assert_allclose(program.value_and_grad(np.array([[1.0, 2.0]]))[1], [1.0, 3.0, 2.0], rtol=1e-15)


def test_other_sums_of_products_are_products_and_sums_of_runs() -> None:
    assert lowered(lambda x, y, z: [x * y + y * z + x], 3, 0) == [
        "v1 = x[0:2] * x[1:3]",
        "v2 = sums of 2 rows of v1, rounded as they go",
        "v3 = v2 + x[0:1]",
    ]
    assert lowered(lambda w, v: [w * 2.0 + v * 2.0], 0, 2) == [
        "v1 = theta * 2",
        "v2 = sums of 2 rows of v1, rounded as they go",
    ]


def test_sums_of_terms_are_sums_of_runs() -> None:
    assert lowered(lambda x, y, z: [x + y + z], 3, 0) == ["v1 = sums of 3 rows of x, rounded as they go"]


@pytest.mark.parametrize("count", [2, 3, 4, 5, 400])
def test_many_addends_beside_products_are_added_up_first(count: int) -> None:
    """Python's `sum` of terms a² + b, as in Rosenbrock's function, is a few operations for any number of them."""
    x = [Value(1.0 + 0.01 * k) for k in range(count + 1)]

    def function() -> Value:
        terms = [100.0 * (x[k + 1] - x[k] ** 2) ** 2 + (1.0 - x[k]) ** 2 for k in range(count)]
        return sum(terms, Value(0.0))

    program = record(function, (), x)
    assert len(parts(program.instructions.forward, [])["forward"]) <= 10
    a = np.array([value.data for value in x])
    inner, outer = a[1:] - a[:-1] ** 2, 1.0 - a[:-1]
    expected = np.zeros(count + 1)
    expected[1:] += 200.0 * inner
    expected[:-1] -= 400.0 * inner * a[:-1] + 2.0 * outer
    value, gradient = program.value_and_grad()
    np.testing.assert_allclose(value, (100.0 * inner**2 + outer**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-11, atol=1e-12)


def test_choices_find_their_places_and_read_them() -> None:
    assert lowered(lambda k, w, v: [choose(k, [w, v])], 1, 2) == [
        "v1 = places of x among 2×1",
        "v2 = theta at v1",
    ]


def test_a_comparison_hands_no_gradient_on() -> None:
    x, w = Value(1.0), Value(2.0)
    graph = ScalarGraph([x], [w])
    node = Value.apply(ops.greater, [x, w])
    graph.include([node], joined=node + 0.0)
    assert Lowered(graph, [("x", 1)], 1).output.needs_grad is False


def test_every_array_knows_the_scalars_that_it_computes() -> None:
    data, params = [Value(1.0), Value(1.0)], [Value(2.0), Value(2.0)]
    outputs = [(a * b).exp() for a, b in zip(data, params, strict=True)]
    graph = ScalarGraph(data, params)
    graph.include(outputs, joined=fsum(outputs))
    written = Lowered(graph, [("x", 2)], 2).builder.written
    shown = {var.instruction.text("a", "b"): var.stands_for for var in written if var.stands_for}
    assert shown == {"a * b": [4, 6], "exp(a)": [5, 7]}
