"""How operands are brought together from where their scalars live."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu import (
    Value,
    choose,
    dot,
    record,
)


def test_weights_may_come_from_several_places() -> None:
    w, x = [Value(0.5), Value(-1.5), Value(0.25)], np.array([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]])
    program = record(lambda x: dot([w[0], w[1].tanh(), w[2].exp()], x), (3,), w)
    np.testing.assert_allclose(program(x), x @ [0.5, np.tanh(-1.5), np.exp(0.25)], rtol=1e-14)
    slopes = np.array([1.0, 1.0 - np.tanh(-1.5) ** 2, np.exp(0.25)])
    np.testing.assert_allclose(program.value_and_grad(x)[1], x.mean(axis=0) * slopes, rtol=1e-14)


def test_all_options_may_be_one_constant() -> None:
    w = Value(2.0)
    program = record(lambda k: choose(k, [3.0, 3.0]) * w, ((),), [w])
    np.testing.assert_array_equal(program(np.array([0, 1])), [6.0, 6.0])
    with pytest.raises(IndexError, match="from 0 to 1"):
        program(np.array([2]))
