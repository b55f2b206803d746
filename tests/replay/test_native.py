"""Machine code: what is missing is said, and what Python raises when it is called back is not lost."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import Value, record
from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS
from tinygrad_edu.replay import native


def test_without_llvmlite_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    w = Value(2.0)
    with pytest.raises(ImportError, match=r'needs llvmlite.*pip install "tinygrad_edu\[native\]"'):
        record(lambda x: w * x, ((),), [w], native=True)
    assert record(lambda x: w * x, ((),), [w])(np.ones(1)).tolist() == [2.0]


def test_what_python_raises_when_it_is_called_back_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    w = Value(2.0)
    program = record(lambda x: w.hypot(x), ((),), [w], native=True)
    program.by_line = 10
    assert program(np.array([1.5])).tolist() == [2.5]

    def interrupted(*_: Any) -> float:
        raise KeyboardInterrupt

    answer = native._asked(interrupted)
    numbers = (native.ctypes.c_double * 2)(1.0, 2.0)
    assert np.isnan(answer(numbers, 2))
    with pytest.raises(KeyboardInterrupt):
        program(np.array([1.5]))
    assert program(np.array([1.5])).tolist() == [2.5], "once"


def test_python_is_given_its_numbers() -> None:
    numbers = (native.ctypes.c_double * 3)(3.0, 4.0, 12.0)
    assert native._asked(FLOAT_FUNCTIONS["hypot"])(numbers, 2) == 5.0
    assert native._asked(FLOAT_FUNCTIONS["norm"])(numbers, 3) == 13.0
