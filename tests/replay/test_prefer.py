"""Two formulas of one number: where the plain one is no good, the other one is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import computes, leaf

from tinygrad_edu import Value, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.op import RULE_BOOK, op
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.instruction import Constant
from tinygrad_edu.replay.prefer import FEW, Formula, Prefer

generator = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def the_same_numbers_in_any_order():
    generator.bit_generator.state = np.random.default_rng(0).bit_generator.state


calls: list[Any] = []  # the shapes that `_cube` was computed on


def _cube(m: Any, a: Any) -> Any:
    calls.append(np.shape(a))
    return a * a * a


@pytest.fixture
def careful() -> Any:
    """a² where a < 1, else a³; its slope is written with other conditions, to see which is which."""
    declared = op(
        "careful",
        lambda m, a: m.prefer(a * a, a < 1.0, _cube, a),
        (lambda m, y, a: m.prefer(2.0 * a, a < 1.0, lambda m, y, a, three: three * y / a, y, a, 3.0),),
    )
    calls.clear()
    yield lambda v: applied(declared, [v])
    del RULE_BOOK["careful"]


def by_hand(a: Any) -> Any:
    return np.where(a < 1.0, a**2, a**3), np.where(a < 1.0, 2 * a, 3 * a**2)


def check(program: Any, x: Any) -> None:
    values, slopes = by_hand(x)
    np.testing.assert_allclose(program(x), values, rtol=1e-15, atol=1e-13)
    _, gradient = program.value_and_grad(x)
    np.testing.assert_allclose(gradient, (slopes * x).sum() / max(len(x), 1), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(program(x), values, rtol=1e-15, atol=1e-13)  # nothing stays replaced


@pytest.mark.parametrize("x", [[0.5, -2.0], [0.5, 2.0, 3.0, -1.0], [2.0], [], [0.25] * 4, [1.0] * 512])
def test_few_numbers_are_computed_by_both_formulas_and_chosen_from(careful: Any, x: list[float]) -> None:
    w = Value(1.0)
    program = record(lambda x: careful(w * x), ((),), [w])
    calls.clear()
    check(program, np.array(x))
    assert calls == []  # what it does was written down when it was recorded


def test_of_many_numbers_the_other_formula_is_computed_only_where_the_plain_one_is_no_good(careful: Any) -> None:
    w = Value(1.0)
    program = record(lambda x: careful(w * x), ((),), [w])
    x = np.linspace(-2.0, 0.9, 1000)
    calls.clear()
    check(program, x)
    assert calls == []
    x[[3, 500, 999]] = 1.0, 2.0, 3.0
    check(program, x)
    assert calls == [(3,)] * 3
    check(program, x + 10.0)


def test_the_listing_says_both_formulas(careful: Any) -> None:
    w = Value(1.0)
    text = str(record(lambda x: careful(w * x), ((),), [w]))
    assert "v2 where v3, else cube(v1)" in text
    assert "else otherwise(v4, v1, 3)" in text


def test_the_plain_numbers_may_be_read_elsewhere_too(careful: Any) -> None:
    """Then they keep their own memory: the squares below are the plain formula of `careful`."""
    w = [Value(0.5), Value(2.0)]
    program = record(lambda x: [10.0 * careful(v * x) + (v * x) ** 2 for v in w], ((),), w)
    np.testing.assert_array_equal(program(np.array([1.0, 2.0])), [[2.75, 84.0], [11.0, 656.0]])
    program = record(lambda x: [10.0 * careful(v * x) for v in w] + [(v * x) * (v * x) for v in w], ((),), w)
    np.testing.assert_array_equal(program(np.array([1.0])), [[2.5, 80.0, 0.25, 4.0]])


def test_the_plain_numbers_may_be_the_output() -> None:
    """a², with a slope that is a² too where a < 1, and elsewhere 7."""
    declared = op("odd", lambda m, a: a * a, (lambda m, y, a: m.prefer(a * a, a < 1.0, lambda m, seven: seven, 7.0),))
    try:
        w = Value(1.0)
        program = record(lambda x: applied(declared, [x * w]), ((),), [w])
    finally:
        del RULE_BOOK["odd"]
    values, gradient = program.values_and_grad(np.array([0.5, 2.0]))
    np.testing.assert_array_equal(values, [0.25, 4.0])
    np.testing.assert_array_equal(gradient, [(0.25 * 0.5 + 7.0 * 2.0) / 2.0])


def test_rows_that_are_not_contiguous_and_parts_of_other_arrays(careful: Any) -> None:
    w = [Value(1.0), Value(-1.0)]

    def function(x: Any) -> list[Value]:
        flat = [careful(v) for v in x]  # a view of the data, whose rows are columns
        scaled = [careful(v * w[0]) for v in x[::2]]
        return [*flat, *scaled, where(x[0] > 0.0, careful(w[0]), careful(w[1]))]

    x = generator.normal(size=(6, 5)) * 2
    program = record(function, (5,), w)
    flat, _ = by_hand(x)
    np.testing.assert_allclose(program(x), np.column_stack([flat, flat[:, ::2], np.ones(6)]), rtol=1e-15)
    np.testing.assert_allclose(program(x[:1]), program(x)[:1], rtol=1e-15)
    assert program(x[:0]).shape == (0, 9)


def test_parameters_that_are_the_plain_numbers_are_never_written_to() -> None:
    declared = op(
        "kept",
        lambda m, a, b: m.prefer(a, b < 1.0, lambda m, b: 3.0 * b, b),
        (lambda m, y, a, b: 0.0, lambda m, y, a, b: 0.0),
    )
    try:
        w = [Value(0.5), Value(-2.0)]
        program = record(lambda x, y: [applied(declared, pair) for pair in zip(w, (x, y), strict=True)], ((), ()), w)
    finally:
        del RULE_BOOK["kept"]
    for _ in range(2):
        np.testing.assert_array_equal(program(np.array([0.0, 2.0]), np.array([4.0, 0.0])), [[0.5, 12.0], [6.0, -2.0]])
    np.testing.assert_array_equal(program.theta, [0.5, -2.0])


def test_what_depends_on_constants_alone_stays_as_it_was_computed(careful: Any) -> None:
    w = Value(0.5)
    program = record(lambda x: careful(w) * x + careful(Value(3.0)), ((),), [w])
    for number in (0.5, 2.0, 0.5):
        program.theta = [number]
        values, slopes = by_hand(np.array(number))
        np.testing.assert_array_equal(program(np.array([1.0, 2.0])), values * np.array([1.0, 2.0]) + 27.0)
        np.testing.assert_allclose(program.value_and_grad(np.array([1.0, 2.0]))[1], [slopes * 1.5], rtol=1e-15)


def test_a_plain_formula_of_constants_is_computed_once_and_replaced_anew_each_time() -> None:
    """Its numbers are the same at every run, and which of them are good is not; two rows, of one and of two numbers."""
    declared = op(
        "fixed",
        lambda m, a, b: m.prefer(b * b + 1.0, a < 1.0, lambda m, a: -a, a),
        (lambda m, y, a, b: 0.0, lambda m, y, a, b: 0.0),
    )
    try:
        w = [Value(0.5), Value(2.0)]
        program = record(lambda: [applied(declared, [v, k]) for k, v in enumerate(w)], (), w)
        wide = record(lambda x: [applied(declared, [x, Value(3.0)]) * v for v in w], ((),), w)
    finally:
        del RULE_BOOK["fixed"]
    for _ in range(2):
        for theta, expected in (([0.5, 2.0], [1.0, -2.0]), ([0.25, 0.75], [1.0, 2.0]), ([3.0, 0.0], [-3.0, 2.0])):
            program.theta = theta
            np.testing.assert_array_equal(program()[0], expected)
        np.testing.assert_array_equal(wide(np.array([0.5, 4.0])), [[5.0, 20.0], [-2.0, -8.0]])
        np.testing.assert_array_equal(wide(np.array([4.0, 0.5])), [[-2.0, -8.0], [5.0, 20.0]])


# The instruction ------------------------------------------------------------------------------------------


def cube_plus(m: Any, a: Any, b: Any) -> Any:
    return a * a * a + b


def preferring() -> Prefer:
    """a where it is good, else a³ + 0.5."""
    builder = Builder()
    a = leaf(builder, "a")
    instruction = builder.prefer(a, a < 1.0, cube_plus, a, 0.5).instruction
    assert isinstance(instruction, Prefer)
    return instruction


@pytest.mark.parametrize("copies", [1, FEW])
def test_what_is_no_good_is_replaced_in_few_numbers_and_in_many(copies: int) -> None:
    a, good, expected = [[0.5, 2.0, -3.0, 3.0]], [[True, False, True, False]], [[0.5, 8.5, -3.0, 27.5]]
    given = [np.tile(array, (1, copies)) for array in (a, good, a)]
    computes(preferring(), np.tile(expected, (1, copies)), *given)
    computes(preferring(), given[0], given[0], np.ones_like(given[1]), given[0])


def test_plain_numbers_may_be_replaced_where_they_stand() -> None:
    plain = np.array([[0.5, 2.0]])
    preferring().run(plain, plain, np.array([[True, False]]), np.array([[0.5, 2.0]]))()
    np.testing.assert_array_equal(plain, [[0.5, 8.5]])


def test_no_numbers_at_all() -> None:
    computes(preferring(), np.zeros((1, 0)), np.zeros((1, 0)), np.zeros((1, 0), dtype=bool), np.zeros((1, 0)))


def test_a_formula_is_bound_to_arrays_step_by_step() -> None:
    """Inputs are numbered first, then the results: 0 and 1 are given, 2 is a constant, 3 is 0 + 2, 4 is 3 * 1."""
    add, multiply = Elementwise("add", (None, None)), Elementwise("multiply", (None, None))
    formula = Formula(((Constant((10.0,)), ()), (add, (0, 2)), (multiply, (3, 1))), result=4)
    calls, result = formula.bound([np.array([1.0, 2.0]), np.array([3.0, 4.0])], (2,), float)
    for call in calls:
        call()
    assert result.tolist() == [33.0, 48.0]


def test_rules_of_other_known_numbers_are_other_instructions() -> None:
    builder = Builder()
    a = leaf(builder, "a")
    one, same, other = [builder.prefer(a, a < 1.0, cube_plus, a, number) for number in (0.0, 0.0, -0.0)]
    assert one is same
    assert one is not other
    assert one.instruction.text("a", "b", "c") == "a where b, else cube_plus(c, 0)"
