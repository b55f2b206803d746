"""Programs that are run line by line compute what eager code computes, to the last bit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from replay.random_graphs import Graph, codes, leaves, same_bits
from replay.random_programs import Case, Writer, mismatch

from tinygrad_edu import MLP, Program, RecordingError, Value, fsum, operation, record
from tinygrad_edu.declaring import forget
from tinygrad_edu.modes import noise
from tinygrad_edu.replay.by_example import ByExample, Functions


def functions(graph: Any) -> Functions:
    return Functions(graph, 2, 2, differentiated=True)


@given(codes, leaves)
def test_every_operation_gives_the_bits_of_eager_code(made_of: list[int], numbers: list[float]) -> None:
    graph = Graph(made_of)
    scalars = graph.scalars()
    value, gradient = graph.eagerly(numbers)
    both = functions(scalars).both_ways(numbers[:2], numbers[2:], [1.0])
    same_bits(both[0], value)
    same_bits(functions(scalars).forward(numbers[:2], numbers[2:])[0], value)
    if graph.shares_nothing(scalars):
        same_bits(np.add(both[1:], 0.0), gradient)


def by_line(fn: Any, shapes: Any, params: Any) -> Program:
    """The program of a function, run line by line for every batch, where that is possible."""
    program = record(fn, shapes, params)
    program.by_line = 1000 if "choose" not in {o.method for o in program.scalars.operations if o} else 0
    return program


@pytest.mark.parametrize("chunk", range(5))
def test_random_programs_agree_with_eager_code(chunk: int) -> None:
    answers = []
    for seed in range(20 * chunk, 20 * chunk + 20):
        case = Writer(seed).written()
        try:
            answers.append((mismatch(case, by_line), case))
        except RecordingError:
            answers.append(("refused", case))
    assert [(answer, str(case)) for answer, case in answers if answer not in ("", "unstable", "refused")] == []
    assert [answer for answer, _ in answers].count("") >= 15


def test_a_wrong_line_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(0, [()], [2.0], lines=["x0 * p[0]"], output="v0.tanh()")
    case.arrays = [np.linspace(-1.0, 1.0, 17), np.zeros(17)]
    assert mismatch(case, by_line) == ""
    monkeypatch.setattr(ByExample, "_run_forward", lambda self: self._outputs.fill(0.5))
    assert mismatch(case, by_line).startswith("values of a batch of 1")


OPERATIONS = ["tanh", "sigmoid", "exp", "relu", "sin", "square"]


def tangle(length: int = 60) -> tuple[Any, list[Value]]:
    """A function in which hardly two operations are alike."""
    weights = [Value(0.3), Value(-0.7)]

    def function(x: Any) -> Value:
        values = [*x, *weights]
        for k in range(length):
            values.append(getattr(values[-1], OPERATIONS[k * k % 6])() * values[-1 - k % 4] - values[k % 5])
        return fsum(values[-3:])

    return function, weights


def test_a_tangle_is_run_by_line_for_a_few_examples_and_on_arrays_for_many() -> None:
    function, weights = tangle()
    program = record(function, (3,), weights)
    assert 2 <= program.by_line <= 100
    data = np.random.default_rng(0).normal(size=(200, 3))
    for batch in (0, 1, 2, program.by_line, program.by_line + 1, 200):
        values, gradient = program.values_and_grad(data[:batch])
        assert isinstance(program._bound[(batch, 3),], ByExample) == (batch <= program.by_line)
        eager, gradients = [], []
        for row in data[:batch]:
            for weight in weights:
                weight.grad = 0.0
            result = function(list(map(Value, row.tolist())))
            result.backward()
            eager.append(result.data)
            gradients.append([weight.grad for weight in weights])
        np.testing.assert_allclose(values, eager, rtol=1e-12)
        np.testing.assert_allclose(program(data[:batch]), eager, rtol=1e-12)
        np.testing.assert_allclose(gradient, np.mean(gradients, axis=0) if batch else [0.0, 0.0], rtol=1e-9)
        mean, again = program.value_and_grad(data[:batch])
        np.testing.assert_allclose(mean, np.mean(eager) if batch else math.nan, rtol=1e-12)
        np.testing.assert_array_equal(again, gradient)


def test_one_example_by_line_has_the_bits_of_eager_code() -> None:
    function, weights = tangle()
    program = record(function, (3,), weights)
    result = function(list(map(Value, [0.1, 0.2, 0.3])))
    result.backward()
    mean, gradient = program.value_and_grad(np.array([[0.1, 0.2, 0.3]]))
    assert mean == result.data
    assert gradient.tolist() == [weight.grad for weight in weights]
    assert program(np.array([[0.1, 0.2, 0.3]])).tolist() == [result.data]


def test_what_is_done_with_programs_is_done_with_these_too() -> None:
    pytest.importorskip("jax")
    function, weights = tangle(30)
    program = record(function, (3,), weights)
    x = np.array([[0.1, -0.2, 0.3]])
    assert program.by_line >= 1
    mean, gradient = program.value_and_grad(x)
    jax_mean, jax_gradient = program.to_jax()(program.theta, x)
    np.testing.assert_allclose([jax_mean, *jax_gradient], [mean, *gradient], rtol=1e-4)  # in float32
    assert "theta" in program.draw().source
    program.theta -= 0.5 * gradient
    program.write_parameters()
    np.testing.assert_array_equal([weight.data for weight in weights], program.theta)
    assert program.value_and_grad(x)[0] == function(list(map(Value, x[0].tolist()))).data
    kept = gradient.copy()
    program.value_and_grad(2.0 * x)
    np.testing.assert_array_equal(gradient, kept)
    twin = program.twin(np.array([0.0, 0.0]))
    assert twin(x)[0] != program(x)[0]


def test_noise_is_drawn_and_integers_are_taken() -> None:
    function, weights = tangle(30)
    program = record(lambda x: function(x) + noise(lambda: 0.25) * weights[0], (3,), weights)
    plain = record(function, (3,), weights)
    x = np.array([[1, 0, 2]], dtype=np.int8)
    assert program.by_line >= 1
    np.testing.assert_allclose(program(x), plain(x) + 0.25 * 0.3, rtol=1e-15)


def test_a_function_of_parameters_only_is_computed_once() -> None:
    function, weights = tangle(40)
    program = record(lambda x: function([0.5, 0.25, 0.125]), ((),), weights)
    plain = record(lambda: function([0.5, 0.25, 0.125]), (), weights)
    assert program.by_line >= 1
    mean, gradient = plain.value_and_grad()
    for batch in (1, 3, 1000):
        values, again = program.values_and_grad(np.ones(batch))
        assert values.tolist() == [mean] * batch
        np.testing.assert_array_equal(again, gradient)
    assert program(np.ones(0)).shape == (0,)


def test_a_list_is_given_by_line_too() -> None:
    function, weights = tangle(60)
    program = record(lambda x: [function(x), x[0] * weights[0], 1.5], (3,), weights)
    program.by_line = 5
    x = np.array([[0.1, 0.2, 0.3], [1.0, 2.0, 3.0]])
    expected = [[function(list(map(Value, row.tolist()))).data, row[0] * 0.3, 1.5] for row in x]
    np.testing.assert_array_equal(program(x), expected)


def test_an_operation_of_the_users_own_is_written_out() -> None:
    softsign = operation(
        "softsign_by_line", lambda m, a: a / (1.0 + m.abs(a)), lambda m, y, a: 1.0 / (1.0 + m.abs(a)) ** 2
    )
    try:
        function, weights = tangle(30)
        program = record(lambda x: softsign(function(x)), (3,), weights)
        assert program.by_line >= 1
        result = softsign(function(list(map(Value, [0.1, 0.2, 0.3]))))
        result.backward()
        mean, gradient = program.value_and_grad(np.array([[0.1, 0.2, 0.3]]))
        assert (mean, gradient.tolist()) == (result.data, [weight.grad for weight in weights])
    finally:
        forget("softsign_by_line")


def test_networks_stay_on_arrays() -> None:
    model = MLP(8, [16, 4, 1], "tanh", seed=0)
    program = record(lambda x: model(x)[0], (8,), model.parameters())
    assert program.by_line == 0
