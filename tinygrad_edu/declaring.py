"""`operation`: declare an operation of your own, and have it everywhere at once.

May import: `op`, `number_systems`, `coercion`, `methods`, `compiling`, `value`, `functions`.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinygrad_edu.coercion import real
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

    What comes back is a function of `Value`s and numbers. The operation is also a method of `Value`, an activation by
    name, and known to `backward`, `gradcheck`, pictures, steps, explanations, `record`, JAX and second derivatives.
    `activation` says which family of activations it belongs to, "rectifier", "saturating" or "step", by which
    initialisers choose; `largest_slope`, `flat` and `cure` serve those who explain why a unit does not learn.

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
    rules = tuple(derivatives) if isinstance(derivatives, Sequence) else (derivatives,)
    defaults = {key: default for key, default in (settings or {}).items() if default is not None}
    declared = Op(
        name, name, forward, rules, formula, symbol or name, tuple(settings or ()), tuple(map(real, defaults.values())),
        flat=flat, activation=activation, largest_slope=largest_slope, cure=cure,
    )  # fmt: skip
    _check_name(name)
    _check_settings(declared, settings or {})
    _check_rules(declared)
    if activation and (activation not in _FAMILIES or len(rules) != 1):
        families = ", ".join(map(repr, _FAMILIES))
        raise ValueError(f"activation is the family of an operation with one input, {families}, not {activation!r}")
    _declared_here.add(name)
    RULE_BOOK[name] = declared
    _attach(declared)
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
    evaluator.cache_clear()


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(
            f"an operation is called by a name that Python could call it by, such as 'softsign', not {name!r}"
        )
    if name in _declared_here:
        raise ValueError(
            f"an operation {name!r} is declared already; choose another name, or take the old one back with "
            f"tinygrad_edu.declaring.forget({name!r})"
        )
    if name in RULE_BOOK or name in dir(symbols) or name in PRIMITIVES:
        raise ValueError(f"the rule book has an operation {name!r} already; choose another name")
    if any(name in vars(kind) for kind in Value.__mro__):
        raise ValueError(f"an operation is a method of Value too, and {name!r} would hide what that is now")


def _check_settings(declared: Op, settings: Mapping[str, float | None]) -> None:
    wrong = [key for key in declared.parameters if not key.isidentifier() or keyword.iskeyword(key) or is_reserved(key)]
    if wrong:
        raise ValueError(f"a setting of {declared.name!r} cannot be called {wrong[0]!r}; choose another name")
    if None in list(settings.values())[len(settings) - len(declared.defaults) :]:
        raise ValueError(f"the settings of {declared.name!r} that have a default come after those that have none")


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
    if not isinstance(answer, (Symbol, int, float)):
        raise ValueError(f"{what} should return a number, and returned {answer!r}")
    if isinstance(answer, Symbol) and answer.head in TRUTH:
        raise ValueError(f"{what} should return a number, not whether something holds: m.where(condition, 1.0, 0.0)")


def _attach(declared: Op) -> None:
    """Make it a method of `Value`, and of the special kind of Value that knows no number."""
    method = written(declared)
    setattr(Value, declared.name, compile_method(Value, declared, declared.name, method))
    for kind in Value.__subclasses__():
        setattr(kind, declared.name, method)


def _function(declared: Op) -> Callable[..., Value]:
    count = len(declared.derivatives)  # type: ignore[arg-type]  # a tuple

    def function(*inputs: Number, **settings: float) -> Value:
        if len(inputs) < count:
            raise TypeError(f"{declared.name} takes {count} numbers or Values, not {len(inputs)}")
        return applied(bound(declared, inputs[count:], settings), inputs[:count])

    function.__name__ = function.__qualname__ = declared.name
    function.__doc__ = f"{declared.formula or declared.name}."
    function.operation = declared  # type: ignore[attr-defined]
    return function
