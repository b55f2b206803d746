"""Where a `Value` comes from: the line of code that made it, and the module that ran.

Only those who ask for it learn this, under a mode such as `trace_sources`; a parameter always knows its module.

May import: `number_systems`, NumPy.
"""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType, FrameType
from typing import NamedTuple

import numpy as np

from tinygrad_edu.number_systems.floats import COMPILED

__all__ = ["OUTSIDE", "Origin", "Place", "Source"]

_OURS = tuple(os.path.dirname(module) + os.sep for module in (__file__, np.__file__))
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


class Source(NamedTuple):
    """Where a `Value` was made: the file, the line number, the text of the line, and the part of it that made it.

    >>> Source("train.py", 12, "loss = (y - t) ** 2").line
    12
    """

    file: str
    line: int
    text: str
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module is: what the module around it calls it, and the place of that one. The outermost has no name.

    `path` joins the names from outside in. `identity` is the same object in all places of one module, and another one
    for every other module. It is not the module, which a graph must not keep alive.

    >>> neuron = Place(identity=object()).inside("layers.0", object()).inside("neurons.3", object())
    >>> neuron.path, neuron.to("bias"), [place.name for place in neuron.chain]
    ('layers.0.neurons.3', 'layers.0.neurons.3.bias', ['', 'layers.0', 'neurons.3'])
    """

    name: str = ""
    path: str = ""
    around: Place | None = field(default=None, repr=False)
    identity: object = field(default=None, repr=False)

    def inside(self, name: str, identity: object) -> Place:
        """The place of what this module calls `name`."""
        return Place(name, self.to(name), self, identity)

    def to(self, name: str) -> str:
        """The path of what this module calls `name`."""
        return f"{self.path}.{name}" if self.path else name

    @property
    def chain(self) -> tuple[Place, ...]:
        """The places from the outermost module to this one."""
        return (self,) if self.around is None else (*self.around.chain, self)


#: The place of what was computed in no module.
OUTSIDE = Place()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a `Value` comes from: the line and the module that made it, if somebody asked for them at that time.

    A parameter knows the module that it belongs to, whoever asked: see `Module.label_parameters`. A plain number that
    stood beside a `Value`, such as the 2 of `2 * x`, `is_plain`: nobody asks for its gradient.

    >>> Origin().module is None
    True
    """

    source: Source | None = None
    module: Place | None = None
    is_parameter: bool = False
    is_plain: bool = False
    is_unrecorded: bool = False  # whether it was computed under `no_grad()`


#: The origin of what was computed under `no_grad()`, of which nothing else is known.
UNRECORDED = Origin(is_unrecorded=True)
#: The origin of a plain number of which nothing else is known.
PLAIN = Origin(is_plain=True)


def caller_frame() -> FrameType:
    """The innermost frame that is running now outside this package, NumPy and the standard library."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (is_our_code(frame) or _is_pythons(frame.f_code.co_filename)):
        frame = frame.f_back
    return frame


def warn_caller(message: str, category: type[Warning] = RuntimeWarning) -> None:
    """Warn at the line of the caller, however many functions of this package lie between."""
    frame = caller_frame()
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    module = frame.f_globals.get("__name__")
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, module, registry)


def caller_source() -> Source:
    """The innermost line of code outside this package that is running now."""
    frame = caller_frame()
    file = frame.f_code.co_filename
    linecache.lazycache(file, frame.f_globals)
    return _source_at(file, frame.f_lineno, frame.f_code, frame.f_lasti)


@lru_cache(maxsize=1024)  # by file as well, because the same code in two files is one key
def _source_at(file: str, line: int, code: CodeType, instruction: int) -> Source:
    lines = linecache.getlines(file)
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    first, last, start, end = next(itertools.islice(code.co_positions(), instruction // 2, None))
    expression = ""
    if text and first == last == line and start is not None and end is not None:
        expression = lines[line - 1].encode()[start:end].decode()  # the columns count bytes
    return Source(file, line, text, expression)


def is_our_code(frame: FrameType) -> bool:
    """Whether this is code of this package, or NumPy's, and not the user's."""
    file = frame.f_code.co_filename
    return file.startswith(_OURS) or file == COMPILED


def _is_pythons(file: str) -> bool:
    return file.startswith((_STANDARD_LIBRARY, "<frozen ")) and "site-packages" not in file
