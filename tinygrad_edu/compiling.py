"""From a declaration to fast Python: what makes an operator of `Value` as fast as one written by hand.

The rules run once on symbols; the formulas are written out as Python source, and compiled, as attrs and namedtuple
do. Nothing here means anything that `value`, `methods` and `ops` do not say: it is the same, sooner, and a reader of
the core can leave this file closed. With the environment variable TINYGRAD_EDU_COMPILE=0 the methods stay as they are
written; the tests of the core pass so too.

May import: `op`, `ops`, `origins`, `coercion`, `modes`, `number_systems`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tinygrad_edu import ops
from tinygrad_edu.coercion import real
from tinygrad_edu.modes import finish, modes_alive
from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS, LETTERS, define, letters, specialize
from tinygrad_edu.op import Op, bind
from tinygrad_edu.origins import PLAIN

__all__ = ["METHODS", "compiled"]

#: The operation that each method of `Value` records, by the name of the method.
METHODS: dict[str, Op] = {}


# The methods of `Value` -----------------------------------------------------------------------------------

# What `Value.apply` does, without the calls in between.
_MAKE_NODE = """
    a = {a}._data
    {lines}
    y = {output}
    node = new(Value)
    node._data = y
    node._grad = 0.0
    node.op = {operation}
    node.inputs = ({inputs},)
    node.local_derivatives = ({locals},)
    return finish(node) if modes_alive else node
"""
_METHOD = """
def value_{name}(self{other}{parameters}):
    {coerce}"""
_COERCE = """if type({side}) is not Value:
        given = {side}
        {side} = operand(given)
        if type({side}) is not Value:
            return {beside}(given, op_{name}, {inputs})"""
_POWER = """
def value___pow__(self, exponent):
    if exponent.__class__ is int or exponent.__class__ is float:
        power = powers.get(exponent)
        if power is not None:
            return power(self)
    return written_pow(self, exponent)
"""
#: Exponents that are worth a method of their own: `v ** 2` is a product, and no call of pow.
_EXPONENTS = (2.0, 3.0, -1.0, 0.5)


def compiled(cls: type[Any]) -> type[Any]:
    """Replace each method that `methods` made by the same method, written out and compiled.

    >>> from tinygrad_edu.value import Value
    >>> METHODS["tanh"] is ops.tanh
    True
    """
    scope = _scope(cls)
    written = {name: method for owner in reversed(cls.__mro__) for name, method in vars(owner).items()}
    METHODS.update((name, method.operation) for name, method in written.items() if hasattr(method, "operation"))
    if os.environ.get("TINYGRAD_EDU_COMPILE") == "0":
        return cls
    sources = [_source(operation, name, scope) for name, operation in METHODS.items()]
    reflections = {name: method.reflects for name, method in written.items() if hasattr(method, "reflects")}
    sources += [_source(METHODS[of], name, scope, swapped=True) for name, of in reflections.items()]
    squared = {exponent: bind(ops.power_by, exponent) for exponent in _EXPONENTS}
    sources += [_source(operation, f"power_{k}", scope) for k, operation in enumerate(squared.values())]
    define("".join([*sources, _POWER]), scope)
    scope["powers"] = {exponent: scope[f"value_power_{k}"] for k, exponent in enumerate(squared)}
    scope["written_pow"] = cls.__pow__
    for name in (*METHODS, *reflections, "__pow__"):
        setattr(cls, name, _named(scope[f"value_{name}"], name, written[name]))
    _SCOPES[cls] = scope
    return cls


def compile_method(cls: type[Any], operation: Op, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """One more method of `Value`, for an operation declared later."""
    if cls not in _SCOPES or len(letters(operation)) > 2:
        return method
    scope = dict(_SCOPES[cls])  # the methods that there are keep theirs
    return _named(define(_source(operation, name, scope), scope)[f"value_{name}"], name, method)


def is_reserved(name: str) -> bool:
    """Whether this means something in the source of a method, so that nothing else can be called so."""
    means = {*LETTERS, "y", "self", "other", "given", "node", "evaluate", *FLOAT_FUNCTIONS, *_SCOPE_NAMES}
    return name in means or name.startswith(("shared", "value_", "op_"))


_SCOPES: dict[type[Any], dict[str, Any]] = {}
_SCOPE_NAMES = (
    "Value", "bind", "finish", "float", "int", "inf", "loudly", "modes_alive", "nan", "new", "operand", "powers",
    "quietly", "real", "type", "written_pow",
)  # fmt: skip


def _scope(cls: type[Any]) -> dict[str, Any]:
    """What compiled methods call."""

    new = object.__new__

    def operand(other: Any) -> Any:
        if type(other) is not float:
            if type(other) is not int:
                return cls.operand(other)
            other = float(other)
        node = new(cls)
        node._data = other
        node._grad = 0.0
        node.op = None
        node.inputs = node.local_derivatives = ()
        node._origin = PLAIN
        return finish(node) if modes_alive else node

    def quietly(given: Any, operation: Op, *inputs: Any) -> Any:
        if any(value is NotImplemented for value in inputs):
            return NotImplemented
        return cls.apply(operation, inputs)

    def loudly(given: Any, operation: Op, *inputs: Any) -> Any:
        if any(value is NotImplemented for value in inputs):
            return real(given)
        return cls.apply(operation, inputs)

    return {
        **FLOAT_FUNCTIONS,
        "Value": cls,
        "new": new,
        "operand": operand,
        "quietly": quietly,
        "loudly": loudly,
        "bind": bind,
        "real": real,
        "finish": finish,
        "modes_alive": modes_alive,
    }


def _source(operation: Op, name: str, scope: dict[str, Any], swapped: bool = False) -> str:
    """The method called `name`; `swapped` has its sides exchanged, as in 2.0 - v."""
    scope[f"op_{name}"] = operation
    shared, output, locals_ = specialize(operation)
    is_binary = len(locals_) == 2
    left, right = ("other", "self") if swapped else ("self", "other")
    inputs = f"{left}, {right}" if is_binary else "self"
    beside = "quietly" if name.startswith("__") else "loudly"  # an operator lets an array beside it do the work
    free = [] if operation.settings else operation.parameters
    defaults = dict(zip(reversed(operation.parameters), reversed(operation.defaults), strict=False))
    parameters = "".join(f", {p}={defaults[p]!r}" if p in defaults else f", {p}" for p in free)
    head = _METHOD.format(
        name=name,
        other=", other" if is_binary else "",
        parameters=parameters,
        coerce=_COERCE.format(name=name, side="other", inputs=inputs, beside=beside) if is_binary else "",
    )
    lines = [f"b = {right}._data"] * is_binary + [f"{p} = real({p})" for p in free] + shared
    return head + _MAKE_NODE.format(
        a=left,
        lines="\n    ".join(lines),
        output=output,
        operation=f"bind(op_{name}, {', '.join(free)})" if free else f"op_{name}",
        inputs=inputs,
        locals=", ".join(locals_),
    )


def _named(function: Callable[..., Any], name: str, written: Any) -> Callable[..., Any]:
    """A compiled method that says what the written one says."""
    operation = getattr(written, "operation", None)
    function.__name__, function.__qualname__, function.__module__ = name, f"Value.{name}", "tinygrad_edu.value"
    function.__doc__ = f"{operation.formula}." if operation is not None else written.__doc__
    vars(function).update(vars(written))
    return function
