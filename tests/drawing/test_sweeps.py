"""How far a backward pass is, as a picture shows it."""

from __future__ import annotations

from tinygrad_edu import Value
from tinygrad_edu.drawing.sweeps import finished_sweep


def test_a_sweep_seeds_its_root_and_so_shows() -> None:
    x = Value(2.0, "x")
    root = x * 3.0
    before = finished_sweep(root)
    assert (before.gradient(x), before.has_passed(root)) == (None, False)
    root.backward()
    after = finished_sweep(root)
    assert (after.gradient(x), after.gradient(root), after.has_passed(root)) == (3.0, 1.0, True)
