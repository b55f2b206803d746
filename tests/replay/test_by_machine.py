"""Programs in machine code compute what eager code computes, to the last bit."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from replay.random_graphs import Graph, codes, leaves, same_bits
from replay.random_programs import Case, Writer, mismatch
from strategies import SPECIAL

from tinygrad_edu import MLP, Program, Programs, RecordingError, Value, choose, fsum, operation, ops, record
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.declaring import forget
from tinygrad_edu.modes import noise
from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.op import RULE_BOOK, bind
from tinygrad_edu.replay.by_example import Functions
from tinygrad_edu.replay.by_machine import LANES, ByMachine, CompiledFunctions
from tinygrad_edu.replay.scalars import ScalarGraph


def machine(graph: ScalarGraph, n_data: int, params: list[float], batch: int) -> ByMachine:
    functions = Functions(graph, n_data, len(params), differentiated=True)
    return ByMachine(CompiledFunctions(functions), [(n_data,)], 0, np.array(params), batch)


def points(count: int) -> Any:
    """Numbers at which functions like to go wrong, in every combination, and calm ones."""
    special = itertools.product(SPECIAL, repeat=min(count, 2))
    padded = [(*point, *[0.75] * (count - len(point))) for point in special]
    return np.array([*padded, *np.random.default_rng(0).normal(size=(40, count)) * 3.0])


@pytest.mark.parametrize("method", sorted(set(RULE_BOOK) - {"choose"}))
def test_every_operation_gives_the_bits_of_the_rule_book(method: str) -> None:
    """The inputs are 1 · x, so that they have gradients: of one example, and of several side by side."""
    operation = RULE_BOOK[method]
    if operation.parameters:
        operation = bind(operation, *[0.5 + k for k in range(len(operation.parameters))])
    count = 3 if callable(operation.derivatives) else len(operation.derivatives)
    params = [Value(0.5) for _ in range(count)]
    output = Value.apply(operation, params)
    graph = ScalarGraph([], params)
    graph.include([output], joined=Value.apply(ops.fsum, [output]))
    alone = machine(graph, 0, [0.0] * count, 1)
    data = [Value(0.5) for _ in range(count)]
    varying = Value.apply(operation, data)
    of_data = ScalarGraph(data, [])
    of_data.include([varying], joined=Value.apply(ops.fsum, [varying]))
    numbers = points(count)
    together = machine(of_data, count, [], len(numbers))
    together.inputs[0][...] = numbers
    together.run(together.forward)
    for k, point in enumerate(numbers.tolist()):
        y, slopes = evaluate(operation, *point)
        alone._theta[...] = point
        alone.run(alone.everything)
        same_bits(alone.mean, y)
        same_bits(together.values[0, k], y)
        if operation not in ops.TRUTHS:
            same_bits(alone.gradient, [0.0 + slope for slope in slopes])


@given(codes, leaves)
@settings(max_examples=40)
def test_random_graphs_have_the_bits_of_eager_code(made_of: list[int], numbers: list[float]) -> None:
    graph = Graph(made_of)
    scalars = graph.scalars()
    value, gradient = graph.eagerly(numbers)
    bound = machine(scalars, 2, numbers[2:], 1)
    bound.inputs[0][0] = numbers[:2]
    bound.run(bound.everything)
    same_bits(bound.mean, value)
    if graph.shares_nothing(scalars):
        same_bits(bound.gradient, gradient)


def native(fn: Any, shapes: Any, params: Any) -> Program:
    """The program of a function in machine code for every batch, where that is possible."""
    program = record(fn, shapes, params, native=True)
    program.by_line = 1000 if program.machine is not None else 0
    return program


@pytest.mark.parametrize("chunk", range(4))
def test_random_programs_agree_with_eager_code(chunk: int) -> None:
    answers = []
    for seed in range(200 + 8 * chunk, 200 + 8 * chunk + 8):
        case = Writer(seed).written()
        try:
            answers.append((mismatch(case, native), case))
        except RecordingError:
            answers.append(("refused", case))
    assert [(answer, str(case)) for answer, case in answers if answer not in ("", "unstable", "refused")] == []
    assert [answer for answer, _ in answers].count("") >= 5


def test_a_wrong_number_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(0, [()], [2.0], lines=["x0 * p[0]"], output="v0.tanh()")
    case.arrays = [np.linspace(-1.0, 1.0, 17), np.zeros(17)]
    assert mismatch(case, native) == ""
    monkeypatch.setattr(ByMachine, "_compile_forward", lambda self: self._outputs.fill(0.5))
    assert mismatch(case, native).startswith("values of a batch of 1")


def recurrence(steps: int) -> tuple[Any, list[Value]]:
    """x becomes a · sin(b x + y), over and over."""
    a, b = Value(0.9, "a"), Value(1.3, "b")

    def function(x: Any, y: Any) -> Any:
        for _ in range(steps):
            x = a * (b * x + y).sin()
        return x

    return function, [a, b]


@pytest.mark.parametrize("batch", [0, 1, 2, LANES - 1, LANES, LANES + 1, 3 * LANES + 5])
def test_examples_side_by_side_count_once_each(batch: int) -> None:
    function, params = recurrence(20)
    program = native(function, ((), ()), params)
    x, y = np.random.default_rng(0).normal(size=(2, batch))
    values, gradient = program.values_and_grad(x, y)
    assert isinstance(program._bound[((batch,), (batch,))], ByMachine)
    eager, gradients = [], []
    for numbers in zip(x.tolist(), y.tolist(), strict=True):
        for parameter in params:
            parameter.grad = 0.0
        result = function(*map(Value, numbers))
        result.backward()
        eager.append(result.data)
        gradients.append([parameter.grad for parameter in params])
    same_bits(values, eager)
    same_bits(program(x, y), eager)
    np.testing.assert_allclose(gradient, np.mean(gradients, axis=0) if batch else [0.0, 0.0], rtol=1e-12)
    mean, again = program.value_and_grad(x, y)
    np.testing.assert_allclose(mean, np.mean(eager) if batch else math.nan, rtol=1e-12)
    same_bits(again, gradient)
    assert isinstance(mean, np.float64)


def test_what_is_infinite_in_one_example_stays_there() -> None:
    w = Value(1.0)
    program = native(lambda x: ((w / x).exp() - (w / x)).log(), ((),), [w])
    x = np.array([1.0, 0.0, -0.0, 2.0, np.inf, np.nan, 1e-5, 3.0, 4.0])
    eager = [((Value(1.0) / v).exp() - Value(1.0) / v).log().data for v in x.tolist()]
    same_bits(program(x), eager)
    good = x[[0, 3, 7, 8]]
    same_bits(program.values_and_grad(good)[0], np.array(eager)[[0, 3, 7, 8]])
    assert np.isfinite(program.value_and_grad(good)[1]).all(), "what fills up the lanes counts nothing"


def test_long_programs_are_compiled_in_pieces() -> None:
    function, params = recurrence(250)
    program = native(function, ((), ()), params)
    mean, gradient = program.value_and_grad(np.array([0.3]), np.array([0.2]))
    result = function(Value(0.3), Value(0.2))
    result.backward()
    assert len(topological_order(result, leaves=False)) == 1_000
    assert mean == result.data
    assert gradient.tolist() == [parameter.grad for parameter in params]
    assert program.machine is not None
    (written, _), *_ = program.machine._compiled.values()
    assert written.text.count("define internal void @piece") > 5


def test_theta_noise_twins_and_lists() -> None:
    function, params = recurrence(10)
    x, y = np.ones((2, 3))
    program = native(lambda x, y: function(x, y) + noise(lambda: 0.25), ((), ()), params)
    plain = native(function, ((), ()), params)
    same_bits(program(x, y), plain(x, y) + 0.25)
    first = plain.value_and_grad(x[:1], y[:1])
    plain.theta = [0.5, 2.0]
    changed = plain.value_and_grad(x[:1], y[:1])
    assert changed[0] != first[0]
    assert first[1].tolist() != changed[1].tolist()
    plain.read_parameters()
    assert plain.value_and_grad(x[:1], y[:1])[0] == first[0]
    twin = plain.twin(np.array([0.5, 2.0]))
    assert twin.value_and_grad(x[:1], y[:1])[0] == changed[0]
    several = native(lambda x, y: [function(x, y), x, params[0], 2.5], ((), ()), params)
    np.testing.assert_array_equal(several(x, y), [[plain(x, y)[0], 1.0, 0.9, 2.5]] * 3)
    assert several(x[:0], y[:0]).shape == (0, 4)


def test_a_function_of_parameters_only_is_computed_once() -> None:
    function, params = recurrence(10)
    program = native(lambda x: function(Value(0.5), Value(0.25)), ((),), params)
    alone = native(lambda: function(Value(0.5), Value(0.25)), (), params)
    mean, gradient = alone.value_and_grad()
    for batch in (1, 5, 20):
        values, again = program.values_and_grad(np.ones(batch))
        assert values.tolist() == [mean] * batch
        same_bits(again, gradient)


def test_inputs_of_every_shape_and_kind_are_taken() -> None:
    weights = [Value(0.1 * k) for k in range(8)]

    def function(grid: Any, number: Any, row: Any) -> Any:
        values = [*grid.ravel(), number, *row]
        return fsum((w * v).sin() / (v + 3.0) for w, v in zip(weights, values, strict=True))

    program = native(function, ((2, 2), (), 3), weights)
    generator = np.random.default_rng(0)
    grid, number, row = (generator.integers(0, 3, shape) for shape in ((10, 2, 2), 10, (10, 3)))
    arrays = record(function, ((2, 2), (), 3), weights)
    arrays.by_line = 0
    ours, theirs = program.values_and_grad(grid, number, row), arrays.values_and_grad(grid, number, row)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(program(grid[:, ::-1], number, row), program(grid[:, ::-1].copy(), number, row))


def test_an_operation_of_the_users_own_is_compiled() -> None:
    either = operation(
        "either",
        lambda m, a: m.where(a > 1.0, m.sigmoid(a) % 0.25, -a),
        lambda m, y, a: m.where(a > 1.0, m.softplus(a), -1.0),
    )
    try:
        w = Value(2.0)
        program = native(lambda x: either(w * x), ((),), [w])
        for number in (-1.0, 0.25, 0.75, 3.0):
            w.grad = 0.0
            result = either(w * number)
            result.backward()
            mean, gradient = program.value_and_grad(np.array([number]))
            assert (mean, gradient.tolist()) == (result.data, [w.grad])
    finally:
        forget("either")


def test_what_is_quicker_on_arrays_stays_there() -> None:
    model = MLP(8, [16, 4, 1], "tanh", seed=0)
    program = record(lambda x: model(x)[0], (8,), model.parameters(), native=True)
    assert program.by_line < 100
    data = np.random.default_rng(0).normal(size=(500, 8))
    program(data)
    assert not isinstance(program._bound[((500, 8),)], ByMachine)
    chooses = record(lambda x, k: choose(k, [x, 2.0]), ((), ()), [], native=True)
    assert chooses.machine is None
    assert chooses(np.ones(2), np.array([0, 1])).tolist() == [1.0, 2.0]


def test_programs_of_several_lengths_are_compiled_each() -> None:
    a = Value(0.9)

    def function(x: Any) -> Any:
        state = a
        for number in x:
            state = (state * number).sin() + a
        return state

    programs = Programs(function, [a], native=True)
    for length in (20, 30):
        x = np.linspace(0.1, 0.9, length)
        a.grad = 0.0
        result = function(list(map(Value, x.tolist())))
        result.backward()
        mean, gradient = programs.value_and_grad(x[None])
        assert (mean, gradient.tolist()) == (result.data, [a.grad])
        assert programs.for_shapes(((length,),)).machine is not None
