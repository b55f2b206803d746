"""How far a backward pass is, as a picture shows it."""

from __future__ import annotations

from tinygrad_edu import Value, topological_order
from tinygrad_edu.drawing.sweeps import finished_sweep, is_stale, reset_since


def test_a_sweep_seeds_its_root_and_so_shows() -> None:
    x = Value(2.0, "x")
    root = x * 3.0
    before = finished_sweep(root)
    assert (before.gradient(x), before.has_passed(root)) == (None, False)
    root.backward()
    after = finished_sweep(root)
    assert (after.gradient(x), after.gradient(root), after.has_passed(root)) == (3.0, 1.0, True)


def test_a_node_is_stale_when_its_inputs_were_changed() -> None:
    x, nan = Value(2.0, "x"), Value(float("nan"), "nan")
    double, lost = x * 2.0, nan * 2.0
    last = double + lost
    assert not any(map(is_stale, [x, double, lost, last]))
    x.data = 3.0
    assert [is_stale(node) for node in (x, double, lost, last)] == [False, True, False, False]


def test_gradients_that_were_reset_are_found_and_those_that_cancel_are_not() -> None:
    x, y, unused = Value(2.0, "x"), Value(3.0, "y"), Value(1.0, "unused")
    double, zero = x * 2.0, y - y
    root = double + zero + unused * 0.0
    nodes = topological_order(root)
    assert reset_since(nodes, finished_sweep(root)) == []
    root.backward()
    assert reset_since(nodes, finished_sweep(root)) == []
    x.grad = y.grad = 0.0
    assert reset_since(nodes, finished_sweep(root)) == [x]
