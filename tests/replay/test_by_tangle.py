"""Programs with tangles compute what they compute without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.random_programs import Writer, mismatch

from tinygrad_edu import Program, RecordingError, Value, record
from tinygrad_edu.replay import tangles
from tinygrad_edu.replay.as_python import PythonFunction
from tinygrad_edu.replay.by_tangle import Tangles


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that can be written as lines is, whether or not that is quicker."""
    monkeypatch.setattr(tangles, "FEW", 60)
    monkeypatch.setattr(tangles, "WORTH_IT", 0.0)


def ways(program: Program) -> list[Program]:
    """On arrays, and with tangles."""
    found = []
    for one_example in (None, True, False):
        twin = program.twin(program.theta)
        twin.by_line = 0
        of = None if one_example is None else Tangles(program.instructions, program._plan, one_example)
        twin.tangles = {} if of is None else {True: of, False: of}
        found.append(twin)
    return found


def with_tangles(fn: Any, shapes: Any, params: Any) -> Program:
    """The program of a function, which runs in tangles whatever can be written so."""
    program = record(fn, shapes, params)
    program.by_line = 0
    program.tangles = {
        one_example: Tangles(program.instructions, program._plan, one_example) for one_example in (True, False)
    }
    return program


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize("chunk", range(5))
def test_random_programs_agree_with_eager_code(chunk: int) -> None:
    answers = []
    for seed in range(20 * chunk, 20 * chunk + 20):
        case = Writer(5 * seed).written()
        try:
            answers.append((mismatch(case, with_tangles), case))
        except RecordingError:
            answers.append(("refused", case))
    assert [(answer, str(case)) for answer, case in answers if answer not in ("", "unstable", "refused")] == []
    assert [answer for answer, _ in answers].count("") >= 12


def test_where_nothing_is_summed_all_bits_are_the_same() -> None:
    a, b = Value(1.7), Value(-0.3)

    def unlike(x: Any) -> Any:
        for k in range(20):
            x = (abs(x * a - b) / (a + 0.1 * k)).sqrt() - (x.relu() * b if k % 2 else x / a)
        return x

    on_arrays, of_one, _ = ways(record(unlike, ((),), [a, b]))
    for x in np.random.default_rng(0).normal(size=(20, 1)):
        assert of_one(x).tobytes() == on_arrays(x).tobytes()


@pytest.mark.usefixtures("everywhere")
def test_a_wrong_line_is_found_when_a_program_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    a = Value(0.5)

    def unlike(x: Any) -> Any:
        return (x * a).tanh() / (a + 2.0)

    monkeypatch.setattr("tinygrad_edu.replay.run.examples_by_line", lambda *_: 0)
    assert record(unlike, ((),), [a]).tangles[True].operations > 2
    called = PythonFunction.__call__
    monkeypatch.setattr(PythonFunction, "__call__", lambda self, *given: tuple(2.0 * n for n in called(self, *given)))
    with pytest.raises(RecordingError, match="differs from the function"):
        record(unlike, ((),), [a])


def test_numbers_of_single_precision_are_computed_on_arrays() -> None:
    a = Value(0.5)

    def unlike() -> Value:
        x = a
        for _ in range(20):
            x = (x * a).tanh() / (a + 2.0) - x
        return x

    assert record(unlike, (), [a], dtype="float32").tangles == {}
