"""Random expression graphs against exact arithmetic: shared nodes, every operation, up to 50 deep.

In the usual profile 2,000 graphs are tried, in the nightly one 100,000; with `--hypothesis-show-statistics` pytest
says how many of them were compared with the exact result, and what became of the others.
"""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

import pytest
from duals import SLOPES, ULP, Disturbance, Dual, Undefined, apply, is_decided
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from oracles import exact_derivative, in_numpy
from strategies import DOMAINS, TINY, calm

from tinygrad_edu import Value, ops

METHODS = sorted(ops.RULE_BOOK)
SETTINGS = {
    "power_by": [(2.0,), (3.0,), (-1.0,), (0.5,), (1.0,), (0.0,), (-2.5,)],
    "leaky_relu": [(0.01,), (0.2,)],
    "clip": [(-1.0, 1.0), (0.5, 2.0)],
}
_LOGARITHMS = ("logsumexp", "logaddexp")
COUNTS = {"dot": 5, "fsum": 3, "mean": 3, "norm": 3, "logsumexp": 3}
DISTURBED_RUNS = 3


class Instruction(NamedTuple):
    """One operation of a random program: on which of the numbers made so far, with which settings."""

    method: str
    operands: list[int]
    settings: tuple[float, ...]


def decode(code: int, made: int) -> Instruction:
    """An instruction out of one whole number, so that Hypothesis shrinks programs well."""
    code, which = divmod(code, len(METHODS))
    method = METHODS[which]
    operands = []
    for position in range(COUNTS.get(method) or (2 if method == "choose" else len(DOMAINS[method].whole))):
        code, pick = divmod(code, 64)
        latest = position == 0 and pick % 8 < 7  # most programs grow deep, not wide
        operands.append(made - 1 if latest else pick % made)
    choices = SETTINGS.get(method, [()])
    return Instruction(method, operands, choices[code % len(choices)])


def program_of(codes, leaves):
    return [decode(code, len(leaves) + k) for k, code in enumerate(codes)]


def run_ours(program, leaves):
    nodes = [Value(number) for number in leaves]
    for method, operands, fixed in program:
        inputs = [nodes[k] for k in operands]
        if method == "choose":
            inputs.insert(0, Value(float(operands[1] % 2)))
        nodes.append(Value.apply(ops.bind(ops.RULE_BOOK[method], *fixed) if fixed else ops.RULE_BOOK[method], inputs))
    return nodes


def run_exactly(program, leaves, generator=None):
    """The duals, with None for what has no finite value or depends on what has none."""
    disturbance = Disturbance(generator)
    slopes = [tuple(mpf(i == k) for i in range(len(leaves))) for k in range(len(leaves))]
    nodes = [Dual(mpf(number), own) for number, own in zip(leaves, slopes, strict=True)]
    for method, operands, fixed in program:
        inputs = [nodes[k] for k in operands]
        if method == "choose":
            inputs.insert(0, Dual(mpf(operands[1] % 2), tuple(mpf(0) for _ in leaves)))
        try:
            nodes.append(None if None in inputs else apply(method, inputs, fixed, disturbance))
        except Undefined:
            nodes.append(None)
    return nodes


def agrees_with_numpy(node, method):
    numbers = [value.data for value in node.inputs]
    expected = in_numpy(method, [*numbers, *node.op.settings])
    size = sum(map(abs, numbers)) if method in ("fsum", "mean", "logsumexp", "logaddexp", "add", "subtract") else 0.0
    if method == "dot":
        size = abs(numbers[0] * numbers[2]) + abs(numbers[1] * numbers[3]) + abs(numbers[4])
    if node.data == expected or (math.isnan(node.data) and math.isnan(expected)):
        return True
    # SciPy's underflow too soon in the first two, and ours in others.
    tiny = 1e-300 if method in ("gelu", "erfc") else 4 * TINY + DOMAINS[method].flushed
    return abs(node.data - expected) <= 4e-13 * abs(expected) + 1e-15 * (size + (method in _LOGARITHMS)) + tiny


def is_quirk(node):
    """pow of C and of NumPy differ for exponent ½ of -0 and -inf; and a sum that overflows on the way may not."""
    numbers = [value.data for value in node.inputs]
    half = node.op.method in ("power", "power_by") and [*numbers, *node.op.settings][1] == 0.5
    return (half and numbers[0] in (-math.inf, 0.0)) or (
        node.op.method in ("fsum", "mean") and max(map(abs, numbers)) > 1e307
    )


class Backward(NamedTuple):
    """What an exact reverse sweep meets on its way."""

    smallest: Any
    largest: Any
    rounding: list[Any]  # for each leaf, what rounding the sums of contributions can cost its gradient


def sweep_exactly(nodes, program, leaves, root):
    arriving = {root: [mpf(1)]}
    for k in range(root, len(leaves) - 1, -1):
        if k not in arriving:
            continue
        method, operands, _ = program[k - len(leaves)]
        local = nodes[k].local[1:] if method == "choose" else nodes[k].local
        for operand, slope in zip(operands, local, strict=True):
            arriving.setdefault(operand, []).append(mp.fsum(arriving[k]) * slope)
    sizes = [mp.fabs(size) for amounts in arriving.values() for size in (*amounts, mp.fsum(amounts)) if size]
    lost = {k: ULP * len(amounts) * mp.fsum(map(mp.fabs, amounts)) for k, amounts in arriving.items()}
    rounding = [mp.fsum(lost[k] * mp.fabs(nodes[k].slopes[leaf]) for k in lost) for leaf in range(len(leaves))]
    return Backward(min(sizes), max(sizes), rounding)


def are_decided(exact, disturbed):
    """Whether every operation took the branch that it must, and rounding made nothing undefined."""
    for dual, *runs in zip(exact, *disturbed, strict=True):
        if dual is not None and (None in runs or not is_decided(dual, runs)):
            return False
    return True


def known_to_a_digit(program, exact, disturbed, count):
    """The numbers that hang on nothing which rounding may have made anything: erf of a lost difference is ±1, say."""
    certain = set(range(count))
    for k, (_, operands, _) in enumerate(program, start=count):
        if exact[k] is None or not certain.issuperset(operands):
            continue
        spread = max(mp.fabs(run[k].value - exact[k].value) for run in disturbed)
        if not spread or 64 * spread < mp.fabs(exact[k].value):
            certain.add(k)
    return certain


def compare(ours, exact, disturbed, rounding=0):
    """Assert that a float is right as far as any float can be; whether that said anything."""
    spread = max(mp.fabs(number - exact) for number in disturbed)
    allowed = 64 * spread + 16 * ULP * mp.fabs(exact) + rounding + 4 * TINY
    told = allowed <= mp.fabs(exact) / 1000
    if not told and not math.isfinite(ours):
        return False  # 1 / x for an x that rounds to 0
    assert math.isfinite(ours), f"{ours} instead of {mp.nstr(exact)}"
    assert mp.fabs(mpf(ours) - exact) <= allowed, f"{ours!r} instead of {mp.nstr(exact, 17)} ± {mp.nstr(allowed)}"
    return told


numbers = st.one_of(
    st.floats(-4.0, 4.0),
    st.floats(-1e300, 1e300),
    st.floats(-1e-300, 1e-300),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, TINY, 1e300, 1000.0]),
)


@given(codes=st.lists(st.integers(0, 2**48), min_size=1, max_size=50), leaves=st.lists(numbers, min_size=1, max_size=3))
@settings(max_examples=settings.default.max_examples * 20)
def test_random_graphs_agree_with_exact_arithmetic(codes, leaves):
    program = program_of(codes, leaves)
    ours = run_ours(program, leaves)
    for node, (method, _, _) in zip(ours[len(leaves) :], program, strict=True):
        assert agrees_with_numpy(node, method) or is_quirk(node), (node, [v.data for v in node.inputs])

    exact = run_exactly(program, leaves)
    defined = [k for k in range(len(leaves), len(exact)) if exact[k] is not None]
    if not defined:
        event("no finite result: equals NumPy's")
        return
    disturbed = [run_exactly(program, leaves, random.Random(seed)) for seed in range(DISTURBED_RUNS)]
    if not are_decided(exact, disturbed):
        event("a branch hangs on rounding: equals NumPy's")
        return
    certain = known_to_a_digit(program, exact, disturbed, len(leaves))
    defined = [k for k in defined if k in certain]
    if not defined:
        event("forward ill-conditioned")
        return
    root = defined[-1]
    told = [compare(ours[k].data, exact[k].value, [run[k].value for run in disturbed]) for k in defined]
    event("forward compared" if told[-1] else "forward ill-conditioned")

    sweep = sweep_exactly(exact, program, leaves, root)
    if sweep.smallest < 1e-290 or sweep.largest > 1e300:
        event("gradients leave the range of floats on their way")
        return
    ours[root].backward()
    told = [
        compare(leaf.grad, exact[root].slopes[k], [run[root].slopes[k] for run in disturbed], sweep.rounding[k])
        for k, leaf in enumerate(ours[: len(leaves)])
    ]
    event("gradients compared" if any(told) else "gradients zero or ill-conditioned")


@pytest.mark.parametrize("method", METHODS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples // 10)
def test_the_oracles_own_table_is_right(method, data):
    inputs, fixed = data.draw(calm(method))
    assume(not DOMAINS[method].kink(*inputs, *fixed))
    slopes = SLOPES[method](*map(mpf, [*inputs, *fixed]))
    assert len(slopes) == len(inputs)
    for position, slope in enumerate(slopes[DOMAINS[method].discrete :], start=DOMAINS[method].discrete):
        true = exact_derivative(method, [*inputs, *fixed], position)
        assert mp.fabs(slope - true) <= mpf(10) ** -40 * (1 + mp.fabs(true))


def test_the_comparison_can_fail():
    """A wrong rule, planted, does not pass: the oracle is not so forgiving that it forgives everything."""
    program, leaves = [Instruction("exp", [0], ()), Instruction("multiply", [1, 0], ())], [0.7]
    exact = run_exactly(program, leaves)
    disturbed = [run_exactly(program, leaves, random.Random(seed)) for seed in range(DISTURBED_RUNS)]
    right = run_ours(program, leaves)[-1].data
    assert compare(right, exact[-1].value, [run[-1].value for run in disturbed])
    for wrong in (right * (1 + 1e-12), -right, math.nan, math.inf):
        with pytest.raises(AssertionError):
            compare(wrong, exact[-1].value, [run[-1].value for run in disturbed])


def test_random_programs_use_every_operation_and_grow_deep():
    generator = random.Random(0)
    seen, depths = set(), []
    for _ in range(300):
        program = program_of([generator.randrange(2**48) for _ in range(50)], [1.0, 2.0])
        seen.update(instruction.method for instruction in program)
        depth = [0, 0]
        for _, operands, _ in program:
            depth.append(1 + max(depth[k] for k in operands))
        depths.append(max(depth))
    assert seen == set(METHODS)
    assert max(depths) >= 45
