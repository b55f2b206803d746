"""What several tests of replay compare with, and how."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import Value


def exactly(ours: Any, theirs: Any) -> None:
    """Equal, the sign of a zero included, but for the last digit of NumPy's functions."""
    np.testing.assert_allclose(ours, theirs, rtol=2e-15, atol=0.0)
    zeros = np.asarray(theirs) == 0.0
    np.testing.assert_array_equal(np.signbit(ours)[zeros], np.signbit(theirs)[zeros])


def params_of(array: Any) -> Any:
    return np.vectorize(Value, otypes=[object])(array)
