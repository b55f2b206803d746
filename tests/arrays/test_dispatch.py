"""Every function of NumPy either has a meaning for arrays of Values, or is refused in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_array_functions, get_overridable_numpy_ufuncs

from tinygrad_edu import Value, array
from tinygrad_edu.arrays.dispatch import MEANINGS, meaning_of, not_here

# By name, for some have two, and every process must see the same.
_BY_NAME = {
    f"{function.__module__}.{function.__name__}": function for function in get_overridable_numpy_array_functions()
}
FUNCTIONS = [_BY_NAME[name] for name in sorted(_BY_NAME)]
UFUNCS = sorted(get_overridable_numpy_ufuncs(), key=lambda u: u.__name__)
A = np.array([[2.0, 0.5, 0.25], [0.5, 3.0, 0.125], [0.25, 0.125, 4.0]])


def named(function: Any) -> str:
    return f"{function.__module__}.{function.__name__}"


def detached(answer: Any) -> bool:
    """Whether an answer holds numbers that came from Values and do not know it."""
    if isinstance(answer, (tuple, list)):
        return any(map(detached, answer))
    if isinstance(answer, np.ndarray) and answer.dtype == object:
        return not all(isinstance(value, Value) for value in answer.flat)
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind in "fc"
    return isinstance(answer, (float, complex, np.inexact))


#: What NumPy and our sentences raise for arguments that a function does not take.
REFUSALS = (TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError, OSError, DeprecationWarning)


def tried(function: Any, *arguments: Any) -> Any:
    """The answer, or the error that says that there is none."""
    if any(isinstance(part, list) and isinstance(part[0], np.ndarray) for part in arguments):
        arguments = (np.stack(arguments[0]),) if function not in TAKES_LISTS else arguments
    try:
        return function(*arguments)
    except REFUSALS as error:
        return error


#: Those that look for arrays in a list; of a list, others cannot know that there are Values in it.
TAKES_LISTS = {np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block, np.einsum}
#: Those whose floats are no result of the Values: edges of bins, and the bytes of an array, whatever they are.
LOOKS_ONLY = {"numpy.histogram", "numpy.histogram2d", "numpy.histogram_bin_edges", "numpy.frombuffer"}


@pytest.mark.parametrize("function", FUNCTIONS, ids=named)
def test_a_function_gives_values_or_says_in_one_sentence_that_it_does_not(function: Any) -> None:
    a = array(A)
    for arguments in ((a,), (a, a), (a, 1), (a, [0, 1], 0), ([a, a],)):
        answer = tried(function, *arguments)
        if isinstance(answer, Exception):
            assert function in MEANINGS or "\n" not in str(answer)
        else:
            assert named(function) in LOOKS_ONLY or not detached(answer), (arguments, answer)


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_a_ufunc_gives_values_or_says_in_one_sentence_that_it_does_not(ufunc: Any) -> None:
    answer = tried(ufunc, *[array([1.5, 0.5, 0.25]) for _ in range(ufunc.nin)])
    if isinstance(answer, Exception):
        assert isinstance(answer, (TypeError, ValueError))
        assert "\n" not in str(answer)
    else:
        assert not detached(answer)


def test_nearly_everything_of_numbers_has_a_meaning() -> None:
    """A function that NumPy will have some day is refused until it has one."""
    assert len([function for function in FUNCTIONS if function in MEANINGS]) > 150


def test_a_name_that_this_numpy_does_not_have_declares_nothing() -> None:
    before = dict(MEANINGS)
    assert meaning_of("never.heard_of", "neither")(len) is len
    assert before == MEANINGS


def test_what_is_refused_says_what_to_write() -> None:
    for function, words in [
        (np.linalg.lstsq, r"np\.linalg\.lstsq .*A\.T @ A"),
        (np.fft.fft, r"np\.fft\.fft .*complex"),
        (np.roots, r"np\.roots .*np\.roots\(a\.data\)"),
        (np.packbits, r"np\.packbits .*give it a\.data"),
        (np.spacing, r"np\.spacing .*give it a\.data"),
    ]:
        with pytest.raises(TypeError, match=words):
            not_here(function)
