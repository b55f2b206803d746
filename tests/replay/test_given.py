"""What users give, and with which words it is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, Programs, Value, fsum, record
from tinygrad_edu.replay.given import (
    check_arrays,
    check_size,
    check_theta,
    checked_examples,
    checked_params,
    checked_shapes,
)

W = Value(1.5, "w")


@pytest.mark.parametrize(
    ("params", "error"), [([W, W], ValueError), ([W * 2], TypeError), ([3.0], TypeError), (["w"], TypeError)]
)
def test_params_must_be_distinct_leaves(params: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="params must be"):
        record(lambda x: x, ((),), params)


@pytest.mark.parametrize("shape", [0, -1, 2.5, "x", (3, 0), None, [2]])
def test_shapes_must_be_shapes(shape: Any) -> None:
    with pytest.raises(ValueError, match="a shape is"):
        record(lambda x: x, (shape,), [])


def test_arrays_must_have_the_recorded_shape() -> None:
    program = record(lambda x, y: fsum(x) * y, (3, ()), [])
    for arrays in ([np.ones((2, 4)), np.ones(2)], [np.ones((2, 3)), np.ones(3)], [np.ones(3), np.ones(1)], [1.0, 1.0]):
        with pytest.raises(ValueError, match="must have shape"):
            program(*arrays)
    with pytest.raises(TypeError, match="takes 2 arrays"):
        program(np.ones((2, 3)))
    with pytest.raises(TypeError, match="real numbers"):
        program(np.ones((2, 3)), np.array(["a", "b"]))


@pytest.mark.parametrize("shape", [(2.5,), ("a",), (1, 0), (-1, 2), [1]])
def test_a_shape_has_whole_numbers_above_0(shape: Any) -> None:
    with pytest.raises(ValueError, match="a shape is"):
        record(lambda x: 1.0, (shape,), [])
    assert record(lambda x: x[0], (1,), [])(np.array([[2.0]])).tolist() == [2.0]
    assert record(lambda x: x[0][0], ((np.int64(1), 1),), [])(np.array([[[2.0]]])).tolist() == [2.0]


def test_numbers_that_are_none_are_refused_at_every_call() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for kind in ("V8", complex, [("a", float)], "M8[s]", "U1"):
        program = record(lambda x: x * W, ((),), [W])
        for _ in range(2):
            with pytest.raises(TypeError, match="input 0 must hold real numbers, not"):
                program(np.zeros(2, kind))
    for kind in (bool, np.int8, np.uint16, np.float16, np.float32, ml_dtypes.bfloat16):
        program = record(lambda x: x * W, ((),), [W])
        np.testing.assert_array_equal(program(np.ones(2, kind)), [1.5, 1.5])
    with pytest.raises(TypeError, match="takes 1 arrays"):
        program()
    alone = record(lambda: W * 2.0, (), [W])
    for _ in range(2):
        assert alone().tolist() == [3.0]
        with pytest.raises(TypeError, match="takes 0 arrays"):
            alone(np.ones(1))


def test_a_theta_that_does_not_fit_is_refused_wherever_it_is_given() -> None:
    program = record(lambda x: x * W, ((),), [W])
    read_only = np.ones(1)
    read_only.flags.writeable = False
    for theta in (np.ones(2), np.ones(1, np.float16), [1.0]):
        with pytest.raises((TypeError, ValueError), match="theta"):
            program.twin(theta)
    with pytest.raises(ValueError, match="theta is shared"):
        record(lambda x: x * W, ((),), [W], theta=read_only)
    for kept in (0, -1):
        with pytest.raises(ValueError, match="at least one program"):
            Programs(lambda x: x * W, [W], kept=kept)
    one = Programs(lambda x: fsum(x) * W, [W], kept=1)
    assert [one(np.ones((1, n))).tolist() for n in (1, 2, 1)] == [[1.5], [3.0], [1.5]]


def test_one_number_is_no_batch_and_one_array_no_tuple_of_them() -> None:
    program = record(lambda x: x * W, ((),), [W])
    with pytest.raises(ValueError, match=r"input 0 must have shape \(batch,\), the same batch for all, not \(\)"):
        program(1.0)
    with pytest.raises(ValueError, match=r"input 0 must have shape \(batch, 2, 3\), the same"):
        record(lambda x: x[0][0], ((2, 3),), [])(np.ones((2, 3)))
    with pytest.raises(TypeError, match="check is a tuple of 1 arrays"):
        record(lambda x: x * W, ((),), [W], check=np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"array 0 of check must have shape \(examples, 2, 3\), as many"):
        record(lambda x: x[0][0], ((2, 3),), [], check=(np.ones((2, 3)),))


# One by one -----------------------------------------------------------------------------------------------


def test_shapes_become_tuples() -> None:
    assert checked_shapes([(), 3, (8, np.int64(2)), np.int32(4)]) == [(), (3,), (8, 2), (4,)]
    assert all(type(size) is int for shape in checked_shapes([np.int64(3)]) for size in shape)
    with pytest.raises(TypeError, match=r"shapes has one shape for each input, such as \(3,\)"):
        checked_shapes(3)


def test_a_model_in_the_place_of_its_parameters_is_told_so() -> None:
    model = MLP(1, [1])
    with pytest.raises(TypeError, match=r"MLP is a model; pass model.parameters\(\)"):
        record(lambda x: model([x])[0], ((),), model)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"was not called; add \(\): model.parameters\(\)"):
        record(lambda x: model([x])[0], ((),), model.parameters)  # type: ignore[arg-type]


def test_params_of_any_kind_of_sequence_become_a_list() -> None:
    v = Value(2.0)
    assert checked_params(iter([W, v])) == [W, v]
    assert checked_params(()) == []


def test_examples_are_arrays_of_floats() -> None:
    (x, y) = checked_examples(([[1, 2], [3, 4]], [True, False]), [(2,), ()])
    assert (x.dtype, y.tolist()) == (np.float64, [1.0, 0.0])
    assert checked_examples((), []) == []
    for arrays in (([1.0], [1.0, 2.0]), ([], []), (1.0, 1.0)):
        with pytest.raises(ValueError, match="as many for all"):
            checked_examples(arrays, [(), ()])


def test_a_theta_is_shared_so_it_is_an_array_of_float64_that_can_be_written_to() -> None:
    check_theta(np.zeros(3), 3)
    check_size(np.zeros(3, np.float32), 3)
    for theta, error, words in (
        ([1.0], TypeError, "not list"),
        (np.zeros(3, np.float32), TypeError, "an array of float32"),
        (np.zeros(2), ValueError, r"shape \(3,\), not \(2,\)"),
        (np.zeros(6)[::2], ValueError, r"theta.copy\(\)"),
    ):
        with pytest.raises(error, match=words):
            check_theta(theta, 3)


def test_arrays_have_the_shape_of_their_input_behind_the_batch() -> None:
    check_arrays([np.zeros((5, 2)), np.zeros(5, int)], [(2,), ()])
    check_arrays([], [])
    for arrays, error in (
        ([np.zeros((5, 2))], TypeError),
        ([np.zeros((5, 2)), np.zeros(4)], ValueError),
        ([np.zeros((5, 3)), np.zeros(5)], ValueError),
        ([np.zeros((5, 2)), np.zeros(5, complex)], TypeError),
    ):
        with pytest.raises(error):
            check_arrays(arrays, [(2,), ()])
