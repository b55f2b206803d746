"""Floats: Python's own, with IEEE's answer where Python's `math` would raise (1/0 is inf, as in NumPy).

The rules of the rule book run on them as Python source, written out once from their formulas.

May import: `op`; `primitives`, `printing` and `symbols` of this folder; NumPy.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from tinygrad_edu.number_systems.primitives import PRIMITIVES, unknown
from tinygrad_edu.number_systems.printing import python, repeated_calls
from tinygrad_edu.number_systems.symbols import Symbol, symbols
from tinygrad_edu.op import RULE_BOOK, Op

__all__ = ["Floats", "evaluate", "floats", "specialize"]


#: What Python raises where IEEE has an answer.
RAISED = (ValueError, OverflowError, ZeroDivisionError)


def _ieee(function: Callable[..., float], ufunc: Callable[..., Any]) -> Callable[..., float]:
    """`function`, but where it raises, the answer that NumPy's float64 gives."""

    def safe(*numbers: Any) -> float:
        try:
            return function(*numbers)
        except RAISED:
            with np.errstate(all="ignore"):
                answer = float(ufunc(*numbers))
            np.add(0.0, 0.0)  # clears the processor's flags, lest np.exp(array_of_values) around us warns of them
            return answer

    safe.__name__ = function.__name__
    safe.__wrapped__ = function  # type: ignore[attr-defined]  # for those who would rather have it raise
    return safe


def _sign(a: float) -> float:
    return 1.0 if a > 0.0 else -1.0 if a < 0.0 else a + 0.0  # nan stays nan, and -0 becomes 0


def _maximum(a: float, b: float) -> float:
    return a if a >= b or a != a else b  # a != a: nan wins, as in NumPy


def _minimum(a: float, b: float) -> float:
    return a if a <= b or a != a else b


def _where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    return lambda a: math.copysign(function(a), a)  # Python makes an int, which forgets the sign of -0


_pow = _ieee(math.pow, np.power)


def _power(a: float, b: float) -> float:
    return a * a if b == 2.0 else _pow(a, b)  # as NumPy does it, and not always what pow gives in the last digit


def _raising_power(a: float, b: float) -> float:
    return a * a if b == 2.0 else math.pow(a, b)


_power.__wrapped__ = _raising_power  # type: ignore[attr-defined]  # as `_ieee` has it


def _choose(index: float, options: Sequence[float]) -> float:
    return options[int(index)] if 0 <= index < len(options) else math.nan


def _dot(weights: Sequence[float], inputs: Sequence[float], bias: float) -> float:
    for weight, value in zip(weights, inputs, strict=True):
        bias += weight * value  # not by `sum`, which since Python 3.12 keeps what rounding loses, as replay does not
    return bias


def _logsumexp(terms: Sequence[float]) -> float:
    top = max(terms)
    if not math.isfinite(top):
        return float(np.max(terms))  # inf stays inf, nan stays nan
    rest = list(terms)
    rest.remove(top)  # the largest is taken out, so that what the others add to it is not rounded away
    return top + floats.log1p(math.fsum([floats.exp(term - top) for term in rest]))


def _shares(terms: Sequence[float], total: float) -> list[float]:
    if math.isinf(total):  # the infinite ones share it
        shares = [1.0 if term == total else 0.0 for term in terms]
    else:
        shares = [floats.exp(term - total) for term in terms]
    whole = math.fsum(shares) if all(map(math.isfinite, shares)) else 0.0
    # They add up to 1, but for the rounding of `total`, which is no longer small where terms are huge.
    return [share / whole for share in shares] if whole > 0.0 else shares


def _fsum(terms: Sequence[float]) -> float:
    try:
        return math.fsum(terms)
    except ValueError:
        return math.nan  # of infinities of both signs
    except OverflowError:  # perhaps only on the way; what is not finite decides alone
        return sum([t for t in terms if not math.isfinite(t)]) or _exact_sum(terms)


_fsum.__wrapped__ = math.fsum  # type: ignore[attr-defined]  # as `_ieee` has it


def _exact_sum(terms: Sequence[float]) -> float:
    total = sum(map(Fraction, terms))
    try:
        return float(total)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def _norm(terms: Sequence[float]) -> float:
    length = math.hypot(*terms)
    return math.nan if length == math.inf and any(map(math.isnan, terms)) else length  # NumPy's; that of C is inf


def _prefer(plain: float, good: bool, otherwise: Callable[..., float], *inputs: float) -> float:
    return plain if good else otherwise(floats, *inputs)


class Floats:
    """Python floats with IEEE results, where Python itself would raise.

    >>> floats.log(0.0), floats.exp(1000.0), floats.divide(1.0, 0.0)
    (-inf, inf, inf)
    """

    def __getattr__(self, name: str) -> Callable[..., float]:
        if name not in RULE_BOOK:
            raise unknown(name)
        operation = RULE_BOOK[name]
        return lambda *numbers: evaluator(operation)(*numbers)[0]  # a bare `/` or `**` on Python floats can raise

    sign = staticmethod(_sign)
    maximum = staticmethod(_maximum)
    minimum = staticmethod(_minimum)
    where = staticmethod(_where)
    prefer = staticmethod(_prefer)
    choose = staticmethod(_choose)
    dot = staticmethod(_dot)
    logsumexp = staticmethod(_logsumexp)
    shares = staticmethod(_shares)
    abs = staticmethod(abs)
    rint = staticmethod(_ieee(_whole(round), np.rint))
    floor = staticmethod(_ieee(_whole(math.floor), np.floor))
    ceil = staticmethod(_ieee(_whole(math.ceil), np.ceil))
    trunc = staticmethod(_ieee(_whole(math.trunc), np.trunc))
    remainder = staticmethod(_ieee(operator.mod, np.remainder))
    floor_divide = staticmethod(_ieee(operator.floordiv, np.floor_divide))
    divide = staticmethod(_ieee(operator.truediv, np.divide))
    power = staticmethod(_power)
    fsum = staticmethod(_fsum)
    norm = staticmethod(_norm)


for _name, _primitive in PRIMITIVES.items():
    if _name not in vars(Floats):
        _function = getattr(math, _primitive.math)
        _safe = _ieee(_function, getattr(np, _primitive.numpy)) if _primitive.raises else _function
        setattr(Floats, _name, staticmethod(_safe))

floats = Floats()
#: What rules written out as Python call, and the two numbers that Python has no literals for.
FLOAT_FUNCTIONS: dict[str, Any] = {name: getattr(floats, name) for name in vars(Floats) if not name.startswith("__")}
FLOAT_FUNCTIONS.update(inf=math.inf, nan=math.nan)
#: The same, but those that raise where Python's own do, which are quicker.
RAISING_FUNCTIONS = {name: getattr(function, "__wrapped__", function) for name, function in FLOAT_FUNCTIONS.items()}


# Rules on floats, written out as Python -------------------------------------------------------------------

#: What the inputs of an operation are called there.
LETTERS = tuple("abcdefgh")
#: The file name that tracebacks show for it.
COMPILED = "<rule book>"


def specialize(operation: Op) -> tuple[list[str], str, list[str]]:
    """Python for one operation on floats: shared subexpressions, the output `y`, the local derivatives.

    The rules run on symbols once, and the formulas are written out as Python in which the inputs are called
    `a`, `b`, `c`. This is how an operator of `Value` is as fast as one written by hand, and never written twice.

    >>> from tinygrad_edu import ops
    >>> specialize(ops.exp)
    ([], 'exp(a)', ['y'])
    >>> specialize(ops.divide)
    ([], 'divide(a, b)', ['divide(1.0, b)', 'divide(-y, b)'])
    """
    inputs = [Symbol(name) for name in letters(operation)]
    settings = operation.settings or [Symbol(name) for name in operation.parameters]
    assert not callable(operation.derivatives)
    formulas = [operation.forward(symbols, *inputs, *settings)]
    formulas += [derivative(symbols, Symbol("y"), *inputs, *settings) for derivative in operation.derivatives]
    # What the output takes part in cannot be computed before it.
    repeated = [text for text in repeated_calls(formulas, python) if not re.search(r"\by\b", text)]
    shared = {text: f"shared{k}" for k, text in enumerate(repeated)}
    output, *locals_ = [python(item, shared) for item in formulas]
    return [f"{name} = {text}" for text, name in shared.items()], output, locals_


def letters(operation: Op) -> tuple[str, ...]:
    """What the inputs are called in the Python of an operation."""
    assert not callable(operation.derivatives)
    return LETTERS[: len(operation.derivatives)]


def define(source: str, scope: dict[str, Any]) -> dict[str, Any]:
    """Run `source`, written by us from the rule book, in `scope`."""
    for method in tuple(RULE_BOOK):  # another thread may declare an operation meanwhile
        if f"{method}(" in source and method not in scope:
            scope[method] = getattr(floats, method)
    exec(compile(source, COMPILED, "exec"), scope)  # our own text, as in attrs and namedtuple; never outside data
    return scope


def evaluate(operation: Op, *inputs: float) -> tuple[float, tuple[float, ...]]:
    """The output and all local derivatives, in floats.

    >>> from tinygrad_edu import ops
    >>> evaluate(ops.multiply, 2.0, 3.0)
    (6.0, (3.0, 2.0))
    """
    return evaluator(operation.base or operation)(*inputs, *operation.settings)


@cache
def evaluator(operation: Op) -> Callable[..., tuple[float, tuple[float, ...]]]:
    """A function from floats (inputs, then settings) to the output and all local derivatives."""
    forward, derivatives = operation.forward, operation.derivatives
    if callable(derivatives):

        def variadic(*inputs: float) -> tuple[float, tuple[float, ...]]:
            y = forward(floats, *inputs)
            return y, tuple(derivatives(floats, y, *inputs))

        return variadic
    shared, output, locals_ = specialize(operation)
    body = [*shared, f"y = {output}", f"return y, ({', '.join(locals_)},)"]
    arguments = ", ".join((*letters(operation), *operation.parameters))
    source = f"def evaluate({arguments}):\n    " + "\n    ".join(body)
    function: Callable[..., tuple[float, tuple[float, ...]]] = define(source, dict(FLOAT_FUNCTIONS))["evaluate"]
    return function
