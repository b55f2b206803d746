"""What a recorded model is compared with eager code on: rows of the data that tell, as eager code is given them.

May import: `replay`, `value`; `data` of this folder; NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.replay import RecordingError
from tinygrad_edu.training.data import Data
from tinygrad_edu.value import Value

__all__ = ["as_in_eager", "reason_of", "row_name", "telling_rows"]

_ROWS = 16


def telling_rows(data: Data) -> list[int]:
    """Rows that would show a program that holds for some examples only: of each target one, if these are few.

    Else rows from the smallest target to the largest. In any case 16 rows, some of them from all over the data, and
    those of the extremes of X; all rows, if there are hardly more.
    """
    n = len(data)
    if n <= 2 * _ROWS:
        return list(range(n))
    _, rows = np.unique(data.y, axis=0, return_index=True)
    if len(rows) > _ROWS:
        columns = data.y.reshape(n, -1)[:, : _ROWS // 2]  # of each column at least the extremes
        ranks = np.linspace(0, n - 1, _ROWS // columns.shape[1]).round().astype(int)
        rows = columns.argsort(axis=0)[ranks].ravel()
    chosen = set(rows.tolist())
    for row in np.linspace(0, n - 1, _ROWS).astype(int).tolist():
        if len(chosen) < _ROWS:
            chosen.add(row)
    features = data.X.reshape(n, -1)
    if features.size:
        chosen |= {int(features.min(axis=1).argmin()), int(features.max(axis=1).argmax())}
    return sorted(chosen)


def row_name(row: int) -> str:
    """What messages call a row."""
    return f"row {row} of X (counted from 0)"


def as_in_eager(item: Any) -> Any:
    """An example as eager code has it: numbers, and lists of them; while recording, the same lists of `Value`s."""
    return item if isinstance(item, Value) else item.tolist()


def reason_of(error: Exception) -> str:
    """Why a model is not replayed, as `History.engine` and warnings say it."""
    return str(error) if isinstance(error, RecordingError) else f"recording raised {type(error).__name__}: {error}"
