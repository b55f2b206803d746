"""The rule book: every operation, declared once.

A declaration says what an operation is called, how to compute it, and one local derivative per input.
Each rule is handed the number system `m` it runs on, so the same line serves floats, symbols, `Value`s,
NumPy arrays and JAX arrays. A derivative rule may use the output `y` as well as the inputs: `exp` is its own
derivative, and it would be a waste to compute it twice.

To add an operation, add one declaration here and, where people should be able to write it as an operator
or a method, one line to `Value`.

May import: nothing of this package, and neither `math` nor NumPy. A rule knows only `m`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

__all__ = ["RULE_BOOK", "Op", "op", "variadic"]

#: What rules compute with depends on the number system, so it has no narrower type than this.
Number = Any
Rule = Callable[..., Number]

LN2 = 0.6931471805599453
ONE_OVER_LN2 = 1.4426950408889634
ONE_OVER_LN10 = 0.4342944819032518
SQRT_HALF = 0.7071067811865476
TWO_OVER_SQRT_PI = 1.1283791670955126
ONE_OVER_SQRT_TWO_PI = 0.3989422804014327

#: Every operation by the name of its function or method ("add", "tanh", ...).
RULE_BOOK: dict[str, Op] = {}


@dataclass(frozen=True, eq=False, slots=True)
class Op:
    """One operation: its name, how to compute it, and its local derivative by each input.

    `name` is what people read ("*", "tanh"); `method` is what Python and NumPy call it ("multiply", "tanh").
    `settings` are numbers fixed when a node is made that are not inputs, such as the slope of `leaky_relu`.

    >>> RULE_BOOK["tanh"].formula
    '(eᵃ - e⁻ᵃ) / (eᵃ + e⁻ᵃ)'
    >>> import math
    >>> multiply.compute(math, 2.0, 3.0), multiply.local_derivatives(math, 6.0, 2.0, 3.0)
    (6.0, (3.0, 2.0))
    """

    name: str
    method: str
    forward: Rule
    rules: tuple[Rule, ...] | Rule
    formula: str = ""
    parameters: tuple[str, ...] = ()
    settings: tuple[float, ...] = ()

    @property
    def is_variadic(self) -> bool:
        """Whether it takes any number of inputs; then one rule returns all local derivatives."""
        return callable(self.rules)

    def compute(self, m: Any, *inputs: Number) -> Number:
        """The output, in the number system `m`."""
        return self.forward(m, *inputs, *self.settings)

    def local_derivatives(self, m: Any, y: Number, *inputs: Number) -> tuple[Number, ...]:
        """∂y/∂input for each input, in the number system `m`."""
        if callable(self.rules):
            return tuple(self.rules(m, y, *inputs))
        return tuple([rule(m, y, *inputs, *self.settings) for rule in self.rules])

    def __repr__(self) -> str:
        settings = "".join(f", {k}={v:g}" for k, v in zip(self.parameters, self.settings, strict=False))
        return f"Op({self.name!r}{settings})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.method, self.settings)


@lru_cache(maxsize=4096)
def bind(operation: Op, *settings: float) -> Op:
    """The operation with its settings filled in: `bind(leaky_relu, 0.01)`."""
    return replace(operation, settings=settings)


def _restore(method: str, settings: tuple[float, ...]) -> Op:
    return bind(RULE_BOOK[method], *settings) if settings else RULE_BOOK[method]


def op(
    name: str, forward: Rule, rules: tuple[Rule, ...], formula: str, method: str = "", parameters: tuple[str, ...] = ()
) -> Op:
    """Declare an operation with a fixed number of inputs.

    >>> half = op("half", lambda m, a: 0.5 * a, (lambda m, y, a: 0.5,), "a / 2")
    >>> half is RULE_BOOK.pop("half")   # the rule book stays as it was
    True
    """
    return _declare(Op(name, method or name, forward, rules, formula, parameters))


def variadic(name: str, forward: Rule, rules: Rule, formula: str) -> Op:
    """Declare an operation with any number of inputs; its one rule returns all local derivatives.

    >>> mean = variadic("mean", lambda m, *a: sum(a) / len(a), lambda m, y, *a: [1.0 / len(a)] * len(a), "Σ aᵢ / n")
    >>> mean.compute(None, 1.0, 5.0), mean.local_derivatives(None, 3.0, 1.0, 5.0)
    (3.0, (0.5, 0.5))
    >>> mean is RULE_BOOK.pop("mean")   # the rule book stays as it was
    True
    """
    return _declare(Op(name, name, forward, rules, formula))


def _declare(operation: Op) -> Op:
    if operation.method in RULE_BOOK:
        raise ValueError(f"the operation {operation.method!r} is declared twice; choose another name")
    RULE_BOOK[operation.method] = operation
    return operation


# Arithmetic -----------------------------------------------------------------------------------------------

add = op("+", lambda m, a, b: a + b, (lambda m, y, a, b: 1.0, lambda m, y, a, b: 1.0), "a + b", "add")
subtract = op("-", lambda m, a, b: a - b, (lambda m, y, a, b: 1.0, lambda m, y, a, b: -1.0), "a - b", "subtract")
multiply = op("*", lambda m, a, b: a * b, (lambda m, y, a, b: b, lambda m, y, a, b: a), "a · b", "multiply")
divide = op("/", lambda m, a, b: a / b, (lambda m, y, a, b: 1.0 / b, lambda m, y, a, b: -y / b), "a / b", "divide")
negative = op("neg", lambda m, a: -a, (lambda m, y, a: -1.0,), "-a", "negative")
absolute = op("abs", lambda m, a: m.abs(a), (lambda m, y, a: m.sign(a),), "|a|, with derivative 0 at 0", "absolute")
# Both rules guard the one point where the textbook formula says 0 · inf although the slope is 0:
# a⁰ is constant in a, and 0ᵇ stays 0 while b > 0.
power = op(
    "**",
    lambda m, a, b: a**b,
    (
        lambda m, y, a, b: m.where(b == 0.0, 0.0, b * a ** (b - 1.0)),
        lambda m, y, a, b: m.where((a == 0.0) & (b > 0.0), 0.0, y * m.log(a)),
    ),
    "a ** b",
    "power",
)
# An exponent that is a plain number is a setting, not an input: x ** 2 at x = -2 never meets log(-2).
power_by = op(
    "**",
    lambda m, a, exponent: a**exponent,
    (lambda m, y, a, exponent: m.where(exponent == 0.0, 0.0, exponent * a ** (exponent - 1.0)),),
    "a ** exponent",
    "power_by",
    ("exponent",),
)
reciprocal = op("reciprocal", lambda m, a: 1.0 / a, (lambda m, y, a: -y * y,), "1 / a")
square = op("square", lambda m, a: a * a, (lambda m, y, a: 2.0 * a,), "a²")
sqrt = op("sqrt", lambda m, a: m.sqrt(a), (lambda m, y, a: 0.5 / y,), "√a")
cbrt = op("cbrt", lambda m, a: m.cbrt(a), (lambda m, y, a: 1.0 / (3.0 * y * y),), "∛a")

# Exponentials and logarithms ------------------------------------------------------------------------------

exp = op("exp", lambda m, a: m.exp(a), (lambda m, y, a: y,), "eᵃ")
exp2 = op("exp2", lambda m, a: m.exp2(a), (lambda m, y, a: y * LN2,), "2ᵃ")
expm1 = op("expm1", lambda m, a: m.expm1(a), (lambda m, y, a: m.exp(a),), "eᵃ - 1, exact near 0")
log = op("log", lambda m, a: m.log(a), (lambda m, y, a: 1.0 / a,), "ln a")
log2 = op("log2", lambda m, a: m.log2(a), (lambda m, y, a: ONE_OVER_LN2 / a,), "log₂ a")
log10 = op("log10", lambda m, a: m.log10(a), (lambda m, y, a: ONE_OVER_LN10 / a,), "log₁₀ a")
log1p = op("log1p", lambda m, a: m.log1p(a), (lambda m, y, a: 1.0 / (1.0 + a),), "ln(1 + a), exact near 0")

# Trigonometry ---------------------------------------------------------------------------------------------

sin = op("sin", lambda m, a: m.sin(a), (lambda m, y, a: m.cos(a),), "sin a")
cos = op("cos", lambda m, a: m.cos(a), (lambda m, y, a: -m.sin(a),), "cos a")
tan = op("tan", lambda m, a: m.tan(a), (lambda m, y, a: 1.0 + y * y,), "tan a")
# (1 - a)(1 + a) rather than 1 - a²: no digits are lost near ±1.
arcsin = op("arcsin", lambda m, a: m.arcsin(a), (lambda m, y, a: 1.0 / m.sqrt((1.0 - a) * (1.0 + a)),), "arcsin a")
arccos = op("arccos", lambda m, a: m.arccos(a), (lambda m, y, a: -1.0 / m.sqrt((1.0 - a) * (1.0 + a)),), "arccos a")
arctan = op("arctan", lambda m, a: m.arctan(a), (lambda m, y, a: 1.0 / (1.0 + a * a),), "arctan a")
sinh = op("sinh", lambda m, a: m.sinh(a), (lambda m, y, a: m.cosh(a),), "(eᵃ - e⁻ᵃ) / 2")
cosh = op("cosh", lambda m, a: m.cosh(a), (lambda m, y, a: m.sinh(a),), "(eᵃ + e⁻ᵃ) / 2")
# 1 / cosh(y) rather than 1 / √(1 + a²): a² would overflow long before the slope vanishes.
arcsinh = op("arcsinh", lambda m, a: m.arcsinh(a), (lambda m, y, a: 1.0 / m.cosh(y),), "arcsinh a")
arccosh = op("arccosh", lambda m, a: m.arccosh(a), (lambda m, y, a: 1.0 / m.sinh(y),), "arccosh a")
arctanh = op("arctanh", lambda m, a: m.arctanh(a), (lambda m, y, a: 1.0 / ((1.0 - a) * (1.0 + a)),), "arctanh a")

# Activations ----------------------------------------------------------------------------------------------

tanh = op("tanh", lambda m, a: m.tanh(a), (lambda m, y, a: 1.0 - y * y,), "(eᵃ - e⁻ᵃ) / (eᵃ + e⁻ᵃ)")


# e⁻ᵃ may be inf, and 1 / (1 + inf) is the 0 that it should be.
sigmoid = op("sigmoid", lambda m, a: 1.0 / (1.0 + m.exp(-a)), (lambda m, y, a: y * (1.0 - y),), "1 / (1 + e⁻ᵃ)")
softplus = op(
    "softplus",
    lambda m, a: m.maximum(a, 0.0) + m.log1p(m.exp(-m.abs(a))),
    (lambda m, y, a: m.sigmoid(a),),
    "ln(1 + eᵃ)",
)
relu = op(
    "relu",
    lambda m, a: m.maximum(a, 0.0),
    (lambda m, y, a: m.where(a > 0.0, 1.0, 0.0),),
    "max(a, 0), slope 0 at 0",
)
leaky_relu = op(
    "leaky_relu",
    lambda m, a, slope: m.where(a > 0.0, a, slope * a),
    (lambda m, y, a, slope: m.where(a > 0.0, 1.0, slope),),
    "a if a > 0 else slope · a",
    parameters=("slope",),
)
elu = op(
    "elu",
    lambda m, a: m.where(a > 0.0, a, m.expm1(a)),
    (lambda m, y, a: m.where(a > 0.0, 1.0, m.exp(a)),),
    "a if a > 0 else eᵃ - 1",
)


def _silu_derivative(m: Any, y: Number, a: Number) -> Number:
    s = m.sigmoid(a)
    return s * (1.0 + a * (1.0 - s))


silu = op("silu", lambda m, a: a * m.sigmoid(a), (_silu_derivative,), "a · sigmoid(a)")
# Φ, the normal distribution function, through erfc: exact in the left tail, where 1 + erf loses every digit.
gelu = op(
    "gelu",
    lambda m, a: 0.5 * a * m.erfc(-SQRT_HALF * a),
    (lambda m, y, a: 0.5 * m.erfc(-SQRT_HALF * a) + a * (ONE_OVER_SQRT_TWO_PI * m.exp(-0.5 * (a * a))),),
    "a · Φ(a)",
)
erf = op("erf", lambda m, a: m.erf(a), (lambda m, y, a: TWO_OVER_SQRT_PI * m.exp(-(a * a)),), "the error function")
erfc = op("erfc", lambda m, a: m.erfc(a), (lambda m, y, a: -TWO_OVER_SQRT_PI * m.exp(-(a * a)),), "1 - erf(a)")
step = op(
    "step", lambda m, a: m.where(a > 0.0, 1.0, m.where(a <= 0.0, 0.0, a)), (lambda m, y, a: 0.0,), "1 if a > 0 else 0"
)
sign = op("sign", lambda m, a: m.sign(a), (lambda m, y, a: 0.0,), "-1, 0 or 1")

# Choosing -------------------------------------------------------------------------------------------------

maximum = op(
    "maximum",
    lambda m, a, b: m.maximum(a, b),
    (
        lambda m, y, a, b: m.where(a > b, 1.0, m.where(a == b, 0.5, 0.0)),
        lambda m, y, a, b: m.where(b > a, 1.0, m.where(a == b, 0.5, 0.0)),
    ),
    "max(a, b), with slope ½ for each when equal",
)
minimum = op(
    "minimum",
    lambda m, a, b: m.minimum(a, b),
    (
        lambda m, y, a, b: m.where(a < b, 1.0, m.where(a == b, 0.5, 0.0)),
        lambda m, y, a, b: m.where(b < a, 1.0, m.where(a == b, 0.5, 0.0)),
    ),
    "min(a, b), with slope ½ for each when equal",
)
clip = op(
    "clip",
    lambda m, a, low, high: m.minimum(m.maximum(a, low), high),
    (lambda m, y, a, low, high: m.where((a >= low) & (a <= high), 1.0, 0.0),),
    "a, moved into [low, high]",
    parameters=("low", "high"),
)
where = op(
    "where",
    lambda m, condition, a, b: m.where(condition, a, b),
    (
        lambda m, y, condition, a, b: 0.0,
        lambda m, y, condition, a, b: m.where(condition, 1.0, 0.0),
        lambda m, y, condition, a, b: m.where(condition, 0.0, 1.0),
    ),
    "a if condition else b",
)


def _choose_derivatives(m: Any, y: Number, index: Number, *options: Number) -> tuple[Number, ...]:
    return (0.0, *[m.where(index == float(k), 1.0, 0.0) for k in range(len(options))])


choose = variadic(
    "choose", lambda m, index, *options: m.choose(index, options), _choose_derivatives, "the option number index"
)


def _comparison(name: str, method: str, compare: Rule) -> Op:
    """1 where the comparison holds, else 0: piecewise constant, so both slopes are 0."""
    flat = lambda m, y, a, b: 0.0  # noqa: E731 - a rule, written as all rules are
    return op(name, lambda m, a, b: m.where(compare(a, b), 1.0, 0.0), (flat, flat), f"1 if a {name} b else 0", method)


greater = _comparison(">", "greater", lambda a, b: a > b)
greater_equal = _comparison(">=", "greater_equal", lambda a, b: a >= b)
less = _comparison("<", "less", lambda a, b: a < b)
less_equal = _comparison("<=", "less_equal", lambda a, b: a <= b)
equal = _comparison("==", "equal", lambda a, b: a == b)
not_equal = _comparison("!=", "not_equal", lambda a, b: a != b)

# Sums -----------------------------------------------------------------------------------------------------

fsum = variadic("fsum", lambda m, *terms: m.fsum(terms), lambda m, y, *terms: [1.0] * len(terms), "Σ termᵢ")
# Each slope is a share, exp(termᵢ - y): the softmax of the terms.
logsumexp = variadic(
    "logsumexp",
    lambda m, *terms: m.logsumexp(terms),
    lambda m, y, *terms: m.shares(terms, y),
    "ln Σ exp(termᵢ), without overflow",
)


def split_dot(inputs: tuple[Number, ...]) -> tuple[tuple[Number, ...], tuple[Number, ...], Number]:
    """The weights, the inputs and the bias of a `dot`, which come in this order."""
    count = len(inputs) // 2
    return inputs[:count], inputs[count:-1], inputs[-1]


def _dot_derivatives(m: Any, y: Number, *inputs: Number) -> tuple[Number, ...]:
    weights, values, _ = split_dot(inputs)
    return (*values, *weights, 1.0)


dot = variadic("dot", lambda m, *inputs: m.dot(*split_dot(inputs)), _dot_derivatives, "Σ weightᵢ · inputᵢ + bias")
