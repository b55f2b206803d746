"""What is primitive: the functions that rules may ask a number system for, and what each is called in which language.

A rule may use these, Python's operators, and every operation of the rule book; a number system that is asked for
anything else says what there is.

May import: `op`.
"""

from __future__ import annotations

from typing import NamedTuple

from tinygrad_edu.op import RULE_BOOK

__all__ = ["OPERATORS", "PRIMITIVES", "TRUTH"]


class Primitive(NamedTuple):
    """One function, and its names; "" where a language has none, and the number system brings its own."""

    math: str
    numpy: str
    jax: str  # in jax.numpy, or dotted in jax.scipy
    javascript: str  # of Math, or of the page's own functions, where Math has none or one that differs
    raises: bool = False  # whether that of Python's math raises where IEEE has an answer


#: Functions of one or more numbers.
PRIMITIVES = {
    "abs": Primitive("fabs", "absolute", "absolute", "Math.abs"),
    "sign": Primitive("", "sign", "sign", "sign"),
    "sqrt": Primitive("sqrt", "sqrt", "sqrt", "Math.sqrt", raises=True),
    "cbrt": Primitive("cbrt", "cbrt", "cbrt", "Math.cbrt"),
    "exp": Primitive("exp", "exp", "exp", "Math.exp", raises=True),
    "exp2": Primitive("exp2", "exp2", "exp2", "exp2", raises=True),
    "expm1": Primitive("expm1", "expm1", "expm1", "Math.expm1", raises=True),
    "log": Primitive("log", "log", "log", "Math.log", raises=True),
    "log2": Primitive("log2", "log2", "log2", "Math.log2", raises=True),
    "log10": Primitive("log10", "log10", "log10", "Math.log10", raises=True),
    "log1p": Primitive("log1p", "log1p", "log1p", "Math.log1p", raises=True),
    "sin": Primitive("sin", "sin", "sin", "Math.sin", raises=True),
    "cos": Primitive("cos", "cos", "cos", "Math.cos", raises=True),
    "tan": Primitive("tan", "tan", "tan", "Math.tan", raises=True),
    "arcsin": Primitive("asin", "arcsin", "arcsin", "Math.asin", raises=True),
    "arccos": Primitive("acos", "arccos", "arccos", "Math.acos", raises=True),
    "arctan": Primitive("atan", "arctan", "arctan", "Math.atan"),
    "arctan2": Primitive("atan2", "arctan2", "arctan2", "Math.atan2"),
    "hypot": Primitive("hypot", "hypot", "hypot", "Math.hypot"),
    "sinh": Primitive("sinh", "sinh", "sinh", "Math.sinh", raises=True),
    "cosh": Primitive("cosh", "cosh", "cosh", "Math.cosh", raises=True),
    "tanh": Primitive("tanh", "tanh", "tanh", "Math.tanh"),
    "arcsinh": Primitive("asinh", "arcsinh", "arcsinh", "Math.asinh"),
    "arccosh": Primitive("acosh", "arccosh", "arccosh", "Math.acosh", raises=True),
    "arctanh": Primitive("atanh", "arctanh", "arctanh", "Math.atanh", raises=True),
    "erf": Primitive("erf", "", "scipy.special.erf", "erf"),
    "erfc": Primitive("erfc", "", "scipy.special.erfc", "erfc"),
    "floor": Primitive("floor", "floor", "floor", "Math.floor", raises=True),
    "ceil": Primitive("ceil", "ceil", "ceil", "Math.ceil", raises=True),
    "trunc": Primitive("trunc", "trunc", "trunc", "Math.trunc", raises=True),
    "rint": Primitive("", "rint", "rint", "rint"),
    "remainder": Primitive("", "remainder", "remainder", "remainder"),
    "floor_divide": Primitive("", "floor_divide", "floor_divide", "floorDivide"),
    "maximum": Primitive("", "maximum", "maximum", "maximum"),
    "minimum": Primitive("", "minimum", "minimum", "minimum"),
    "where": Primitive("", "where", "where", ""),
}

#: Python's operators, and what NumPy and JAX call them.
OPERATORS = {
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power", "neg": "negative",
    ">": "greater", ">=": "greater_equal", "<": "less", "<=": "less_equal", "==": "equal", "!=": "not_equal",
    "&": "logical_and",
}  # fmt: skip

#: Those of them that make a truth value out of numbers.
TRUTH = {">", ">=", "<", "<=", "==", "!=", "&"}

#: What number systems have beside functions of numbers: of many numbers, and `prefer` between two formulas of one.
_SPECIAL = ("choose", "dot", "fsum", "logsumexp", "norm", "prefer", "shares")


def unknown(name: str) -> AttributeError:
    """The error for a function that no number system has."""
    there = sorted({*PRIMITIVES, *RULE_BOOK, *_SPECIAL})
    return AttributeError(
        f"a rule may not use m.{name}: a number system has {', '.join(there)}, and Python's operators"
    )
