"""Parameters as one flat array, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Value
from tinygrad_edu.optim.vectors import gradients_of, numbers_of, write_numbers


@given(st.lists(st.floats(), max_size=6))
def test_what_is_written_is_read_bit_for_bit(numbers):
    params = [Value(0.0) for _ in numbers]
    write_numbers(params, np.array(numbers, dtype=np.float64))
    assert numbers_of(params).tobytes() == np.array(numbers, dtype=np.float64).tobytes()
    assert all(type(p.data) is float for p in params), "no numpy.float64 comes into the graph"


def test_the_order_is_that_of_the_parameters():
    a, b = Value(3.0), Value(2.0)
    (a * a * b).backward()
    assert gradients_of([a, b]).tolist() == [12.0, 9.0]
    assert gradients_of([b, a]).tolist() == [9.0, 12.0]
    assert (numbers_of([b, a]).tolist(), gradients_of([]).shape) == ([2.0, 3.0], (0,))


def test_an_array_of_another_length_is_refused():
    with pytest.raises(ValueError, match="zip"):
        write_numbers([Value(0.0)], np.array([1.0, 2.0]))
