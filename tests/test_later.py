"""Methods that a later room does: the room is loaded when such a method is first called, and no sooner."""

from __future__ import annotations

import sys
import types

import pytest

from tinygrad_edu.later import later


class Shape:
    area = later("tinygrad_edu_a_room_of_this_test", "area")


def test_the_room_is_asked_at_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape()
    with pytest.raises(ModuleNotFoundError):
        shape.area(1.0)
    room = types.ModuleType("tinygrad_edu_a_room_of_this_test")
    room.area = lambda self, width, height=1.0: (self, width * height)  # type: ignore[attr-defined]  # a module of ours
    monkeypatch.setitem(sys.modules, room.__name__, room)
    assert shape.area(3.0) == (shape, 3.0)
    assert shape.area(3.0, height=2.0) == (shape, 6.0)


def test_it_says_what_it_is() -> None:
    assert Shape.area.__name__ == "area"
    assert Shape.area.__doc__ == "What `tinygrad_edu_a_room_of_this_test.area` does."
