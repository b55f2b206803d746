"""What the tests draw numbers from: for every operation the whole domain, a calm part of it, and its kinks."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

LARGEST = 1.7976931348623157e308
TINY = 5e-324  # the smallest subnormal number
RECIPROCAL = 1 / LARGEST  # a quarter of the smallest normal number

#: Numbers at which functions like to go wrong.
SPECIAL = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    1000.0,
    -1000.0,
    TINY,
    -TINY,
    1e-310,
    LARGEST,
    -LARGEST,
    float("inf"),
    float("-inf"),
    float("nan"),
)

Interval = tuple[float, float]
EVERYWHERE: Interval = (-LARGEST, LARGEST)
POSITIVE: Interval = (TINY, LARGEST)
CALM: Interval = (-4.0, 4.0)
CALM_POSITIVE: Interval = (0.2, 5.0)


def never(*numbers: float) -> bool:
    """No point is a kink."""
    return False


def at_zero(a: float, *others: float) -> bool:
    return a == 0.0


def when_equal(a: float, b: float, *others: float) -> bool:
    return a == b


def always(*numbers: float) -> bool:
    """The operation is defined everywhere in its intervals."""
    return True


def when_whole(a: float) -> bool:
    return a == math.floor(a)


def halfway(a: float) -> bool:
    """Between two whole numbers: there `rint` jumps."""
    return abs(math.fmod(a, 1.0)) == 0.5


def not_zero(a: float) -> bool:
    return a != 0.0


def divisible(a: float, b: float) -> bool:
    return b != 0.0


def when_divided(a: float, b: float) -> bool:
    """Without remainder: there the quotient jumps."""
    return math.fmod(a, b) == 0.0


def at_the_origin(a: float, b: float) -> bool:
    return a == b == 0.0


def on_the_cut(a: float, b: float) -> bool:
    """The origin and what lies left of it, where the angle jumps from π to -π."""
    return a == 0.0 and b <= 0.0


@dataclass(frozen=True)
class Domain:
    """Where an operation is defined (`whole`, an interval per input), and where it varies slowly (`calm`).

    `defined` is what else must hold of the inputs.

    `lost` is the absolute error that a derivative may have where it goes through 0, because there it is a sum of terms
    that cancel; `flushed` is the largest result that may come out as 0 because its reciprocal overflows.
    """

    whole: tuple[Interval, ...]
    calm: tuple[Interval, ...]
    settings: st.SearchStrategy[tuple[float, ...]] = field(default_factory=lambda: st.just(()))
    defined: Callable[..., bool] = always
    kink: Callable[..., bool] = never
    lost: float = 0.0
    flushed: float = 0.0
    variadic: bool = False
    discrete: int = 0  # so many of the first inputs choose, and have no slope


def one(whole: Interval, calm: Interval, **more: Any) -> Domain:
    return Domain((whole,), (calm,), **more)


def two(whole: Interval, calm: Interval, **more: Any) -> Domain:
    return Domain((whole, whole), (calm, calm), **more)


def many(whole: Interval, calm: Interval, **more: Any) -> Domain:
    return Domain((whole,), (calm,), variadic=True, **more)


def settings(*strategies: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, ...]]:
    return st.tuples(*strategies)


_ordered_pair = st.tuples(st.floats(-3, 3), st.floats(-3, 3)).map(sorted).map(tuple)

#: One entry per operation of the rule book; a test holds that none is missing.
DOMAINS: dict[str, Domain] = {
    "add": two(EVERYWHERE, CALM),
    "subtract": two(EVERYWHERE, CALM),
    "multiply": two(EVERYWHERE, CALM),
    "divide": Domain((EVERYWHERE, EVERYWHERE), (CALM, CALM_POSITIVE), defined=divisible),
    "negative": one(EVERYWHERE, CALM),
    "absolute": one(EVERYWHERE, CALM, kink=at_zero),
    # Where it does not jump: the quotient lies between 2 and 3.
    "floor_divide": Domain((EVERYWHERE, EVERYWHERE), ((5.2, 5.8), (2.0, 2.5)), defined=divisible, kink=when_divided),
    "remainder": Domain((EVERYWHERE, EVERYWHERE), ((5.2, 5.8), (2.0, 2.5)), defined=divisible, kink=when_divided),
    "power": Domain(((1e-300, LARGEST), EVERYWHERE), (CALM_POSITIVE, CALM)),
    "power_by": one((1e-300, LARGEST), CALM_POSITIVE, settings=settings(st.floats(-50, 50))),
    "reciprocal": one(EVERYWHERE, CALM_POSITIVE, defined=not_zero),
    "square": one(EVERYWHERE, CALM),
    "sqrt": one(POSITIVE, CALM_POSITIVE),
    "cbrt": one(EVERYWHERE, CALM_POSITIVE, kink=at_zero),
    "hypot": two(EVERYWHERE, CALM_POSITIVE, kink=at_the_origin),
    "exp": one(EVERYWHERE, CALM),
    "exp2": one(EVERYWHERE, CALM),
    "expm1": one(EVERYWHERE, CALM),
    "log": one(POSITIVE, CALM_POSITIVE),
    "log2": one(POSITIVE, CALM_POSITIVE),
    "log10": one(POSITIVE, CALM_POSITIVE),
    "log1p": one((-0.9999999999999999, LARGEST), (-0.8, 5.0)),
    "logaddexp": two(EVERYWHERE, CALM, flushed=RECIPROCAL),
    "sin": one(EVERYWHERE, CALM),
    "cos": one(EVERYWHERE, CALM),
    "tan": one(EVERYWHERE, (-1.2, 1.2)),
    "arcsin": one((-0.9999999999999999, 0.9999999999999999), (-0.8, 0.8)),
    "arccos": one((-0.9999999999999999, 0.9999999999999999), (-0.8, 0.8)),
    "arctan": one(EVERYWHERE, CALM, flushed=RECIPROCAL),
    "arctan2": Domain((EVERYWHERE, EVERYWHERE), (CALM, CALM_POSITIVE), kink=on_the_cut, flushed=RECIPROCAL),
    "deg2rad": one(EVERYWHERE, CALM),
    "rad2deg": one(EVERYWHERE, CALM),
    "sinh": one(EVERYWHERE, CALM),
    "cosh": one(EVERYWHERE, CALM),
    "arcsinh": one(EVERYWHERE, CALM),
    "arccosh": one((1.0000000000000002, LARGEST), (1.2, 5.0)),
    "arctanh": one((-0.9999999999999999, 0.9999999999999999), (-0.8, 0.8)),
    "tanh": one(EVERYWHERE, CALM),
    "sigmoid": one(EVERYWHERE, CALM, flushed=RECIPROCAL),
    "log_sigmoid": one(EVERYWHERE, CALM, flushed=RECIPROCAL),
    "softplus": one(EVERYWHERE, CALM, flushed=RECIPROCAL),
    "relu": one(EVERYWHERE, CALM, kink=at_zero),
    "leaky_relu": one(EVERYWHERE, CALM, kink=at_zero, settings=settings(st.floats(0.0, 0.5))),
    "elu": one(EVERYWHERE, CALM, kink=at_zero),
    "silu": one(EVERYWHERE, CALM, lost=1e-16),
    "gelu": one(EVERYWHERE, CALM, lost=2e-16),
    "erf": one(EVERYWHERE, CALM),
    "erfc": one(EVERYWHERE, CALM),
    "step": one(EVERYWHERE, CALM, kink=at_zero),
    "sign": one(EVERYWHERE, CALM, kink=at_zero),
    "floor": one(EVERYWHERE, CALM, kink=when_whole),
    "ceil": one(EVERYWHERE, CALM, kink=when_whole),
    "trunc": one(EVERYWHERE, CALM, kink=when_whole),
    "rint": one(EVERYWHERE, CALM, kink=halfway),
    "heaviside": two(EVERYWHERE, CALM, kink=at_zero),
    "maximum": two(EVERYWHERE, CALM, kink=when_equal),
    "minimum": two(EVERYWHERE, CALM, kink=when_equal),
    "clip": one(EVERYWHERE, CALM, settings=_ordered_pair, kink=lambda a, low, high: a in (low, high)),
    "where": Domain(((0.0, 1.0), EVERYWHERE, EVERYWHERE), ((0.0, 1.0), CALM, CALM), discrete=1),
    "greater": two(EVERYWHERE, CALM, kink=when_equal),
    "greater_equal": two(EVERYWHERE, CALM, kink=when_equal),
    "less": two(EVERYWHERE, CALM, kink=when_equal),
    "less_equal": two(EVERYWHERE, CALM, kink=when_equal),
    "equal": two(EVERYWHERE, CALM, kink=when_equal),
    "not_equal": two(EVERYWHERE, CALM, kink=when_equal),
    "logical_and": two(EVERYWHERE, CALM, kink=lambda a, b: a == 0.0 or b == 0.0),
    "logical_or": two(EVERYWHERE, CALM, kink=lambda a, b: a == 0.0 or b == 0.0),
    "logical_not": one(EVERYWHERE, CALM, kink=at_zero),
    "fsum": many((-1e300, 1e300), CALM),
    "mean": many((-1e300, 1e300), CALM),
    "norm": many((-1e300, 1e300), (0.5, 4.0), kink=lambda *terms: not any(terms)),
    "logsumexp": many((-1e300, 1e300), CALM),
    "dot": many((-1e150, 1e150), CALM),
    "choose": many(EVERYWHERE, CALM, discrete=1),
}


def _between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


def _of_any_size(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers of which every power of ten is as likely as any other."""
    sizes = st.builds(math.ldexp, st.floats(0.5, 1.0, exclude_max=True), st.integers(-1073, 1024))
    return st.tuples(st.sampled_from([1.0, -1.0]), sizes).map(lambda pair: min(max(math.prod(pair), low), high))


def _numbers(
    method: str, intervals: tuple[Interval, ...], number: Callable[..., st.SearchStrategy[float]] = _between
) -> st.SearchStrategy[tuple[float, ...]]:
    one_input = [number(*interval) for interval in intervals]
    if not DOMAINS[method].variadic:
        if method == "where":
            one_input[0] = st.sampled_from([0.0, 1.0])
        return st.tuples(*one_input)
    counts = st.integers(0, 4).map(lambda n: 2 * n + 1)  # a dot has n weights, n inputs and a bias
    numbers = counts.flatmap(lambda count: st.tuples(*one_input * count))
    return numbers.flatmap(_with_an_index) if method == "choose" else numbers


def _with_an_index(options: tuple[float, ...]) -> st.SearchStrategy[tuple[float, ...]]:
    return st.integers(0, len(options) - 1).map(lambda index: (float(index), *options))


def special(method: str) -> list[tuple[float, ...]]:
    """Inputs made of `SPECIAL` numbers, in every combination."""
    domain = DOMAINS[method]
    inputs: list[Sequence[float]] = [SPECIAL] * len(domain.whole)
    if domain.variadic:  # whose finite sums must not overflow on the way
        largest = domain.whole[0][1]
        inputs = [[number for number in SPECIAL if not LARGEST >= abs(number) > largest]] * 3
    if method == "choose":
        inputs[0] = (0.0, 1.0)
    return list(itertools.product(*inputs))


def whole(method: str) -> st.SearchStrategy[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Inputs and settings from everywhere that the operation is defined; many of them of human size."""
    domain = DOMAINS[method]
    numbers = [
        _numbers(method, tuple((max(low, -size), min(high, size)) for low, high in domain.whole))
        for size in (30.0, 800.0, LARGEST)  # to 30, e to that power is an ordinary number; beyond 800 it is none
    ]
    numbers.append(_numbers(method, domain.whole, _of_any_size))
    return st.tuples(st.one_of(numbers).filter(lambda inputs: domain.defined(*inputs)), domain.settings)


def calm(method: str) -> st.SearchStrategy[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Inputs and settings where a difference quotient is a good derivative."""
    return st.tuples(_numbers(method, DOMAINS[method].calm), DOMAINS[method].settings)
