"""Modules of LLVM: pieces of bounded length that hand numbers on over a tape."""

from __future__ import annotations

from typing import Any

import pytest

from tinygrad_edu import Value, ops
from tinygrad_edu.replay.machine_code import LONGEST, machine_module
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.replay.straight import StraightLines, straight_lines


def chain(steps: int) -> StraightLines:
    """x · w, over and over."""
    x, w = Value(0.5), Value(0.75)
    y: Any = x
    for _ in range(steps):
        y = y * w
    graph = ScalarGraph([x], [w])
    graph.include([y], joined=Value.apply(ops.fsum, [y]))
    return straight_lines(graph, range(1, 2), differentiated=True)


@pytest.mark.parametrize("steps", [1, 10, 5_000])
def test_the_number_of_functions_grows_with_the_lines(steps: int) -> None:
    forward, both = machine_module(chain(steps), 1, False, 1), machine_module(chain(steps), 1, True, 1)
    assert forward.text.count("define internal") == -(-steps // LONGEST)
    assert both.text.count("define internal") == -(-(3 * steps - 1) // LONGEST)
    longest = max(body.count("\n") for body in both.text.split("define ")[1:])
    assert longest < 12 * LONGEST


def test_a_tape_holds_what_pieces_hand_on() -> None:
    assert machine_module(chain(10), 1, True, 1).tape == 1, "one piece hands nothing on"
    assert machine_module(chain(1_000), 1, False, 1).tape == 4
    assert 1_000 <= machine_module(chain(1_000), 1, True, 1).tape < 1_100


def test_lanes_stand_side_by_side() -> None:
    text = machine_module(chain(3), 1, True, 4).text
    assert "<4 x double>" in text
    assert "icmp ult <4 x i64>" in text
    assert "<4 x double>" not in machine_module(chain(3), 1, True, 1).text
