"""The examples that a page trains on: `data=(inputs, X, y)`, checked.

May import: `value`; NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_edu.value import Value

__all__ = ["examples_of"]

#: A page that carries more is slow to open.
_MOST_NUMBERS = 100_000


def examples_of(data: Any, nodes: Sequence[Value]) -> tuple[list[Value], list[list[float]]]:
    """The leaves that stand for an example, and the rows of numbers that they take.

    Raises TypeError for what is no (inputs, X, y), and ValueError for sizes that do not fit, numbers that are not
    finite and inputs that are no leaves of the graph.

    >>> x, y = Value(0.0, "x"), Value(0.0, "y")
    >>> examples_of(([x, y], [[1.0], [2.0]], [3.0, 5.0]), [x, y, x - y])[1]
    [[1.0, 3.0], [2.0, 5.0]]
    """
    if not isinstance(data, tuple | list) or len(data) != 3:
        raise TypeError(
            f"data is (inputs, X, y): the leaves of one example, and the features and targets of all, not {data!r:.80}"
        )
    leaves = list(np.ravel(np.asarray(data[0], dtype=object)))
    for leaf in leaves:
        if not isinstance(leaf, Value) or leaf.inputs:
            raise TypeError(
                f"the inputs of data are leaves of the graph, Values that were not computed, not {leaf!r:.80}"
            )
    strangers = [leaf for leaf in leaves if leaf not in nodes]
    if strangers:
        raise ValueError(f"{strangers[0]!r:.80} is an input of data and not in the graph, so nothing would follow it")
    if len(set(leaves)) < len(leaves):
        raise ValueError("an input of data is given twice; each stands for one feature or target")
    features, targets = _table(data[1], "X"), _table(data[2], "y")
    if len(features) != len(targets):
        raise ValueError(f"X has {len(features)} examples and y {len(targets)}; give one target for each example")
    columns = features.shape[1] + targets.shape[1]
    if len(leaves) != columns:
        raise ValueError(
            f"data has {len(leaves)} inputs, and its examples {features.shape[1]} features and {targets.shape[1]} "
            f"targets; give {columns} leaves, those of the features first"
        )
    rows = np.hstack([features, targets])
    if rows.size > _MOST_NUMBERS:
        raise ValueError(f"these examples have {rows.size:,} numbers, and a page carries {_MOST_NUMBERS:,}; give fewer")
    return leaves, rows.tolist()


def _table(numbers: Any, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """One row for each example."""
    try:
        table = np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} should be a table of numbers, one row for each example: {error}") from error
    if table.ndim not in (1, 2) or not len(table):
        raise ValueError(f"{name} should have one row for each example, and has the shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} has numbers that are not finite, on which no step can be taken")
    return table.reshape(len(table), -1)
