"""`Value`: a number that remembers how it was made.

Every operation on `Value`s makes a new one that keeps its inputs and, computed at the same moment, the local
derivative by each of them. Together they are the computation graph; `backprop` walks it.

The operators below are one line each: `_method` writes a specialised function from the declaration in `ops`.
Methods that belong to later chapters (`backward`, `explain`, the picture in a notebook) are attached by the
modules that implement them, so that imports point one way.

May import: `ops`, `number_systems`, NumPy.
"""

from __future__ import annotations

import itertools
import linecache
import numbers
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.number_systems import FLOAT_FUNCTIONS, GENERATED, define, evaluator, input_names, specialise

__all__ = [
    "Number",
    "Source",
    "Value",
    "as_value",
    "choose",
    "dot",
    "fsum",
    "logsumexp",
    "no_grad",
    "noise",
    "softmax",
    "trace_sources",
    "where",
]

_NOT_THE_USERS = tuple(str(Path(module).parent) + os.sep for module in (__file__, np.__file__))
# Inputs are always made before outputs, so this count is all that a topological sort needs.
next_serial = itertools.count().__next__


# Modes ----------------------------------------------------------------------------------------------------


class Source(NamedTuple):
    """Where a `Value` was made: the file, the line number, the text of the line, and the part of it that made it.

    >>> Source("train.py", 12, "loss = (y - t) ** 2").line
    12
    """

    file: str
    line: int
    text: str
    expression: str = ""


def caller_frame() -> FrameType:
    """The innermost frame of code outside this package, and outside NumPy, that is running now."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


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


def _is_ours(file: str) -> bool:
    return file.startswith(_NOT_THE_USERS) or file == GENERATED


@dataclass(frozen=True)
class Mode:
    """What happens to each new node, beyond recording it."""

    records: bool = True
    traces: bool = False
    check: Callable[[Value], None] | None = None
    check_step: Callable[..., None] | None = None  # called by `backprop` with the root, the node and its Step
    noise: Callable[[Callable[..., Any]], Value] | None = None

    def finish(self, node: Value) -> Value:
        """The node as it should be under this mode."""
        if self.traces:
            node.source = caller_source()
        if self.check is not None:
            self.check(node)
        if not self.records:
            node.op, node.inputs, node.local_derivatives = None, (), ()
        return node


# None means the ordinary mode, so that each operation pays for one look and no more. A context variable is
# separate for each thread and each asyncio task.
_mode: ContextVar[Mode | None] = ContextVar("tinygrad_edu_mode", default=None)


@contextmanager
def changed_mode(**changes: Any) -> Iterator[None]:
    """Run a block under a changed `Mode`, and restore the old one however the block ends."""
    token = _mode.set(replace(_mode.get() or Mode(), **changes))
    try:
        yield
    finally:
        _mode.reset(token)


def no_grad() -> Any:
    """Compute without recording: results inside the block are leaves, for this thread or task only.

    >>> a = Value(2.0)
    >>> with no_grad():
    ...     b = a * a
    >>> b.inputs
    ()
    """
    return changed_mode(records=False)


def trace_sources() -> Any:
    """Remember, for each `Value` made inside the block, the file, line and text that made it.

    >>> with trace_sources():
    ...     a = Value(2.0) * 3.0
    >>> a.source.line > 0
    True
    """
    return changed_mode(traces=True)


def current_mode() -> Mode:
    """The mode of this thread or task."""
    return _mode.get() or Mode()


def records() -> bool:
    """Whether operations are being recorded: True, except inside `no_grad()`."""
    return current_mode().records


def noise(draw: Callable[..., Any]) -> Number:
    """One random number from `draw`, such as `generator.random`; in a replayed program, a fresh one at every run.

    >>> 0.0 <= noise(np.random.default_rng(0).random) < 1.0
    True
    """
    mode = _mode.get()
    return float(draw()) if mode is None or mode.noise is None else mode.noise(draw)


# Making nodes ---------------------------------------------------------------------------------------------


def _real(data: Any) -> float:
    """`data` as a float, or a TypeError that says what is accepted."""
    if isinstance(data, (numbers.Real, np.bool_)):
        return float(data)
    if isinstance(data, np.ndarray) and data.ndim == 0 and data.dtype.kind in "biuf":
        return float(data)
    if isinstance(data, Value):
        raise TypeError(f"a Value holds a number, not another {data!r}; to copy its number into a leaf, use .detach()")
    if isinstance(data, np.ndarray):
        what = f"an array of shape {data.shape} and type {data.dtype}"
        cure = "; for an array of Values, make one Value per element"
    else:
        what, cure = f"{data!r} of type {type(data).__name__}", ""
    raise TypeError(f"a Value holds one real number (bool, int, float or a NumPy scalar), not {what}{cure}")


def as_value(number: Any) -> Value:
    """The number itself if it is a `Value`, else a new leaf that holds it.

    >>> a = Value(1.0)
    >>> as_value(a) is a, as_value(2)
    (True, Value(2.0))
    """
    return number if isinstance(number, Value) else Value(number)


def _coerced(method: Callable[..., Value], operation: ops.Op, self: Value, other: Any) -> Any:
    """`self.method(other)` for an `other` that is not plainly a `Value`."""
    if isinstance(other, Value):
        return common_class((self, other)).apply(operation, (self, other))
    try:
        return method(self, Value(other))
    except TypeError:
        if not isinstance(other, (str, bytes, complex, type(None))) and method.__name__.startswith("__"):
            return NotImplemented  # an array, say, that knows how to do this element by element
        raise


def common_class(values: Iterable[Any]) -> type[Value]:
    """The class that makes the result of an operation on these: `Value`, or the most special one present."""
    special = set(map(type, values)) - {Value}
    return next((kind for kind in special if issubclass(kind, Value)), Value) if special else Value


# A method does what `Value.apply` does, without the calls in between.
_METHOD = """
def value_{name}(self{other}{parameters}):
    {coerce}
    a = self.data
    {shared}
    y = {output}
    node = new(Value)
    node.data = y
    node.grad = 0.0
    node.op = {operation}
    node.inputs = (self{other},)
    node.local_derivatives = ({locals},)
    node.label = ""
    node.source = None
    node.serial = next_serial()
    mode = current_mode()
    return node if mode is None else mode.finish(node)
"""
_COERCE = """if type(other) is not Value:
        return coerced(value_{name}, op_{name}, self, other)
    b = other.data"""
#: What the generated methods call; `Value` itself joins once it exists.
_scope: dict[str, Any] = {
    **FLOAT_FUNCTIONS,
    "new": object.__new__,
    "next_serial": next_serial,
    "current_mode": _mode.get,
    "bind": ops.bind,
    "coerced": _coerced,
}


#: The operation that each generated method of `Value` records.
METHODS: dict[str, ops.Op] = {}


def _method(operation: ops.Op, name: str = "") -> Callable[..., Any]:
    """The method of `Value` for one operation, written from its declaration."""
    name = name or operation.method
    other = ", other" if len(input_names(operation)) == 2 else ""
    parameters = ", ".join(operation.parameters)
    shared, output, locals_ = specialise(operation)
    source = _METHOD.format(
        name=name,
        other=other,
        parameters=parameters and f", {parameters}",
        coerce=_COERCE.format(name=name) if other else "",
        shared="\n    ".join(shared),
        output=output,
        operation=f"bind(op_{name}, {parameters})" if parameters else f"op_{name}",
        locals=", ".join(locals_),
    )
    _scope[f"op_{name}"] = METHODS[name] = operation
    method: Callable[..., Any] = define(source, f"value_{name}", _scope)
    method.__name__ = name
    method.__doc__ = f"{operation.formula}."
    method.__qualname__ = f"Value.{name}"
    method.__module__ = __name__
    return method


def _unary(operation: ops.Op, name: str = "") -> Callable[[Value], Value]:
    return _method(operation, name)


def _binary(operation: ops.Op, name: str = "") -> Callable[[Value, Number], Value]:
    return _method(operation, name)


def _with_settings(operation: ops.Op, name: str = "") -> Callable[..., Value]:
    return _method(operation, name)


def _reflected(method_name: str) -> Callable[[Value, Number], Value]:
    """`2.0 - v`: the operator with its sides exchanged."""

    def method(self: Value, other: Any) -> Any:
        try:
            left = Value(other)
        except TypeError:
            return NotImplemented
        return getattr(left, method_name)(self)

    return method


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Value, object], bool]:
    """A comparison of data; graphs do not matter to it."""

    def method(self: Value, other: object) -> Any:
        if isinstance(other, Value):
            return compare(self.data, other.data)
        if isinstance(other, (numbers.Real, np.bool_)):
            return bool(compare(self.data, other))
        return NotImplemented

    return method


class Value:
    """A number that remembers how it was made, so that derivatives can flow back through it.

    `data` is the number and `grad` the derivative of whatever `backward()` was called on by this number.
    `op`, `inputs` and `local_derivatives` say how it was made; a leaf, made by hand, has `None`, `()` and `()`.

    Raises TypeError for anything that is not one real number.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> c = a * b + a
    >>> c.backward()
    >>> c.data, a.grad, b.grad
    (-4.0, -2.0, 2.0)
    """

    __slots__ = (
        "__weakref__",
        "data",
        "grad",
        "inputs",
        "label",
        "local_derivatives",
        "op",
        "serial",
        "source",
    )

    data: float
    grad: float
    op: ops.Op | None
    inputs: tuple[Value, ...]
    local_derivatives: tuple[float, ...]
    label: str
    serial: int
    source: Source | None

    def __init__(self, data: Any, label: str = "") -> None:
        self.data = data if type(data) is float else _real(data)
        self.grad = 0.0
        self.op = None
        self.inputs = ()
        self.local_derivatives = ()
        self.label = label
        self.source = None
        self.serial = next_serial()
        mode = _mode.get()
        if mode is not None and mode.traces:
            self.source = caller_source()

    @classmethod
    def apply(cls, operation: ops.Op, inputs: Sequence[Value]) -> Value:
        """The node for `operation` on `inputs`: its number, its local derivatives, and who made it."""
        y, local_derivatives = evaluator(operation.method)(*[v.data for v in inputs], *operation.settings)
        node = Value(y)
        node.op = operation
        node.inputs = tuple(inputs)
        node.local_derivatives = local_derivatives
        mode = _mode.get()
        return node if mode is None else mode.finish(node)

    # Attached by `backprop`, `stepping` and `drawing`.
    backward: ClassVar[Callable[..., None]]
    backward_steps: ClassVar[Callable[..., Any]]
    explain: ClassVar[Callable[..., Any]]
    _repr_svg_: ClassVar[Callable[..., Any]]

    # Operators.
    __add__ = _binary(ops.add, "__add__")
    __sub__ = _binary(ops.subtract, "__sub__")
    __mul__ = _binary(ops.multiply, "__mul__")
    __truediv__ = _binary(ops.divide, "__truediv__")
    __radd__ = _reflected("__add__")
    __rsub__ = _reflected("__sub__")
    __rmul__ = _reflected("__mul__")
    __rtruediv__ = _reflected("__truediv__")
    __rpow__ = _reflected("__pow__")
    __neg__ = _unary(ops.negative, "__neg__")
    __abs__ = _unary(ops.absolute, "__abs__")
    power = _binary(ops.power)
    power_by = _with_settings(ops.power_by)

    def __pos__(self) -> Value:
        return self

    def __pow__(self, exponent: Number) -> Value:
        """a ** b; a plain number as exponent is a setting of the node, not an input."""
        if isinstance(exponent, Value):
            return self.power(exponent)
        try:
            return self.power_by(_real(exponent))
        except TypeError:
            if isinstance(exponent, np.ndarray):
                return NotImplemented  # NumPy does it element by element
            raise

    # Methods, named as NumPy names its functions: np.exp(array_of_values) calls them.
    reciprocal = _unary(ops.reciprocal)
    square = _unary(ops.square)
    sqrt = _unary(ops.sqrt)
    cbrt = _unary(ops.cbrt)
    exp = _unary(ops.exp)
    exp2 = _unary(ops.exp2)
    expm1 = _unary(ops.expm1)
    log = _unary(ops.log)
    log2 = _unary(ops.log2)
    log10 = _unary(ops.log10)
    log1p = _unary(ops.log1p)
    sin = _unary(ops.sin)
    cos = _unary(ops.cos)
    tan = _unary(ops.tan)
    arcsin = _unary(ops.arcsin)
    arccos = _unary(ops.arccos)
    arctan = _unary(ops.arctan)
    sinh = _unary(ops.sinh)
    cosh = _unary(ops.cosh)
    tanh = _unary(ops.tanh)
    arcsinh = _unary(ops.arcsinh)
    arccosh = _unary(ops.arccosh)
    arctanh = _unary(ops.arctanh)
    sigmoid = _unary(ops.sigmoid)
    softplus = _unary(ops.softplus)
    relu = _unary(ops.relu)
    elu = _unary(ops.elu)
    silu = _unary(ops.silu)
    gelu = _unary(ops.gelu)
    erf = _unary(ops.erf)
    erfc = _unary(ops.erfc)
    step = _unary(ops.step)
    sign = _unary(ops.sign)
    maximum = _binary(ops.maximum)
    minimum = _binary(ops.minimum)
    _leaky_relu = _with_settings(ops.leaky_relu, "_leaky_relu")
    _clip = _with_settings(ops.clip, "_clip")

    def leaky_relu(self, slope: float = 0.01) -> Value:
        """a if a > 0 else slope · a.

        >>> Value(-2.0).leaky_relu(0.1).data
        -0.2
        """
        return self._leaky_relu(_real(slope))

    def clip(self, low: float, high: float) -> Value:
        """a, moved into [low, high]; its slope is 1 inside, the ends included, and 0 outside.

        Raises ValueError when low > high.

        >>> Value(7.0).clip(-1, 1).data
        1.0
        """
        low, high = _real(low), _real(high)
        if low > high:
            raise ValueError(f"clip needs low <= high, not low = {low:g} and high = {high:g}")
        return self._clip(low, high)

    def conjugate(self) -> Value:
        """The number itself: a `Value` is real. (NumPy asks for it in some products.)"""
        return self

    # Comparisons look at the data; identity decides in sets and dictionaries.
    __lt__ = _compared(operator.lt)
    __le__ = _compared(operator.le)
    __gt__ = _compared(operator.gt)
    __ge__ = _compared(operator.ge)
    __eq__ = _compared(operator.eq)
    __ne__ = _compared(operator.ne)
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return self.data != 0.0

    def __float__(self) -> float:
        return self.data

    def detach(self) -> Value:
        """A leaf with the same data and no history.

        >>> (Value(2.0) * 3.0).detach()
        Value(6.0)
        """
        return Value(self.data)

    def __repr__(self) -> str:
        parts = [repr(self.data)]
        if self.label:
            parts.append(f"label={self.label!r}")
        if self.op is not None:
            parts.append(f"op={self.op.name!r}")
        if self.grad != 0.0:
            parts.append(f"grad={self.grad!r}")
        return f"Value({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.op is not None:
            raise TypeError(
                f"only leaves can be copied or pickled, and {self!r} was computed; .detach() gives a leaf with its data"
            )
        return _restore, (self.data, self.grad, self.label)


_scope["Value"] = Value

#: What the operators accept beside a `Value`: any real number.
Number: TypeAlias = Value | float


def _restore(data: float, grad: float, label: str) -> Value:
    leaf = Value(data, label)
    leaf.grad = grad
    return leaf


# Functions of several values ------------------------------------------------------------------------------


def _values(numbers_: Iterable[Any]) -> list[Value]:
    return [as_value(number) for number in numbers_]


def _make(operation: ops.Op, inputs: Sequence[Any]) -> Value:
    if set(map(type, inputs)) == {Value}:  # the usual case, seen without a look at each
        return Value.apply(operation, inputs)
    values = _values(inputs)
    return common_class(values).apply(operation, values)


def dot(weights: Iterable[Number], inputs: Iterable[Number], bias: Number = 0.0) -> Value:
    """The weighted sum plus bias of a neuron, as one node: Σ weightᵢ · inputᵢ + bias.

    Raises ValueError when there are not as many weights as inputs.

    >>> dot([1.0, 2.0], [3.0, 4.0], 0.5).data
    11.5
    """
    left, right = list(weights), list(inputs)
    if len(left) != len(right):
        raise ValueError(f"dot needs as many weights as inputs, not {len(left)} weights and {len(right)} inputs")
    return _make(ops.dot, [*left, *right, bias])


def fsum(values: Iterable[Number]) -> Value:
    """The sum of all values, as one node and rounded once: Σ valueᵢ.

    >>> fsum([0.1] * 10).data
    1.0
    """
    return _make(ops.fsum, list(values))


def logsumexp(values: Iterable[Number]) -> Value:
    """ln Σ exp(valueᵢ), as one node, without overflow.

    Raises ValueError for no values at all.

    >>> round(logsumexp([1000.0, 1000.0]).data, 4)
    1000.6931
    """
    terms = list(values)
    if not terms:
        raise ValueError("logsumexp needs at least one value: the logarithm of an empty sum would be -inf")
    return _make(ops.logsumexp, terms)


def softmax(values: Iterable[Number]) -> list[Value]:
    """Probabilities that sum to 1: exp(valueᵢ) / Σ exp(valueⱼ), without overflow.

    Computed as exp(valueᵢ - logsumexp), which is off by the rounding of its exponent: 1e-8 for values around 1e8.

    >>> [round(p.data, 3) for p in softmax([1.0, 2.0, 3.0])]
    [0.09, 0.245, 0.665]
    """
    logits = _values(values)
    total = logsumexp(logits)
    return [(logit - total).exp() for logit in logits]


def choose(index: Any, options: Sequence[Number]) -> Value:
    """`options[index]`, for an index that may be a `Value` holding a whole number, such as a token.

    The derivative flows to the option chosen. Raises IndexError for an index outside the options.

    >>> choose(1, [Value(10.0), Value(20.0)]).data
    20.0
    """
    values = _values(options)
    number = None if type(index) is not Value and isinstance(index, Value) else float(index)
    if number is not None and not (number.is_integer() and 0 <= number < len(values)):
        raise IndexError(f"choose needs a whole number from 0 to {len(values) - 1} as index, not {number:g}")
    return _make(ops.choose, [as_value(index), *values]) if isinstance(index, Value) else values[int(index)]


def where(condition: Any, a: Number, b: Number) -> Value:
    """`a` if the condition holds, else `b`; the derivative flows to the one chosen.

    Both are computed before one is chosen, so keep the other finite: 0 · inf is nan, in the derivative too.

    >>> x = Value(-2.0)
    >>> where(x > 0, x, 0.1 * x).data
    -0.2
    """
    return _make(ops.where, [condition, a, b])
