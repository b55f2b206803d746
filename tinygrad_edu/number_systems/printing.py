"""How formulas are written: one function for each language.

    mathematics    what stepper, pictures, page and `explain` show: 1 - y², |a|, a if a > 0 else 0
    python         what `compiling` turns into methods, over the functions of `floats`

May import: `op`; `identities` and `symbols` of this folder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinygrad_edu.number_systems.identities import power
from tinygrad_edu.number_systems.symbols import Symbol, symbols
from tinygrad_edu.op import Op

__all__ = ["formula", "local_formulas", "mathematics", "python"]

#: How tightly operators bind in mathematics; what binds less is put into brackets.
_LEVELS = {
    ">": 0,
    ">=": 0,
    "<": 0,
    "<=": 0,
    "==": 0,
    "!=": 0,
    "&": 0,
    "+": 1,
    "-": 1,
    "*": 2,
    "/": 2,
    "neg": 3,
    "**": 4,
}
_CHOICE, _TRUTH, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = -1, 0, 1, 2, 3, 4, 5
#: Operators whose Python raises where IEEE has an answer, and the function of `floats` that does not.
_SAFE = {"/": "divide", "**": "power"}


def mathematics(item: Any) -> str:
    """The formula as people write it.

    >>> a = Symbol("a")
    >>> print(mathematics(1.0 - a * a), "|", mathematics(2.0 * a), "|", mathematics(symbols.cos(a) / (1.0 + a)))
    1 - a² | 2 * a | cos(a) / (1 + a)
    """
    return _written(item)[0]


def _written(item: Any) -> tuple[str, int]:
    """The text of a formula, and how tightly its outermost operator binds."""
    match item:
        case Symbol(name, ()):
            return name, _ATOM if name.replace(".", "").replace("_", "").isalnum() else _CHOICE
        case Symbol("neg", (a,)):
            return "-" + _bracketed(a, _SIGN), _SIGN
        case Symbol("abs", (a,)):
            return f"|{mathematics(a)}|", _ATOM
        case Symbol("where", (condition, a, b)):
            return f"{_bracketed(a, _TRUTH)} if {_bracketed(condition, _TRUTH)} else {mathematics(b)}", _CHOICE
        case Symbol("prefer", (_, plain, _)):
            return _written(plain)
        case Symbol("dot", (*factors, bias)):
            half = len(factors) // 2
            products = [
                f"{_bracketed(w, _PRODUCT)} * {_bracketed(x, _PRODUCT)}"
                for w, x in zip(factors[:half], factors[half:], strict=True)
            ]
            return " + ".join([*products, _bracketed(bias, _SUM)]), _SUM
        case Symbol("*", (a, b)) if mathematics(a) == mathematics(b):
            return _bracketed(a, _ATOM) + "²", _POWER
        case Symbol("**", (a, int() | float() as exponent)) if exponent in (2, 3):
            return _bracketed(a, _ATOM) + "²³"[int(exponent) - 2], _POWER
        case Symbol("**", (a, b)):
            return f"{_bracketed(a, _ATOM)} ** {_bracketed(b, _POWER)}", _POWER
        case Symbol("remainder", (a, b)) | Symbol("%", (a, b)):
            return f"{_bracketed(a, _PRODUCT)} % {_bracketed(b, _SIGN)}", _PRODUCT
        case Symbol("floor_divide", (a, b)) | Symbol("//", (a, b)):
            return f"{_bracketed(a, _PRODUCT)} // {_bracketed(b, _SIGN)}", _PRODUCT
        case Symbol(sign, (a, b)) if sign in _LEVELS:
            level, word = _LEVELS[sign], sign.replace("&", "and")
            if level == 0:
                return f"{_bracketed(a, _SUM)} {word} {_bracketed(b, _SUM)}", 0
            return f"{_bracketed(a, level)} {word} {_bracketed(b, level + 1)}", level
        case Symbol(name, operands):
            return f"{name}({', '.join(map(mathematics, operands))})", _ATOM
    return f"{item:.6g}", _ATOM if item >= 0 else _SIGN


def _bracketed(item: Any, level: int) -> str:
    text, own_level = _written(item)
    return text if own_level >= level else f"({text})"


def python(item: Any, shared: Mapping[str, str] = {}) -> str:
    """The formula as Python source over the functions of `floats`; `shared` calls are called by name.

    >>> a = Symbol("a")
    >>> print(python(symbols.exp(a) / (1.0 + a)))
    divide(exp(a), (1.0 + a))
    """
    match item:
        case Symbol(name, ()):
            return name
        case Symbol("neg", (a,)):
            return f"-{python(a, shared)}"
        case Symbol("where" | "prefer", (condition, a, b)):
            return f"({python(a, shared)} if {python(condition, shared)} else {python(b, shared)})"
        case Symbol("**", (Symbol() as a, int() | float() as exponent)) if (shorter := power(a, exponent)) is not None:
            return python(shorter, shared)
        case Symbol(sign, (a, b)) if sign in _LEVELS and sign not in _SAFE:
            return f"({python(a, shared)} {sign.replace('&', 'and')} {python(b, shared)})"
        case Symbol("fsum" | "logsumexp" as name, terms):
            return f"{name}(({''.join(f'{python(term, shared)}, ' for term in terms)}))"
        case Symbol("choose", (index, *options)):
            return f"choose({python(index, shared)}, ({''.join(f'{python(option, shared)}, ' for option in options)}))"
        case Symbol("dot", (*factors, bias)):
            half = len(factors) // 2
            sides = [", ".join(python(factor, shared) for factor in side) for side in (factors[:half], factors[half:])]
            return f"dot([{sides[0]}], [{sides[1]}], {python(bias, shared)})"
        case Symbol(name, operands):
            call = f"{_SAFE.get(name, name)}({', '.join(python(operand, shared) for operand in operands)})"
            return shared.get(call, call)
    return repr(float(item))


def formula(operation: Op, names: Sequence[str]) -> str:
    """How a node of this operation is written.

    >>> from tinygrad_edu import ops
    >>> formula(ops.multiply, ["c", "d"])
    'c * d'
    """
    return mathematics(Symbol(operation.name, (*map(Symbol, names), *operation.settings)))


def local_formulas(operation: Op, name: str, names: Sequence[str]) -> list[str]:
    """∂y/∂input for each input, as text; `name` is what the output is called.

    >>> from tinygrad_edu import ops
    >>> local_formulas(ops.tanh, "y", ["a"])
    ['1 - y²']
    """
    return list(map(mathematics, operation.local_derivatives(symbols, Symbol(name), *map(Symbol, names))))
