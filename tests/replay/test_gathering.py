"""How operands are brought together from where their scalars live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.comparing import leaf

from tinygrad_edu import Value, choose, dot, record
from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.gathering import Gathering
from tinygrad_edu.replay.indices import Grid
from tinygrad_edu.replay.instruction import Constant
from tinygrad_edu.replay.nodes import ArrayNode
from tinygrad_edu.replay.rows import Matrix, Repeat
from tinygrad_edu.replay.sums import SegmentSum, SumBatch


def test_weights_may_come_from_several_places() -> None:
    w, x = [Value(0.5), Value(-1.5), Value(0.25)], np.array([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]])
    program = record(lambda x: dot([w[0], w[1].tanh(), w[2].exp()], x), (3,), w)
    np.testing.assert_allclose(program(x), x @ [0.5, np.tanh(-1.5), np.exp(0.25)], rtol=1e-14)
    slopes = np.array([1.0, 1.0 - np.tanh(-1.5) ** 2, np.exp(0.25)])
    np.testing.assert_allclose(program.value_and_grad(x)[1], x.mean(axis=0) * slopes, rtol=1e-14)


def test_all_options_may_be_one_constant() -> None:
    w = Value(2.0)
    program = record(lambda k: choose(k, [3.0, 3.0]) * w, ((),), [w])
    np.testing.assert_array_equal(program(np.array([0, 1])), [6.0, 6.0])
    with pytest.raises(IndexError, match="from 0 to 1"):
        program(np.array([2]))


# Data are the scalars 0 to 2, parameters the scalars 3 to 6, and two constants the scalars 8 and 9.


@pytest.fixture
def gathering() -> Gathering:
    gathering = Gathering(Builder(), constants={8: 0.5, 9: 2.5})
    gathering.leaf("x", 3, batched=True)
    gathering.leaf("theta", 4, batched=False).needs_grad = True
    return gathering


def gradient(node: ArrayNode, g: Var) -> Any:
    """What the node hands to its one input."""
    (local,) = node.local_derivatives
    return g * local


def test_all_rows_of_a_node_in_their_order_are_the_node(gathering: Gathering) -> None:
    x, theta = gathering.nodes
    assert gathering.array([0, 1, 2]) is x
    assert gathering.operand([3, 4, 5, 6]) is theta


def test_other_rows_are_a_view_where_they_are_evenly_spaced_and_else_a_copy(gathering: Gathering) -> None:
    assert gathering.array([1, 2]).value.instruction.index == slice(1, 3, 1)
    assert gathering.array([3, 5]).value.instruction.index == slice(0, 3, 2)
    np.testing.assert_array_equal(gathering.array([2, 0]).value.instruction.index, [2, 0])
    view = gathering.array([4, 5])
    assert gradient(view, leaf(gathering.builder, "g", 2)).parts == [(slice(1, 3, 1), leaf(gathering.builder, "g", 2))]


def test_one_scalar_many_times_is_a_row_repeated(gathering: Gathering) -> None:
    node = gathering.array([4, 4, 4])
    assert node.value.instruction == Repeat(3)
    assert node.value.operands[0].instruction.index == slice(1, 2, 1)
    assert gradient(node, leaf(gathering.builder, "g", 3)).instruction == SegmentSum((3,))


def test_one_constant_is_a_plain_number_unless_an_array_is_wanted(gathering: Gathering) -> None:
    assert gathering.operand([9, 9]) == 2.5
    assert gathering.array([9, 9]).value.instruction == Constant((2.5, 2.5))
    assert gathering.operand([9, 8]).value.instruction == Constant((2.5, 0.5))


def test_scalars_from_several_nodes_are_assembled(gathering: Gathering) -> None:
    node = gathering.operand([3, 0, 9, 4, 8])
    assert node.value.batched
    indices = [index for index, added in node.value.instruction.parts]
    assert indices == [slice(0, 4, 3), slice(1, 2, 1), slice(2, 5, 2)]
    first = node.value.operands[0]  # parameters, once for each example
    assert (first.rows, first.batched, first.operands[0].instruction.index) == (2, True, slice(0, 2, 1))
    g = leaf(gathering.builder, "g", 5)
    assert gradient(node, g).instruction.index == slice(0, 4, 3)


def test_what_examples_share_is_spread_and_its_gradient_added_up(gathering: Gathering) -> None:
    x, theta = gathering.nodes
    assert gathering.spread(x) is x
    node = gathering.spread(theta)
    assert (node.value.batched, node.value.rows) == (True, 4)
    assert gradient(node, leaf(gathering.builder, "g", 4)).instruction == SumBatch()


def test_parameters_are_a_matrix_where_their_rows_are_a_grid(gathering: Gathering) -> None:
    assert gathering.matrix([3, 4, 5, 6], outer=2).value.instruction == Matrix(Grid(0, 2, 2, 2, 1))
    transposed = gathering.matrix([3, 5, 4, 6], outer=2)
    assert transposed.value.instruction == Matrix(Grid(0, 2, 1, 2, 2))
    g = leaf(gathering.builder, "g", 4)
    assert gradient(transposed, g).parts == [(Grid(0, 2, 1, 2, 2), g)]


def test_what_would_be_a_matrix_in_memory(gathering: Gathering) -> None:
    assert gathering.is_matrix([3, 4, 5, 6], outer=2)
    assert not gathering.is_matrix([3, 4, 4, 5], outer=2)  # one number twice
    assert not gathering.is_matrix([3, 4, 6, 5], outer=2)
    assert not gathering.is_matrix([3, 9], outer=1)  # a constant among them
    assert not gathering.is_matrix([0, 1], outer=1)  # another for each example


def test_what_is_a_view_of_one_node(gathering: Gathering) -> None:
    assert gathering.is_view([0, 1, 2])
    assert gathering.is_view([3, 5])
    assert not gathering.is_view([1, 0])
    assert not gathering.is_view([2, 3])  # of two nodes
    assert not gathering.is_view([0, 8])  # a constant among them
    assert not gathering.is_view([0, None])


def test_other_weights_are_gathered_as_any_operand(gathering: Gathering) -> None:
    np.testing.assert_array_equal(gathering.matrix([3, 4, 6, 5], outer=2).value.instruction.index, [0, 1, 3, 2])
    assert gathering.matrix([0, 1], outer=1).value.instruction.index == slice(0, 2, 1)
    assert len(gathering.matrix([3, 9], outer=1).value.operands) == 2


def test_where_scalars_live(gathering: Gathering) -> None:
    x, theta = gathering.nodes
    assert (gathering.place[2], gathering.place[3]) == ((x, 2), (theta, 0))
    assert gathering.first_home([9, 4, 0]) == (theta.order, 1) == (1, 1)
    assert gathering.first_home([8, 9]) == (0, 0)
    node = gathering.node(leaf(gathering.builder, "y", 2), [x], lambda: [1.0])
    gathering.settle([12, 11], node, inner={12: [10]})
    assert gathering.place[11] == (node, 1)
    assert node.value.stands_for == [12, 10, 11]


def test_sides_are_exchanged_where_each_then_comes_from_fewer_nodes(gathering: Gathering) -> None:
    left, right = [3, 0, 5, 9], [1, 4, 2, 6]
    gathering.sort_sides(left, right)
    assert (left, right) == ([3, 4, 5, 6], [1, 0, 2, 9])
