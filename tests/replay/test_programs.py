"""Random programs are replayed as eager code runs them: a few hundred of always the same, or as many as are asked for.

`TINYGRAD_EDU_PROGRAMS=20000 pytest tests/replay/test_programs.py` is what runs at night.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from replay.random_programs import GOOD, Case, agree, attempt, mismatch

from tinygrad_edu import Programs, Value, fsum, record
from tinygrad_edu.replay import elementwise, examples, instruction, programs, scalars, sums
from tinygrad_edu.replay.programs import recorded
from tinygrad_edu.replay.recording import HARMLESS

W = Value(1.5, "w")


COUNT = int(os.environ.get("TINYGRAD_EDU_PROGRAMS", "500"))
CHUNKS = 10


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs_agree_with_eager_code(chunk: int) -> None:
    became = [attempt(seed) for seed in range(COUNT * chunk // CHUNKS, COUNT * (chunk + 1) // CHUNKS)]
    failed = [found for found in became if found not in GOOD]
    assert not failed, "\n\n".join(failed[:3])
    assert became.count("agreed") >= 0.98 * len(became), "refusals and programs that eager code is not sure of are rare"


def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes that were made once, and one that was not, each with a program that shows it.

    Here the programs are not compared with their functions when they are recorded, which would find these too.
    """
    divisions = ["p[0] / 1.0", "p[1] / 0.0", "v0 / 1.0", "v1 / -0.0"]
    one_zero = Case(0, [], [2.0, 3.0], lines=divisions, output="[v2, v3]", is_list=True)
    plus_zero = Case(0, [], [-0.0], lines=["1.0 / (p[0] + 0.0)"], output="v0")
    a_constant = Case(0, [()], [2.0], lines=["where(True, 3.0, x0 * p[0])"], output="v0 * p[0]")
    a_constant.arrays = [np.ones(17), np.zeros(17)]
    for case in (one_zero, plus_zero, a_constant):
        assert mismatch(case) == ""
    for module in (instruction, elementwise):
        monkeypatch.setattr(module, "told_apart", tuple)
    assert mismatch(one_zero, recorded).startswith("values of a batch of 1")
    monkeypatch.setattr(scalars.ScalarGraph, "_unchanged", lambda self, operation, inputs: inputs[0])
    assert mismatch(plus_zero, recorded).startswith("values of a batch of 1")
    monkeypatch.undo()
    monkeypatch.setattr(sums.SumBatch, "run", lambda self, out, array: lambda: out.fill(0.5))
    assert mismatch(a_constant, recorded).startswith("gradient of a batch of 1")


@pytest.mark.parametrize(
    ("ours", "theirs", "exact", "expected"),
    [
        ([1.0, math.nan], [1.0, math.nan], True, True),
        ([0.0], [-0.0], True, False),
        ([0.0], [-0.0], False, True),
        ([1.0 + 1e-15], [1.0], True, False),
        ([1.0 + 1e-15], [1.0], False, True),
        ([1.0 + 1e-11], [1.0], False, False),
        ([math.inf], [math.nan], False, False),
        ([1.0], [1.0, 1.0], False, False),
    ],
)
def test_what_it_means_to_agree(ours: Any, theirs: Any, exact: bool, expected: bool) -> None:
    assert agree(np.array(ours), np.array(theirs), largest=1.0, exact=exact) is expected


def test_programs_are_kept_per_shape_and_bounded() -> None:
    calls = []

    def function(x: Any) -> Any:
        calls.append(len(x))
        return W * fsum(x)

    programs = Programs(function, [W], kept=2)
    for length in (3, 4, 3, 5, 3, 4):
        np.testing.assert_array_equal(programs(np.ones((2, length))), [1.5 * length] * 2)
    recordings = [length for length, before in zip(calls, [0, *calls], strict=False) if length != before]
    assert recordings == [3, 4, 5, 4]  # each with a few calls more, to compare it
    programs.theta[0] = 2.0
    assert programs.value_and_grad(np.ones((1, 3)))[0] == 6.0
    programs.write_parameters()
    assert W.data == 2.0
    W.data = 1.5


def test_shapes_that_are_too_many_or_too_few_are_told() -> None:
    cure = r"where one array of shape \(3, 2\) would be shapes=\(\(3, 2\),\)"
    with pytest.raises(TypeError, match=rf"each of the 2 shapes=\(3, 2\), {cure}, and .*\(x\)$"):
        record(lambda x: x.sum(), (3, 2), [W])
    with pytest.raises(TypeError, match=r"each of the 1 shapes=\(2,\), .* \(x, y\)$"):
        record(lambda x, y: x[0] * y, (2,), [W])
    program = record(lambda x: x.sum() * W, ((3, 2),), [W])
    with pytest.raises(ValueError, match=r"not \(3, 2\); a batch of the one example x is x\[None\]$"):
        program(np.ones((3, 2)))


@pytest.mark.parametrize("params", [[], [W]])
def test_a_long_program_is_compared_once(params: list[Value], monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (examples, programs):
        monkeypatch.setattr(module, "WORK", 10)
    seen: list[Any] = []

    def long(x: Any) -> Any:
        seen.append(x)
        return fsum([x * float(k) * (W if params else 1.0) for k in range(2, 8)])

    record(long, ((),), params)
    assert len(seen) == 1 + 1
    seen.clear()
    record(long, ((),), params, check=([1.0, 2.0],))
    assert len(seen) == 1 + 2 + len(params)


def test_without_examples_inputs_hold_a_number_that_hardly_any_function_minds() -> None:
    seen: list[Any] = []
    program = recorded(lambda x, y: seen.append((x, y)) or x * y, [(), ()], [])
    assert [value._data for value in seen[0]] == [HARMLESS, HARMLESS]
    np.testing.assert_array_equal(program(np.array([2.0]), np.array([3.0])), [6.0])
    recorded(lambda x: seen.append(x) or x[0], [(2,)], [], [np.array([[7.0, 8.0], [9.0, 9.0]])])
    assert [value._data for value in seen[1]] == [7.0, 8.0]


def test_a_program_that_was_not_compared_is_wrong_where_the_recording_was() -> None:
    answers = iter([2.0])
    program = recorded(lambda x: x * next(answers, 3.0), [()], [])
    np.testing.assert_array_equal(program(np.array([1.0])), [2.0])
