"""What several tests of replay compare with, and how."""

from __future__ import annotations

from typing import Any

import numpy as np
from replay.pure_arrays import PURE, Pure

from tinygrad_edu import MLP, Program, Value, fsum, record
from tinygrad_edu.replay.builder import Builder, Var
from tinygrad_edu.replay.instruction import Instruction, Leaf


def exactly(ours: Any, theirs: Any) -> None:
    """Equal, the sign of a zero included, but for the last digit of NumPy's functions."""
    np.testing.assert_allclose(ours, theirs, rtol=2e-15, atol=0.0)
    zeros = np.asarray(theirs) == 0.0
    np.testing.assert_array_equal(np.signbit(ours)[zeros], np.signbit(theirs)[zeros])


def penalized_network() -> Program:
    """The program of a network, which is alike in all its rows, and of a penalty in which nothing is."""
    w, model = Value(0.9), MLP(20, [30, 10], "tanh", seed=0)

    def penalized(x: Any) -> Any:
        penalty = w
        for _ in range(10):
            penalty = (w * penalty).sin() / (penalty + 3.0) - w
        return fsum(model(x)) ** 2 + penalty

    return record(penalized, (20,), [w, *model.parameters()])


def params_of(array: Any) -> Any:
    return np.vectorize(Value, otypes=[object])(array)


def computes(instruction: Instruction, expected: Any, *arrays: Any, batch: int | None = None) -> None:
    """The instruction gives this array: as a view, or written over old numbers twice, and as a pure function."""
    expected, given = np.array(expected), [np.array(array) for array in arrays]
    batch = expected.shape[1] if batch is None else batch
    with np.errstate(all="ignore"):
        if instruction.is_view:
            np.testing.assert_array_equal(instruction.view(*given, batch=batch), expected)
        else:
            out = np.full(expected.shape, 99, instruction.dtype)
            run = instruction.run(out, *given)
            for _ in range(2):
                run()
                np.testing.assert_array_equal(out, expected)
        frozen = [array.view(Pure) for array in given]
        for array in frozen:
            array.flags.writeable = False
        np.testing.assert_array_equal(instruction.evaluate(PURE, *frozen, batch=batch), expected)


def leaf(builder: Builder, name: str, rows: int = 1, batched: bool = True) -> Var:
    """A variable that is given."""
    return builder.write(Leaf(name), (), rows, batched)
