"""Forward-mode derivatives of whole expression graphs in mpmath at 50 digits: the oracle of the random graphs.

A number here is a `Dual`: its exact value, and its exact derivatives by the leaves. The derivative table is the
calculus textbook's, in terms of the inputs alone; a test compares it with differences at thousands of bits.

Rounding errors are estimated by repeating the computation with every result disturbed by about as much as a float
would be (discrete stochastic arithmetic; Vignes, 1993): what the disturbed runs do not agree on, no float can know.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf
from oracles import EXACT
from strategies import DOMAINS, LARGEST, TINY

DIGITS = 50
ULP = mpf(2) ** -52
_EXP_LIMIT = 3000  # e to more than this is beyond every float

mp.dps = DIGITS


def _softmax(*terms: Any) -> list[Any]:
    top = max(terms)
    powers = [mp.exp(term - top) for term in terms]
    return [power / mp.fsum(powers) for power in powers]


def _dot_slopes(*inputs: Any) -> list[Any]:
    count = len(inputs) // 2
    return [*inputs[count:-1], *inputs[:count], 1]


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + mp.exp(-a))


def _density(a: Any) -> Any:
    return mp.exp(-a * a / 2) / mp.sqrt(2 * mp.pi)


def _nearest(a: Any) -> Any:
    """How far a is from the nearest whole number."""
    return a - mp.nint(a)


def _pick(first: bool, equal: bool) -> list[Any]:
    return [mpf("0.5")] * 2 if equal else [int(first), int(not first)]


#: ∂output/∂input for each input.
SLOPES: dict[str, Callable[..., Sequence[Any]]] = {
    "add": lambda a, b: [1, 1],
    "subtract": lambda a, b: [1, -1],
    "multiply": lambda a, b: [b, a],
    "divide": lambda a, b: [1 / b, -a / b**2],
    "negative": lambda a: [-1],
    "absolute": lambda a: [mp.sign(a)],
    "floor_divide": lambda a, b: [0, 0],
    "remainder": lambda a, b: [1, -EXACT["floor_divide"](a, b)],
    "power": lambda a, b: [b * mp.power(a, b - 1), mp.power(a, b) * mp.log(a)],
    "power_by": lambda a, b: [b * mp.power(a, b - 1) if b != 0 else 0],
    "reciprocal": lambda a: [-1 / a**2],
    "square": lambda a: [2 * a],
    "sqrt": lambda a: [1 / (2 * mp.sqrt(a))],
    "cbrt": lambda a: [1 / (3 * mp.cbrt(mp.fabs(a)) ** 2)],
    "hypot": lambda a, b: [leg / (mp.hypot(a, b) or 1) for leg in (a, b)],
    "exp": lambda a: [mp.exp(a)],
    "exp2": lambda a: [mp.power(2, a) * mp.log(2)],
    "expm1": lambda a: [mp.exp(a)],
    "log": lambda a: [1 / a],
    "log2": lambda a: [1 / (a * mp.log(2))],
    "log10": lambda a: [1 / (a * mp.log(10))],
    "log1p": lambda a: [1 / (1 + a)],
    "logaddexp": lambda a, b: [_sigmoid(a - b), _sigmoid(b - a)],
    "sin": lambda a: [mp.cos(a)],
    "cos": lambda a: [-mp.sin(a)],
    "tan": lambda a: [1 / mp.cos(a) ** 2],
    "arcsin": lambda a: [1 / mp.sqrt(1 - a**2)],
    "arccos": lambda a: [-1 / mp.sqrt(1 - a**2)],
    "arctan": lambda a: [1 / (1 + a**2)],
    "arctan2": lambda a, b: [b / (a**2 + b**2), -a / (a**2 + b**2)],
    "deg2rad": lambda a: [mp.pi / 180],
    "rad2deg": lambda a: [180 / mp.pi],
    "sinh": lambda a: [mp.cosh(a)],
    "cosh": lambda a: [mp.sinh(a)],
    "arcsinh": lambda a: [1 / mp.sqrt(1 + a**2)],
    "arccosh": lambda a: [1 / mp.sqrt(a**2 - 1)],
    "arctanh": lambda a: [1 / (1 - a**2)],
    "tanh": lambda a: [mp.sech(a) ** 2],
    "sigmoid": lambda a: [_sigmoid(a) * _sigmoid(-a)],
    "log_sigmoid": lambda a: [_sigmoid(-a)],
    "softplus": lambda a: [_sigmoid(a)],
    "relu": lambda a: [int(a > 0)],
    "leaky_relu": lambda a, slope: [1 if a > 0 else slope],
    "elu": lambda a: [1 if a > 0 else mp.exp(a)],
    "silu": lambda a: [_sigmoid(a) + a * _sigmoid(a) * _sigmoid(-a)],
    "gelu": lambda a: [mp.erfc(-a / mp.sqrt(2)) / 2 + a * _density(a)],
    "erf": lambda a: [2 / mp.sqrt(mp.pi) * mp.exp(-a * a)],
    "erfc": lambda a: [-2 / mp.sqrt(mp.pi) * mp.exp(-a * a)],
    "step": lambda a: [0],
    "sign": lambda a: [0],
    "floor": lambda a: [0],
    "ceil": lambda a: [0],
    "trunc": lambda a: [0],
    "rint": lambda a: [0],
    "heaviside": lambda a, b: [0, int(a == 0)],
    "maximum": lambda a, b: _pick(a > b, a == b),
    "minimum": lambda a, b: _pick(a < b, a == b),
    "clip": lambda a, low, high: [int(low <= a <= high)],
    "where": lambda condition, a, b: [0, int(condition != 0), int(condition == 0)],
    "greater": lambda a, b: [0, 0],
    "greater_equal": lambda a, b: [0, 0],
    "less": lambda a, b: [0, 0],
    "less_equal": lambda a, b: [0, 0],
    "equal": lambda a, b: [0, 0],
    "not_equal": lambda a, b: [0, 0],
    "logical_and": lambda a, b: [0, 0],
    "logical_or": lambda a, b: [0, 0],
    "logical_not": lambda a: [0],
    "fsum": lambda *terms: [1] * len(terms),
    "mean": lambda *terms: [mpf(1) / len(terms)] * len(terms),
    "norm": lambda *terms: [term / mp.sqrt(mp.fsum(each * each for each in terms)) for term in terms],
    "logsumexp": _softmax,
    "dot": _dot_slopes,
    "choose": lambda index, *options: [0, *[int(k == index) for k in range(len(options))]],
}

_ZERO = ("logical_not", "absolute", "relu", "leaky_relu", "elu", "step", "sign", "heaviside")
_WHOLE = ("floor", "ceil", "trunc")
_DIVIDING = ("floor_divide", "remainder")
_EITHER = ("maximum", "minimum", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
#: The differences whose signs decide which branch an operation takes, or on which side of a pole or edge it is.
_MARGINS: dict[str, Callable[..., tuple[Any, ...]]] = {
    **dict.fromkeys(_ZERO, lambda a, *_: (a,)),
    **dict.fromkeys(_EITHER, lambda a, b: (a - b,)),
    **dict.fromkeys(("logical_and", "logical_or"), lambda a, b: (a, b)),
    **dict.fromkeys(_WHOLE, lambda a: (_nearest(a),)),
    **dict.fromkeys(_DIVIDING, lambda a, b: (b, _nearest(a / b))),
    "rint": lambda a: (_nearest(a + mpf("0.5")),),
    "hypot": lambda a, b: (mp.hypot(a, b),),
    "norm": lambda *terms: (mp.sqrt(mp.fsum(term * term for term in terms)),),
    "arctan2": lambda a, b: (mp.hypot(a, b) if b > 0 else mp.fabs(a),),  # how far it is to the cut
    "clip": lambda a, low, high: (a - low, a - high),
    "where": lambda condition, a, b: (condition,),
    "tan": lambda a: (mp.cos(a),),
    "divide": lambda a, b: (b,),
    "log1p": lambda a: (1 + a,),
    "arccosh": lambda a: (a - 1,),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), lambda a: (1 - a, 1 + a)),
    **dict.fromkeys(("reciprocal", "cbrt", "sqrt", "log", "log2", "log10", "power", "power_by"), lambda a, *_: (a,)),
}


@dataclass(frozen=True)
class Dual:
    """An exact number, its derivatives by the leaves, and by its own inputs.

    `margins` are the differences whose signs decided which branch the operation took.
    """

    value: Any
    slopes: tuple[Any, ...]
    local: tuple[Any, ...] = ()
    margins: tuple[Any, ...] = ()


class Undefined(Exception):  # noqa: N818 - not an error: the expression has no finite value
    """The true result is no finite float."""


class Disturbance:
    """Rounding, as random changes of about one unit in the last place; with no generator, none at all."""

    def __init__(self, generator: random.Random | None) -> None:
        self.generator = generator

    def of(self, exact: Any, ulps: float = 1.0, absolute: float = TINY) -> Any:
        if self.generator is None:
            return exact
        return exact * (1 + ulps * ULP * self._unit()) + absolute * self._unit()

    def _unit(self) -> Any:
        assert self.generator is not None
        return mpf(self.generator.choice((-1, 1)) * self.generator.uniform(0.5, 1.0))


def _guard(method: str, numbers: Sequence[Any]) -> None:
    """Refuse what mpmath would spend forever on, or answer with a complex number or an infinity."""
    a = numbers[0]
    if method in ("exp", "expm1", "exp2", "sinh", "cosh") and mp.fabs(a) > _EXP_LIMIT and (a > 0 or "h" in method):
        raise Undefined
    if (method in ("log", "log2", "log10") and a <= 0) or (method == "log1p" and a <= -1):
        raise Undefined
    if method in ("power", "power_by"):
        b = numbers[1]
        # The slope is b · aᵇ⁻¹, and aᵇ⁻¹ overflows for a subnormal base though the product with a tiny b would not.
        if a <= 0 or mp.fabs(b * mp.log(a)) > _EXP_LIMIT or (b - 1) * mp.log(a) > mp.log(LARGEST):
            raise Undefined
    if method in (*_WHOLE, *_DIVIDING, "rint") and any(number and mp.mag(number) < -_EXP_LIMIT for number in numbers):
        raise Undefined  # as a fraction, its denominator would have more digits than there is memory
    if method == "arctan2" and a == 0 and numbers[1] <= 0:
        raise Undefined  # on the cut: a float of -0 is on the other side of it than one of 0
    if (method in ("divide", *_DIVIDING) and numbers[1] == 0) or (method in ("reciprocal", "cbrt") and a == 0):
        raise Undefined
    if method == "norm" and not any(numbers):
        raise Undefined
    if (method == "sqrt" and a <= 0) or (method == "arccosh" and a <= 1):
        raise Undefined
    if method in ("arcsin", "arccos", "arctanh") and mp.fabs(a) >= 1:
        raise Undefined


#: Far from 0, where mpmath would be slow or lose its way, these are constant, or the identity on one side.
_LEVEL = ("tanh", "sigmoid", "erf", "erfc")
_RECTIFYING = ("gelu", "silu", "softplus", "elu", "log_sigmoid")


def apply(method: str, inputs: Sequence[Dual], settings: Sequence[float], disturbance: Disturbance) -> Dual:
    """The operation on duals. Raises `Undefined`."""
    numbers = [*(dual.value for dual in inputs), *map(mpf, settings)]
    _guard(method, numbers)
    if method == "logaddexp" and mp.fabs(numbers[0] - numbers[1]) > _EXP_LIMIT:
        is_first = numbers[0] > numbers[1]
        larger = disturbance.of(max(numbers))
        return _chained(larger, [mpf(is_first), mpf(not is_first)], inputs, (numbers[0] - numbers[1],))
    if mp.fabs(numbers[0]) > _EXP_LIMIT:
        if method in _LEVEL:
            numbers[0] = mp.sign(numbers[0]) * _EXP_LIMIT
        elif method in _RECTIFYING:
            return _rectified(method, inputs[0], disturbance)
    margins = _MARGINS[method](*numbers) if method in _MARGINS else ()
    value = disturbance.of(mpf(EXACT[method](*numbers)), _ulps(method, numbers), _absolute(method, numbers))
    absolute = max(TINY, DOMAINS[method].lost, DOMAINS[method].flushed)
    slopes = [
        mpf(slope) if slope in (0, 1, -1) else disturbance.of(mpf(slope), 2 * _ulps(method, numbers, slope), absolute)
        for slope in SLOPES[method](*numbers)
    ]
    if not all(mp.fabs(number) <= LARGEST for number in (value, *slopes)):
        raise Undefined
    return _chained(value, slopes, inputs, margins)


def _ulps(method: str, numbers: Sequence[Any], slope: Any = None) -> float:
    """How many units in the last place a float may be off: e to the x is off by x units if x is off by one."""
    if method == "logsumexp" and slope is not None:
        return 4.0 + min(float(max(map(mp.fabs, numbers))), 800.0)  # of an exponent no lower than -750
    if method == "logaddexp" and slope is not None:
        return 4.0 + min(float(mp.fabs(numbers[0] - numbers[1])), 800.0)  # as above
    if method == "gelu" or (slope and method in ("erf", "erfc", "arcsinh", "arccosh", "power", "power_by")):
        return 4.0 + abs(float(mp.mag(slope if slope is not None else numbers[0] ** 2)))
    return 4.0


def _absolute(method: str, numbers: Sequence[Any]) -> Any:
    """The absolute rounding error that sums of large terms leave in a small result."""
    if method == "dot":
        count = len(numbers) // 2
        return TINY + ULP * sum(mp.fabs(w * x) for w, x in zip(numbers[:count], numbers[count:-1], strict=True))
    if method == "mean":
        return TINY + ULP * mp.fsum(map(mp.fabs, numbers))
    if method in ("logsumexp", "logaddexp"):
        return TINY + ULP * (1 + mp.fabs(max(numbers)))
    return max(TINY, DOMAINS[method].flushed)


def _rectified(method: str, a: Dual, disturbance: Disturbance) -> Dual:
    if (a.value > 0) != (method == "log_sigmoid"):
        return _chained(disturbance.of(a.value), [mpf(1)], [a], (a.value,))
    return _chained(mpf(-1 if method == "elu" else 0), [mpf(0)], [a], (a.value,))


def _chained(value: Any, local: Sequence[Any], inputs: Sequence[Dual], margins: tuple[Any, ...]) -> Dual:
    by_leaves = zip(*(dual.slopes for dual in inputs), strict=True)
    return Dual(value, tuple(mp.fdot(local, list(column)) for column in by_leaves), tuple(local), margins)


def is_decided(exact: Dual, disturbed: Sequence[Dual]) -> bool:
    """Whether no rounding error could have sent the operation down another branch."""
    for k, margin in enumerate(exact.margins):
        spread = max(mp.fabs(run.margins[k] - margin) for run in disturbed)
        if spread and mp.fabs(margin) <= 64 * spread:
            return False
    return True
