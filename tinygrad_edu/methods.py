"""The methods of `Value`: each names one operation of the rule book, as NumPy names its function.

May import: `op`, `ops`, `coercion`, `later`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self, TypeVar

from tinygrad_edu import ops
from tinygrad_edu.coercion import real
from tinygrad_edu.later import later
from tinygrad_edu.op import Op, bind

__all__ = ["Methods"]

S = TypeVar("S")  # `Value`, which is declared further on
_explain = later("tinygrad_edu.stepping.explanation", "explain")


def unary(operation: Op) -> Callable[[S], S]:
    """The method for an operation with one input."""
    return written(operation)


def infix(operation: Op) -> Callable[[S, S | float], S]:
    """The method for an operator, which leaves it to an array beside it to do this element by element."""
    return written(operation, quietly=True)


def binary(operation: Op) -> Callable[[S, S | float], S]:
    """The method for an operation with two inputs."""
    return written(operation)


def with_settings(operation: Op) -> Callable[..., Any]:
    """The method for an operation with one input and settings."""
    return written(operation)


def written(operation: Op, quietly: bool = False) -> Callable[..., Any]:
    """`self`, the other inputs, then the settings; `compiling` replaces it by the same, written out as fast Python."""
    others = len(operation.derivatives) - 1  # type: ignore[arg-type]  # a tuple, as no method is variadic

    def method(self: Any, *arguments: Any, **settings: Any) -> Any:
        if len(arguments) < others:
            raise TypeError(f"{operation.method} takes {others + 1} numbers or Values, not {len(arguments) + 1}")
        inputs = [self, *[self.operand(other) for other in arguments[:others]]]
        for value, given in zip(inputs[1:], arguments, strict=False):
            if value is NotImplemented:
                return NotImplemented if quietly else real(given)
        return self.apply(bound(operation, arguments[others:], settings), inputs)

    method.__name__, method.__doc__ = operation.method, f"{operation.formula}."
    method.operation = operation  # type: ignore[attr-defined]
    return method


def bound(operation: Op, given: Sequence[Any], named: Mapping[str, Any]) -> Op:
    """The operation with the settings of one call; those not given are the defaults."""
    optional = operation.parameters[len(operation.parameters) - len(operation.defaults) :]
    settings = {**dict(zip(optional, operation.defaults, strict=True)), **named}
    settings.update(zip(operation.parameters, given, strict=False))
    if set(settings) != set(operation.parameters) or len(given) > len(operation.parameters):
        wanted = ", ".join(operation.parameters) or "no settings"
        raise TypeError(f"{operation.method} takes {wanted}, not {', '.join([*map(repr, given), *named]) or 'nothing'}")
    return bind(operation, *[real(settings[name]) for name in operation.parameters])


def reflected(name: str) -> Callable[[S, S | float], S]:
    """`2.0 - v`: the operator with its sides exchanged."""

    def method(self: Any, other: Any) -> Any:
        left = self.operand(other)
        return left if left is NotImplemented else getattr(left, name)(self)

    method.reflects = name  # type: ignore[attr-defined]
    return method


class Methods:
    """np.exp(v) is v.exp(), and so for every function of NumPy that an operation is named after."""

    __slots__ = ()

    # What later rooms do. The first two are attached when theirs is loaded, which is always.
    backward: ClassVar[Callable[..., None]]
    backward_steps: ClassVar[Callable[..., Any]]
    _repr_svg_ = later("tinygrad_edu.notebooks.pictures", "value_svg")
    __array_ufunc__ = later("tinygrad_edu.arrays", "ufunc_of_value")
    __array_function__ = later("tinygrad_edu.arrays", "function_of_value")

    def explain(self, wrt: Self | None = None, limit: int = 10, names: Mapping[str, Any] | None = None) -> Any:
        """Why the derivative of this number by `wrt` is what it is: a product along each path, and their sum.

        Shows the `limit` paths with the largest products, counts all of them, and sums the rest. No `.grad` is touched.
        Nodes are called by label, else by the variable that holds them (in `names`, or in the calling code).

        >>> from tinygrad_edu import Value
        >>> w = Value(3.0, "w")
        >>> (w * w).explain(w).gradient
        6.0
        """
        return _explain(self, wrt, limit, names)

    reciprocal = unary(ops.reciprocal)
    square = unary(ops.square)
    sqrt = unary(ops.sqrt)
    cbrt = unary(ops.cbrt)
    exp = unary(ops.exp)
    exp2 = unary(ops.exp2)
    expm1 = unary(ops.expm1)
    log = unary(ops.log)
    log2 = unary(ops.log2)
    log10 = unary(ops.log10)
    log1p = unary(ops.log1p)
    logaddexp = binary(ops.logaddexp)
    sin = unary(ops.sin)
    cos = unary(ops.cos)
    tan = unary(ops.tan)
    arcsin = unary(ops.arcsin)
    arccos = unary(ops.arccos)
    arctan = unary(ops.arctan)
    arctan2 = binary(ops.arctan2)
    hypot = binary(ops.hypot)
    deg2rad = unary(ops.deg2rad)
    rad2deg = unary(ops.rad2deg)
    sinh = unary(ops.sinh)
    cosh = unary(ops.cosh)
    tanh = unary(ops.tanh)
    arcsinh = unary(ops.arcsinh)
    arccosh = unary(ops.arccosh)
    arctanh = unary(ops.arctanh)
    sigmoid = unary(ops.sigmoid)
    log_sigmoid = unary(ops.log_sigmoid)
    softplus = unary(ops.softplus)
    relu = unary(ops.relu)
    leaky_relu = with_settings(ops.leaky_relu)
    elu = unary(ops.elu)
    silu = unary(ops.silu)
    gelu = unary(ops.gelu)
    erf = unary(ops.erf)
    erfc = unary(ops.erfc)
    step = unary(ops.step)
    sign = unary(ops.sign)
    heaviside = binary(ops.heaviside)
    maximum = binary(ops.maximum)
    minimum = binary(ops.minimum)
    _clip = with_settings(ops.clip)
    floor = __floor__ = unary(ops.floor)
    ceil = __ceil__ = unary(ops.ceil)
    trunc = __trunc__ = unary(ops.trunc)
    rint = unary(ops.rint)

    def __divmod__(self, other: Any) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Self, Self]:
        return other // self, other % self

    def __pos__(self) -> Self:
        return self

    def __round__(self, digits: int | None = None) -> Self:
        """The nearest whole number, of two equally near ones the even one; its slope is 0."""
        if digits is not None:
            raise TypeError("a Value is rounded to a whole number, round(v); round(v.data, digits) rounds its number")
        return self.rint()

    def clip(self, low: float, high: float) -> Self:
        """a, moved into [low, high]; its slope is 1 inside, the ends included, and 0 outside.

        Raises ValueError when low > high.

        >>> from tinygrad_edu import Value
        >>> Value(7.0).clip(-1, 1).data
        1.0
        """
        low, high = real(low), real(high)
        if low > high:
            raise ValueError(f"clip needs low <= high, not low = {low:g} and high = {high:g}")
        clipped: Self = self._clip(low, high)
        return clipped

    def conjugate(self) -> Self:
        """The number itself: a `Value` is real. (NumPy asks for it in some products.)"""
        return self
