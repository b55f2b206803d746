"""What a learner wrote: loaded from its file and called, with every way to go wrong turned into sentences.

May import: the standard library only.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["Learner", "NotBegun", "NotYet", "shown"]

#: Longer texts of arguments and results than this are cut.
_LONGEST = 76


class NotYet(Exception):  # noqa: N818 - to learn is no error
    """What is not right yet, in sentences for the learner.

    >>> try:
    ...     raise NotYet("The sign is the wrong one.")
    ... except NotYet as finding:
    ...     print(finding)
    The sign is the wrong one.
    """


class NotBegun(NotYet):
    """The function is as it was handed out.

    >>> issubclass(NotBegun, NotYet)
    True
    """


class Learner:
    """The module that a learner wrote; `passed` collects what was found right in it.

    Raises NotYet for a file that is no Python, and for one that fails while it is imported.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "mine.py")
    ...     _ = file.write_text("def half(x):\\n    return x / 2\\n")
    ...     Learner(file).call("half", 3.0)
    1.5
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.passed: list[str] = []
        self.module = ModuleType(f"exercise_{file.stem}")  # lest a file hides a module of its name
        self.module.__file__ = str(file)
        code = self._compiled()
        sys.modules[self.module.__name__] = self.module  # dataclasses look the module of a class up there
        self._guarded("importing it", exec, code, self.module.__dict__)

    def _compiled(self) -> Any:
        try:
            return compile(self.file.read_bytes(), str(self.file), "exec", dont_inherit=True)
        except SyntaxError as error:
            line = (error.text or "").strip()
            raise NotYet(f"Python cannot read line {error.lineno}, {line!r}: {error.msg}.") from None
        except (ValueError, OSError) as error:  # a null byte; a file that is none
            raise NotYet(f"{self.file} cannot be read: {error}.") from None

    def function(self, name: str) -> Callable[..., Any]:
        """The function of this name; raises NotYet where there is none."""
        found = getattr(self.module, name, None)
        if not callable(found):
            raise NotYet(f"There is no function {name!r} in {self.file.name}; it has to keep its name.")
        return found  # type: ignore[no-any-return]  # callable() was asked

    def names_in(self, name: str) -> tuple[str, ...]:
        """The global names and the attributes that the lines of a function ask for."""
        code = getattr(self.function(name), "__code__", None)
        return code.co_names if code else ()

    def call(self, name: str, *arguments: Any) -> Any:
        """What the function of this name returns for these arguments."""
        function, call = self.function(name), shown(name, *arguments)
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as error:
            raise NotYet(f"{name} cannot be called with {len(arguments)} arguments: {error}.") from None
        return self._guarded(call, function, *arguments)

    def _guarded(self, what: str, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except NotYet:
            raise
        except NotImplementedError:
            raise NotBegun(f"Not begun: in {self.file.name}, put your lines where it says so.") from None
        except RecursionError:
            raise NotYet(f"{what} calls itself without end, or at least more often than Python allows.") from None
        except (Exception, SystemExit) as error:
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            raise NotYet(f"{what} fails with {said}{self._place(error)}.") from None

    def _place(self, error: BaseException) -> str:
        """Where in the learner's own file an error came from."""
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(self.file)]
        return f", in line {own[-1].lineno}: {own[-1].line}" if own else ""


def shown(name: str, *arguments: Any) -> str:
    """A call as it is written, cut where it gets long.

    >>> shown("half", 3.0), len(shown("total", list(range(1000))))
    ('half(3.0)', 83)
    """
    written = ", ".join(" ".join(repr(argument).split()) for argument in arguments)
    return f"{name}({written})" if len(written) <= _LONGEST else f"{name}({written[: _LONGEST - 1]}…)"
