"""Images and sequences as arrays of Values, by hand."""

import numpy as np
import pytest

from tinygrad_edu import Value, ValueArray
from tinygrad_edu.nn.shapes import flatten, values_of_shape


def test_numbers_become_values_and_values_stay_what_they_are():
    x = Value(2.0)
    nested = values_of_shape([[1, x], [np.float64(3.0), True]], (2, 2), "this layer")
    assert nested.data.tolist() == [[1.0, 2.0], [3.0, 1.0]]
    assert nested[0][1] is x


@pytest.mark.parametrize("kind", [list, tuple, np.array, lambda rows: np.array(rows, dtype=object)])
def test_lists_tuples_and_arrays_will_do(kind):
    nested = values_of_shape(kind([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), ("steps", 2), "this layer")
    assert isinstance(nested, ValueArray)
    assert nested.data.tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize(
    ("inputs", "shape", "message"),
    [
        ([1.0, 2.0], ("steps", 2), r"this layer takes one example of shape \(steps, 2\), not of shape \(2\)"),
        ([[1.0]], ("steps", 2), r"not of shape \(1, 1\)"),
        ([], ("steps", 2), r"not of shape \(0\)"),
        (3.0, (1,), r"takes one example of shape \(1\), not of shape \(\)"),
        ([[1.0, 2.0], [3.0]], (2, 2), r"not of shape \(2\)"),
    ],
)
def test_another_shape_is_refused(inputs, shape, message):
    with pytest.raises(ValueError, match=message):
        values_of_shape(inputs, shape, "this layer")


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="one real number"):
        values_of_shape([["a"]], (1, 1), "this layer")


def test_flatten_goes_through_the_last_axis_fastest():
    nested = np.arange(24.0).reshape(2, 3, 4)
    assert [value.data for value in flatten(nested)] == list(range(24))
    assert [value.data for value in flatten(nested.tolist())] == list(range(24))


def test_flatten_takes_lists_of_any_depth_and_single_numbers():
    x = Value(1.0)
    flat = flatten([x, [[2.0], (3.0, [])], np.array([4.0])])
    assert flat[0] is x
    assert [value.data for value in flat] == [1.0, 2.0, 3.0, 4.0]
    assert [value.data for value in flatten(5.0)] == [5.0]
    assert flatten([]).shape == (0,)
