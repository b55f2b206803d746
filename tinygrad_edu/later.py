"""Methods that a later room does: the room is loaded when such a method is first called.

May import: nothing of this package by itself; the rooms are named where the methods are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["later"]


def later(room: str, function: str) -> Callable[..., Any]:
    """The method that is `function` of the module `room`, which need not be loaded yet.

    >>> class Angle:
    ...     in_degrees = later("math", "degrees")
    ...     def __float__(self) -> float:
    ...         return 3.141592653589793
    >>> Angle().in_degrees()
    180.0
    """

    @cache
    def found() -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(importlib.import_module(room), function)
        return method

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        return found()(self, *arguments, **named)

    method.__name__ = method.__qualname__ = function
    method.__doc__ = f"What `{room}.{function}` does."
    return method
