"""What may be recorded, what is refused, and with which words."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, Programs, RecordingError, Value, choose, dot, fsum, grad, no_grad, record, where
from tinygrad_edu.nn import Conv2d
from tinygrad_edu.nn.regularizers import Dropout

W = Value(1.5, "w")

READING_A_NUMBER: dict[str, tuple[Callable[[Any], Any], str]] = {
    "data": (lambda x: x * x.data, "compute with the Value itself"),
    "parameter data": (lambda x: x * W.data, "compute with the Value itself"),
    "grad": (lambda x: x * W.grad, "value_and_grad"),
    "float": (lambda x: x * float(x), "compute with the Value itself"),
    "int": (lambda x: x * int(x), "choose"),
    "index": (lambda x: [x, x][x], "choose"),
    "bool": (lambda x: x if x else -x, "where"),
    "comparison": (lambda x: x if x > 0 else -x, "where"),
    "comparison with a parameter": (lambda x: x if W < 2 else -x, "where"),
    "equality": (lambda x: x if x == 1 else -x, "where"),
    "chained comparison": (lambda x: x if 0 < x < 1 else -x, "where"),
    "max of Python": (lambda x: max(x, 0), "maximum"),
    "np.maximum": (lambda x: np.maximum(0, np.array([x], dtype=object))[0], "maximum"),
    "format": (lambda x: x * len(f"{x:.3f}"), "after the program ran"),
    "detach": (lambda x: x * x.detach(), "input of the program"),
    "local derivatives": (lambda x: x * (W * x).local_derivatives[0], "value_and_grad"),
    "backward": (lambda x: (x * W).backward() or x, "value_and_grad"),
    "a gradient": (lambda x: x * grad(x * W, [W])[0], "value_and_grad"),
    "a gradient as a graph": (lambda x: x * grad(x * W, [W], create_graph=True)[0], "value_and_grad"),
    "look-up": (lambda x: x * {0.5: 10.0}.get(x, 1.0), "choose"),
    "look-up of a comparison": (lambda x: x * {True: 2.0}.get(W * x > 0.0, 1.0), "choose"),
    "membership of a set": (lambda x: x * (10.0 if x in {0.5} else 1.0), "choose"),
    "membership of a list": (lambda x: x * (10.0 if x in [0.5] else 1.0), "where"),
    "str": (lambda x: x * len(str(x)), "after the program ran"),
    "copy": (lambda x: x * copy.copy(x), "no copies"),
    "deepcopy": (lambda x: x * copy.deepcopy([x])[0], "no copies"),
    "pickle": (lambda x: x * len(pickle.dumps(x)), "no copies"),
    "complex": (lambda x: x * complex(x).real, "compute with the Value itself"),
    "math": (lambda x: x * math.exp(x), "compute with the Value itself"),
    "sorted": (lambda x: sorted([x, W])[0], "where"),
    "not": (lambda x: x if not x else -x, "where"),
    "and": (lambda x: x if x > 0 and x < 1 else -x, "where"),
    "argmax": (lambda x: [x, W][int(np.argmax(np.array([x, W], dtype=object)))], "where"),
    "no_grad": (lambda x: no_grad() and x, "input of the program"),
    "setting grad": (lambda x: setattr(W, "grad", 2.0) or x, "value_and_grad"),
    "setting data": (lambda x: setattr(W, "data", 2.0) or x, "between recordings"),
    "as float array": (lambda x: x * np.array([x], dtype=float)[0], "compute with the Value itself"),
}


@pytest.mark.parametrize("name", READING_A_NUMBER)
def test_what_would_freeze_a_choice_is_refused_at_its_line(name: str) -> None:
    function, cure = READING_A_NUMBER[name]
    with pytest.raises(RecordingError, match=r"test_recording.py, line [0-9]+") as caught:
        record(function, ((),), [W])
    assert cure in str(caught.value)
    assert type(W) is Value
    assert (W.data, W.grad) == (1.5, 0.0)


@pytest.mark.parametrize("name", READING_A_NUMBER)
def test_a_refusal_that_the_function_catches_is_raised_when_it_returns(name: str) -> None:
    function, cure = READING_A_NUMBER[name]

    def careless(x: Any) -> Any:
        try:
            return function(x)
        except Exception:
            return x * 3.0

    with pytest.raises(RecordingError, match="freeze") as caught:
        record(careless, ((),), [W])
    assert cure in str(caught.value)
    with pytest.raises(RecordingError, match="freeze") as caught:
        record(lambda x: (careless(x), [][0]), ((),), [W])  # and so where it comes to grief later
    assert isinstance(caught.value.__cause__, IndexError)


def test_no_grad_inside_a_recording_is_refused() -> None:
    def function(x: Any) -> Any:
        with no_grad():
            return x * W

    with pytest.raises(RecordingError, match="no_grad"):
        record(function, ((),), [W])


def test_a_value_from_outside_is_refused_and_named() -> None:
    outside = Value(2.0, "outside")
    for function in (
        lambda x: x * outside,
        lambda x: x * (outside + 1),
        lambda x: fsum([x, outside]),
        lambda x: outside,
    ):
        with pytest.raises(RecordingError, match=r"outside|what it computed"):
            record(function, ((),), [W])


def test_constants_made_inside_are_welcome() -> None:
    program = record(lambda x: x * Value(2.0) + Value(3.0).tanh(), ((),), [])
    np.testing.assert_allclose(program(np.array([1.0])), [2 + np.tanh(3.0)])


def test_a_constant_is_compared_with_what_varies() -> None:
    program = record(lambda x: where(Value(0.0) < x, x * W, where(Value(-1.0) == W * x, 5.0, 7.0)), ((),), [W])
    np.testing.assert_array_equal(program(np.array([2.0, -1.0])), [3.0, 7.0])


def test_comparisons_work_inside_where() -> None:
    program = record(lambda x: where(x > 0, x * W, where(x == -1, 10.0, x)), ((),), [W])
    np.testing.assert_array_equal(program(np.array([2.0, -1.0, -2.0])), [3.0, 10.0, -2.0])


def test_recording_inside_a_recording_is_refused() -> None:
    with pytest.raises(RecordingError, match="inside a recording"):
        record(lambda x: x * record(lambda y: y, ((),), [])(np.ones(1))[0], ((),), [])


def test_a_value_that_escaped_from_a_recording_is_foreign_to_the_next() -> None:
    escaped: list[Any] = []
    record(lambda x: escaped.append(x) or x * 2.0, ((),), [])
    with pytest.raises(RecordingError, match="made outside"):
        record(lambda x: x + escaped[0], ((),), [])


@pytest.mark.parametrize(
    ("params", "error"), [([W, W], ValueError), ([W * 2], TypeError), ([3.0], TypeError), (["w"], TypeError)]
)
def test_params_must_be_distinct_leaves(params: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="params must be"):
        record(lambda x: x, ((),), params)


@pytest.mark.parametrize("shape", [0, -1, 2.5, "x", (3, 0), None, [2]])
def test_shapes_must_be_shapes(shape: Any) -> None:
    with pytest.raises(ValueError, match="a shape is"):
        record(lambda x: x, (shape,), [])


def test_arrays_must_have_the_recorded_shape() -> None:
    program = record(lambda x, y: fsum(x) * y, (3, ()), [])
    for arrays in ([np.ones((2, 4)), np.ones(2)], [np.ones((2, 3)), np.ones(3)], [np.ones(3), np.ones(1)], [1.0, 1.0]):
        with pytest.raises(ValueError, match="must have shape"):
            program(*arrays)
    with pytest.raises(TypeError, match="takes 2 arrays"):
        program(np.ones((2, 3)))
    with pytest.raises(TypeError, match="real numbers"):
        program(np.ones((2, 3)), np.array(["a", "b"]))


def test_what_the_caller_gives_is_never_written_to() -> None:
    model = MLP(2, [3, 1], seed=0)
    program = record(lambda x: model(x)[0], (2,), model.parameters())
    inputs = np.ones((4, 2))
    inputs.flags.writeable = False
    first = program(inputs)
    kept = first.copy()
    program.value_and_grad(inputs * 2)
    np.testing.assert_array_equal(first, kept)
    _, gradient = program.value_and_grad(inputs)
    kept = gradient.copy()
    program.value_and_grad(inputs * 3)
    np.testing.assert_array_equal(gradient, kept)


def test_theta_is_read_and_written_back() -> None:
    w = Value(2.0)
    program = record(lambda x: x * w, ((),), [w])
    program.theta -= 1.0
    assert w.data == 2.0
    assert program(np.ones(1)) == 1.0
    program.push()
    assert w.data == 1.0
    w.data = 5.0
    program.pull()
    assert program(np.ones(1)) == 5.0


def test_a_list_of_outputs_has_values_but_no_gradient() -> None:
    model = MLP(2, [3, 4], seed=0)
    program = record(model, (2,), model.parameters())
    row = [0.5, -1.0]
    np.testing.assert_allclose(program(np.array([row]))[0], [v.data for v in model(row)], rtol=1e-12)
    with pytest.raises(RecordingError, match="returns one number"):
        program.value_and_grad(np.array([row]))
    with pytest.raises(RecordingError, match="no number"):
        record(lambda x: [], ((),), [])


def test_dropout_draws_afresh_at_every_run() -> None:
    dropout = Dropout(0.5, seed=0)
    program = record(lambda x: fsum(dropout(list(x))), (8,), [])
    results = [program(np.ones((1, 8)))[0] for _ in range(20)]
    assert len(set(results)) > 3
    assert set(results) <= {2.0 * k for k in range(9)}
    dropout.eval()
    evaluated = record(lambda x: fsum(dropout(list(x))), (8,), [])
    assert evaluated(np.ones((1, 8))) == 8.0


def test_tokens_select_rows_and_a_bad_token_is_an_error() -> None:
    table = [[Value(10.0 * r + c) for c in range(2)] for r in range(3)]
    flat = [v for row in table for v in row]

    def function(tokens: Any) -> Any:
        return fsum(choose(token, column) for token in tokens for column in zip(*table, strict=True))

    program = record(function, (2,), flat)
    np.testing.assert_array_equal(program(np.array([[0, 2], [1, 1]])), [0 + 1 + 20 + 21, 2 * (10 + 11)])
    _, gradient = program.value_and_grad(np.array([[0, 2], [1, 1]]))
    np.testing.assert_array_equal(gradient, [0.5, 0.5, 1, 1, 0.5, 0.5])
    for bad in (3, -1, 0.5, np.nan):
        with pytest.raises(IndexError, match="whole number from 0 to 2"):
            program(np.array([[0, bad]]))
    np.testing.assert_array_equal(program(np.array([[0, 0]])), [2.0])


def test_programs_are_kept_per_shape_and_bounded() -> None:
    calls = []

    def function(x: Any) -> Any:
        calls.append(len(x))
        return W * fsum(x)

    programs = Programs(function, [W], kept=2)
    for length in (3, 4, 3, 5, 3, 4):
        np.testing.assert_array_equal(programs(np.ones((2, length))), [1.5 * length] * 2)
    recordings = [length for length, before in zip(calls, [0, *calls], strict=False) if length != before]
    assert recordings == [3, 4, 5, 4]  # each with a few calls more, to compare it
    programs.theta[0] = 2.0
    assert programs.value_and_grad(np.ones((1, 3)))[0] == 6.0
    programs.push()
    assert W.data == 2.0
    W.data = 1.5


def test_nothing_leaks_over_many_calls() -> None:
    model = MLP(2, [4, 1], seed=0)
    program = record(lambda x: model(x)[0], (2,), model.parameters())

    def many_calls() -> int:
        for size in range(1, 40):
            program.value_and_grad(np.ones((size, 2)))
        for _ in range(2000):
            program.value_and_grad(np.ones((3, 2)))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        first, second = many_calls(), many_calls()
    finally:
        tracemalloc.stop()
    assert second - first < 20_000


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


@pytest.mark.parametrize("padding", [0, 1])
def test_a_convolution_is_one_matrix_product_and_padding_does_not_change_that(padding: int) -> None:
    convolution = Conv2d(1, 3, 3, padding=padding, seed=0)
    program = record(
        lambda x: fsum(v.tanh() for channel in convolution([x]) for row in channel for v in row),
        ((6, 6),),
        convolution.parameters(),
    )
    lines = str(program).splitlines()
    assert sum("@" in line for line in lines[: lines.index("backward")]) == 1
    image = np.random.default_rng(0).normal(size=(6, 6))
    mean, gradient = program.value_and_grad(image[None])
    eager = fsum(v.tanh() for channel in convolution([image]) for row in channel for v in row)
    eager.backward()
    np.testing.assert_allclose(mean, eager.data, rtol=1e-12)
    np.testing.assert_allclose(gradient, [p.grad for p in convolution.parameters()], rtol=1e-11)


def test_the_order_of_factors_and_a_sum_around_them_leave_a_product_a_matrix_product() -> None:
    weights = [[Value(0.1 * (i - j)) for j in range(3)] for i in range(4)]
    flat = [w for row in weights for w in row]
    functions: list[Callable[[Any], Any]] = [
        lambda x: fsum(sum(v * w for v, w in zip(x, row, strict=True)).tanh() for row in weights),
        lambda x: fsum(dot(x, row).tanh() for row in weights),
        lambda x: fsum(dot(row, x) for row in weights),
    ]
    for function in functions:
        program = record(function, (3,), flat)
        lines = str(program).splitlines()
        products = [line for line in lines[: lines.index("backward")] if "@" in line]
        assert len(products) == 1
        assert "theta[4×3]" in products[0]


def test_no_gradient_flows_into_a_comparison_even_from_an_infinite_upstream() -> None:
    w = Value(1.0)
    program = record(lambda x: where(w > x, x, 1.0).log(), ((),), [w])
    values, gradient = program.values_and_grad(np.array([0.0]))
    np.testing.assert_array_equal(values, [-np.inf])
    np.testing.assert_array_equal(gradient, [0.0])
    where(w > 0.0, Value(0.0), 1.0).log().backward()
    assert w.grad == 0.0
