"""What a formula can call, and with which arguments.

May import: `arguments`, `op`, `ops`, `value`, `functions`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from tinygrad_edu.arguments import unknown_name
from tinygrad_edu.functions import fsum, logsumexp, where
from tinygrad_edu.op import Op
from tinygrad_edu.ops import RULE_BOOK
from tinygrad_edu.value import Value, as_value

__all__ = ["call", "callable_operations", "check_name", "inputs_of"]


def callable_operations() -> dict[str, Callable[..., Value]]:
    """The methods of `Value` that are operations, those declared by users too, and the functions of several values.

    >>> callable_operations()["exp"](Value(0.0)).data
    1.0
    """
    methods = {name: getattr(Value, name) for name in RULE_BOOK if hasattr(Value, name)}
    of_many = {"fsum": lambda *terms: fsum(terms), "logsumexp": lambda *terms: logsumexp(terms)}
    return {"abs": abs, "where": where, **of_many, **methods}


def check_name(name: str) -> None:
    """Raise ValueError, with names that are nearly this one, when nothing that can be called has it."""
    operations = callable_operations()
    if name not in operations:
        close = difflib.get_close_matches(name, operations, n=3)
        listed = f"{len(operations)}, among them {', '.join(close)}" if close else ""
        raise unknown_name("function", name[:30], sorted(operations), listed)


def call(name: str, arguments: Sequence[Value | float]) -> Value:
    """The result of an operation, which takes its inputs, and after them its settings, which have to be plain numbers.

    Raises ValueError for too few arguments, too many, and settings that are `Value`s.

    >>> call("leaky_relu", [Value(-2.0), 0.25]).data
    -0.5
    """
    if not arguments:
        raise ValueError(f"{name} takes something, as in {name}(x)")
    operation, inputs = _operation(name), inputs_of(name)
    if inputs is not None:
        _check_count(name, len(arguments), inputs + len(operation.parameters), len(operation.defaults))
        for parameter, setting in zip(operation.parameters, arguments[inputs:], strict=False):
            if isinstance(setting, Value):
                raise ValueError(f"the {parameter} of {name} must be a plain number")
    first, *others = arguments
    return callable_operations()[name](as_value(first), *others)


def inputs_of(name: str) -> int | None:
    """How many inputs an operation has, after which its settings come; None for any number, and no settings.

    >>> inputs_of("leaky_relu"), inputs_of("fsum")
    (1, None)
    """
    derivatives = _operation(name).derivatives
    return None if callable(derivatives) else len(derivatives)


def _operation(name: str) -> Op:
    return RULE_BOOK["absolute" if name == "abs" else name]


def _check_count(name: str, count: int, most: int, optional: int) -> None:
    if not most - optional <= count <= most:
        takes = f"{most - optional} or {most}" if optional else f"{most}"
        raise ValueError(f"{name} takes {takes} argument{'s' if most > 1 else ''}, not {count}")
