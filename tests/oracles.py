"""Independent answers: every operation in mpmath, and in NumPy or SciPy, written without a look at the rule book."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import scipy.special as special
from mpmath import mp, mpf

#: Enough for steps smaller than the smallest float, and for numbers as large as the largest.
PRECISION_BITS = 4000
_STEP = mpf(2) ** -220


def _dot(*inputs: Any) -> Any:
    count = len(inputs) // 2
    return sum((w * x for w, x in zip(inputs[:count], inputs[count:-1], strict=True)), inputs[-1])


def _sign(a: Any) -> Any:
    return mpf((a > 0) - (a < 0))


def fraction(a: Any) -> Fraction:
    """An mpmath number as a fraction, exactly."""
    sign, mantissa, exponent, _ = mpf(a)._mpf_
    return (-1) ** sign * int(mantissa) * Fraction(2) ** exponent


def _of_fractions(compute: Callable[..., Fraction | int]) -> Callable[..., Any]:
    """The quotient of two floats may have 2,100 binary digits before the point; whole numbers keep them all."""

    def exactly(*numbers: Any) -> Any:
        result = Fraction(compute(*map(fraction, numbers)))
        return mpf(result.numerator) / result.denominator

    return exactly


def _erfc(a: Any) -> Any:
    return mp.erfc(a) if mp.fabs(a) < 100 else mpf(0) if a > 0 else mpf(2)  # beyond, mpmath cannot


#: The operations that make fractions of fractions, so that their results can be known to the last digit.
RATIONAL: dict[str, Callable[..., Fraction | int]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": lambda a, b: a - b * (a // b),
    "negative": operator.neg,
    "absolute": abs,
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a * a,
    "relu": lambda a: max(a, 0),
    "sign": lambda a: (a > 0) - (a < 0),
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "rint": round,
    "maximum": max,
    "minimum": min,
    "clip": lambda a, low, high: min(max(a, low), high),
    "fsum": lambda *terms: sum(terms),
}

#: The operations on mpmath's numbers: inputs first, then settings.
EXACT: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "absolute": lambda a: mp.fabs(a),
    "floor_divide": _of_fractions(RATIONAL["floor_divide"]),
    "remainder": _of_fractions(RATIONAL["remainder"]),
    "power": lambda a, b: mp.power(a, b),
    "power_by": lambda a, b: mp.power(a, b),
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a**2,
    "sqrt": lambda a: mp.sqrt(a),
    "cbrt": lambda a: _sign(a) * mp.cbrt(mp.fabs(a)),
    "hypot": lambda a, b: mp.sqrt(a**2 + b**2),
    "exp": lambda a: mp.exp(a),
    "exp2": lambda a: mp.power(2, a),
    "expm1": lambda a: mp.expm1(a),
    "log": lambda a: mp.log(a),
    "log2": lambda a: mp.log(a) / mp.log(2),
    "log10": lambda a: mp.log(a) / mp.log(10),
    "log1p": lambda a: mp.log1p(a),
    "logaddexp": lambda a, b: max(a, b) + mp.log1p(mp.exp(-mp.fabs(a - b))),
    "sin": lambda a: mp.sin(a),
    "cos": lambda a: mp.cos(a),
    "tan": lambda a: mp.tan(a),
    "arcsin": lambda a: mp.asin(a),
    "arccos": lambda a: mp.acos(a),
    "arctan": lambda a: mp.atan(a),
    "arctan2": lambda a, b: mp.atan2(a, b),
    "deg2rad": lambda a: a * mp.pi / 180,
    "rad2deg": lambda a: a * 180 / mp.pi,
    "sinh": lambda a: mp.sinh(a),
    "cosh": lambda a: mp.cosh(a),
    "arcsinh": lambda a: mp.asinh(a),
    "arccosh": lambda a: mp.acosh(a),
    "arctanh": lambda a: mp.atanh(a),
    "tanh": lambda a: mp.tanh(a),
    "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
    "log_sigmoid": lambda a: -mp.log1p(mp.exp(-a)),
    "softplus": lambda a: max(a, mpf(0)) + mp.log1p(mp.exp(-mp.fabs(a))),
    "relu": lambda a: max(a, mpf(0)),
    "leaky_relu": lambda a, slope: a if a > 0 else slope * a,
    "elu": lambda a: a if a > 0 else mp.expm1(a),
    "silu": lambda a: a / (1 + mp.exp(-a)),
    "gelu": lambda a: a * _erfc(-a / mp.sqrt(2)) / 2,
    "erf": lambda a: mp.erf(a),
    "erfc": _erfc,
    "step": lambda a: mpf(1) if a > 0 else mpf(0),
    "sign": _sign,
    "floor": _of_fractions(RATIONAL["floor"]),
    "ceil": _of_fractions(RATIONAL["ceil"]),
    "trunc": _of_fractions(RATIONAL["trunc"]),
    "rint": _of_fractions(RATIONAL["rint"]),
    "heaviside": lambda a, b: b if a == 0 else mpf(a > 0),
    "maximum": lambda a, b: max(a, b),
    "minimum": lambda a, b: min(a, b),
    "clip": lambda a, low, high: min(max(a, low), high),
    "where": lambda condition, a, b: a if condition != 0 else b,
    "greater": lambda a, b: mpf(a > b),
    "greater_equal": lambda a, b: mpf(a >= b),
    "less": lambda a, b: mpf(a < b),
    "less_equal": lambda a, b: mpf(a <= b),
    "equal": lambda a, b: mpf(a == b),
    "not_equal": lambda a, b: mpf(a != b),
    "logical_and": lambda a, b: mpf(a != 0 and b != 0),
    "logical_or": lambda a, b: mpf(a != 0 or b != 0),
    "logical_not": lambda a: mpf(a == 0),
    "fsum": lambda *terms: mp.fsum(terms),
    "mean": lambda *terms: mp.fsum(terms) / len(terms),
    "norm": lambda *terms: mp.sqrt(mp.fsum(term * term for term in terms)),
    "logsumexp": lambda *terms: max(terms) + mp.log(mp.fsum(mp.exp(t - max(terms)) for t in terms)),
    "dot": _dot,
    "choose": lambda index, *options: options[int(mp.nint(index))],
}


def _angle_on_the_axis(a: float, b: float) -> Any:
    """C's atan2(±0, b): the sign of each zero counts, and is lost in mpmath's numbers."""
    return math.copysign(1, a) * (mp.pi if math.copysign(1, b) < 0 else mpf(0))


def exact(method: str, numbers: Sequence[float]) -> Any:
    """The output of an operation, to hundreds of digits."""
    with mp.workprec(PRECISION_BITS // 2):
        if method == "arctan2" and numbers[0] == 0:
            return _angle_on_the_axis(*numbers)
        return EXACT[method](*map(mpf, numbers))


def rounded_once(method: str, numbers: Sequence[float]) -> float:
    """The float next to the true result of an operation of `RATIONAL`, infinity beyond the largest."""
    result = RATIONAL[method](*map(Fraction, numbers))
    try:
        return float(result)
    except OverflowError:
        return math.inf if result > 0 else -math.inf


def exact_derivative(method: str, numbers: Sequence[float], position: int) -> Any:
    """∂output/∂numbers[position], by a difference so small that hundreds of digits remain."""
    divides = method in ("floor_divide", "remainder")
    with mp.workprec(2 * PRECISION_BITS if divides else PRECISION_BITS):
        args = list(map(mpf, numbers))
        x = args[position]
        step = _STEP * min([mpf(1), *(mp.fabs(number) for number in args if number)])  # no kink lies within it
        if divides and args[0]:
            step *= min(mpf(1), mp.fabs(args[1] / args[0]))  # the jumps lie so close together
        if method == "power" and position == 0:
            step /= max(mpf(1), mp.fabs(args[1]))  # so soon does the power become another

        def at(nudged: Any) -> Any:
            return EXACT[method](*args[:position], nudged, *args[position + 1 :])

        return (at(x + step) - at(x - step)) / (2 * step)


def central_difference(f: Callable[..., float], numbers: Sequence[float], position: int, step: float = 1e-5) -> float:
    """(f(x + h) - f(x - h)) / 2h along one input."""

    def at(nudge: float) -> float:
        nudged = list(numbers)
        nudged[position] += nudge
        return f(*nudged)

    return (at(step) - at(-step)) / (2 * step)


def _np_dot(*inputs: Any) -> Any:
    count = len(inputs) // 2
    return sum((w * x for w, x in zip(inputs[:count], inputs[count:-1], strict=True)), inputs[-1])


#: The operations as NumPy and SciPy do them in float64: what they give for 1/0 or log(0) is the rule.
IN_NUMPY: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in (
        "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "negative", "absolute", "power",
        "reciprocal", "square", "sqrt", "cbrt", "hypot", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p",
        "logaddexp", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "deg2rad", "rad2deg", "sinh",
        "cosh", "arcsinh", "arccosh", "arctanh", "tanh", "sign", "floor", "ceil", "trunc", "rint", "heaviside",
        "maximum", "minimum", "clip", "where", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal",
        "logical_and", "logical_or", "logical_not",
    )},
    "power_by": np.power,
    "sigmoid": special.expit,
    "log_sigmoid": special.log_expit,
    "softplus": lambda a: np.logaddexp(a, 0.0),
    "relu": lambda a: np.maximum(a, 0.0),
    "leaky_relu": lambda a, slope: np.where(a > 0.0, a, slope * a),
    "elu": lambda a: np.where(a > 0.0, a, np.expm1(a)),
    # At -inf, where 0 · inf is nan to NumPy, their limit.
    "silu": lambda a: np.where(a == -np.inf, 0.0, a * special.expit(a)),
    "gelu": lambda a: np.where(a == -np.inf, 0.0, a * special.ndtr(a)),
    "erf": special.erf,
    "erfc": special.erfc,
    "step": lambda a: np.heaviside(a, 0.0),
    "fsum": lambda *terms: np.sum(terms),
    "mean": lambda *terms: np.mean(terms),
    "norm": lambda *terms: np.nan if np.isnan(terms).any() else reduce(np.hypot, terms, 0.0),
    "logsumexp": lambda *terms: reduce(np.logaddexp, terms),
    "dot": _np_dot,
    "choose": lambda index, *options: options[int(index)],
}  # fmt: skip


def in_numpy(method: str, numbers: Sequence[float]) -> float:
    """The output of an operation in NumPy's float64."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(IN_NUMPY[method](*map(np.float64, numbers)))
