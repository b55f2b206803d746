"""The rule book: every operation, declared once.

To add an operation of your own, call `tinygrad_edu.operation`; to add one for everybody, add one declaration here and,
where people should be able to write it as a method, one line to `methods`.

    m.prefer(plain, good, otherwise, *inputs)    `plain` where `good` holds, else otherwise(m, *inputs): the same
                                                 number by a formula that keeps its digits; people are shown `plain`

May import: `op`. A rule knows only the number system `m` that it is handed.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.op import RULE_BOOK, Number, Op, Rule, op
from tinygrad_edu.op import bind as bind

__all__ = ["RULE_BOOK", "Op"]

INFINITY = float("inf")

#: What usually helps against inf and nan.
_DIVISION = "keep the divisor away from 0, as in a / (b + 1e-12), or choose another branch with where"
_POWER = "a fractional power needs a base above 0, and a negative one a base that is not 0: clip the base"
_ROOT = "a root has no slope at 0 and no value below it: add a small number inside, as in (x + 1e-12).sqrt()"
_LOGARITHM = (
    "keep the argument positive with clip(1e-12, 1.0), use log1p for ln(1 + x), or use a loss that takes logits, "
    "such as cross_entropy or binary_cross_entropy_with_logits"
)
_EXPONENTIAL = "exp overflows above 709: use softmax, logsumexp or a loss that takes logits, or clip the argument"
_UNIT = "the argument must lie inside (-1, 1): clip it, as in x.clip(-1 + 1e-12, 1 - 1e-12)"

# Arithmetic -----------------------------------------------------------------------------------------------

add = op("+", lambda m, a, b: a + b, (lambda m, y, a, b: 1.0, lambda m, y, a, b: 1.0), "a + b", "add")
subtract = op(
    "-", lambda m, a, b: a - b, (lambda m, y, a, b: 1.0, lambda m, y, a, b: -1.0), "a - b", "subtract", symbol="−"
)
multiply = op("*", lambda m, a, b: a * b, (lambda m, y, a, b: b, lambda m, y, a, b: a), "a · b", "multiply", symbol="×")
divide = op(
    "/", lambda m, a, b: a / b, (lambda m, y, a, b: 1.0 / b, lambda m, y, a, b: -y / b), "a / b", "divide",
    cure=_DIVISION,
)  # fmt: skip
negative = op("neg", lambda m, a: -a, (lambda m, y, a: -1.0,), "-a", "negative", symbol="−")
absolute = op("abs", lambda m, a: m.abs(a), (lambda m, y, a: m.sign(a),), "|a|, with derivative 0 at 0", "absolute")


def _edge_slope_by_base(m: Any, y: Number, a: Number, b: Number) -> Number:
    """a⁰ is constant in a, and so is what an infinite exponent makes 0, where b · aᵇ⁻¹ says 0 · inf."""
    return m.where(b == 0.0, 0.0, m.where((m.abs(b) == INFINITY) & (y == 0.0), 0.0, b * a ** (b - 1.0)))


def _edge_slope_by_exponent(m: Any, y: Number, a: Number, b: Number) -> Number:
    """0ᵇ stays 0 while b > 0 (at b = 0 it jumps; there too the slope is 0, as in PyTorch), and infᵇ while b < 0."""
    return m.where((a == 0.0) & (b >= 0.0), 0.0, m.where((a == INFINITY) & (b < 0.0), 0.0, y * m.log(a)))


power = op(
    "**",
    lambda m, a, b: a**b,
    (
        lambda m, y, a, b: m.prefer(
            b * a ** (b - 1.0), (m.abs(a) > 1e-300) & (m.abs(b) < INFINITY), _edge_slope_by_base, y, a, b
        ),
        lambda m, y, a, b: m.prefer(y * m.log(a), (a > 0.0) & (a < INFINITY), _edge_slope_by_exponent, y, a, b),
    ),
    "a ** b",
    "power",
    cure=_POWER,
)
# An exponent that is a plain number is a setting, not an input: x ** 2 at x = -2 never meets log(-2).
power_by = op(
    "**",
    lambda m, a, exponent: a**exponent,
    (lambda m, y, a, exponent: m.where(exponent == 0.0, 0.0, exponent * a ** (exponent - 1.0)),),
    "a ** exponent",
    "power_by",
    parameters=("exponent",),
    cure=_POWER,
)
# Division with remainder, as Python means it: the remainder has the sign of b.
floor_divide = op(
    "//",
    lambda m, a, b: m.floor_divide(a, b),
    (lambda m, y, a, b: 0.0, lambda m, y, a, b: 0.0),
    "the whole number at or below a / b",
    "floor_divide",
    flat=True,
    cure=_DIVISION,
)
remainder = op(
    "%",
    lambda m, a, b: m.remainder(a, b),
    (lambda m, y, a, b: 1.0, lambda m, y, a, b: -m.floor_divide(a, b)),
    "a - b · (a // b)",
    "remainder",
    cure=_DIVISION,
)
reciprocal = op("reciprocal", lambda m, a: 1.0 / a, (lambda m, y, a: -y * y,), "1 / a", cure=_DIVISION)
square = op("square", lambda m, a: a * a, (lambda m, y, a: 2.0 * a,), "a²")
sqrt = op("sqrt", lambda m, a: m.sqrt(a), (lambda m, y, a: 0.5 / y,), "√a", cure=_ROOT)
cbrt = op("cbrt", lambda m, a: m.cbrt(a), (lambda m, y, a: 1.0 / (3.0 * y * y),), "∛a", cure=_ROOT)


def _far_hypot_slope(m: Any, leg: Number, other: Number) -> Number:
    """leg / √(leg² + other²), by ratios of the legs: 0 at the origin, ±1 for an infinite leg, nan for two."""
    long, short = m.sign(leg) / m.hypot(1.0, other / leg), leg / m.abs(other) / m.hypot(1.0, leg / other)
    return m.where(m.abs(leg) < m.abs(other), short, m.where((leg == 0.0) & (other == 0.0), 0.0, long))


hypot = op(
    "hypot",
    lambda m, a, b: m.hypot(a, b),
    (
        lambda m, y, a, b: m.prefer(a / y, (y > 1e-290) & (y < INFINITY), _far_hypot_slope, a, b),
        lambda m, y, a, b: m.prefer(b / y, (y > 1e-290) & (y < INFINITY), _far_hypot_slope, b, a),
    ),
    "√(a² + b²), slopes 0 at the origin",
)

# Exponentials and logarithms ------------------------------------------------------------------------------

LN2 = 0.6931471805599453
ONE_OVER_LN2 = 1.4426950408889634
ONE_OVER_LN10 = 0.4342944819032518

exp = op("exp", lambda m, a: m.exp(a), (lambda m, y, a: y,), "eᵃ", cure=_EXPONENTIAL)
exp2 = op("exp2", lambda m, a: m.exp2(a), (lambda m, y, a: y * LN2,), "2ᵃ", cure=_EXPONENTIAL)
expm1 = op("expm1", lambda m, a: m.expm1(a), (lambda m, y, a: m.exp(a),), "eᵃ - 1, exact near 0", cure=_EXPONENTIAL)
log = op("log", lambda m, a: m.log(a), (lambda m, y, a: 1.0 / a,), "ln a", cure=_LOGARITHM)
log2 = op("log2", lambda m, a: m.log2(a), (lambda m, y, a: ONE_OVER_LN2 / a,), "log₂ a", cure=_LOGARITHM)
log10 = op("log10", lambda m, a: m.log10(a), (lambda m, y, a: ONE_OVER_LN10 / a,), "log₁₀ a", cure=_LOGARITHM)
log1p = op(
    "log1p", lambda m, a: m.log1p(a), (lambda m, y, a: 1.0 / (1.0 + a),), "ln(1 + a), exact near 0", cure=_LOGARITHM
)


def _infinite_share(m: Any, a: Number, b: Number) -> Number:
    """Of two equal infinities each has half, though inf - inf is nan."""
    return m.where(a == b, 0.5, m.sigmoid(a - b))


logaddexp = op(
    "logaddexp",
    lambda m, a, b: m.where(a == b, a + LN2, m.maximum(a, b) + m.log1p(m.exp(-m.abs(a - b)))),
    (
        lambda m, y, a, b: m.prefer(m.sigmoid(a - b), m.abs(a) < INFINITY, _infinite_share, a, b),
        lambda m, y, a, b: m.prefer(m.sigmoid(b - a), m.abs(b) < INFINITY, _infinite_share, b, a),
    ),
    "ln(eᵃ + eᵇ), without overflow",
)

# Trigonometry ---------------------------------------------------------------------------------------------

DEGREE = 0.017453292519943295
ONE_OVER_DEGREE = 57.29577951308232

sin = op("sin", lambda m, a: m.sin(a), (lambda m, y, a: m.cos(a),), "sin a")
cos = op("cos", lambda m, a: m.cos(a), (lambda m, y, a: -m.sin(a),), "cos a")
tan = op("tan", lambda m, a: m.tan(a), (lambda m, y, a: 1.0 + y * y,), "tan a")
# (1 - a)(1 + a) rather than 1 - a²: no digits are lost near ±1.
arcsin = op(
    "arcsin", lambda m, a: m.arcsin(a), (lambda m, y, a: 1.0 / m.sqrt((1.0 - a) * (1.0 + a)),), "arcsin a", cure=_UNIT
)
arccos = op(
    "arccos", lambda m, a: m.arccos(a), (lambda m, y, a: -1.0 / m.sqrt((1.0 - a) * (1.0 + a)),), "arccos a", cure=_UNIT
)
arctan = op("arctan", lambda m, a: m.arctan(a), (lambda m, y, a: 1.0 / (1.0 + a * a),), "arctan a")


def _far_arctan2_slope(m: Any, leg: Number, other: Number) -> Number:
    """leg / (leg² + other²): 0 at the origin, where there is no angle, and for infinite legs."""
    length = m.hypot(leg, other)
    slope = _far_hypot_slope(m, leg, other) / length
    return m.where(length == 0.0, 0.0, m.where(length == INFINITY, 0.0, slope))


def _arctan2_slope(m: Any, leg: Number, other: Number, square: Number) -> Number:
    return m.prefer(leg / square, (square > 1e-280) & (square < 1e300), _far_arctan2_slope, leg, other)


arctan2 = op(
    "arctan2",
    lambda m, a, b: m.arctan2(a, b),
    (
        lambda m, y, a, b: _arctan2_slope(m, b, a, a * a + b * b),
        lambda m, y, a, b: _arctan2_slope(m, -a, b, a * a + b * b),
    ),
    "the angle of the point (b, a), slopes 0 at the origin",
)
deg2rad = op("deg2rad", lambda m, a: a * DEGREE, (lambda m, y, a: DEGREE,), "a · π / 180")
rad2deg = op("rad2deg", lambda m, a: a * ONE_OVER_DEGREE, (lambda m, y, a: ONE_OVER_DEGREE,), "a · 180 / π")
sinh = op("sinh", lambda m, a: m.sinh(a), (lambda m, y, a: m.cosh(a),), "(eᵃ - e⁻ᵃ) / 2", cure=_EXPONENTIAL)
cosh = op("cosh", lambda m, a: m.cosh(a), (lambda m, y, a: m.sinh(a),), "(eᵃ + e⁻ᵃ) / 2", cure=_EXPONENTIAL)
# hypot(1, a) rather than √(1 + a²), and two roots rather than √(a² - 1): a² would overflow before the slope vanishes.
arcsinh = op("arcsinh", lambda m, a: m.arcsinh(a), (lambda m, y, a: 1.0 / m.hypot(1.0, a),), "arcsinh a")
arccosh = op(
    "arccosh",
    lambda m, a: m.arccosh(a),
    (lambda m, y, a: 1.0 / (m.sqrt(a - 1.0) * m.sqrt(a + 1.0)),),
    "arccosh a",
    cure="the argument must lie above 1: clip it, or add a small number to it",
)  # fmt: skip
arctanh = op(
    "arctanh", lambda m, a: m.arctanh(a), (lambda m, y, a: 1.0 / ((1.0 - a) * (1.0 + a)),), "arctanh a", cure=_UNIT
)

# Activations ----------------------------------------------------------------------------------------------

SQRT_HALF = 0.7071067811865476
TWO_OVER_SQRT_PI = 1.1283791670955126
ONE_OVER_SQRT_TWO_PI = 0.3989422804014327


def _saturated_tanh_slope(m: Any, a: Number) -> Number:
    """1 / cosh²(a), where 1 - y² would be a difference of nearly equal numbers."""
    e = m.exp(-2.0 * m.abs(a))
    return 4.0 * e / ((1.0 + e) * (1.0 + e))


# As long as y² < 0.9998, 1 - y² has 12 digits of its own.
tanh = op(
    "tanh",
    lambda m, a: m.tanh(a),
    (lambda m, y, a: m.prefer(1.0 - y * y, y * y < 0.9998, _saturated_tanh_slope, a),),
    "(eᵃ - e⁻ᵃ) / (eᵃ + e⁻ᵃ)",
    activation="saturating",
    largest_slope=1.0,
)


def _saturated_sigmoid_slope(m: Any, y: Number, a: Number) -> Number:
    """The same product: 1 - y is y · e⁻ᵃ, and keeps its digits when it is computed so."""
    return y * y * m.exp(-a)


# e⁻ᵃ may be inf, and 1 / (1 + inf) is the 0 that it should be, to less than the smallest normal float.
sigmoid = op(
    "sigmoid",
    lambda m, a: 1.0 / (1.0 + m.exp(-a)),
    (lambda m, y, a: m.prefer(y * (1.0 - y), y < 0.999, _saturated_sigmoid_slope, y, a),),
    "1 / (1 + e⁻ᵃ)",
    activation="saturating",
    largest_slope=0.25,
)
log_sigmoid = op(
    "log_sigmoid",
    lambda m, a: m.minimum(a, 0.0) - m.log1p(m.exp(-m.abs(a))),
    (lambda m, y, a: m.sigmoid(-a),),
    "ln sigmoid(a)",
)
relu = op(
    "relu",
    lambda m, a: m.maximum(a, 0.0),
    (lambda m, y, a: m.where(y > 0.0, 1.0, 0.0),),  # y is above 0 where a is: so a need not be kept
    "max(a, 0), slope 0 at 0",
    activation="rectifier",
)
leaky_relu = op(
    "leaky_relu",
    lambda m, a, negative_slope: m.where(a > 0.0, a, negative_slope * a),
    (lambda m, y, a, negative_slope: m.where(a > 0.0, 1.0, negative_slope),),
    "a if a > 0 else negative_slope · a",
    parameters=("negative_slope",),
    defaults=(0.01,),
    activation="rectifier",
)
elu = op(
    "elu",
    lambda m, a: m.where(a > 0.0, a, m.expm1(a)),
    (lambda m, y, a: m.where(a > 0.0, 1.0, m.exp(a)),),
    "a if a > 0 else eᵃ - 1",
    activation="rectifier",
)


def _far_silu(m: Any, a: Number) -> Number:
    """Beyond -700, sigmoid is eᵃ, here in two factors that do not underflow, and beyond -800 the product is 0."""
    half = m.exp(0.5 * a)
    return m.maximum(a, -800.0) * half * half


def _far_silu_slope(m: Any, a: Number, s: Number) -> Number:
    """The same, where 1 - s would be a difference of nearly equal numbers, or a product 0 · inf."""
    half = m.exp(0.5 * a)
    right = s * (1.0 + m.minimum(a, 800.0) * (m.exp(-a) * s))
    return m.where(a > 0.0, right, (1.0 + m.maximum(a, -800.0)) * half * half)


def _silu_slope(m: Any, y: Number, a: Number) -> Number:
    s = m.sigmoid(a)
    return m.prefer(s * (1.0 + a * (1.0 - s)), (a > -700.0) & (a < 4.0), _far_silu_slope, a, s)


silu = op(
    "silu",
    lambda m, a: m.prefer(a * m.sigmoid(a), a > -700.0, _far_silu, a),
    (_silu_slope,),
    "a · sigmoid(a)",
    activation="rectifier",
)


def _far_gelu(m: Any, a: Number) -> Number:
    """Beyond -50, Φ is 0; 0 · inf would be nan."""
    return 0.5 * m.maximum(a, -50.0) * m.erfc(-SQRT_HALF * a)


def _gelu_slope(m: Any, y: Number, a: Number) -> Number:
    area = 0.5 * m.erfc(-SQRT_HALF * a)
    density = ONE_OVER_SQRT_TWO_PI * m.exp(-0.5 * (a * a))
    return m.prefer(area + a * density, m.abs(a) < 50.0, lambda m, area: area, area)


# Φ, the normal distribution function, through erfc: exact in the left tail, where 1 + erf loses every digit.
gelu = op(
    "gelu",
    lambda m, a: m.prefer(0.5 * a * m.erfc(-SQRT_HALF * a), a > -50.0, _far_gelu, a),
    (_gelu_slope,),
    "a · Φ(a)",
    activation="rectifier",
)
softplus = op(
    "softplus",
    lambda m, a: m.maximum(a, 0.0) + m.log1p(m.exp(-m.abs(a))),
    (lambda m, y, a: m.sigmoid(a),),
    "ln(1 + eᵃ)",
    activation="rectifier",
)
step = op(
    "step",
    lambda m, a: m.where(a > 0.0, 1.0, m.where(a <= 0.0, 0.0, a)),
    (lambda m, y, a: 0.0,),
    "1 if a > 0 else 0",
    activation="step",
    flat=True,
)
erf = op("erf", lambda m, a: m.erf(a), (lambda m, y, a: TWO_OVER_SQRT_PI * m.exp(-(a * a)),), "the error function")
erfc = op("erfc", lambda m, a: m.erfc(a), (lambda m, y, a: -TWO_OVER_SQRT_PI * m.exp(-(a * a)),), "1 - erf(a)")

# Whole numbers --------------------------------------------------------------------------------------------


def _flat(name: str, forward: Rule, formula: str) -> Op:
    return op(name, forward, (lambda m, y, a: 0.0,), formula, flat=True)


sign = _flat("sign", lambda m, a: m.sign(a), "-1, 0 or 1")
floor = _flat("floor", lambda m, a: m.floor(a), "the whole number at or below a")
ceil = _flat("ceil", lambda m, a: m.ceil(a), "the whole number at or above a")
trunc = _flat("trunc", lambda m, a: m.trunc(a), "the whole number at a, or next to it towards 0")
rint = _flat("rint", lambda m, a: m.rint(a), "the nearest whole number, of two equally near ones the even one")
heaviside = op(
    "heaviside",
    lambda m, a, b: m.where(a > 0.0, 1.0, m.where(a < 0.0, 0.0, m.where(a == 0.0, b, a))),
    (lambda m, y, a, b: 0.0, lambda m, y, a, b: m.where(a == 0.0, 1.0, 0.0)),
    "1 if a > 0, b if a = 0, 0 if a < 0",
)

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


choose = op(
    "choose",
    lambda m, index, *options: m.choose(index, options),
    _choose_derivatives,
    "the option number index",
    # On arrays: options in tables, and indices as places in these. `m.take` is what stands at these places, and `m.put`
    # its transpose, which adds up what comes back.
    on_arrays=(
        "tables",
        lambda m, places, options: m.take(options, places),
        lambda m, upstream, y, places, options: (0.0, m.put(upstream, places, options)),
    ),
)


def _comparison(name: str, method: str, compare: Rule) -> Op:
    """1 where the comparison holds, else 0: piecewise constant, so both slopes are 0."""
    zero = lambda m, y, a, b: 0.0  # noqa: E731 - a rule, written as all rules are
    forward = lambda m, a, b: m.where(compare(a, b), 1.0, 0.0)  # noqa: E731 - as above
    return op(name, forward, (zero, zero), f"1 if a {name} b else 0", method, flat=True)


greater = _comparison(">", "greater", lambda a, b: a > b)
greater_equal = _comparison(">=", "greater_equal", lambda a, b: a >= b)
less = _comparison("<", "less", lambda a, b: a < b)
less_equal = _comparison("<=", "less_equal", lambda a, b: a <= b)
equal = _comparison("==", "equal", lambda a, b: a == b)
not_equal = _comparison("!=", "not_equal", lambda a, b: a != b)


def _truth(m: Any, a: Number) -> Number:
    return m.where(a != 0.0, 1.0, 0.0)


logical_and = op(
    "&", lambda m, a, b: m.where(a != 0.0, _truth(m, b), 0.0),
    (lambda m, y, a, b: 0.0, lambda m, y, a, b: 0.0), "1 if a and b are not 0, else 0", "logical_and", flat=True,
)  # fmt: skip
logical_or = op(
    "|", lambda m, a, b: m.where(a != 0.0, 1.0, _truth(m, b)),
    (lambda m, y, a, b: 0.0, lambda m, y, a, b: 0.0), "0 if a and b are 0, else 1", "logical_or", flat=True,
)  # fmt: skip
logical_not = op(
    "~",
    lambda m, a: m.where(a == 0.0, 1.0, 0.0),
    (lambda m, y, a: 0.0,),
    "1 if a is 0, else 0",
    "logical_not",
    flat=True,
)
#: The operations whose inputs may change places, to the last bit.
COMMUTATIVE = {add, multiply}
#: The operations whose outcome is true or false, as 1 or 0.
TRUTHS = {greater, greater_equal, less, less_equal, equal, not_equal, logical_and, logical_or, logical_not}

# Sums -----------------------------------------------------------------------------------------------------
#
# On arrays, `terms` holds the terms of many sums, a run of rows for each: `m.total(terms)` is the sum of each run,
# `m.count(terms)` how many terms it has, `m.largest(terms)` its largest term, and `m.spread(totals, terms)` gives every
# term the number of its run.

fsum = op(
    "fsum",
    lambda m, *terms: m.fsum(terms),
    lambda m, y, *terms: [1.0] * len(terms),
    "Σ termᵢ",
    symbol="Σ",
    on_arrays=("runs", lambda m, terms: m.total(terms), lambda m, upstream, y, terms: (m.spread(upstream, terms),)),
)
mean = op(
    "mean",
    lambda m, *terms: m.fsum(terms) / float(len(terms)),
    lambda m, y, *terms: [1.0 / len(terms)] * len(terms),
    "Σ termᵢ / n",
    on_arrays=(
        "runs",
        lambda m, terms: m.total(terms) / m.count(terms),
        lambda m, upstream, y, terms: (m.spread(upstream / m.count(terms), terms),),
    ),
)


def _norm_slope(m: Any, y: Number, term: Number) -> Number:
    """termᵢ / y, and at the origin 0, as for `hypot`."""
    return m.prefer(m.divide(term, y), y > 0.0, lambda m, y: y, y)  # a bare / of floats would raise at the origin


def _norm_of_arrays(m: Any, terms: Number) -> Number:
    """The largest is taken out, so that no square overflows or vanishes."""
    top = m.largest(m.abs(terms))
    scale = m.where((top > 0.0) & (top < INFINITY), top, 1.0)
    shares = terms / m.spread(scale, terms)
    return scale * m.sqrt(m.total(shares * shares))


norm = op(
    "norm",
    lambda m, *terms: m.norm(terms),
    lambda m, y, *terms: [_norm_slope(m, y, term) for term in terms],
    "√Σ termᵢ², slopes 0 at the origin",
    symbol="‖ ‖",
    on_arrays=(
        "runs",
        _norm_of_arrays,
        lambda m, upstream, y, terms: (m.spread(upstream, terms) * _norm_slope(m, m.spread(y, terms), terms),),
    ),
)


def _powers(m: Any, terms: Number) -> tuple[Number, Number, Number]:
    """The largest term; exp(termᵢ - largest), 1 for the largest itself; and the sum of all these, less that 1."""
    top = m.largest(terms)
    is_top = terms == m.spread(top, terms)  # and then 1 also where inf - inf is nan
    powers = m.exp(terms - m.spread(top, terms))
    ties = m.total(m.where(is_top, 1.0, 0.0)) - 1.0
    return top, m.where(is_top, 1.0, powers), ties + m.total(m.where(is_top, 0.0, powers))


def _logsumexp_of_arrays(m: Any, terms: Number) -> Number:
    """The largest is taken out, so that nothing overflows, and what the others add is not rounded away."""
    top, _, others = _powers(m, terms)
    return top + m.log1p(others)


def _logsumexp_backward(m: Any, upstream: Number, y: Number, terms: Number) -> tuple[Number, ...]:
    """Each slope is a share of the whole, exp(termᵢ - y); infinite terms have equal shares."""
    _, powers, others = _powers(m, terms)
    return (m.spread(upstream, terms) * (powers / m.spread(1.0 + others, terms)),)


logsumexp = op(
    "logsumexp",
    lambda m, *terms: m.logsumexp(terms),
    lambda m, y, *terms: m.shares(terms, y),
    "ln Σ exp(termᵢ), without overflow",
    cure=_LOGARITHM,
    on_arrays=("runs", _logsumexp_of_arrays, _logsumexp_backward),
)


def split_dot(inputs: tuple[Number, ...]) -> tuple[tuple[Number, ...], tuple[Number, ...], Number]:
    """The weights, the inputs and the bias of a `dot`, which come in this order."""
    count = len(inputs) // 2
    return inputs[:count], inputs[count:-1], inputs[-1]


def _dot_derivatives(m: Any, y: Number, *inputs: Number) -> tuple[Number, ...]:
    weights, values, _ = split_dot(inputs)
    return (*values, *weights, 1.0)


# On arrays: a matrix of weights, one row for each output, and a matrix of inputs, one column for each example. The
# biases are added afterwards.
dot = op(
    "dot",
    lambda m, *inputs: m.dot(*split_dot(inputs)),
    _dot_derivatives,
    "Σ weightᵢ · inputᵢ + bias",
    symbol="w·x + b",
    on_arrays=(
        "matrices",
        lambda m, weights, values: weights @ values,
        lambda m, upstream, y, weights, values: (upstream @ values.T, weights.T @ upstream),
    ),
)
