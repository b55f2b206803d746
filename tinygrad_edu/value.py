"""`Value`: a number that remembers how it was made.

Every operation on `Value`s makes a new one that keeps its inputs and, computed at the same moment, the local
derivative by each of them: `Value.apply` says how. Each operator and method is that, for one operation of the rule
book. Together the `Value`s are the computation graph; `backprop` walks it.

May import: `ops`, `number_systems`, `origins`, `modes`, `coercion`, `methods`, `compiling`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from tinygrad_edu import ops
from tinygrad_edu.coercion import PartOfOrigin, PythonNumber, Seldom, as_plain, gradient, plain, real, text
from tinygrad_edu.compiling import compiled
from tinygrad_edu.methods import Methods, binary, infix, reflected, unary, with_settings
from tinygrad_edu.modes import finish, modes_alive, not_while_recording, revealed
from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.origins import Origin, Place, Source

__all__ = ["Number", "Value", "as_value"]


@compiled
class Value(PythonNumber, Methods):
    """A number that remembers how it was made, so that derivatives can flow back through it.

    `data` is the number and `grad` the derivative of whatever `backward()` was called on by this number.
    `op`, `inputs` and `local_derivatives` say how it was made; a leaf, made by hand, has `None`, `()` and `()`.

    Raises TypeError for anything that is not one real number, and for a label that is not text.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> c = a * b + a
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (-4.0, -2.0, 2.0)
    """

    __slots__ = ("__weakref__", "_data", "_grad", "_label", "_origin", "inputs", "local_derivatives", "op")

    def __init__(self, data: Any, label: str = "") -> None:
        self._data: float = data if type(data) is float else real(data)
        self._grad: float = 0.0
        self.op: ops.Op | None = None
        self.inputs: tuple[Value, ...] = ()
        self.local_derivatives: tuple[float, ...] = ()
        if label != "":
            self.label = label
        if modes_alive:
            finish(self)

    @classmethod
    def apply(cls, operation: ops.Op, inputs: Sequence[Value]) -> Value:
        """The node for `operation` on `inputs`: its number, and its local derivative by each of them."""
        node = object.__new__(Value)
        node._data, node.local_derivatives = evaluate(operation, *[value._data for value in inputs])
        node._grad = 0.0
        node.op = operation
        node.inputs = tuple(inputs)
        return finish(node)

    __add__, __radd__ = infix(ops.add), reflected("__add__")
    __sub__, __rsub__ = infix(ops.subtract), reflected("__sub__")
    __mul__, __rmul__ = infix(ops.multiply), reflected("__mul__")
    __truediv__, __rtruediv__ = infix(ops.divide), reflected("__truediv__")
    __floordiv__, __rfloordiv__ = infix(ops.floor_divide), reflected("__floordiv__")
    __mod__, __rmod__ = infix(ops.remainder), reflected("__mod__")
    __neg__, __abs__ = unary(ops.negative), unary(ops.absolute)
    power, __rpow__ = binary(ops.power), reflected("power")
    power_by = with_settings(ops.power_by)

    def __pow__(self, exponent: Number) -> Value:
        """a ** b; a plain number as exponent is a setting of the node, not an input."""
        if isinstance(exponent, Value):
            return self.power(exponent)
        number = plain(exponent)
        return number if number is NotImplemented else self.power_by(number)

    def detach(self) -> Value:
        """A leaf with the same data and no history.

        >>> (Value(2.0) * 3.0).detach()
        Value(6.0)
        """
        return Value(revealed(self, "detach()", "make what should get no gradient an input of the program"))

    @property
    def data(self) -> float:
        """The number."""
        return revealed(self) if modes_alive else self._data

    @data.setter
    def data(self, number: Any) -> None:
        not_while_recording("setting .data", "change parameters between recordings, not inside one")
        self._data = number if type(number) is float else real(number)

    @property
    def grad(self) -> float:
        """The derivative by this number of whatever `backward()` was called on."""
        if modes_alive:
            revealed(self, "reading .grad", "gradients come from program.value_and_grad")
        return self._grad

    @grad.setter
    def grad(self, number: Any) -> None:
        not_while_recording("setting .grad", "gradients come from program.value_and_grad")
        self._grad = number if type(number) is float else gradient(number)

    #: What people call it; and the line and the module that made it, if that was under `trace_sources`.
    label, origin = Seldom("_label", "", text), Seldom("_origin", Origin())
    source, module = PartOfOrigin[Source | None]("source"), PartOfOrigin[Place | None]("module")


#: What the operators accept beside a `Value`: any real number.
Number: TypeAlias = Value | float


def as_value(number: Any) -> Value:
    """The number itself if it is a `Value`, else a new leaf that holds it, as a plain number.

    >>> a = Value(1.0)
    >>> as_value(a) is a, as_value(2)
    (True, Value(2.0))
    """
    return number if isinstance(number, Value) else as_plain(Value(number))
