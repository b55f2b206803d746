"""What the tests draw numbers from: for every operation the whole domain, a calm part of it, and its kinks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

LARGEST = 1.7976931348623157e308
TINY = 5e-324  # the smallest subnormal number

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


@dataclass(frozen=True)
class Domain:
    """Where an operation is defined (`whole`, an interval per input), and where it varies slowly (`calm`).

    `lost` is the absolute error that the rule may make in a derivative because it subtracts nearly equal numbers,
    as 1 - y² does for a large argument of tanh, where the exact slope is smaller than any rounding error of 1.
    """

    whole: tuple[Interval, ...]
    calm: tuple[Interval, ...]
    settings: st.SearchStrategy[tuple[float, ...]] = field(default_factory=lambda: st.just(()))
    kink: Callable[..., bool] = never
    lost: float = 0.0
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
    "divide": Domain((EVERYWHERE, POSITIVE), (CALM, CALM_POSITIVE)),
    "negative": one(EVERYWHERE, CALM),
    "absolute": one(EVERYWHERE, CALM, kink=at_zero),
    "power": Domain(((1e-300, LARGEST), EVERYWHERE), (CALM_POSITIVE, CALM)),
    "power_by": one((1e-300, LARGEST), CALM_POSITIVE, settings=settings(st.floats(-50, 50))),
    "reciprocal": one(POSITIVE, CALM_POSITIVE),
    "square": one(EVERYWHERE, CALM),
    "sqrt": one(POSITIVE, CALM_POSITIVE),
    "cbrt": one(EVERYWHERE, CALM_POSITIVE, kink=at_zero),
    "exp": one(EVERYWHERE, CALM),
    "exp2": one(EVERYWHERE, CALM),
    "expm1": one(EVERYWHERE, CALM),
    "log": one(POSITIVE, CALM_POSITIVE),
    "log2": one(POSITIVE, CALM_POSITIVE),
    "log10": one(POSITIVE, CALM_POSITIVE),
    "log1p": one((-0.9999999999999999, LARGEST), (-0.8, 5.0)),
    "sin": one(EVERYWHERE, CALM),
    "cos": one(EVERYWHERE, CALM),
    "tan": one(EVERYWHERE, (-1.2, 1.2)),
    "arcsin": one((-0.9999999999999999, 0.9999999999999999), (-0.8, 0.8)),
    "arccos": one((-0.9999999999999999, 0.9999999999999999), (-0.8, 0.8)),
    "arctan": one(EVERYWHERE, CALM),
    "sinh": one(EVERYWHERE, CALM),
    "cosh": one(EVERYWHERE, CALM),
    "arcsinh": one(EVERYWHERE, CALM),
    "arccosh": one((1.0000000000000002, LARGEST), (1.2, 5.0)),
    "arctanh": one((-0.9999999999999999, 0.9999999999999999), (-0.8, 0.8)),
    "tanh": one(EVERYWHERE, CALM, lost=5e-16),
    "sigmoid": one(EVERYWHERE, CALM, lost=5e-16),
    "softplus": one(EVERYWHERE, CALM),
    "relu": one(EVERYWHERE, CALM, kink=at_zero),
    "leaky_relu": one(EVERYWHERE, CALM, kink=at_zero, settings=settings(st.floats(0.0, 0.5))),
    "elu": one(EVERYWHERE, CALM, kink=at_zero),
    "silu": one(EVERYWHERE, CALM, lost=5e-15),
    "gelu": one(EVERYWHERE, CALM, lost=5e-16),
    "erf": one(EVERYWHERE, CALM),
    "erfc": one(EVERYWHERE, CALM),
    "step": one(EVERYWHERE, CALM, kink=at_zero),
    "sign": one(EVERYWHERE, CALM, kink=at_zero),
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
    "fsum": many((-1e300, 1e300), CALM),
    "logsumexp": many((-1e300, 1e300), CALM),
    "dot": many((-1e150, 1e150), CALM),
    "choose": many(EVERYWHERE, CALM, discrete=1),
}


def _numbers(method: str, intervals: tuple[Interval, ...]) -> st.SearchStrategy[tuple[float, ...]]:
    one_input = [st.floats(low, high, allow_nan=False) for low, high in intervals]
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
    inputs: list[Sequence[float]] = [SPECIAL] * (3 if domain.variadic else len(domain.whole))
    if method == "choose":
        inputs[0] = (0.0, 1.0)
    return list(itertools.product(*inputs))


def whole(method: str) -> st.SearchStrategy[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Inputs and settings from everywhere that the operation is defined; half of them of human size."""
    domain = DOMAINS[method]
    human = tuple((max(low, -30.0), min(high, 30.0)) for low, high in domain.whole)
    return st.tuples(st.one_of(_numbers(method, human), _numbers(method, domain.whole)), domain.settings)


def calm(method: str) -> st.SearchStrategy[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Inputs and settings where a difference quotient is a good derivative."""
    return st.tuples(_numbers(method, DOMAINS[method].calm), DOMAINS[method].settings)
