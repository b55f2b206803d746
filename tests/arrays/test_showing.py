"""An array of Values as people see it."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_edu import array
from tinygrad_edu.arrays.showing import as_text


def test_numbers_are_shown_and_aligned() -> None:
    assert repr(array([[1.0, -2.5], [30.0, 4.0]])) == "ValueArray([[ 1. , -2.5],\n            [30. ,  4. ]])"
    assert str(array([[1.0, -2.5], [30.0, 4.0]])) == "[[ 1.  -2.5]\n [30.   4. ]]"
    assert repr(array([])) == "ValueArray([])"
    assert repr(array(np.zeros((0, 3)))) == "ValueArray([], shape=(0, 3))"
    assert repr(array(2.0)) == "ValueArray(2.)"
    assert repr(array([np.nan, np.inf])) == "ValueArray([nan, inf])"


def test_a_format_is_that_of_each_number() -> None:
    assert f"{array([1.0, 2.0 / 3.0]):.2f}" == "[1.00 0.67]"
    assert format(array([1.0]), "") == "[1.]"
    with pytest.raises(ValueError, match="format"):
        format(array([1.0]), "no format")


def test_large_arrays_are_shortened() -> None:
    text = repr(array(np.arange(5000.0)))
    assert "..." in text
    assert len(text) < 200


def test_a_name_stands_before_the_brackets() -> None:
    assert as_text(array([1.0]), "x") == "x([1.])"
