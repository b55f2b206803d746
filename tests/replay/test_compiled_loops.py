"""Compiled loops compute what NumPy computes pass by pass, to the last bit."""

from __future__ import annotations

import math
import operator
from random import Random
from typing import Any

import numpy as np
import pytest
from replay.random_programs import Writer, mismatch

from tinygrad_edu import Program, RecordingError, Value, fsum, record, where
from tinygrad_edu.nn import Conv2d, MaxPool2d, Sequential, flatten
from tinygrad_edu.replay import compiled_loops
from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.compiled_loops import CompiledLoops
from tinygrad_edu.replay.instruction import Leaf
from tinygrad_edu.replay.loops import loops
from tinygrad_edu.replay.memory import planned
from tinygrad_edu.replay.sweep import Instructions

pytest.importorskip("llvmlite")
SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan, 5e-324, 1e300, 1e-40]
ROWS = 6


def same_bits(ours: Any, theirs: Any) -> None:
    """Equal to the sign of a zero; one nan is as good as another."""
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)
    if ours.dtype != bool:
        numbers = ~np.isnan(theirs)
        np.testing.assert_array_equal(np.signbit(ours)[numbers], np.signbit(theirs)[numbers])


def chain(random: Random, builder: Builder) -> list[Var]:
    """Random instructions on elements: of columns, rows and full arrays, of results, and of known numbers."""
    x = [builder.write(Leaf(f"x{k}"), (), rows, batched) for k, (rows, batched) in enumerate(SHAPES)]
    numbers, truths = list(x), [x[0] > x[1]]
    for _ in range(random.randrange(2, 14)):
        a, b = random.choice(numbers[-6:]), random.choice([*numbers, random.choice(SPECIAL)])
        kind = random.randrange(10)
        if kind < 4:
            made = [operator.add, operator.sub, operator.mul, operator.truediv][kind](*random.sample([a, b], 2))
        elif kind == 4:
            made = random.choice([builder.sqrt, builder.abs, builder.floor, builder.rint, lambda v: -v])(a)
        elif kind == 5:  # which of two zeros is the larger one is open
            made = random.choice([builder.maximum, builder.minimum])(a * a + 0.5, b)
        elif kind == 6:
            made = builder.where(random.choice(truths), a, b)
        elif kind == 7:
            made = builder.where(random.choice(truths), 1.0, builder.where(random.choice(truths), 0.5, 0.0))
        else:
            truth = random.choice([operator.gt, operator.eq, operator.ne, operator.le])(a, b)
            truths.append(truth & random.choice([True, *truths]))
            continue
        if isinstance(made, Var):
            numbers.append(made)
    needed = {*x, numbers[-1]}
    for var in reversed(builder.written):
        needed.update(var.operands if var in needed else ())
    return [var for var in builder.written if var in needed]


#: Rows, and whether there is a number for each example.
SHAPES = [(ROWS, True), (ROWS, True), (1, True), (ROWS, False), (1, False)]


def arrays_for(generator: Any, batch: int, kind: type, strided: bool) -> list[Any]:
    found = []
    for rows, batched in SHAPES:
        shape = rows * (3 if strided else 1), batch if batched else 1
        numbers = np.where(
            generator.random(shape) < 0.5, generator.choice(SPECIAL, shape), generator.normal(size=shape)
        )
        with np.errstate(all="ignore"):
            found.append(numbers.astype(kind)[:: 3 if strided else 1])
    return found


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("strided", [False, True], ids=["side by side", "apart"])
@pytest.mark.parametrize("batch", [1, 7, 128])
def test_random_chains_give_the_bits_that_numpy_gives(batch: int, strided: bool, kind: type) -> None:
    generator, loop_calls = np.random.default_rng(0), 0
    for seed in range(16):
        builder = Builder()
        written = chain(Random(seed), builder)
        given = arrays_for(generator, batch, kind, strided)
        theirs, ours = (dict(zip(written, given, strict=False)) for _ in range(2))
        for var in written[len(SHAPES) :]:
            for arrays in (theirs, ours):
                shape = var.rows, batch if var.batched else 1
                arrays[var] = np.full(shape, 99, kind if var.dtype is float else bool)
            with np.errstate(all="ignore"):
                var.instruction.run(theirs[var], *[theirs[operand] for operand in var.operands])()
        instructions = Instructions(written, [], written[-1], None, {})
        found = loops(instructions, planned(written, set(written)))
        compiled = CompiledLoops(found, {})
        calls = compiled.calls(ours)
        for var in written[len(SHAPES) :]:
            with np.errstate(all="ignore"):
                call = calls.get(var, var.instruction.run(ours[var], *[ours[operand] for operand in var.operands]))
                if call is not None:
                    call()
        for loop in found:
            for var in loop.writes:
                same_bits(ours[var], theirs[var])
        loop_calls += sum(call is not None for call in calls.values())
    assert loop_calls >= 8


@pytest.mark.parametrize("chunk", range(3))
def test_random_programs_agree_with_eager_code(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_edu.replay.loops.FEWEST", 1)
    answers = []
    for seed in range(5 * chunk, 5 * chunk + 5):
        case = Writer(13 * seed).written()
        try:
            answers.append((mismatch(case, looped), case))
        except RecordingError:
            answers.append(("refused", case))
    assert [(answer, str(case)) for answer, case in answers if answer not in ("", "unstable", "refused")] == []
    assert [answer for answer, _ in answers].count("") >= 2


def looped(fn: Any, shapes: Any, params: Any) -> Program:
    """The program of a function, in which all that can be is a loop, and nothing is a line."""
    program = record(fn, shapes, params, native=True)
    program.by_line, program.tangles = 0, {}
    return program


def network(**keywords: Any) -> Any:
    model = Sequential(Conv2d(1, 2, 3, activation="relu", seed=0), MaxPool2d(2), flatten)
    return record(lambda x: fsum(model(x)), ((1, 8, 8),), model.parameters(), **keywords)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch", [1, 7, 128])
def test_pooling_is_compiled_and_has_the_same_numbers(batch: int, dtype: str) -> None:
    plain, native = network(dtype=dtype), network(dtype=dtype, native=True)
    native.by_line, native.tangles = 0, {}
    plain.by_line, plain.tangles = 0, {}
    x = np.random.default_rng(0).choice([-1.0, 0.0, 0.5, 0.5, 1.0], (batch, 1, 8, 8))
    for ours, theirs in zip(native.value_and_grad(x), plain.value_and_grad(x), strict=True):
        same_bits(np.asarray(ours), np.asarray(theirs))
    calls = [len(next(iter(program._bound.values())).everything) for program in (native, plain)]
    assert calls[0] < calls[1] - 10
    assert "loops in machine code, compiled in " in str(native)
    assert "machine code" not in str(plain)


def test_the_whole_program_equals_eager_code_where_numbers_are_special() -> None:
    w = Value(1.5)

    def function(x: Any, y: Any) -> Any:
        return where(x > y, (w * x - y).maximum(x) / (y + 0.25), abs(w * y).sqrt() * (x - y).relu())

    program = record(function, ((), ()), [w], native=True)
    program.by_line, program.tangles = 0, {}
    numbers = [n for n in SPECIAL if n != 1e-40]
    x, y = (array.ravel() for array in np.meshgrid(numbers, numbers))
    expected = [function(a, b).data for a, b in zip(map(Value, x), map(Value, y), strict=True)]
    np.testing.assert_array_equal(program(x, y), expected)


def test_arrays_that_a_loop_would_write_over_too_early_are_not_for_it() -> None:
    builder = Builder()
    x = builder.write(Leaf("x0"), (), 4, True)
    a = x * 2.0
    b = a + x
    found = loops(Instructions(builder.written, [], b, None, {}), planned(builder.written, {b}))
    memory = np.arange(10.0).reshape(5, 2)
    compiled = CompiledLoops(found, {})
    assert compiled.calls({x: memory[1:], a: np.zeros((4, 2)), b: memory[:4]}) == {}
    assert compiled.calls({x: np.zeros((2, 4)), a: np.zeros((4, 2)), b: np.zeros((4, 2))}) == {}
    assert compiled.calls({x: np.zeros((4, 2), int), a: np.zeros((4, 2)), b: np.zeros((4, 2))}) == {}
    assert compiled.calls({x: np.zeros((4, 0)), a: np.zeros((4, 0)), b: np.zeros((4, 0))}) == {}
    calls = compiled.calls({x: memory[1:], a: np.zeros((4, 2)), b: memory[1:]})  # element by element: it may
    assert calls[a] is None
    calls[b]()
    assert memory.ravel().tolist() == [0.0, 1.0, *(3.0 * np.arange(2.0, 10.0))]


def test_no_more_loops_are_compiled_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_loops, "MOST", 0)
    program = network(native=True)
    assert program.loops[None].seconds == 0.0
    assert "compiled at the first call" in str(program)
