"""Gradients in parts, and the transposes of selections."""

from __future__ import annotations

import numpy as np
from replay.comparing import leaf

from tinygrad_edu import Value, fsum, record
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.linear import LinearMap, Parts, scattered


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


def test_the_gradient_of_rows_that_occur_more_than_once_is_added_up() -> None:
    w, x = [Value(1.0), Value(2.0), Value(3.0)], np.array([[1.0, 2.0, 4.0, 8.0, 16.0]])
    for rows in ([0, 1, 0, 2, 1], [2, 2, 1, 0, 0], [0, 0, 1, 1, 2], [2, 0, 1, 0, 2]):
        program = record(lambda x, rows=rows: fsum((w[r] * v).exp() for r, v in zip(rows, x, strict=True)), (5,), w)
        by_hand = np.zeros(3)
        np.add.at(by_hand, rows, x[0] * np.exp(np.array([1.0, 2.0, 3.0])[rows] * x[0]))
        np.testing.assert_allclose(program.value_and_grad(x)[1], by_hand, rtol=1e-13)


def test_parts_of_a_gradient_that_overlap_in_part_are_added_up_from_zeros() -> None:
    w, x = [Value(0.3 * k) for k in range(4)], np.array([[1.0, -2.0, 0.5], [0.5, 1.0, 2.0]])
    program = record(
        lambda x: (
            fsum((a * v).tanh() for a, v in zip(w[:3], x, strict=True))
            + fsum((a * v).exp() for a, v in zip(w[1:], x, strict=True))
        ),
        (3,),
        w,
    )
    numbers = 0.3 * np.arange(4.0)
    by_hand = np.zeros(4)
    by_hand[:3] += (x * (1.0 - np.tanh(numbers[:3] * x) ** 2)).mean(axis=0)
    by_hand[1:] += (x * np.exp(numbers[1:] * x)).mean(axis=0)
    for _ in range(2):
        np.testing.assert_allclose(program.value_and_grad(x)[1], by_hand, rtol=1e-13)


def test_a_map_applies_its_transpose_to_what_is_multiplied_with_it() -> None:
    assert 7 * LinearMap(lambda g: [g, g]) == [7, 7]


def test_parts_are_added_and_multiplied_as_one_array() -> None:
    builder = Builder()
    a, b = leaf(builder, "a", 2), leaf(builder, "b", 2)
    low, high = Parts(builder, 4, [(slice(0, 2, 1), a)]), Parts(builder, 4, [(slice(2, 4, 1), b)])
    both = low + high
    assert both.parts == [(slice(0, 2, 1), a), (slice(2, 4, 1), b)]
    assert both.total() is both.total()
    assert (both * 2.0).operands == (both.total(),)
    assert both.total().batched


def test_rows_that_were_read_once_are_one_part() -> None:
    builder = Builder()
    g = leaf(builder, "g", 2)
    for index in (slice(1, 3, 1), np.array([2, 0])):
        assert scattered(builder, 4, index, g).parts == [(index, g)]


def test_rows_that_were_read_more_than_once_are_sums_of_runs() -> None:
    """Rows 2, 0, 2 were read. So rows 0 and 2 get a gradient: rows 1, 0, 2 of what arrives, in runs of 1 and 2."""
    builder = Builder()
    ((index, sums),) = scattered(builder, 4, np.array([2, 0, 2]), leaf(builder, "g", 3)).parts
    assert index == slice(0, 3, 2)
    assert sums.instruction.lengths == (1, 2)
    np.testing.assert_array_equal(sums.operands[0].instruction.index, [1, 0, 2])
    ((_, in_order),) = scattered(builder, 4, np.array([1, 1, 3]), leaf(builder, "g", 3)).parts
    assert in_order.operands == (leaf(builder, "g", 3),)
