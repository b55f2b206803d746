"""The builder is a number system: every operation of the rule book runs on it, on all numbers that are special."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf
from strategies import SPECIAL

from tinygrad_edu import Value, fsum, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.op import RULE_BOOK, Op, bind, op
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.cases import Cases
from tinygrad_edu.replay.elementwise import Elementwise
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.known import Known
from tinygrad_edu.replay.linear import LinearMap, Parts

INF, NAN = math.inf, math.nan


NUMBERS = (*SPECIAL, -0.5, 0.25, 2.5, -3.0, 30.0, -30.0, 36.9, 710.0, -710.0, 1e-160, -1e200, 1e300)
SETTINGS = {"leaky_relu": [(0.1,), (-2.0,)], "clip": [(-1.0, 2.0)], "power_by": [(0.0,), (2.0,), (-0.5,), (3.0,)]}
ON_SINGLE_NUMBERS = sorted(name for name, operation in RULE_BOOK.items() if not callable(operation.derivatives))


def variants(name: str) -> Iterator[Op]:
    for settings in SETTINGS.get(name, [()]):
        yield bind(RULE_BOOK[name], *settings)


def points(operation: Op) -> list[tuple[float, ...]]:
    """Each number, or each pair, or each pair with a few conditions."""
    count = len(operation.derivatives)
    if count == 3:
        return [(c, a, b) for c in (0.0, 1.0, math.nan) for a, b in itertools.product(NUMBERS[::3], repeat=2)]
    return list(itertools.product(NUMBERS, repeat=count))


def eagerly(operation: Op, given: list[tuple[float, ...]]) -> tuple[list[float], list[float]]:
    results = [applied(operation, [Value(number) for number in point]) for point in given]
    return [y.data for y in results], [local for y in results for local in y.local_derivatives]


def assert_same(ours: Any, theirs: Any) -> None:
    """The same but for the last digits in which NumPy's functions differ from those of the C library."""
    np.testing.assert_allclose(ours, theirs, rtol=2e-15, atol=1e-322)  # a quarter of 1e-323 is 0


def recorded(operation: Op, given: list[tuple[float, ...]]) -> tuple[Any, Any]:
    """Values and slopes at all these points, which are rows of the same arrays."""
    inputs = [[Value(number) for number in point] for point in given]
    params = [v for point in inputs for v in point]
    values = record(lambda: [applied(operation, point) for point in inputs], (), params)()[0]
    program = record(lambda: fsum(applied(operation, point) for point in inputs), (), params)
    return values, program.value_and_grad()[1]


def slopes_on_a_batch(operation: Op, given: list[tuple[float, ...]], batch: int) -> Any:
    """The slopes where all examples of a batch read the same parameters."""
    inputs = [[Value(number) for number in point] for point in given]
    program = record(
        lambda x: fsum(applied(operation, [where(x, 0.0, v) for v in point]) for point in inputs),
        ((),),
        [v for point in inputs for v in point],
    )
    assert program(np.zeros(batch)).shape == (batch,)
    return program.value_and_grad(np.zeros(batch))[1]


@pytest.mark.parametrize("name", ON_SINGLE_NUMBERS)
def test_what_is_recorded_gives_what_eager_code_gives_at_every_special_number(name: str) -> None:
    for operation in variants(name):
        given = points(operation)
        values, slopes = eagerly(operation, given)
        ours, our_slopes = recorded(operation, given)
        assert_same(ours, values)
        assert_same(our_slopes, slopes)
        assert_same(slopes_on_a_batch(operation, given, 4), slopes)
        assert not slopes_on_a_batch(operation, given, 0).any()


def slopes_of(name: str, numbers: list[float]) -> tuple[Any, Any]:
    """Recorded ones and eager ones."""
    given = [(number,) for number in numbers]
    return recorded(RULE_BOOK[name], given)[1], np.array(eagerly(RULE_BOOK[name], given)[1])


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_slopes_of_saturated_units_keep_every_digit(name: str) -> None:
    sign = -2.0 if name == "tanh" else -1.0
    numbers = [x for x in np.linspace(5.0, 700.0, 2000).tolist() if np.exp(sign * x) == math.exp(sign * x)]
    assert len(numbers) > 1000, "NumPy's exp is nearly always that of the C library"
    ours, theirs = slopes_of(name, numbers)
    np.testing.assert_array_equal(ours, theirs)
    assert (ours[np.array(numbers) < 350.0] > 0.0).all()
    # Among others that are not saturated, which take the plain formula.
    ours, theirs = slopes_of(name, [0.5, 37.43, -0.25, -37.43])
    np.testing.assert_allclose(ours, theirs, rtol=1e-15)
    assert ours[1] == theirs[1] > 0.0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_an_operation_on_many_inputs_needs_no_form_for_arrays(count: int) -> None:
    """Its rules run on the arrays input by input, with whatever a number system has for many numbers."""

    def forward(m: Any, *terms: Any) -> Any:
        return (
            m.fsum(terms) + m.logsumexp(terms) + m.dot(terms, terms, 0.5) + m.choose(terms[0] > 0.0, (2.0, terms[-1]))
        )

    def derivatives(m: Any, y: Any, *terms: Any) -> list[Any]:
        slopes = [1.0 + s + 2.0 * t for s, t in zip(m.shares(terms, m.logsumexp(terms)), terms, strict=True)]
        return [*slopes[:-1], slopes[-1] + m.where(terms[0] > 0.0, 1.0, 0.0)]

    declared = op("of many", forward, derivatives)
    try:
        w = [Value(0.3 * k - 0.2) for k in range(2 * count + 1)]
        halves = w[:count], w[count:]
        program = record(lambda: [applied(declared, half) for half in halves], (), w)
        loss = record(lambda x: fsum(applied(declared, [v * x for v in half]) for half in halves), ((),), w)
        eager = [applied(declared, half) for half in halves]
    finally:
        del RULE_BOOK["of many"]
    np.testing.assert_allclose(program()[0], [y.data for y in eager], rtol=1e-14)
    fsum(eager).backward()
    np.testing.assert_allclose(loss.value_and_grad(np.ones(3))[1], [v.grad for v in w], rtol=1e-14)


OF_ONES_OWN = {
    "with all operators": (
        lambda m, a, b: a % b + abs(a) // b - m.remainder(7.0, a) + m.floor_divide(7.0, b),
        (lambda m, y, a, b: 1.0, lambda m, y, a, b: 0.0),
    ),
    "constant": (lambda m, a: 3.0, (lambda m, y, a: 0.0,)),
    "the input itself": (lambda m, a: a, (lambda m, y, a: 1.0,)),
    "a truth value": (lambda m, a: -((a > 0.0) * 1.0), (lambda m, y, a: (a > 0.0) * 1.0,)),
    "one that prefers twice": (
        lambda m, a: m.prefer(
            a * a, a < -1.0, lambda m, a: m.prefer(7.0, a > 0.0, lambda m, a: m.sigmoid(a) - 2.0 % a, a), a
        ),
        (lambda m, y, a: 1.0,),
    ),
    "one that prefers a number": (
        lambda m, a: m.prefer(7.0, a > 0.0, lambda m, a, b: a * b, a, 3.0),
        (lambda m, y, a: m.prefer(0.0, a > 0.0, lambda m: 3.0),),
    ),
}


@pytest.mark.parametrize("name", OF_ONES_OWN)
def test_an_operation_of_ones_own_is_recorded_whatever_its_rule_returns(name: str) -> None:
    forward, derivatives = OF_ONES_OWN[name]
    declared = op(name, forward, derivatives)
    try:
        given = [(2.5, -1.5)[: len(derivatives)], (-0.5, 2.0)[: len(derivatives)]]
        values, slopes = eagerly(declared, given)
        ours, our_slopes = recorded(declared, given)
        np.testing.assert_array_equal(ours, values)
        np.testing.assert_array_equal(our_slopes, slopes)
        np.testing.assert_array_equal(slopes_on_a_batch(declared, given, 2), slopes)
    finally:
        del RULE_BOOK[name]


def test_a_rule_that_asks_what_it_cannot_know_is_told_what_to_write() -> None:
    declared = op("asking", lambda m, a: a if a > 0.0 else -a, (lambda m, y, a: m.tangent(a),))
    try:
        w = Value(1.0)
        with pytest.raises(TypeError, match=r"m\.where"):
            record(lambda: applied(declared, [w]), (), [w])
    finally:
        del RULE_BOOK["asking"]


def test_rows_of_a_variable_are_itself_only_where_they_are_all_of_them_in_order() -> None:
    builder = Builder()
    var = builder.write(Leaf("a"), (), 3, True)
    assert builder.rows(var, slice(0, 3, 1)) is var
    assert builder.rows(var, slice(0, 2, 1)).rows == 2
    assert builder.rows(var, np.array([0, 1, 2])).rows == 3
    assert builder.repeat(var, 1) is var
    assert builder.segment_sum(var, (1, 1, 1)) is var
    assert builder.segment_sum(var, (3,)).rows == 1
    assert builder.segment_expand(var, (1, 1, 1)) is var
    assert builder.per_example(var) is var


def test_a_rule_that_adds_up_nothing_gets_0_and_shares_add_up_to_1() -> None:
    builder = Builder()
    assert builder.fsum([]) == 0.0
    terms = [Known(1.0), Known(2.0), Known(4.0)]
    raised = np.exp([1.0, 2.0, 4.0])
    np.testing.assert_allclose(builder.shares(terms, Known(np.log(raised.sum()))), raised / raised.sum(), rtol=1e-15)
    np.testing.assert_allclose(builder.shares([Known(INF), Known(0.0), Known(INF)], Known(INF)), [0.5, 0.0, 0.5])
    assert builder.shares([Known(-INF), Known(-INF)], Known(-INF)) == [0.5, 0.5]


def test_a_choice_among_known_numbers_keeps_them_as_they_are() -> None:
    builder = Builder()
    condition = leaf(builder, "a") > 0.0
    for numbers in ((1.0, 0.0), (1.0, -0.0), (NAN, INF)):
        assert repr(builder.where(condition, *numbers).instruction.numbers) == repr(numbers)


def test_choices_among_known_numbers_become_one_with_few_conditions() -> None:
    builder = Builder()
    a, b = leaf(builder, "a", 2), leaf(builder, "b")
    inner = builder.where(b > 0.0, 2.0, 3.0)
    outer = builder.where(a > 0.0, 1.0, inner)
    assert (outer.instruction, outer.operands) == (Cases((1.0, 2.0, 3.0)), (a > 0.0, b > 0.0))
    assert (outer.rows, outer.batched) == (2, True)
    assert builder.where(a > 0.0, inner, 1.0).instruction == Elementwise("where", (None, None, 1.0))
    assert builder.where(a, 1.0, 0.0).instruction == Elementwise("where", (None, 1.0, 0.0))  # no truth value
    further = builder.where(a > 1.0, 4.0, outer)
    assert further.instruction == Cases((4.0, 1.0, 2.0, 3.0))
    assert builder.where(a > 2.0, 5.0, further).operands == (a > 2.0, further)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0, 3.0, -1.0])
def test_a_power_is_written_as_its_base_as_a_product_or_as_a_power(exponent: float) -> None:
    builder = Builder()
    base = builder.write(Leaf("a"), (), 1, True)
    power = base**exponent
    assert (
        power is base
        if exponent == 1.0
        else power.instruction.text(*["a"] * len(power.operands))
        == {0.0: "a ** 0", 2.0: "a * a", 3.0: "a ** 3", -1.0: "a ** -1"}[exponent]
    )


def test_a_truth_value_times_1_is_a_number() -> None:
    builder = Builder()
    condition = builder.write(Leaf("a"), (), 1, True) > 0.0
    for product in (condition * 1.0, 1.0 * condition, condition * -1.0):
        assert product.dtype is float


def test_a_condition_beside_a_truth_value_that_is_known() -> None:
    builder = Builder()
    condition = builder.write(Leaf("a"), (), 1, True) > 0.0
    assert (condition & True) is condition
    assert (True & condition) is condition
    assert (condition & False) is False
    with pytest.raises(TypeError, match=r"m\.where"):
        bool(condition)


def test_the_same_instruction_is_written_once() -> None:
    builder = Builder()
    a, b = leaf(builder, "a"), leaf(builder, "b")
    assert a + b is a + b
    assert a + b is not b + a
    assert a / 0.0 is not a / -0.0
    assert builder.constants([0.0]) is not builder.constants([-0.0])
    assert builder.constants([1, 2]) is builder.constants([1.0, 2.0])
    assert [var.instruction.text("a", "b") for var in builder.written[2:]] == [
        "a + b", "a + b", "a / 0", "a / -0", "constants 0", "constants -0", "constants 1, 2"
    ]  # fmt: skip


def test_a_result_has_the_most_rows_and_is_batched_where_an_operand_is() -> None:
    builder = Builder()
    row, column, numbers = leaf(builder, "a", 1), leaf(builder, "b", 3, batched=False), leaf(builder, "c", 3)
    assert ((row + column).rows, (row + column).batched) == (3, True)
    assert ((column * 2.0).rows, (column * 2.0).batched) == (3, False)
    assert (numbers > 0.0).dtype is bool


def test_truth_values_become_numbers_where_numbers_are_wanted() -> None:
    builder = Builder()
    truth = leaf(builder, "a") > 0.0
    total = truth + 1.0
    assert [operand.instruction for operand in total.operands] == [Cases((1.0, 0.0))]
    assert builder.where(truth, 2.0, 3.0).operands == (truth,)
    assert builder.as_number(total) is total


def test_known_numbers_need_no_instruction() -> None:
    builder = Builder()
    assert (builder.exp(0.0), builder.maximum(1.0, 2.0), builder.sigmoid(Known(0.0))) == (1.0, 2.0, 0.5)
    assert builder.where(True, 1.0, 2.0) == 1.0
    assert builder.prefer(1.0, False, lambda m, a: a, 2.0) == 2.0
    assert builder.written == []


def test_x_times_1_and_x_to_the_1_are_x_but_x_plus_0_is_not() -> None:
    builder = Builder()
    x = leaf(builder, "x")
    assert x * 1.0 is x
    assert 1.0 * x is x
    assert x * -1.0 is -x
    assert x**1.0 is x
    assert x**2.0 is x * x
    assert x + 0.0 is not x
    assert x * 0.0 is not x
    assert x - 0.0 is not x


def test_a_gradient_in_parts_and_a_map_know_what_plus_and_times_mean() -> None:
    builder = Builder()
    x = leaf(builder, "x")
    assert x * LinearMap(lambda g: (g, "transposed")) == (x, "transposed")
    assert (x + Parts(builder, 1, [])).parts == [(None, x)]
    with pytest.raises(TypeError, match="unsupported operand"):
        x + None


def test_segments_are_summed_and_expanded() -> None:
    builder = Builder()
    var, sums = leaf(builder, "a", 5), leaf(builder, "b", 2)
    assert builder.segment_sum(var, (2, 3)).rows == 2
    np.testing.assert_array_equal(builder.segment_expand(sums, (2, 3)).instruction.index, [0, 0, 1, 1, 1])
    assert builder.segment_expand(leaf(builder, "c"), (4,)) is builder.repeat(leaf(builder, "c"), 4)


def test_a_function_that_no_number_system_has_is_named() -> None:
    with pytest.raises(AttributeError, match="tangent"):
        Builder().tangent(1.0)
