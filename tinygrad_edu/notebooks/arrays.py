"""A `ValueArray` in a notebook: its numbers, and after a sweep its gradients, tinted by their sign and their size.

May import: `texts`, `modes`, `arrays`, `drawing`; `elements` of this folder; NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.arrays import ValueArray
from tinygrad_edu.drawing.palette import tint
from tinygrad_edu.modes import is_hidden
from tinygrad_edu.notebooks.elements import Entry, beside, display, safe, shortened, table, title
from tinygrad_edu.texts import aligned, counted

__all__ = ["array_html"]

#: Of an axis so many elements are shown, the first and the last ones; of a deeper array so many tables.
_ELEMENTS, _TABLES = (6, 2), (2, 1)


def array_html(values: ValueArray) -> str | None:
    """The array as tables of its numbers, each with its gradient below it; nothing while it is being recorded.

    Of a long axis the first six and the last two are shown, of an array of more axes than two the first two tables
    and the last.

    >>> from tinygrad_edu.arrays import array
    >>> "<td>1</td><td>2</td>" in array_html(array([1.0, 2.0]))
    True
    """
    elements = values.ravel().tolist()
    if any(map(is_hidden, elements)):
        return None
    if not elements:
        return display(f"<p>{title('ValueArray', f'{_shape(values)}, empty')}</p>")
    tables = _Tables(values)
    graph = f"in a graph of {counted(_graph_size(elements), 'Value')}"
    heading = title("ValueArray", f"{_shape(values)}, {graph}{', with gradients (∂)' if tables.is_swept else ''}")
    if values.ndim <= 2:
        return display(tables.table(heading, ()))
    return display(f"<p>{heading}</p>", beside(*tables.all()))


def _shape(values: ValueArray) -> str:
    if values.ndim == 1:
        return counted(len(values), "element")
    return " × ".join(map(str, values.shape)) or "a single number"


def _graph_size(elements: Any) -> int:
    seen = {id(value): value for value in elements}
    to_visit = list(seen.values())
    while to_visit:
        for value in to_visit.pop().inputs:
            if id(value) not in seen:
                seen[id(value)] = value
                to_visit.append(value)
    return len(seen)


class _Tables:
    """An array as tables, one for its last two axes."""

    def __init__(self, values: ValueArray) -> None:
        self._values, self._headed = np.atleast_2d(values), values.ndim
        self.is_swept = bool(np.any(values.grad != 0.0))  # nan is not 0 either
        sizes = np.abs(values.grad)
        self._largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))

    def all(self) -> Iterator[str]:
        """A table for each index of all axes but the last two, or for the first and the last of them."""
        indices = list(np.ndindex(self._values.shape[:-2]))
        for position in shortened(len(indices), *_TABLES):
            if position is None:
                yield f"<p>… {len(indices) - sum(_TABLES):,} more tables …</p>"
            else:
                yield self.table(safe(f"[{', '.join(map(str, indices[position]))}]"), indices[position])

    def table(self, caption: str, index: tuple[int, ...]) -> str:
        """The last two axes, at an index of the others."""
        rows, columns = (shortened(count, *_ELEMENTS) for count in self._values.shape[-2:])
        shown = self._values[index][np.ix_(*[[k for k in axis if k is not None] for axis in (rows, columns)])]
        cells = iter(self._cells(shown))
        lines = []
        for row in rows:
            line = [Entry("⋮" if row is None else str(row), header=row is not None, kind="index")]
            for column in columns:
                gap = "⋱" if row is column else "⋮" if row is None else "⋯"
                line.append(Entry(gap, kind="index") if row is None or column is None else next(cells))
            lines.append(line if self._headed > 1 else line[1:])
        headings = [Entry("…" if k is None else str(k), kind="index") for k in columns]
        corner = [Entry()] if self._headed > 1 else []
        return table(caption, [*corner, *headings], lines, headed=self._headed > 0)

    def _cells(self, shown: ValueArray) -> Iterator[Entry]:
        gradients = aligned(shown.grad.ravel().tolist())
        for value, number, gradient in zip(shown.flat, aligned(shown.data.ravel().tolist()), gradients, strict=True):
            if self.is_swept:
                yield Entry(number, f"∂ {gradient}", tint(value.grad, self._largest), tip=value.label)
            else:
                yield Entry(number, tip=value.label)
