"""`operation`: declare an operation of your own, and have it everywhere at once.

May import: `op`, `number_systems`, `coercion`, `methods`, `compiling`, `value`, `functions`; NumPy.
"""

from __future__ import annotations

import inspect
import keyword
import numbers
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from tinygrad_edu.coercion import real, text
from tinygrad_edu.compiling import METHODS, compile_method, is_reserved
from tinygrad_edu.functions import applied
from tinygrad_edu.methods import bound, written
from tinygrad_edu.number_systems import PRIMITIVES, TRUTH, Symbol
from tinygrad_edu.number_systems.floats import LETTERS, evaluator
from tinygrad_edu.number_systems.symbols import symbols
from tinygrad_edu.op import RULE_BOOK, Op, Rule
from tinygrad_edu.value import Number, Value

__all__ = ["forget", "operation"]

_FAMILIES = ("rectifier", "saturating", "step")
#: Activations by name that are no operations of one input.
_OTHER_ACTIVATIONS = ("identity", "linear", "softmax")
#: So many operations a rule may have: each is written out wherever it is used.
_LONGEST = 2_000
_declared_here: set[str] = set()


def operation(
    name: str,
    forward: Rule,
    derivatives: Rule | Sequence[Rule],
    *,
    formula: str = "",
    symbol: str = "",
    settings: Mapping[str, float | None] | None = None,
    activation: str = "",
    largest_slope: float | None = None,
    flat: bool = False,
    cure: str = "",
) -> Callable[..., Value]:
    """Declare an operation: y = forward(m, a, ...), and for each input ∂y/∂a = derivative(m, y, a, ...).

    The rules are given the number system `m` that they run on, so that the same lines serve floats, formulas, `Value`s
    and arrays: write m.exp(a) instead of math.exp(a), and m.where(condition, b, c) instead of an if. A derivative is
    given the output `y` too, which is often part of it. One derivative stands alone, several in a tuple. `settings` are
    numbers that are no inputs, with their defaults (None for one that must be given); the rules get them last.

    What comes back is a function of `Value`s and numbers, and of arrays of them, element by element. The operation is
    also a method of `Value`, an activation by name, and known to `backward`, `gradcheck`, pictures, steps,
    explanations, `record`, JAX and second derivatives.
    `activation` says which family of activations it belongs to, "rectifier", "saturating" or "step", by which
    initializers choose; `largest_slope`, `flat` and `cure` serve those who explain why a unit does not learn.

    Raises ValueError for a name that is taken or is none, and for rules that do not fit; TypeError for what is no rule.
    Nothing is declared then. Whether the derivatives are right, `gradcheck` finds out.

    >>> softsign = operation(
    ...     "softsign",
    ...     lambda m, a: a / (1.0 + m.abs(a)),
    ...     lambda m, y, a: 1.0 / (1.0 + m.abs(a)) ** 2,
    ...     formula="a / (1 + |a|)",
    ... )
    >>> x = Value(3.0)
    >>> softsign(x).backward()
    >>> x.grad, x.softsign().data
    (0.0625, 0.75)
    >>> forget("softsign")
    """
    _check_name(name)
    rules = tuple(derivatives) if isinstance(derivatives, Sequence) else (derivatives,)
    defaults = _checked_settings(name, {} if settings is None else settings)
    declared = Op(
        name, name, forward, rules, text(formula, "a formula"), text(symbol or name, "a symbol"),
        tuple(settings or ()), defaults,
        flat=bool(flat), activation=activation, cure=text(cure, "a cure"),
        largest_slope=None if largest_slope is None else real(largest_slope),
    )  # fmt: skip
    _check_rules(declared)
    if activation and activation not in _FAMILIES:
        raise ValueError(f"activation is a family, {', '.join(map(repr, _FAMILIES))}, not {activation!r}")
    if activation and len(rules) != 1:
        raise ValueError(f"an activation has one input, and {name!r} has {len(rules)}")
    method = _tried_out(declared)
    _declared_here.add(name)
    RULE_BOOK[name] = METHODS[name] = declared
    setattr(Value, name, method)
    for kind in Value.__subclasses__():
        setattr(kind, name, written(declared))  # which knows no number, so that nothing can be compiled for it
    return _function(declared)


def forget(name: str) -> None:
    """Take back what `operation` declared, so that the name is free again; nodes that were made of it keep it.

    Raises ValueError for a name that `operation` did not declare.

    >>> forget("tanh")
    Traceback (most recent call last):
        ...
    ValueError: 'tanh' was not declared by operation(...), and only what was can be forgotten
    """
    if name not in _declared_here:
        raise ValueError(f"{name!r} was not declared by operation(...), and only what was can be forgotten")
    _declared_here.remove(name)
    del RULE_BOOK[name], METHODS[name]
    for kind in (Value, *Value.__subclasses__()):
        delattr(kind, name)


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not _is_name(name):
        raise ValueError(
            f"an operation is called by a name that Python could call it by, such as 'softsign', not {name!r}"
        )
    if name in _declared_here:
        raise ValueError(
            f"an operation {name!r} is declared already; choose another name, or take the old one back with "
            f"tinygrad_edu.declaring.forget({name!r})"
        )
    if name in RULE_BOOK or name in dir(symbols) or name in PRIMITIVES or name in _OTHER_ACTIVATIONS:
        raise ValueError(f"there is an operation {name!r} already; choose another name")
    if any(name in vars(kind) for kind in Value.__mro__):
        raise ValueError(f"an operation is a method of Value too, and {name!r} would hide what that is now")
    if is_reserved(name) or name.startswith("_"):
        raise ValueError(
            f"{name!r} means something else in the code that operations are written out in; choose another"
        )


def _is_name(name: str) -> bool:
    """Whether Python reads it as this very name; it reads a ligature, for one, as its letters."""
    return name.isidentifier() and not keyword.iskeyword(name) and unicodedata.normalize("NFKC", name) == name


def _checked_settings(name: str, settings: Any) -> tuple[float, ...]:
    """The defaults, which those settings have that come last."""
    if not isinstance(settings, Mapping):
        raise TypeError(f"settings are names with their defaults, such as {{'margin': 1.0}}, not {settings!r}")
    for key in settings:
        taken = not isinstance(key, str) or not _is_name(key) or is_reserved(key) or key in RULE_BOOK
        if taken:
            raise ValueError(f"a setting of {name!r} cannot be called {key!r}; choose another name")
    defaults = [default for default in settings.values() if default is not None]
    if None in list(settings.values())[len(settings) - len(defaults) :]:
        raise ValueError(f"the settings of {name!r} that have a default come after those that have none")
    return tuple(map(real, defaults))


def _check_rules(declared: Op) -> None:
    """Run each rule on formulas, once; what is wrong with it shows then."""
    assert not callable(declared.derivatives)
    if not 0 < len(declared.derivatives) <= len(LETTERS):
        raise ValueError(f"{declared.name!r} needs one derivative for each input, and has {len(declared.derivatives)}")
    names = [*LETTERS[: len(declared.derivatives)], *declared.parameters]
    _check_rule(f"the forward rule of {declared.name!r}", declared.forward, names)
    for letter, derivative in zip(LETTERS, declared.derivatives, strict=False):
        _check_rule(f"the derivative of {declared.name!r} by {letter}", derivative, ["y", *names])


def _check_rule(what: str, rule: Any, names: Sequence[str]) -> None:
    if not callable(rule):
        raise TypeError(f"{what} should be a function such as lambda m, {', '.join(names)}: ..., not {rule!r}")
    try:
        inspect.signature(rule).bind("m", *names)
    except TypeError:
        takes = ", ".join(inspect.signature(rule).parameters)
        raise ValueError(f"{what} should take m, {', '.join(names)}, and it takes {takes or 'nothing'}") from None
    try:
        answer = rule(symbols, *map(Symbol, names))
    except Exception as error:  # whatever a rule may raise
        raise ValueError(f"{what} does not run on formulas; it computes with m, as in m.exp(a): {error}") from error
    if not isinstance(answer, (Symbol, numbers.Real)):
        raise ValueError(f"{what} should return a number, and returned {answer!r}")
    parts = list(islice(_parts(answer), _LONGEST + 1))
    if len(parts) > _LONGEST:
        raise ValueError(f"{what} has more than {_LONGEST:,} operations when it is written out; a rule is a formula")
    if any(_is_truth(part) for part in (answer, *_used_as_numbers(parts))):
        raise ValueError(f"{what} should compute with numbers; m.where(condition, 1.0, 0.0) makes one of a condition")


def _parts(item: Any) -> Iterator[Symbol]:
    """Every operation of a formula, as often as it would be written."""
    to_visit = [item]
    while to_visit:
        part = to_visit.pop()
        if isinstance(part, Symbol):
            yield part
            to_visit.extend(part.operands)


def _used_as_numbers(parts: Iterable[Symbol]) -> Iterator[Any]:
    for part in parts:
        if part.head != "&":
            yield from part.operands[1:] if part.head in ("where", "prefer") else part.operands


def _is_truth(item: Any) -> bool:
    """Whether it says that something holds, and is no number."""
    return isinstance(item, bool) or (isinstance(item, Symbol) and item.head in TRUTH)


def _tried_out(declared: Op) -> Callable[..., Any]:
    """The method of `Value`, once it has been seen to compute something."""
    count = len(declared.derivatives) + len(declared.parameters)  # type: ignore[arg-type]  # a tuple
    try:
        evaluator(declared)(*[0.5] * count)
        return compile_method(Value, declared, declared.name, written(declared))
    except Exception as error:  # whatever a function may say of its arguments
        raise ValueError(f"{declared.name!r} cannot be computed: {error}") from error


def _function(declared: Op) -> Callable[..., Value]:
    count = len(declared.derivatives)  # type: ignore[arg-type]  # a tuple

    def function(*inputs: Number, **settings: float) -> Value:
        if len(inputs) < count:
            raise TypeError(f"{declared.name} takes {count} numbers or Values, not {len(inputs)}")
        if any(isinstance(each, np.ndarray) for each in inputs):
            return np.frompyfunc(partial(function, **settings), len(inputs), 1)(*inputs)  # type: ignore[no-any-return]  # an array
        return applied(bound(declared, inputs[count:], settings), inputs[:count])

    function.__name__ = function.__qualname__ = declared.name
    function.__doc__ = f"{declared.formula or declared.name}."
    function.operation = declared  # type: ignore[attr-defined]
    return function
