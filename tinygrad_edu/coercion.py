"""What may stand beside a `Value`, what a `Value` may be turned into, and the sentences for all the rest.

Any real number may stand beside one, and no text or complex number; an array is asked to do it element by element.
While a program is recorded, what would tell a number is refused: the program must hold for other numbers too.

May import: `elsewhere`, `truth`, `op`, `ops`, `origins`, `modes`; NumPy.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, NoReturn, TypeVar

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.elsewhere import ELSEWHERE, CalledElsewhere, call_elsewhere
from tinygrad_edu.modes import is_hidden, modes_alive, revealed
from tinygrad_edu.op import Op
from tinygrad_edu.origins import PLAIN, Origin
from tinygrad_edu.truth import FALSE, TRUE, TRUTHS

__all__ = ["plain", "real", "text"]

T = TypeVar("T")


def _lost(self: Any) -> NoReturn:
    revealed(self, "turning it into a plain number", "compute with the Value itself, with its own methods")
    raise TypeError(
        "a Value does not turn into a plain number by itself, because its gradient would be lost: write v.data for its "
        "number, or the method of the Value for a function of it, such as v.exp() instead of math.exp(v), or array(x) "
        "for an array x of numbers that it is to stand in"
    )


def compared(operation: Op, compare: Callable[[Any, Any], bool]) -> Callable[[Any, object], Any]:
    """A comparison of data; graphs do not matter to it. While recording, it is a node, for `where`."""

    def method(self: Any, other: object) -> Any:
        if not isinstance(other, (PythonNumber, numbers.Real, np.bool_)):
            return NotImplemented
        if modes_alive and (is_hidden(self) or is_hidden(other)):
            return self.apply(operation, (self, self.operand(other)))
        other = other.data if isinstance(other, PythonNumber) else other
        return TRUE if compare(self.data, other) else FALSE

    return method


def combined(operation: Op) -> Callable[[Any, object], Any]:
    """`&` or `|` of comparisons that a recording made nodes of; outside of one, they are no Values but a `Truth`."""

    def method(self: Any, other: object) -> Any:
        if self.op in ops.TRUTHS and (isinstance(other, TRUTHS) or getattr(other, "op", None) in ops.TRUTHS):
            return self.apply(operation, (self, self.operand(other)))
        return NotImplemented

    return method


class Seldom(Generic[T]):
    """An attribute that most Values do not have, and spend no time on when they are made."""

    def __init__(self, slot: str, otherwise: T, checked: Callable[[Any], T] = lambda given: given) -> None:
        self.slot = slot
        self.otherwise = otherwise
        self.checked = checked

    def __get__(self, value: Any, owner: Any = None) -> T:
        return getattr(value, self.slot, self.otherwise)

    def __set__(self, value: Any, given: T) -> None:
        setattr(value, self.slot, self.checked(given))


_UNKNOWN = Origin()


class PartOfOrigin(Generic[T]):
    """An attribute that is kept in the `origin` of a Value, with others, so that all of them cost one slot."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, value: Any, owner: Any = None) -> T:
        part: T = getattr(getattr(value, "origin", _UNKNOWN), self.name)
        return part

    def __set__(self, value: Any, given: T) -> None:
        value.origin = replace(value.origin, **{self.name: given})


class PythonNumber:
    """What Python expects of a number: comparisons, conversions, printing, copying."""

    __slots__ = ()
    # `Value` says how it keeps these.
    data: Any
    grad: Any
    label: Any
    origin: Any
    op: Any
    apply: Callable[..., Any]

    @classmethod
    def operand(cls, other: Any) -> Any:
        """`other` as a `Value`; NotImplemented for what may know better how to combine, such as an array."""
        if isinstance(other, PythonNumber):
            return other
        number = plain(other)
        return number if number is NotImplemented else as_plain(cls(number))  # type: ignore[call-arg]  # of `Value`

    # Comparisons look at the data; identity decides in sets and dictionaries.
    __lt__, __le__ = compared(ops.less, operator.lt), compared(ops.less_equal, operator.le)
    __gt__, __ge__ = compared(ops.greater, operator.gt), compared(ops.greater_equal, operator.ge)
    __eq__, __ne__ = compared(ops.equal, operator.eq), compared(ops.not_equal, operator.ne)
    __hash__ = object.__hash__
    __and__ = __rand__ = combined(ops.logical_and)
    __or__ = __ror__ = combined(ops.logical_or)
    __float__ = __int__ = __complex__ = _lost

    def __invert__(self) -> Any:
        if self.op in ops.TRUTHS:
            return self.apply(ops.logical_not, (self,))
        raise TypeError("~ is the opposite of a comparison, such as ~(v > 0); -v is the negative")

    def __xor__(self, other: object) -> Any:
        if self.op in ops.TRUTHS:
            return NotImplemented
        raise TypeError("a power is v ** 2; ^ is Python's exclusive or of bits, which a Value has not")

    __rxor__ = __xor__

    def __bool__(self) -> bool:
        what = "a comparison or truth value"
        return revealed(self, what, "use where(condition, a, b) for each number, relu, maximum, clip, or & | ~") != 0.0

    def __index__(self) -> NoReturn:
        revealed(self, "using it as an index", "use choose(index, options)")
        _lost(self)

    def __format__(self, spec: str) -> str:
        number = revealed(self, "formatting it", "print results after the program ran")
        return format(number, spec) if spec else repr(self)

    def __str__(self) -> str:
        return format(self)

    def __repr__(self) -> str:
        if is_hidden(self):
            return f"Value({self.label or (self.op.name if self.op else 'from outside')!r}, while recording)"
        parts = [repr(self.data)] + [f"label={self.label!r}"] * bool(self.label)
        parts += [f"op={self.op.name!r}"] if self.op is not None else []
        return f"Value({', '.join(parts + [f'grad={self.grad!r}'] * (self.grad != 0.0))})"

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if name not in ELSEWHERE]

    def __reduce__(self) -> tuple[Any, ...]:
        revealed(self, "copying it", "record a function that makes no copies")
        if self.op is None:
            known = (self.origin,) if self.origin.is_parameter or self.origin.is_plain else ()
            return _restore, (type(self), self.data, self.grad, self.label, *known)
        raise TypeError(f"only leaves can be copied or pickled, and {self!r} was computed; .detach() gives a leaf")

    def __init_subclass__(cls, recorded: bool = False) -> None:
        if PythonNumber not in cls.__bases__ and not recorded:
            raise TypeError(
                "a Value has no subclasses: declare an operation with tinygrad_edu.operation(...), and keep what else "
                "you know about a Value outside, in a dictionary with the Value as key"
            )


call_elsewhere(PythonNumber, "a Value", ELSEWHERE, CalledElsewhere)


def _restore(cls: Any, data: float, grad: float, label: str, origin: Origin | None = None) -> Any:
    leaf = cls(data, label)
    leaf.grad = grad
    if origin is not None:
        leaf.origin = origin
    return leaf


def as_plain(leaf: T) -> T:
    """A new leaf, marked as a plain number that stood beside a `Value`, or in place of one."""
    known = getattr(leaf, "_origin", None)
    leaf.origin = PLAIN if known is None else replace(known, is_plain=True)  # type: ignore[attr-defined]  # a `Value`
    return leaf


def real(data: Any) -> float:
    """`data` as a float, or a TypeError that says what is accepted.

    >>> real(np.int64(3))
    3.0
    """
    if isinstance(data, (int, float, numbers.Real, np.bool_)):
        return float(data)
    if isinstance(data, np.ndarray) and data.ndim == 0 and data.dtype.kind in "biuf":
        return float(data)
    if isinstance(data, PythonNumber):
        raise TypeError(f"a Value holds a number, not another {data!r}; to copy its number into a leaf, use .detach()")
    if isinstance(data, np.ndarray):
        what = f"an array of shape {data.shape} and type {data.dtype}"
        cure = "; tinygrad_edu.array(x) makes an array of Values, which NumPy's functions take, such as np.where"
    else:
        what = f"{data!r} of type {type(data).__name__}"
        cure = "; float(text) makes a number of text, and a label comes second, as in Value(2.0, 'w')"
        cure = cure if isinstance(data, str) else ""
    raise TypeError(f"a Value holds one real number (bool, int, float or a NumPy scalar), not {what}{cure}")


def gradient(number: Any) -> float:
    """A number as a gradient.

    >>> gradient(1)
    1.0
    """
    if number is None:
        raise TypeError("a gradient is a number, never None: p.grad = 0.0 clears it, and optimizer.zero_grad() all")
    return real(number)


def plain(other: Any) -> Any:
    """`other` as a float; NotImplemented for an array and the like, and a TypeError for what is no number at all.

    >>> plain(3), plain(np.array([1.0, 2.0]))
    (3.0, NotImplemented)
    """
    try:
        return real(other)
    except TypeError:
        if isinstance(other, (str, bytes, complex, type(None))):
            raise
        if type(other) in (list, tuple):  # Python would repeat it, and ask the Value how often
            raise TypeError(
                f"a Value and a {type(other).__name__} do not combine: array(x) makes an array of x, with which a "
                "Value combines element by element"
            ) from None
        return NotImplemented


def text(label: Any, what: str = "a label") -> str:
    """`label`, if it is text, or a TypeError that says what it should have been.

    >>> text("w")
    'w'
    """
    if isinstance(label, str):
        return label
    raise TypeError(f"{what} is text, such as 'w', not {label!r} of type {type(label).__name__}")
