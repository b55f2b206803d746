"""Random scalar programs: replayed values and gradients equal eager ones, at every batch size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import Value, choose, dot, fsum, logsumexp, ops, record, where

UNARY = sorted(
    name
    for name, op in ops.RULE_BOOK.items()
    if not callable(op.derivatives) and len(op.derivatives) == 1 and not op.parameters and hasattr(Value, name)
)
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "floor_divide": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "remainder of constant": lambda a, b: 7.5 % b,
    "arctan2": lambda a, b: a.arctan2(b),
    "hypot": lambda a, b: a.hypot(b),
    "logaddexp": lambda a, b: a.logaddexp(b),
    "heaviside": lambda a, b: a.heaviside(b),
    "maximum": lambda a, b: a.maximum(b),
    "minimum": lambda a, b: a.minimum(b),
    "plus constant": lambda a, b: a + 0.75,
    "from constant": lambda a, b: 2.0 - b,
    "times constant": lambda a, b: -1.5 * a,
    "negated": lambda a, b: -a,
    "absolute": lambda a, b: abs(a),
    "squared": lambda a, b: a**2,
    "cubed root": lambda a, b: b**-0.5,
    "exponent of constant": lambda a, b: 1.25**b,
    "leaky": lambda a, b: a.leaky_relu(0.1),
    "clipped": lambda a, b: a.clip(-1.0, 1.0),
}


@dataclass(frozen=True)
class Instruction:
    """One line of a random program: what to do with which earlier values."""

    kind: str
    picks: tuple[int, ...]


KINDS = [*UNARY, *BINARY, "dot", "fsum", "logsumexp", "where", "choose"]
# They jump, and where eager and recorded numbers differ in the last digit, one may jump and the other not.
JUMPS = {
    "floor", "ceil", "trunc", "rint", "step", "sign", "heaviside", "floor_divide", "remainder", "remainder of constant",
}  # fmt: skip
ZERO_OF_EITHER_SIGN = {"maximum", "minimum", "relu", "clipped", "dot", "fsum"}
INSTRUCTIONS = st.builds(
    Instruction, st.sampled_from(KINDS), st.lists(st.integers(0, 10**6), min_size=7, max_size=7).map(tuple)
)
NUMBERS = st.one_of(
    st.floats(-3, 3), st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 30.0, -30.0, math.inf, -math.inf, math.nan])
)


def run(lines: Sequence[Instruction], x: Any, index: Any, params: Sequence[Value]) -> Value:
    """The random program on one example."""
    values: list[Any] = [*x, *params]
    for line in lines:
        known = [*x, *params] if line.kind in JUMPS else values
        a, b, c, *rest = [known[pick % len(known)] for pick in line.picks]
        if line.kind in BINARY:
            made = BINARY[line.kind](a, b)
        elif line.kind == "dot":
            made = dot([a, b, c], rest[:3], rest[3])
        elif line.kind == "fsum":
            made = fsum([a, b, c, *rest][: 1 + line.picks[0] % 7])
        elif line.kind == "logsumexp":
            made = logsumexp([a, b, c, *rest][: 1 + line.picks[0] % 7])
        elif line.kind == "where":
            made = where(a > b if line.picks[0] % 2 else a <= 0.5, b, c)
        elif line.kind == "choose":
            made = choose(index, [a, b, c])
        else:
            made = getattr(a, line.kind)()
        # Which zero a sum of zeros or the larger of 0.0 and -0.0 is, IEEE and NumPy leave open: keep 1 / -0.0 away.
        values.append(made + 1.5 if line.kind in ZERO_OF_EITHER_SIGN else made)
    return fsum(values[-3:])


def eager(lines: Any, rows: Any, indices: Any, numbers: Any) -> tuple[list[float], list[float], float]:
    """Values and gradient of the mean by plain `Value`s, and the largest number met on the way."""
    params = [Value(number) for number in numbers]
    results = [run(lines, [Value(v) for v in row], Value(k), params) for row, k in zip(rows, indices, strict=True)]
    largest = 1.0
    if results:
        for step in (fsum(results) / len(results)).backward_steps():
            met = [step.node.data, *[c.amount for c in step.contributions], *[c.after for c in step.contributions]]
            largest = max([largest, *[abs(number) for number in met if math.isfinite(number)]])
    return [result.data for result in results], [parameter.grad for parameter in params], largest


def assert_agree(ours: Any, theirs: Any, largest: float) -> None:
    # Sums are rounded in another order, so what cancels may differ by the rounding of the largest term.
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12 * largest)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(INSTRUCTIONS, min_size=1, max_size=25),
    st.lists(NUMBERS, min_size=4, max_size=4),
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=17, max_size=17),
)
def test_random_programs_agree_with_eager(lines: Any, numbers: Any, rows: Any) -> None:
    params = [Value(number) for number in numbers]
    program = record(lambda x, k: run(lines, x, k, params), shapes=(3, ()), params=params)
    indices = np.arange(17) % 3
    for batch in (0, 1, 2, 17):
        x = np.array(rows[:batch]).reshape(batch, 3)
        values, gradient, largest = eager(lines, rows[:batch], indices[:batch], numbers)
        assert_agree(program(x, indices[:batch]), values, largest)
        assert_agree(program.values_and_grad(x, indices[:batch])[0], values, largest)
        ours = program.value_and_grad(x, indices[:batch])[1]
        # What all examples share is multiplied by the sum of their upstreams, and where its slope is infinite, eager
        # code may have met 0 · inf in one of them.
        ours[np.isnan(gradient) & ~np.isfinite(ours)] = math.nan
        assert_agree(ours, gradient, largest)
