"""How formulas are written: one function for each language.

    mathematics    what stepper, pictures, page and `explain` show: 1 - y², |a|, a if a > 0 else 0
    python         what `compiling` turns into methods, over the functions of `floats`
    javascript     what the live page computes with, over those of `stepping/assets/functions.js`

May import: `op`, `ops`; `identities`, `primitives` and `symbols` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tinygrad_edu.number_systems.identities import power
from tinygrad_edu.number_systems.primitives import PRIMITIVES, TRUTH
from tinygrad_edu.number_systems.symbols import Symbol, symbols
from tinygrad_edu.op import Op
from tinygrad_edu.ops import split_dot

__all__ = ["formula", "javascript", "local_formulas", "mathematics", "python", "repeated_calls"]

#: How tightly each kind of formula binds in mathematics; what binds less than its place asks for is put into brackets.
_CHOICE, _TRUTH, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = -1, 0, 1, 2, 3, 4, 5
#: The operators that stand between their operands.
_INFIX = {
    **dict.fromkeys((">", ">=", "<", "<=", "==", "!=", "&"), _TRUTH),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%", "//", "remainder", "floor_divide"), _PRODUCT),
    "**": _POWER,
}
#: Operators that are written otherwise than they are called.
_SIGNS = {"&": "and", "remainder": "%", "floor_divide": "//"}
#: Operators whose Python raises where IEEE has an answer, and the function of `floats` that does not.
_SAFE = {"/": "divide", "**": "power", "%": "remainder", "//": "floor_divide"}


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
        case Symbol("*" | "**", (a, _)) if _superscript(item):
            return _bracketed(a, _ATOM) + _superscript(item), _POWER
        case Symbol(sign, (a, b)) if sign in _INFIX:
            return _between(a, sign, b)
        case Symbol("dot", operands):
            return _sum_of_products(*operands)
        case Symbol(name, operands):
            write = _OTHERWISE.get((name, len(operands)))
            return write(*operands) if write else (f"{name}({', '.join(map(mathematics, operands))})", _ATOM)
    return f"{item:.6g}", _ATOM if item >= 0 else _SIGN


def _bracketed(item: Any, level: int) -> str:
    text, own_level = _written(item)
    return text if own_level >= level else f"({text})"


def _superscript(item: Symbol) -> str:
    """The small 2 or 3 of a formula that is the square or the cube of its first operand; "" for another."""
    a, b = item.operands
    if item.head == "*":
        return "²" if mathematics(a) == mathematics(b) else ""
    return {2.0: "²", 3.0: "³"}.get(b, "") if isinstance(b, int | float) else ""


def _between(a: Any, sign: str, b: Any) -> tuple[str, int]:
    level = _INFIX[sign]
    left, right = level, level + 1  # a - b - c is (a - b) - c
    if level == _TRUTH:
        left = right = _SUM
    elif level == _POWER:
        left, right = _ATOM, _POWER  # a ** b ** c is a ** (b ** c)
    return f"{_bracketed(a, left)} {_SIGNS.get(sign, sign)} {_bracketed(b, right)}", level


def _sum_of_products(*operands: Any) -> tuple[str, int]:
    weights, inputs, bias = split_dot(operands)
    products = [
        f"{_bracketed(weight, _PRODUCT)} * {_bracketed(value, _PRODUCT)}"
        for weight, value in zip(weights, inputs, strict=True)
    ]
    return " + ".join([*products, _bracketed(bias, _SUM)]), _SUM


def _negative(a: Any) -> tuple[str, int]:
    return "-" + _bracketed(a, _SIGN), _SIGN


def _absolute(a: Any) -> tuple[str, int]:
    return f"|{mathematics(a)}|", _ATOM


def _choice(condition: Any, a: Any, b: Any) -> tuple[str, int]:
    return f"{_bracketed(a, _TRUTH)} if {_bracketed(condition, _TRUTH)} else {mathematics(b)}", _CHOICE


def _plain_form(good: Any, plain: Any, otherwise: Any) -> tuple[str, int]:
    return _written(plain)


#: What is written neither between its operands nor as a call, by name and number of operands.
_OTHERWISE: dict[tuple[str, int], Callable[..., tuple[str, int]]] = {
    ("neg", 1): _negative,
    ("abs", 1): _absolute,
    ("where", 3): _choice,
    ("prefer", 3): _plain_form,
}


def python(item: Any, shared: Mapping[str, str] = {}, raises: bool = False) -> str:
    """The formula as Python source over the functions of `floats`; `shared` calls are called by name.

    Where it `raises`, operators stand for themselves: quicker, and an error where IEEE has an answer.

    >>> a = Symbol("a")
    >>> print(python(symbols.exp(a) / (1.0 + a)), "|", python(symbols.exp(a) / (1.0 + a), raises=True))
    divide(exp(a), (1.0 + a)) | (exp(a) / (1.0 + a))
    """
    if not isinstance(item, Symbol):
        return repr(float(item))
    written = [python(operand, shared, raises) for operand in item.operands]
    match item:
        case Symbol(name, ()):
            return name
        case Symbol("neg", (_,)):
            return f"-{written[0]}"
        case Symbol("where" | "prefer", (_, _, _)):
            return f"({written[1]} if {written[0]} else {written[2]})"
        case Symbol("**", (Symbol() as a, int() | float() as exponent)) if (shorter := power(a, exponent)) is not None:
            return python(shorter, shared, raises)
        case Symbol(sign, (_, _)) if sign in _INFIX and (
            sign not in (*_SAFE, *_SAFE.values()) or (raises and sign != "**")  # of which Python makes complex numbers
        ):
            return f"({written[0]} {_SIGNS.get(sign, sign)} {written[1]})"
    call = f"{_SAFE.get(item.head, item.head)}({', '.join(_arguments(item.head, written))})"
    return shared.get(call, call)


def _arguments(name: str, written: Sequence[str]) -> Sequence[str]:
    """The arguments of a call, gathered where its function takes sequences of them."""
    match name:
        case "fsum" | "logsumexp" | "norm":
            return [f"({_each(written)})"]
        case "choose":
            return [written[0], f"({_each(written[1:])})"]
        case "dot":
            weights, inputs, bias = split_dot(tuple(written))
            return [f"[{', '.join(weights)}]", f"[{', '.join(inputs)}]", bias]
    return written


def _each(written: Sequence[str]) -> str:
    return "".join(f"{text}, " for text in written)


#: Comparisons that are written otherwise in JavaScript.
_JAVASCRIPT_SIGNS = {"==": "===", "!=": "!==", "&": "&&"}
#: What takes its operands as one array there.
_OF_ARRAYS = ("fsum", "logsumexp", "norm")


def javascript(item: Any, shared: Mapping[str, str] = {}) -> str:
    """The formula as JavaScript; what `Math` lacks are functions of that name, and operations begin with `op_`.

    >>> a = Symbol("a")
    >>> print(javascript(symbols.exp(a) / (1.0 + symbols.erf(a)) ** 0.5), "|", javascript(symbols.sigmoid(a)))
    (Math.exp(a) / power((1 + erf(a)), 0.5)) | op_sigmoid(a)
    """
    if not isinstance(item, Symbol):
        return _javascript_number(float(item))
    written = [javascript(operand, shared) for operand in item.operands]
    match item:
        case Symbol(name, ()):
            return name
        case Symbol("neg", (_,)):
            return f"(-{written[0]})"
        case Symbol("where" | "prefer", (condition, _, _)):
            # Python takes nan for true, and JavaScript does not.
            holds = written[0] if isinstance(condition, Symbol) and condition.head in TRUTH else f"{written[0]} !== 0"
            return f"({holds} ? {written[1]} : {written[2]})"
        case Symbol("**", (Symbol() as a, int() | float() as exponent)) if (shorter := power(a, exponent)) is not None:
            return javascript(shorter, shared)
        case Symbol("[]", (_, int() as place)):
            return f"{written[0]}[{place}]"
        case Symbol(sign, (_, _)) if sign in _INFIX and (sign == "/" or sign not in {*_SAFE, *_SAFE.values()}):
            return f"({written[0]} {_JAVASCRIPT_SIGNS.get(sign, sign)} {written[1]})"
    call = f"{_javascript_name(item.head)}({', '.join(_javascript_arguments(item.head, written))})"
    return shared.get(call, call)


def _javascript_number(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "(-Infinity)"
    text = repr(number).removesuffix(".0")
    return f"({text})" if text.startswith("-") else text


def _javascript_name(head: str) -> str:
    name = _SAFE.get(head, head)
    if name in PRIMITIVES:
        return PRIMITIVES[name].javascript
    return name if name in (*_OF_ARRAYS, "choose", "dot", "power", "shares") else f"op_{name}"


def _javascript_arguments(name: str, written: Sequence[str]) -> Sequence[str]:
    match name:
        case "fsum" | "logsumexp" | "norm":
            return [javascript_array(written)]
        case "choose" | "shares":
            return [written[0], javascript_array(written[1:])]
        case "dot":
            weights, inputs, bias = split_dot(tuple(written))
            return [javascript_array(weights), javascript_array(inputs), bias]
    return written


def javascript_array(written: Sequence[str]) -> str:
    """An array of formulas; what are neighbors among the inputs x, as those of a sum are, is taken as one slice.

    >>> javascript_array(["x[3]", "x[4]", "x[5]", "1"])
    '[...x.slice(3, 6), 1]'
    """
    parts: list[str] = []
    start = 0
    while start < len(written):
        end = start + 1
        if written[start].startswith("x[") and written[start][2:-1].isdecimal():
            first = int(written[start][2:-1])
            while end < len(written) and written[end] == f"x[{first + end - start}]":
                end += 1
            if end - start > 2:
                parts.append(f"...x.slice({first}, {first + end - start})")
                start = end
                continue
        parts.append(written[start])
        start += 1
    alone = len(parts) == 1 and parts[0].startswith("...")
    return parts[0].removeprefix("...") if alone else f"[{', '.join(parts)}]"


def repeated_calls(formulas: Iterable[Any], write: Callable[[Any], str]) -> list[str]:
    """The calls that are made more than once in these formulas, always or nearly so, as `write` writes them.

    >>> a = Symbol("a")
    >>> repeated_calls([symbols.exp(a), 1.0 + symbols.exp(a)], python)
    ['exp(a)']
    """
    uses: dict[str, int] = {}
    for item in formulas:
        _count_calls(item, uses, write)
    return [text for text in uses if uses[text] > 1]


def _count_calls(item: Any, uses: dict[str, int], write: Callable[[Any], str]) -> None:
    """How often each call is made; the inside of a repeated call counts once."""
    if not isinstance(item, Symbol) or not item.operands:
        return
    operands = item.operands
    if item.head == "where":
        operands = operands[:1]  # only one branch is computed
    elif item.head == "prefer":
        operands = operands[:2]  # nearly always the plain one
    elif item.head.isidentifier() and item.head != "neg":
        text = write(item)
        uses[text] = uses.get(text, 0) + 1
        if uses[text] > 1:
            return
    for operand in operands:
        _count_calls(operand, uses, write)


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
