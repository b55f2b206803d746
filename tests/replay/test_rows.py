"""Instructions that move rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_edu import (
    record,
)
from tinygrad_edu.replay.rows import Rows


def column(count: int) -> Any:
    return np.arange(float(count)).reshape(-1, 1)


@pytest.mark.parametrize("index", [slice(2, 9, 3), np.array([3, 8]), np.array([-1, 0])], ids=str)
def test_rows_that_are_not_there_are_no_others(index: Any) -> None:
    with pytest.raises(IndexError):
        Rows(index).view(column(8), batch=1)
    with pytest.raises(IndexError):
        Rows(index).run(np.zeros((2, 1)), column(8))


@pytest.mark.parametrize("count", [8, 9])
def test_of_many_parts_the_first_eight_are_shown(count: int) -> None:
    def powers(x: Any) -> list[Any]:
        return [x**k for k in (-4, -3, -2, -1, 0.5, 1.5, 3, 4, 5)[:count]]

    text = str(record(powers, ((),), []))
    more = ", ..." if count > 8 else ""
    assert f"{count} parts: v1, v2, v3, v4, v5, v6, v7, v8{more}  " in text
