"""Functions of single numbers on whole arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from replay.comparing import computes, exactly

from tinygrad_edu import Value, record, where
from tinygrad_edu.replay.elementwise import BOOLEAN, Elementwise, as_vectors, elements

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("shared", [True, False], ids=["one exponent", "an exponent for each"])
def test_a_power_with_exponent_one_half_is_no_root(shared: bool) -> None:
    bases = [-INF, -0.0, 0.0, 4.0, INF, -4.0]
    w = [Value(0.5) for _ in bases]

    def powers(*x: Any) -> list[Any]:
        return [a ** (w[0] if shared else b) for a, b in zip(x, w, strict=True)] + [a**0.5 for a in x]

    theirs = [y.data for y in powers(*map(Value, bases))]
    for batch in (1, 3):
        arrays = [np.full(batch, number) for number in bases]
        for row in record(powers, ((),) * len(bases), w)(*arrays):
            exactly(row, theirs)


def test_conditions_are_written_with_their_signs_and_functions_with_brackets() -> None:
    text = str(record(lambda x: where((x > 0.25) & (x != 2.0), x.tanh(), -x), ((),), []))
    assert "v1 = x0 > 0.25  " in text
    assert " = tanh(x0)  " in text
    assert " x0 != 2  " in text
    assert "v11 = where(v10, v5, v6)  " in text
    assert " absolute(x0) " in str(record(lambda x: abs(x), ((),), []))
    assert " negative(x0) " in text


A, B = [[1.0, -2.0], [0.0, 4.0]], [[2.0, 2.0], [-1.0, 0.5]]
TRUE = [[True, False], [False, True]]


def of(function: str, *arguments: float | None) -> Elementwise:
    return Elementwise(function, arguments)


def test_functions_of_arrays_and_of_known_numbers() -> None:
    computes(of("add", None, None), [[3.0, 0.0], [-1.0, 4.5]], A, B)
    computes(of("multiply", None, 2.0), [[2.0, -4.0], [0.0, 8.0]], A)
    computes(of("subtract", 1.0, None), [[0.0, 3.0], [1.0, -3.0]], A)
    computes(of("divide", None, 0.0), [[INF, -INF], [NAN, INF]], A)
    computes(of("divide", None, -0.0), [[-INF, INF], [NAN, -INF]], A)
    computes(of("maximum", None, 0.0), [[1.0, 0.0], [0.0, 4.0]], A)
    computes(of("minimum", None, None), [[1.0, -2.0], [-1.0, NAN]], A, [[2.0, 2.0], [-1.0, NAN]])


def test_functions_that_numpy_does_not_have() -> None:
    computes(of("erf", None), [[math.erf(0.5), -1.0]], [[0.5, -INF]])
    computes(of("erfc", None), [[math.erfc(0.5), 2.0]], [[0.5, -INF]])


def test_truth_values() -> None:
    computes(of("greater", None, None), [[False, False], [True, True]], A, B)
    computes(of("less", None, 1.0), [[False, True], [True, False]], A)
    computes(of("logical_and", None, None), [[False, False], [False, True]], TRUE, [[False, True], [False, True]])
    assert of("greater", None, None).dtype is bool
    assert {"greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and"} == BOOLEAN


def test_a_condition_chooses_among_arrays_and_numbers() -> None:
    computes(of("where", None, None, None), [[1.0, 2.0], [-1.0, 4.0]], TRUE, A, B)
    computes(of("where", None, 7.0, None), [[7.0, 2.0], [-1.0, 7.0]], TRUE, B)
    computes(of("where", None, None, -0.0), [[1.0, -0.0], [-0.0, 4.0]], TRUE, A)
    computes(of("where", None, 7.0, 8.0), [[7.0, 8.0], [8.0, 7.0]], TRUE)


def test_a_condition_that_is_a_number_holds_unless_it_is_0() -> None:
    computes(of("where", None, None, None), [[1.0, -2.0], [-1.0, 4.0]], [[-3.0, NAN], [-0.0, 0.5]], A, B)


def test_the_exponent_one_half_is_no_square_root() -> None:
    """(-inf) ** 0.5 is inf, and (-0.0) ** 0.5 is 0.0; whether it is known, one for all, or one for each."""
    bases, roots = [[9.0, -INF, -0.0]], [[3.0, INF, 0.0]]
    for exponents in ([], [np.broadcast_to(0.5, (1, 3))], [np.full((1, 3), 0.5)]):
        out = np.zeros((1, 3))
        of("power", None, None if exponents else 0.5).run(out, np.array(bases), *exponents)()
        exactly(out, roots)
    computes(of("power", None, 3.0), [[8.0, -INF, -0.0]], [[2.0, -INF, -0.0]])


def test_which_instructions_do_the_same() -> None:
    assert of("divide", None, 0.0).key() != of("divide", None, -0.0).key()
    assert of("divide", None, 2.0).key() == of("divide", None, 2.0).key() != of("divide", 2.0, None).key()


def test_a_search_for_a_function_is_made_once() -> None:
    assert elements.erf is elements.erf
    assert elements.exp is np.exp


def test_how_functions_are_written() -> None:
    assert of("add", None, 0.5).text("a") == "a + 0.5"
    assert of("logical_and", None, None).text("a", "b") == "a and b"
    assert of("negative", None).text("a") == "negative(a)"
    assert of("maximum", None, 0.0).text("a") == "maximum(a, 0)"


def test_arrays_of_one_example_are_taken_as_vectors_without_a_copy() -> None:
    column, number, rows = np.zeros((3, 1)), np.array([[2.0]]), np.zeros((3, 4))
    out, a, b = as_vectors(column, column, number)
    assert (out.shape, a.shape, b.shape) == ((3,), (3,), ())
    assert all(np.shares_memory(*pair) for pair in ((out, column), (b, number)))
    assert [array.shape for array in as_vectors(rows, rows, column, number)] == [(3, 4), (3, 4), (3, 1), ()]
    assert [array.shape for array in as_vectors(number, number, np.array(3.0))] == [(1,), (1,), ()]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("number", [1.0, 0.0, -0.0, NAN, -INF])
def test_a_number_is_chosen_in_large_arrays_to_the_bit_as_in_small_ones(dtype: Any, number: float) -> None:
    generator = np.random.default_rng(0)
    shape = (300, 64)
    condition = generator.random(shape) < 0.5
    others = generator.choice(np.array([NAN, INF, -INF, 0.0, -0.0, 1.5, 5e-324], dtype), (600, 64))
    for other in (others[:300], others[::2], others.T[:, :1].repeat(300, axis=1).T):
        out = np.empty(shape, dtype)
        of("where", None, number, None).run(out, condition, other)()
        expected = np.where(condition, np.asarray(number, dtype), other)
        assert out.tobytes() == expected.tobytes()
    of("where", None, number, 2.0).run(out, condition)()
    assert out.tobytes() == np.where(condition, np.asarray(number, dtype), np.asarray(2.0, dtype)).tobytes()
