"""The operations on many inputs, on whole arrays, against NumPy written by hand."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf, params_of

from tinygrad_edu import Value, choose, dot, fsum, logsumexp, ops, record
from tinygrad_edu.functions import mean, norm
from tinygrad_edu.number_systems import Arrays
from tinygrad_edu.number_systems.floats import floats
from tinygrad_edu.op import RULE_BOOK, Op
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.choices import Choose, ChooseTransposed, Places
from tinygrad_edu.replay.forms import Form, Matrices, MatrixVar, Runs, Stacks, StackVar, Tables
from tinygrad_edu.replay.products import Factor, MatMul, StackedMatMul
from tinygrad_edu.replay.rows import Repeat
from tinygrad_edu.replay.sums import SegmentMax, SegmentSum

generator = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def the_same_numbers_in_any_order():
    generator.bit_generator.state = np.random.default_rng(0).bit_generator.state


def form_of(operation: Op) -> Any:
    assert operation.on_arrays is not None
    return operation.on_arrays[1:]


class RowsOfMatrices(Arrays):
    """NumPy as the declarations want it, where each row of a matrix is one sum."""

    def total(self, terms: Any) -> Any:
        return terms.sum(axis=1)

    def count(self, terms: Any) -> Any:
        return terms.shape[1]

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
    for operation in (ops.fsum, ops.mean, ops.norm, ops.logsumexp):
        forward, backward = form_of(operation)
        y = forward(RowsOfMatrices(), x)
        np.testing.assert_allclose(y, [operation.compute(floats, *row) for row in x], rtol=1e-15, atol=1e-13)
        (to_terms,) = backward(RowsOfMatrices(), g, y, x)
        slopes = [operation.local_derivatives(floats, total, *row) for total, row in zip(y, x, strict=True)]
        np.testing.assert_allclose(to_terms, g[:, None] * np.array(slopes), rtol=1e-14, atol=1e-14)


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
@pytest.mark.parametrize("lengths", [(4, 1, 3), (2, 2, 2)])
def test_means_and_norms_of_several_lengths(batch: int, lengths: tuple[int, ...]) -> None:
    count = sum(lengths)
    w, x = generator.normal(size=count), 3 * generator.normal(size=(batch, count))
    params = list(params_of(w))
    cuts = np.cumsum(lengths)[:-1]

    def figures(x: Any) -> list[Value]:
        runs = np.split(x * np.array(params), cuts)
        return [mean(run) * norm(run) for run in runs]

    parts = np.split(x * w, cuts, axis=1)
    lengths_by_hand = [np.sqrt((part**2).sum(axis=1)) for part in parts]
    products = [part.mean(axis=1) * length for part, length in zip(parts, lengths_by_hand, strict=True)]
    np.testing.assert_allclose(record(figures, (count,), params)(x), np.stack(products, axis=1), rtol=1e-12, atol=1e-14)
    _, gradient = record(lambda x: fsum(figures(x)), (count,), params).value_and_grad(x)
    slopes = [
        length[:, None] / part.shape[1] + part.mean(axis=1, keepdims=True) * part / length[:, None]
        for part, length in zip(parts, lengths_by_hand, strict=True)
    ]
    by_hand = x * np.concatenate(slopes, axis=1)
    np.testing.assert_allclose(gradient, by_hand.sum(axis=0) / max(batch, 1), rtol=1e-11, atol=1e-13)


def test_a_norm_neither_overflows_nor_vanishes_and_has_slopes_0_at_the_origin() -> None:
    program = record(lambda x: norm(x), (2,), [])
    numbers = np.array([[3e300, -4e300], [3e-300, 4e-300], [0.0, 0.0], [np.inf, 1.0], [np.nan, np.inf]])
    np.testing.assert_allclose(program(numbers), [5e300, 5e-300, 0.0, np.inf, np.nan], rtol=1e-15)
    w = list(params_of(np.zeros(3)))
    np.testing.assert_array_equal(record(lambda: norm(w), (), w).value_and_grad()[1], np.zeros(3))


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


def test_a_form_has_what_the_builder_has_and_nothing_else() -> None:
    builder = Builder()
    assert Form(builder).constants([1.0]).instruction.text() == "constants 1"
    with pytest.raises(AttributeError, match="tangent"):
        _ = Form(builder).tangent


# The instructions that they write --------------------------------------------------------------------------


def test_runs_write_sums_largest_numbers_and_copies() -> None:
    builder = Builder()
    runs, terms = Runs(builder, (2, 3)), leaf(builder, "terms", 5)
    assert runs.total(terms).instruction == SegmentSum((2, 3))
    assert runs.largest(terms).instruction == SegmentMax((2, 3))
    np.testing.assert_array_equal(runs.spread(leaf(builder, "totals", 2), terms).instruction.index, [0, 0, 1, 1, 1])
    assert Runs(builder, (5,)).spread(leaf(builder, "total"), terms).instruction == Repeat(5)


def test_matrices_write_products_forward_and_backward() -> None:
    builder = Builder()
    m = Matrices(builder, n_out=2, n_in=3)
    weights, values = m.inputs(leaf(builder, "w", 6, batched=False), leaf(builder, "x", 12))  # at four positions
    assert (weights.shape, values.shape, values.T.shape) == ((2, 3), (3, 4), (4, 3))
    y = weights @ values
    assert (y.instruction, y.rows, y.batched) == (MatMul(2, False, 3, False), 8, True)
    upstream = m.output(y)
    to_weights, to_values = upstream @ values.T, weights.T @ upstream
    assert (to_weights.instruction, to_weights.rows, to_weights.batched) == (MatMul(2, False, 3, True), 6, False)
    assert (to_values.instruction, to_values.rows, to_values.batched) == (MatMul(2, True, 2, False), 12, True)
    assert MatrixVar(y, 2).T.T.shape == (2, 4)


def test_stacks_write_products_and_gradients_that_lie_as_the_factors_do() -> None:
    """Two matrices each: queries (2, 3), which lie transposed, and keys (3, 4); of the products one is not needed."""
    builder, hole = Builder(), b"\1" + bytes(15)
    queries, keys, product = Factor(3, True), Factor(3, False), Factor(2, False, hole)
    m = Stacks(builder, 2, (queries, keys), product)
    a, b, g = leaf(builder, "a", 12), leaf(builder, "b", 24), leaf(builder, "g", 16)
    forward, backward = form_of(ops.dot)
    left, right = m.inputs(a, b)
    y = forward(m, left, right)
    assert (y.instruction, y.operands) == (StackedMatMul(2, queries, keys), (a, b))
    assert (y.rows, y.batched, m.output(y).shape, m.output(y).T.shape) == (16, True, (2, 4), (4, 2))
    to_a, to_b = (m.gradient(k, given) for k, given in enumerate(backward(m, m.output(g), m.output(y), left, right)))
    assert (to_a.instruction, to_a.operands) == (StackedMatMul(2, keys, product.T), (b, g))
    assert (to_b.instruction, to_b.operands) == (StackedMatMul(2, queries.T, product), (a, g))
    assert (to_a.rows, to_b.rows) == (12, 24)
    theta = StackVar(leaf(builder, "theta", 4, False), 1, Factor(2, False))
    assert not (theta @ theta.T).batched


def test_tables_write_choices_and_their_transpose() -> None:
    builder = Builder()
    instruction = Places(3, 2, own=False, per_example=False)
    m, places, options = Tables(builder, instruction), leaf(builder, "k", 2), leaf(builder, "options", 6, batched=False)
    taken = m.take(options, places)
    assert (taken.instruction, taken.operands, taken.rows, taken.batched) == (Choose(), (places, options), 2, True)
    put = m.put(taken, places, options)
    assert (put.instruction, put.rows, put.batched) == (ChooseTransposed(instruction, 6), 6, False)


def test_every_form_that_a_declaration_names_is_one_that_replay_has() -> None:
    ways = {operation.on_arrays[0] for operation in RULE_BOOK.values() if operation.on_arrays}
    assert ways == {"runs", "matrices", "tables"}
