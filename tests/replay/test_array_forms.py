"""The operations on many inputs, on whole arrays, against NumPy written by hand; and two formulas of one number."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, choose, dot, fsum, logsumexp, ops, record, where
from tinygrad_edu.functions import applied
from tinygrad_edu.number_systems import Arrays
from tinygrad_edu.number_systems.floats import floats
from tinygrad_edu.op import RULE_BOOK, Op, op

generator = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def the_same_numbers_in_any_order():
    generator.bit_generator.state = np.random.default_rng(0).bit_generator.state


def form_of(operation: Op) -> Any:
    assert operation.on_arrays is not None
    return operation.on_arrays[1:]


class Rows(Arrays):
    """NumPy as the declarations want it, where each row of a matrix is one sum."""

    def total(self, terms: Any) -> Any:
        return terms.sum(axis=1)

    def largest(self, terms: Any) -> Any:
        return terms.max(axis=1)

    def spread(self, totals: Any, terms: Any) -> Any:
        return np.broadcast_to(totals[:, None], terms.shape)


def test_the_declarations_are_the_chain_rule_on_arrays_of_numpy_too() -> None:
    w, x, g = generator.normal(size=(3, 4)), generator.normal(size=(4, 5)), generator.normal(size=(3, 5))
    forward, backward = form_of(ops.dot)
    np.testing.assert_allclose(forward(None, w, x), np.einsum("ok,kb->ob", w, x), rtol=1e-14, atol=1e-14)
    to_w, to_x = backward(None, g, None, w, x)
    np.testing.assert_allclose(to_w, np.einsum("ob,kb->ok", g, x), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(to_x, np.einsum("ob,ok->kb", g, w), rtol=1e-14, atol=1e-14)
    g = generator.normal(size=4)
    for operation in (ops.fsum, ops.logsumexp):
        forward, backward = form_of(operation)
        y = forward(Rows(), x)
        np.testing.assert_allclose(y, [operation.compute(floats, *row) for row in x], rtol=1e-15, atol=1e-13)
        (to_terms,) = backward(Rows(), g, y, x)
        slopes = [operation.local_derivatives(floats, total, *row) for total, row in zip(y, x, strict=True)]
        np.testing.assert_allclose(to_terms, g[:, None] * np.array(slopes), rtol=1e-14, atol=1e-14)


# Recorded -------------------------------------------------------------------------------------------------


def params_of(array: Any) -> Any:
    return np.vectorize(Value, otypes=[object])(array)


@pytest.mark.parametrize("batch", [0, 1, 7])
def test_dots_become_a_matrix_product_and_so_do_their_gradients(batch: int) -> None:
    w, b, c = generator.normal(size=(3, 4)), generator.normal(size=3), generator.normal(size=3)
    x = generator.normal(size=(batch, 4))
    weights, biases = params_of(w), params_of(b)
    params = [*weights.ravel(), *biases]
    rows = list(zip(weights, biases, strict=True))
    outputs = record(lambda x: [dot(row, x, bias) for row, bias in rows], (4,), params)
    np.testing.assert_allclose(outputs(x), x @ w.T + b, rtol=1e-13, atol=1e-13)
    program = record(lambda x: dot(c, [dot(row, x, bias).exp() for row, bias in rows]), (4,), params)
    y = np.exp(x @ w.T + b)
    mean, gradient = program.value_and_grad(x)
    assert batch == 0 or mean == pytest.approx((y @ c).mean(), rel=1e-13, abs=1e-13)
    upstream = y * c / max(batch, 1)
    np.testing.assert_allclose(gradient[:12], (upstream.T @ x).ravel(), rtol=1e-12)
    np.testing.assert_allclose(gradient[12:], upstream.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("batch", [0, 1, 7])
def test_sums_of_several_lengths_are_sums_of_runs(batch: int) -> None:
    lengths = (1, 3, 2)
    w = generator.normal(size=6)
    x = generator.normal(size=(batch, 6))
    params = list(params_of(w))
    starts = np.cumsum([0, *lengths[:-1]])

    def sums(x: Any) -> list[Value]:
        terms = [a.tanh() for a in x * np.array(params)]
        return [fsum(terms[start : start + length]) for start, length in zip(starts, lengths, strict=True)]

    totals = np.add.reduceat(np.tanh(x * w), starts, axis=1)
    np.testing.assert_allclose(record(sums, (6,), params)(x), totals, rtol=1e-13, atol=1e-13)
    _, gradient = record(lambda x: fsum(total**2 for total in sums(x)), (6,), params).value_and_grad(x)
    upstream = np.repeat(2 * totals, lengths, axis=1)
    by_hand = upstream * (1 - np.tanh(x * w) ** 2) * x
    np.testing.assert_allclose(gradient, by_hand.sum(axis=0) / max(batch, 1), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("batch", [0, 1, 7])
def test_logsumexp_of_several_lengths(batch: int) -> None:
    lengths = (4, 1, 3)
    w = generator.normal(size=8)
    x = 3 * generator.normal(size=(batch, 8))
    params = list(params_of(w))
    starts = np.cumsum([0, *lengths[:-1]])

    def totals(x: Any) -> list[Value]:
        terms = x * np.array(params)
        return [logsumexp(terms[start : start + length]) for start, length in zip(starts, lengths, strict=True)]

    raised = np.exp(x * w)
    sums = np.add.reduceat(raised, starts, axis=1)
    np.testing.assert_allclose(record(totals, (8,), params)(x), np.log(sums), rtol=1e-12, atol=1e-14)
    program = record(lambda x: fsum(totals(x)), (8,), params)
    assert str(program).count("largest of each of 3 runs") == 1
    _, gradient = program.value_and_grad(x)
    by_hand = x * raised / np.repeat(sums, lengths, axis=1)
    np.testing.assert_allclose(gradient, by_hand.sum(axis=0) / max(batch, 1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("batch", [0, 1, 7])
def test_choices_take_rows_of_a_table_and_put_gradients_back(batch: int) -> None:
    table = generator.normal(size=(5, 3))
    tokens = generator.integers(0, 5, size=(batch, 2))
    options = params_of(table)

    def chosen(tokens: Any) -> list[Value]:
        return [choose(token, column) for token in tokens for column in options.T]

    taken = table[tokens].reshape(batch, 6)
    np.testing.assert_array_equal(record(chosen, (2,), options.ravel())(tokens), taken)
    program = record(lambda tokens: fsum(v**3 for v in chosen(tokens)), (2,), options.ravel())
    by_hand = np.zeros_like(table)
    np.add.at(by_hand, tokens, 3 * table[tokens] ** 2)
    _, gradient = program.value_and_grad(tokens)
    np.testing.assert_allclose(gradient, by_hand.ravel() / max(batch, 1), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("batch", [0, 1, 7])
def test_each_example_chooses_among_options_of_its_own(batch: int) -> None:
    w, x, label = generator.normal(size=4), generator.normal(size=(batch, 4)), generator.integers(0, 4, size=batch)
    params = list(params_of(w))
    program = record(lambda x, label: choose(label, list(x * np.array(params))) ** 2, (4, ()), params)
    picked = (np.arange(batch), label)
    np.testing.assert_allclose(program(x, label), (x * w)[picked] ** 2, rtol=1e-14, atol=1e-14)
    by_hand = np.zeros((batch, 4))
    by_hand[picked] = (2 * x**2 * w)[picked]
    np.testing.assert_allclose(
        program.value_and_grad(x, label)[1], by_hand.sum(axis=0) / max(batch, 1), rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize("lengths", [(5, 3), (3, 5), (2, 4, 3, 4)])
def test_one_index_chooses_among_different_numbers_of_options(lengths: tuple[int, ...]) -> None:
    tables = [generator.normal(size=length) for length in lengths]
    options = [list(params_of(table)) for table in tables]
    params = list(itertools.chain(*options))
    k = np.array([1, 0, 1])
    values = record(lambda k: [choose(k, column) for column in options], ((),), params)
    np.testing.assert_array_equal(values(k), np.column_stack([table[k] for table in tables]))
    program = record(lambda k, j: fsum(choose(i, column) ** 2 for i in (k, j) for column in options), ((), ()), params)
    _, gradient = program.value_and_grad(k, 1 - k)
    by_hand = [2.0 * table * (np.arange(len(table)) < 2) for table in tables]
    np.testing.assert_allclose(gradient, np.concatenate(by_hand), rtol=1e-14)
    with pytest.raises(IndexError, match=f"from 0 to {min(lengths) - 1}"):
        values(np.array([min(lengths)]))


# logsumexp at its limits ----------------------------------------------------------------------------------

INF, NAN = math.inf, math.nan
LIMITS = [
    [0.0, -40.0], [-40.0, 0.0, -50.0], [1000.0, 1000.0], [0.0, 0.0, -40.0], [1e300, 1e299], [-1e308, 1e308], [5.0],
    [INF, 0.0], [0.0, INF, 3.0], [INF, INF], [INF, -INF], [-INF, -INF], [-INF, 2.0], [-INF], [INF], [NAN], [NAN, 1.0],
    [1.0, NAN], [INF, NAN], [-INF, NAN, 0.0], [-745.2, 0.0], [1e-300, -800.0], [709.0, 710.0, -710.0],
]  # fmt: skip


@pytest.mark.parametrize("together", [True, False], ids=["runs of all lengths", "one run"])
def test_logsumexp_gives_what_eager_code_gives_at_its_limits(together: bool) -> None:
    for runs in [LIMITS] if together else [[terms] for terms in LIMITS]:
        eager = [logsumexp(map(Value, terms)) for terms in runs]
        inputs = [list(map(Value, terms)) for terms in runs]
        params = list(itertools.chain(*inputs))
        values = record(lambda inputs=inputs: [logsumexp(terms) for terms in inputs], (), params)
        np.testing.assert_allclose(values()[0], [y.data for y in eager], rtol=1e-15, atol=1e-13)
        program = record(lambda inputs=inputs: fsum(map(logsumexp, inputs)), (), params)
        slopes = [slope for y in eager for slope in y.local_derivatives]
        np.testing.assert_allclose(program.value_and_grad()[1], slopes, rtol=1e-14, atol=1e-14)


def test_what_the_others_add_to_the_largest_is_not_rounded_away() -> None:
    program = record(lambda x: logsumexp(x), (2,), [])
    np.testing.assert_array_equal(program(np.array([[0.0, -40.0], [-40.0, 0.0]])), [4.248354255291589e-18] * 2)
    w = [Value(math.inf), Value(0.0)]
    np.testing.assert_array_equal(record(lambda: logsumexp(w), (), w).value_and_grad()[1], [1.0, 0.0])


# Two formulas of one number -------------------------------------------------------------------------------


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


# Parts of other arrays ------------------------------------------------------------------------------------


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
