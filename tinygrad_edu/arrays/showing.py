"""An array of `Value`s as text: its numbers as NumPy shows them.

May import: `modes`; NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.modes import is_hidden

__all__ = ["as_text"]


def as_text(values: Any, name: str = "", spec: str = "") -> str:
    """The numbers, as NumPy writes them; with a name, as a call of it.

    >>> from tinygrad_edu.arrays import array
    >>> print(as_text(array([1.0, 2.0]), "ValueArray"))
    ValueArray([1., 2.])
    """
    elements = values.ravel().tolist()
    if any(map(is_hidden, elements)):
        return f"<an array of Values of shape {values.shape}, while recording>"
    if name and not elements and values.ndim > 1:
        return f"{name}([], shape={values.shape})"
    numbers = np.array([value.data for value in elements], dtype=np.float64).reshape(values.shape)
    formatter: Any = {"float_kind": lambda number: format(number, spec)} if spec else None
    text = np.array2string(
        numbers, separator=", " if name else " ", prefix=f"{name}(" if name else "", formatter=formatter
    )
    return f"{name}({text})" if name else text
