"""Which rows an instruction reads and writes: as a slice, as a matrix, one after the other; and what they are not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, choose, dot, fsum, record
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.indices import Grid, check_rows, grid_of, index_of, row_numbers
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.known import Known, known
from tinygrad_edu.replay.linear import Parts

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        ([3], slice(3, 4, 1)),
        ([3, 4, 5], slice(3, 6, 1)),
        ([1, 3, 5], slice(1, 6, 2)),
        ([0, 5], slice(0, 6, 5)),
    ],
)
def test_rows_that_are_evenly_spaced_are_a_slice(rows: list[int], index: slice) -> None:
    assert index_of(rows) == index
    np.testing.assert_array_equal(row_numbers(index, 10), rows)


@pytest.mark.parametrize("rows", [[3, 2], [3, 3], [3, 3, 3], [0, 1, 3], [0, 2, 3], [5, 3, 1]])
def test_other_rows_are_row_numbers(rows: list[int]) -> None:
    index = index_of(rows)
    assert isinstance(index, np.ndarray)
    assert index.dtype == np.intp
    np.testing.assert_array_equal(index, rows)


@pytest.mark.parametrize(
    ("rows", "outer", "grid"),
    [
        ([0, 1, 2, 3, 4, 5], 2, Grid(0, 2, 3, 3, 1)),
        ([0, 1, 2, 3, 4, 5], 6, Grid(0, 6, 1, 1, 1)),
        ([0, 1, 2, 3, 4, 5], 1, Grid(0, 1, 6, 6, 1)),
        ([1, 5, 2, 6, 3, 7], 3, Grid(1, 3, 1, 2, 4)),
        ([0, 1, 4, 5], 2, Grid(0, 2, 4, 2, 1)),
        ([4, 6, 8], 3, Grid(4, 3, 2, 1, 1)),
        ([4, 6, 8], 1, Grid(4, 1, 3, 3, 2)),
        ([7], 1, Grid(7, 1, 1, 1, 1)),
        ([0, 1, 3, 4, 7, 8], 3, None),
        ([0, 1, 2, 4], 2, None),
        ([1, 0], 1, None),
        ([1, 0], 2, None),
        ([3, 3], 2, None),
        ([3, 3], 1, None),
        ([2, 3, 0, 1], 2, None),
    ],
)
def test_rows_are_a_matrix_where_both_of_its_steps_lead_on(rows: list[int], outer: int, grid: Grid | None) -> None:
    assert grid_of(rows, outer) == grid


def test_parts_are_written_added_or_begin_with_zeros() -> None:
    builder = Builder()
    a, b = (builder.write(Leaf(name), (), 2, False) for name in "ab")
    one = Parts(builder, 4, [(None, a)])
    assert one.total() is a
    assert (one + b).total().instruction.parts == ((None, False), (None, True))
    low, high, across = slice(0, 2, 1), slice(2, 4, 1), slice(1, 3, 1)
    for second, added, clears in ((high, False, False), (low, True, False), (across, True, True)):
        assembled = Parts(builder, 4, [(low, a), (second, b)]).total().instruction
        assert assembled.parts == ((low, False), (second, added))
        assert assembled.clears is clears
    assert Parts(builder, 4, [(low, a), (high, b), (across, a)]).total().instruction.clears is False
    placed = Parts(builder, 4, [(high, a)]).total()
    assert (placed.rows, placed.instruction.parts) == (4, ((high, False),))


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


def test_the_gradient_of_rows_that_occur_more_than_once_is_added_up() -> None:
    w, x = [Value(1.0), Value(2.0), Value(3.0)], np.array([[1.0, 2.0, 4.0, 8.0, 16.0]])
    for rows in ([0, 1, 0, 2, 1], [2, 2, 1, 0, 0], [0, 0, 1, 1, 2], [2, 0, 1, 0, 2]):
        program = record(lambda x, rows=rows: fsum((w[r] * v).exp() for r, v in zip(rows, x, strict=True)), (5,), w)
        by_hand = np.zeros(3)
        np.add.at(by_hand, rows, x[0] * np.exp(np.array([1.0, 2.0, 3.0])[rows] * x[0]))
        np.testing.assert_allclose(program.value_and_grad(x)[1], by_hand, rtol=1e-13)


@pytest.mark.parametrize("number", [NAN, INF])
def test_0_times_what_is_not_finite_is_nan_in_a_product_of_one_number_too(number: float) -> None:
    """NumPy's `dot` leaves a factor of one element out where it is 0."""
    w = [Value(number), Value(number)]
    two = record(lambda x: [dot([v], [x]) for v in w], ((),), w)
    np.testing.assert_array_equal(two(np.array([0.0])), [[NAN, NAN]])
    one = record(lambda x: dot([w[0]], [x]), ((),), w)
    one.theta = [0.0, 0.0]
    np.testing.assert_array_equal(one(np.array([number, 1.0])), [NAN, 0.0])
    values = record(lambda x: [dot([w[0], w[1]], x), dot([w[1], w[0]], x)], (2,), w)
    values.theta = [0.0, 0.0]
    np.testing.assert_array_equal(values(np.array([[number, 1.0]])), [[NAN, NAN]])


def test_a_known_number_is_a_truth_value_or_a_number() -> None:
    assert known(True) is True
    assert isinstance(known(1), Known)
    assert known("a") == "a"


def test_a_rule_that_adds_up_nothing_gets_0_and_shares_add_up_to_1() -> None:
    builder = Builder()
    assert builder.fsum([]) == 0.0
    terms = [Known(1.0), Known(2.0), Known(4.0)]
    raised = np.exp([1.0, 2.0, 4.0])
    np.testing.assert_allclose(builder.shares(terms, Known(np.log(raised.sum()))), raised / raised.sum(), rtol=1e-15)
    np.testing.assert_allclose(builder.shares([Known(INF), Known(0.0), Known(INF)], Known(INF)), [0.5, 0.0, 0.5])
    assert builder.shares([Known(-INF), Known(-INF)], Known(-INF)) == [0.5, 0.5]


def test_only_1_and_plus_0_become_the_condition_itself_as_a_number() -> None:
    builder = Builder()
    condition = builder.write(Leaf("a"), (), 1, True) > 0.0
    assert builder.where(condition, 1.0, 0.0).instruction.function == "indicator"
    for a, b in ((1.0, -0.0), (1.0, 1.0), (1.0, 2.0), (0.0, 0.0), (2.0, 0.0), (0.0, 1.0), (1.0, -1.0)):
        assert builder.where(condition, a, b).instruction.function == "where"


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


def test_choices_of_infinite_slopes_from_a_table_that_examples_share_and_two_indices_use() -> None:
    """An option that was not chosen gets 0 times the upstream, of each choice and each example."""
    table = [[Value(0.0), Value(2.0)], [Value(3.0), Value(4.0)], [Value(5.0), Value(6.0)]]
    flat = [v for row in table for v in row]

    def function(k: Any) -> Any:
        return fsum(choose(index, column).log() for index in k for column in zip(*table, strict=True))

    program = record(function, (2,), flat, check=(np.array([[1, 2]]),))
    np.testing.assert_allclose(
        program.value_and_grad(np.array([[1, 2]]))[1], [0.0, 0.0, 1 / 3, 1 / 4, 1 / 5, 1 / 6], rtol=1e-15
    )
    _, gradient = program.value_and_grad(np.array([[0, 2]]))
    np.testing.assert_allclose(gradient, [INF, 1 / 2, NAN, 0.0, NAN, 1 / 6], rtol=1e-15)


def test_no_rows_are_there_in_any_array() -> None:
    check_rows(np.array([], dtype=int), 0)
    check_rows(None, 0)


@pytest.mark.parametrize("batch", [1, 3])
def test_two_indices_may_choose_the_same_option_of_a_table_of_each_example(batch: int) -> None:
    w, x = [Value(2.0), Value(3.0)], np.array([1.0, -2.0, 0.5])[:batch]
    program = record(
        lambda k, x: fsum(choose(i, [w[0] * x, w[1] * x]) ** 2 for i in k), ((2,), ()), w, check=([[0, 1]], [1.0])
    )
    k = np.array([[0, 0], [1, 1], [1, 0]])[:batch]
    by_hand = [(2.0 * v * x**2 * (k == option).sum(axis=1)).mean() for option, v in enumerate([2.0, 3.0])]
    for _ in range(2):
        np.testing.assert_allclose(program.value_and_grad(k, x)[1], by_hand, rtol=1e-14)


def test_all_options_may_be_one_constant() -> None:
    w = Value(2.0)
    program = record(lambda k: choose(k, [3.0, 3.0]) * w, ((),), [w])
    np.testing.assert_array_equal(program(np.array([0, 1])), [6.0, 6.0])
    with pytest.raises(IndexError, match="from 0 to 1"):
        program(np.array([2]))


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_a_factor_that_is_copied_is_copied_at_every_call(batch: int) -> None:
    """The columns of an example, side by side, are no view of the arrays that the caller gives."""
    w = [Value(0.5), Value(-1.5)]
    values = record(lambda x: [dot(w, column) for column in x.T], ((2, 3),), w, check=(np.ones((1, 2, 3)),))
    squares = record(lambda x: fsum(dot(w, column) ** 2 for column in x.T), ((2, 3),), w, check=(np.ones((1, 2, 3)),))
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=(batch, 2, 3))
        y = np.einsum("k,bkp->bp", [0.5, -1.5], x)
        np.testing.assert_allclose(values(x), y, rtol=1e-13)
        by_hand = 2.0 * np.einsum("bp,bkp->k", y, x) / batch
        np.testing.assert_allclose(squares.value_and_grad(x)[1], by_hand, rtol=1e-12)


def test_one_product_with_two_addends_is_two_sums() -> None:
    w, b = [Value(2.0), Value(3.0)], [Value(10.0), Value(20.0)]
    program = record(lambda x: [dot(w, x, b[0]), dot(w, x, b[1]), dot(x, w, b[0]), dot(w, x)], (2,), [*w, *b])
    np.testing.assert_array_equal(program(np.array([[1.0, 2.0], [0.0, 1.0]])), [[18, 28, 18, 8], [13, 23, 13, 3]])


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


def test_a_condition_beside_a_truth_value_that_is_known() -> None:
    builder = Builder()
    condition = builder.write(Leaf("a"), (), 1, True) > 0.0
    assert (condition & True) is condition
    assert (True & condition) is condition
    assert (condition & False) is False
    with pytest.raises(TypeError, match=r"m\.where"):
        bool(condition)


def test_two_infinite_slopes_of_one_option_are_infinite_and_those_of_the_others_nan() -> None:
    a, b = Value(1.0), Value(2.0)
    program = record(
        lambda k, x: fsum(choose(i, [b * x, a - x]).log() for i in k), ((2,), ()), [a, b], check=([[0, 0]], [2.0])
    )
    k, x = np.array([[1, 1], [0, 0], [0, 1]]), np.array([1.0, 2.0, 0.5])
    np.testing.assert_array_equal(program.value_and_grad(k, x)[1], [INF, NAN])
    np.testing.assert_allclose(program.value_and_grad(k[1:], x[1:])[1], [1 / 0.5 / 2, (2 / 2 + 1 / 2) / 2], rtol=1e-14)


def test_weights_may_come_from_several_places() -> None:
    w, x = [Value(0.5), Value(-1.5), Value(0.25)], np.array([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]])
    program = record(lambda x: dot([w[0], w[1].tanh(), w[2].exp()], x), (3,), w)
    np.testing.assert_allclose(program(x), x @ [0.5, np.tanh(-1.5), np.exp(0.25)], rtol=1e-14)
    slopes = np.array([1.0, 1.0 - np.tanh(-1.5) ** 2, np.exp(0.25)])
    np.testing.assert_allclose(program.value_and_grad(x)[1], x.mean(axis=0) * slopes, rtol=1e-14)


def test_products_of_their_own_and_a_matrix_product_side_by_side() -> None:
    w = [Value(0.5 * k - 1.0) for k in range(8)]
    x = np.random.default_rng(0).normal(size=(3, 8))

    def function(x: Any) -> list[Any]:
        alone = [dot(w[k : k + 2], x[k : k + 2]) for k in (0, 2, 4)]
        return [v.tanh() for v in [*alone, dot(w[4:6], x[6:8]), dot(w[6:8], x[6:8])]]

    m = 0.5 * np.arange(8.0) - 1.0
    by_hand = [x[:, k : k + 2] @ m[k : k + 2] for k in (0, 2, 4)] + [x[:, 6:8] @ m[4:6], x[:, 6:8] @ m[6:8]]
    program = record(function, (8,), w)
    np.testing.assert_allclose(program(x), np.tanh(np.column_stack(by_hand)), rtol=1e-13)
    assert str(program).split("backward")[0].count("@") == 1


def test_two_indices_with_a_table_each_look_into_their_own() -> None:
    w = [Value(2.0), Value(3.0), Value(5.0), Value(7.0)]
    program = record(
        lambda i, j, x: choose(i, [w[0] * x, w[1] * x]) - 0.5 * choose(j, [w[2] * x, w[3] * x]), ((), (), ()), w
    )
    i, j, x = np.array([0, 1, 1, 0]), np.array([0, 0, 1, 1]), np.array([1.0, 2.0, -1.0, 4.0])
    np.testing.assert_array_equal(program(i, j, x), np.array([2.0, 3.0])[i] * x - np.array([2.5, 3.5])[j] * x)
    np.testing.assert_array_equal(program.value_and_grad(i, j, x)[1], [5 / 4, 1 / 4, -3 / 8, -3 / 8])
