"""Choices from tables, and gradients that are put back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from replay.comparing import computes

from tinygrad_edu import Value, choose, fsum, record
from tinygrad_edu.replay.choices import Choose, ChooseTransposed, Places

INF, NAN = math.inf, math.nan


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


def test_two_infinite_slopes_of_one_option_are_infinite_and_those_of_the_others_nan() -> None:
    a, b = Value(1.0), Value(2.0)
    program = record(
        lambda k, x: fsum(choose(i, [b * x, a - x]).log() for i in k), ((2,), ()), [a, b], check=([[0, 0]], [2.0])
    )
    k, x = np.array([[1, 1], [0, 0], [0, 1]]), np.array([1.0, 2.0, 0.5])
    np.testing.assert_array_equal(program.value_and_grad(k, x)[1], [INF, NAN])
    np.testing.assert_allclose(program.value_and_grad(k[1:], x[1:])[1], [1 / 0.5 / 2, (2 / 2 + 1 / 2) / 2], rtol=1e-14)


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


def test_at_most_eight_bad_indices_are_named() -> None:
    message = str(Places(3, 1, False, False).error(np.arange(12.0)))
    assert message.endswith("from 0 to 2, and these are not: [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]")


# A table of three options, two columns each: option 0 is (0, 1), option 1 is (10, 11), option 2 is (20, 21).
TABLE = [[0.0], [1.0], [10.0], [11.0], [20.0], [21.0]]


def test_each_index_names_a_whole_row_of_a_table() -> None:
    shared = Places(count=3, width=2, own=False, per_example=False)
    computes(shared, [[0, 4], [1, 5]], [[0.0, 2.0]])
    computes(Choose(), [[0.0, 20.0], [1.0, 21.0]], [[0, 4], [1, 5]], TABLE)
    computes(shared, [[0, 4], [1, 5], [2, 0], [3, 1]], [[0.0, 2.0], [1.0, 0.0]])


def test_each_index_names_an_element_of_its_own_column() -> None:
    own = Places(count=3, width=2, own=True, per_example=False)
    computes(own, [[0, 4], [3, 3]], [[0.0, 2.0], [1.0, 1.0]])
    computes(Choose(), [[0.0, 20.0], [11.0, 11.0]], [[0, 4], [3, 3]], TABLE)


def test_each_example_has_a_table_of_its_own() -> None:
    per_example = Places(count=2, width=1, own=True, per_example=True)
    computes(per_example, [[0, 4, 5]], [[0.0, 1.0, 1.0]])
    computes(Choose(), [[1.0, 20.0, 30.0]], [[0, 4, 5]], [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    whole_rows = Places(count=3, width=2, own=False, per_example=True)
    computes(whole_rows, [[0, 9], [2, 11]], [[0.0, 2.0]])


def test_options_that_do_not_lie_side_by_side() -> None:
    out, options = np.zeros((1, 2)), np.array([[1.0, 9.0, 2.0], [3.0, 9.0, 4.0]])[:, ::2]
    Choose().run(out, np.array([[0, 3]]), options)()
    np.testing.assert_array_equal(out, [[1.0, 4.0]])


@pytest.mark.parametrize("bad", [3.0, -1.0, 0.5, np.nan, np.inf])
def test_an_index_must_name_an_option(bad: float) -> None:
    places = Places(3, 1, own=False, per_example=False)
    run = places.run(np.zeros((1, 2), dtype=int), np.array([[0.0, bad]]))
    with np.errstate(all="ignore"), pytest.raises(IndexError, match="from 0 to 2, and these are not"):
        run()
    assert not places.are_all_there(np, np.array([[0.0, bad]]))
    assert places.are_all_there(np, np.array([[0.0, 2.0, -0.0]]))


def test_what_is_handed_to_choices_is_added_up_at_the_options() -> None:
    shared = ChooseTransposed(Places(2, 1, own=False, per_example=False), rows=2)
    computes(shared, [[1.0], [6.0]], [[0, 1, 1]], [[1.0, 2.0, 4.0]])
    own = ChooseTransposed(Places(2, 1, own=True, per_example=True), rows=2)
    computes(own, [[1.0, 0.0, 0.0], [0.0, 2.0, 4.0]], [[0, 4, 5]], [[1.0, 2.0, 4.0]])
    twice = ChooseTransposed(Places(2, 1, own=False, per_example=True), rows=2)
    computes(twice, [[1.0, 6.0], [4.0, 0.0]], [[0, 1], [2, 1]], [[1.0, 2.0], [4.0, 4.0]])


def test_an_option_that_was_not_chosen_gets_0_times_what_is_not_finite() -> None:
    shared = ChooseTransposed(Places(2, 1, own=False, per_example=False), rows=2)
    computes(shared, [[INF], [NAN]], [[0, 1, 1]], [[INF, 2.0, 4.0]])
    own = ChooseTransposed(Places(2, 1, own=True, per_example=True), rows=2)
    computes(own, [[INF, 0.0, 0.0], [NAN, 2.0, 4.0]], [[0, 4, 5]], [[INF, 2.0, 4.0]])


def test_how_choices_are_written() -> None:
    assert Places(3, 2, False, False).text("k") == "places of k among 3×2"
    assert Choose().text("places", "options") == "options at places"
    assert ChooseTransposed(Places(3, 2, False, False), 6).text("places", "g") == "g added up at places"
