"""On which rows of the data, and when, a recorded model is compared with eager code.

A program that was recorded with one example may be wrong for another: a look-up in a dictionary, for one, is frozen.
So it is compared on rows that tell before it is used, and on one more row now and then while it trains.

May import: `replay`; `data` of this folder; NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.replay import RecordingError
from tinygrad_edu.training.data import Data, first_of_each

__all__ = ["Reviews", "reason_of", "reviewed_row", "row_name", "telling_rows"]

#: Rows that a new program is compared on. Most data has fewer classes than that, and so many examples cost eager code
#: half a batch of the usual 32.
_ROWS = 16
#: The share of the time of a run that comparing may take: nobody notices a run that is slower by a twentieth.
_SHARE_OF_TIME = 0.05
#: The next row to be compared lies so many rows further. It is a prime, so that every row has its turn, unless the
#: number of rows is a multiple of it.
_STRIDE = 7919


def telling_rows(data: Data) -> list[int]:
    """Rows that would show a program that holds for some examples only, in order.

    One row of each target if there are up to 16 of them, as with classes; else rows from the smallest target to the
    largest. Rows from all over the data make them up to 16, and those with the smallest and the largest number of X are
    always among them. Data of hardly more rows, up to 32, is compared as a whole.

    >>> y = np.array([0.0] * 39 + [1.0])
    >>> rows = telling_rows(Data(np.arange(40.0)[:, None], y))
    >>> len(rows), rows[0], rows[-1]
    (16, 0, 39)
    """
    n = len(data)
    if n <= 2 * _ROWS:
        return list(range(n))
    chosen = set(_rows_of_targets(data.y))
    for row in np.linspace(0, n - 1, _ROWS).astype(int).tolist():
        if len(chosen) < _ROWS:
            chosen.add(row)
    features = data.X.reshape(n, -1)
    if features.size:
        chosen |= {int(features.min(axis=1).argmin()), int(features.max(axis=1).argmax())}
    return sorted(chosen)


def _rows_of_targets(y: Any) -> list[int]:
    """The first row of each target; where they are too many, rows whose targets go from the smallest to the largest."""
    rows = first_of_each(y)
    if len(rows) > _ROWS:
        n = len(y)
        columns = y.reshape(n, -1)[:, : _ROWS // 2]  # so that each column has two rows at least: its extremes
        ranks = np.linspace(0, n - 1, _ROWS // columns.shape[1]).round().astype(int)
        rows = columns.argsort(axis=0)[ranks].ravel().tolist()
    return rows


class Reviews:
    """After which epochs a program is compared again: 1, 2, 4, 8, ..., the last, and others as far as time allows.

    `cost` is what one comparison takes, in seconds: an estimate at first, then that of the last one.

    >>> reviews = Reviews(cost=1.0)
    >>> [reviews.are_due(epoch, seconds=5.0) for epoch in (1, 2, 3, 4, 5)]   # one second fits into twenty
    [True, True, False, True, True]
    """

    def __init__(self, cost: float) -> None:
        self.cost = cost
        self.trained = self.spent = 0.0

    def are_due(self, epoch: int, seconds: float, last: bool = False) -> bool:
        """Whether to compare after this epoch, which took so many seconds."""
        self.trained += seconds
        is_power_of_two = epoch & (epoch - 1) == 0
        return last or is_power_of_two or self.spent + self.cost <= _SHARE_OF_TIME * self.trained

    def took(self, seconds: float) -> None:
        """Take note of what a comparison took."""
        self.cost = seconds
        self.spent += seconds


def reviewed_row(epoch: int, n: int) -> int:
    """The row of n that is compared after this epoch: another one each time, from all over the data.

    >>> [reviewed_row(epoch, 10) for epoch in (1, 2, 3)]
    [9, 8, 7]
    """
    return epoch * _STRIDE % n


def row_name(row: int) -> str:
    """What messages call a row.

    >>> row_name(3)
    'row 3 of X (counted from 0)'
    """
    return f"row {row} of X (counted from 0)"


def reason_of(error: Exception) -> str:
    """Why a model is not replayed, as `History.engine` and warnings say it.

    >>> reason_of(RecordingError("it draws")), reason_of(KeyError("k"))
    ('it draws', "recording raised KeyError: 'k'")
    """
    return str(error) if isinstance(error, RecordingError) else f"recording raised {type(error).__name__}: {error}"
