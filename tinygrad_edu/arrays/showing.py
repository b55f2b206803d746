"""An array of `Value`s as text, and in a notebook: its numbers as NumPy shows them, its shape, the size of its graph.

May import: `texts`, `modes`; NumPy.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from tinygrad_edu.modes import is_hidden
from tinygrad_edu.texts import counted

__all__ = ["as_html", "as_text"]


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


def as_html(values: Any) -> str:
    """For a notebook: the shape, how many Values the graph behind it has, and the numbers.

    >>> from tinygrad_edu.arrays import array
    >>> as_html(array([1.0, 2.0]) * 3.0)
    '<div><b>ValueArray</b> 2, in a graph of 5 Values<pre>[3. 6.]</pre></div>'
    """
    elements = values.ravel().tolist()
    shape = " × ".join(map(str, values.shape)) or "one number"
    size = counted(_graph_size(elements), "Value")
    return f"<div><b>ValueArray</b> {shape}, in a graph of {size}<pre>{escape(as_text(values))}</pre></div>"


def _graph_size(elements: Any) -> int:
    seen = {id(value): value for value in elements}
    to_visit = list(seen.values())
    while to_visit:
        for value in to_visit.pop().inputs:
            if id(value) not in seen:
                seen[id(value)] = value
                to_visit.append(value)
    return len(seen)
