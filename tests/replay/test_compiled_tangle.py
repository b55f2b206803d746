"""Compiled tangles compute what arrays compute, for one example and for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replay.random_programs import Writer, mismatch

from tinygrad_edu import MLP, Program, RecordingError, Value, choose, fsum, logsumexp, record
from tinygrad_edu.replay import native, tangles
from tinygrad_edu.replay.by_tangle import Tangles
from tinygrad_edu.replay.costs import ALWAYS


def compiled(fn: Any, shapes: Any, params: Any) -> Program:
    """The program of a function, in which whatever can be written so is a compiled tangle, for any batch."""
    program = record(fn, shapes, params)
    program.by_line = 0
    found = Tangles(program.instructions, program._plan, one_example=True, native=True)
    found.most = ALWAYS
    program.tangles = {True: found}
    return program


@pytest.mark.parametrize("chunk", range(5))
def test_random_programs_agree_with_eager_code(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tangles, "FEW", 60)
    monkeypatch.setattr(tangles, "WORTH_IT", 0.0)
    answers = []
    for seed in range(8 * chunk, 8 * chunk + 8):
        case = Writer(12 * seed).written()
        try:
            answers.append((mismatch(case, compiled), case))
        except RecordingError:
            answers.append(("refused", case))
    assert [(answer, str(case)) for answer, case in answers if answer not in ("", "unstable", "refused")] == []
    assert [answer for answer, _ in answers].count("") >= 3


def own_loss(native: bool) -> Program:
    """A network whose loss looks at each of its outputs in another way."""
    w, model = Value(0.9), MLP(20, [30, 6], "tanh", seed=0)

    def loss_of(x: Any, y: Any) -> Any:
        logits = model(x)
        total = logsumexp(logits) - choose(y, logits)
        for k in range(4):
            total = (w * total).sin() / (logits[k] ** 2 + 3.0) - (logits[k + 1] * total).sigmoid() + abs(logits[k + 2])
        return fsum([total, w])

    return record(loss_of, (20, ()), [w, *model.parameters()], native=native)


def test_a_loss_of_ones_own_is_compiled_for_as_many_examples_as_it_is_quicker_for() -> None:
    program = own_loss(native=True)
    found = program.tangles[True]
    assert found.most > 8
    assert [most for _, most in program.twins(program.theta)][:3] == [None, None, found.most]
    assert f"lines in machine code, compiled in {found.seconds:.2f} s" in str(program)
    assert "no machine code" not in str(program)
    arrays = program.twin(program.theta)
    arrays.tangles = {}
    generator = np.random.default_rng(0)
    for batch in (1, 2, 8, 9, 17, found.most + 1):
        x, y = generator.normal(size=(batch, 20)), generator.integers(0, 6, batch)
        np.testing.assert_allclose(program(x, y), arrays(x, y), rtol=1e-12)
        for ours, theirs in zip(program.value_and_grad(x, y), arrays.value_and_grad(x, y), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)


def test_without_native_nothing_is_compiled_and_several_examples_run_on_arrays() -> None:
    program = own_loss(native=False)
    assert (program.tangles[True].seconds, program.tangles[True].most) == (None, 1)


def test_what_python_raises_when_it_is_asked_comes_through() -> None:
    program = own_loss(native=True)
    x, y = np.ones((2, 20)), np.zeros(2)
    program.value_and_grad(x, y)
    native.raised.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        program.value_and_grad(x, y)
    assert native.raised == []
