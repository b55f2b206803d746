"""Sums and largest numbers of runs of rows, and sums over a batch."""

from __future__ import annotations

from typing import Any

from tinygrad_edu import (
    fsum,
    logsumexp,
    record,
)


def test_runs_of_one_length_and_of_several() -> None:
    def sums(x: Any) -> list[Any]:
        y = [v.exp() for v in x]
        return [fsum(y[:2]), fsum(y[2:5]), fsum(y[5:9]), x[0]]

    assert "sums of 2 to 4 rows of v1, rounded as they go  " in str(record(sums, (9,), []))
    equal = str(record(lambda x: [fsum(v.exp() for v in row) for row in x], ((2, 3),), []))
    assert "sums of 3 rows of v1, rounded as they go  " in equal
    assert "largest of each of 2 runs of x0  " in str(record(lambda x: [*map(logsumexp, x)], ((2, 3),), []))
