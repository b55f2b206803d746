"""Nodes: what the reverse sweep finds in a group of scalars."""

from __future__ import annotations

from typing import Any

import pytest
from replay.comparing import leaf

from tinygrad_edu.backprop import sweep
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.nodes import ArrayNode


def parameter(name: str) -> ArrayNode:
    node = ArrayNode(leaf(Builder(), name))
    node.needs_grad = True
    return node


def test_a_leaf_needs_no_gradient_until_it_is_said_to() -> None:
    node = ArrayNode(leaf(Builder(), "x"))
    assert (node.inputs, node.needs_grad, node.local_derivatives, node.order) == ([], False, [], -1)


def test_only_inputs_that_need_a_gradient_are_inputs() -> None:
    w, x = parameter("w"), ArrayNode(leaf(Builder(), "x"))
    node = ArrayNode(w.value, [x, 2.0, w], lambda: ["by x", "by 2", "by w"])
    assert node.needs_grad
    assert node.inputs == [w]
    assert node.local_derivatives == ["by w"]
    assert not ArrayNode(w.value, [x, 2.0], lambda: [1.0, 1.0]).needs_grad


def test_local_derivatives_are_written_when_they_are_asked_for() -> None:
    asked: list[str] = []
    node = ArrayNode(parameter("w").value, [parameter("v")], lambda: asked.append("now") or [1.0])
    assert asked == []
    assert node.local_derivatives == [1.0]
    assert asked == ["now"]


def test_there_must_be_a_derivative_for_each_input() -> None:
    w = parameter("w")
    with pytest.raises(ValueError, match="zip"):
        _ = ArrayNode(w.value, [w, w], lambda: [1.0]).local_derivatives


def test_the_reverse_sweep_runs_on_nodes_and_a_first_gradient_costs_no_sum() -> None:
    """y = v · v of v = 3 w, with plain numbers in the place of arrays."""
    w: Any = parameter("w")
    v = ArrayNode(w.value, [w], lambda: [3.0])
    y = ArrayNode(w.value, [v, v], lambda: [6.0, 6.0])
    y._grad = 1.0
    for _ in sweep([y, v]):
        pass
    assert (v._grad, w._grad) == (12.0, 36.0)
