"""The backward half of a program, as the sweep writes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinygrad_edu import Value, fsum
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.listing import parts
from tinygrad_edu.replay.lower import Lowered
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.replay.sweep import Instructions, instructions


def written(function: Callable[..., Any], n_data: int, n_params: int, differentiated: bool = True) -> Instructions:
    data, params = [Value(1.0) for _ in range(n_data)], [Value(2.0) for _ in range(n_params)]
    outputs = function(*data, *params)
    graph = ScalarGraph(data, params)
    graph.include(outputs, joined=fsum(outputs))
    return instructions(Lowered(graph, [("x", n_data)], n_params), differentiated)


def lines(program: Instructions) -> tuple[list[str], list[str]]:
    listed = parts(program.forward, program.backward)
    forward, backward = [[f"{name} = {text}" for name, text, _ in listed[title]] for title in ("forward", "backward")]
    return forward, backward


def test_the_chain_rule_is_written_by_the_sweep() -> None:
    """y = (w x)², so ∂y/∂w = 2 w x · x; the examples share w, so theirs are added up."""
    assert lines(written(lambda x, w: [(w * x) ** 2.0], 1, 1)) == (
        ["v1 = theta * x", "v2 = v1 * v1"],
        ["v3 = v1 * 2", "v4 = seed * v3", "v5 = v4 * x", "v6 = sum of v5 over the batch"],
    )


def test_a_node_that_was_used_twice_gets_the_sum_of_both_gradients() -> None:
    """y = exp(w) + w exp(w)."""
    forward, backward = lines(written(lambda w: [w.exp() + w * w.exp()], 0, 1))
    assert forward == ["v1 = exp(theta)", "v2 = theta * v1", "v3 = v1 + v2"]
    assert backward == ["v4 = seed * v1", "v5 = seed * theta", "v6 = seed + v5", "v7 = v6 * v1", "v8 = v4 + v7"]


def test_nothing_is_written_for_what_needs_no_gradient() -> None:
    program = written(lambda x, w: [x.exp() + w], 1, 1)
    assert lines(program)[1] == ["v3 = sum of seed over the batch"]


def test_where_no_parameter_is_reached_there_is_no_gradient_and_no_backward_half() -> None:
    program = written(lambda x, w: [x.exp()], 1, 1)
    assert (program.gradient, program.backward) == (None, [])


def test_a_list_of_outputs_has_a_forward_half_only() -> None:
    program = written(lambda x, w: [x * w, x], 1, 1, differentiated=False)
    assert (program.gradient, program.backward) == (None, [])
    assert set(program.leaves) == {"x", "theta"}


def test_only_what_the_results_depend_on_is_an_instruction() -> None:
    """The derivative of w by the comparison asks for the output, and so on, but nobody asks for an unused input."""
    program = written(lambda x, y, w: [x * w], 2, 1)
    needed = [*program.forward, *program.backward]
    asked_for = {operand for var in needed for operand in var.operands} | {program.output, program.gradient}
    assert set(needed) == asked_for
    assert set(program.leaves) == {"x", "theta", "seed"}
    assert all(isinstance(var.instruction, Leaf) for var in program.leaves.values())
