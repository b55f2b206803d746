"""The listing of a program, word by word."""

from __future__ import annotations

from typing import Any

from tinygrad_edu import (
    Value,
    choose,
    dot,
    fsum,
    record,
)


def test_a_loss_is_listed_with_its_gradient() -> None:
    w = [[Value(0.5), Value(-0.25)], [Value(0.75), Value(1.25)]]

    def loss(x: Any, k: Any) -> Any:
        return choose(k, [dot(row, x[:2]) for row in w]) * 3.0 + fsum(v.exp() for v in x)

    expected = """\
9 Values a call became 12 array operations on 4 parameters
forward
    v1 = theta[2×2] @ x0[0:2]                                   (2, batch)     2 Values
    v2 = exp(x0)                                                (3, batch)     3 Values
    v3 = places of x1 among 2×1                                 (1, batch)
    v4 = v1 at v3                                               (1, batch)     1 Value
    v5 = constants 3 @ v4                                       (1, batch)
    v6 = v5 + v2[0:1]                                           (1, batch)
    v7 = v6 + v2[1:2]                                           (1, batch)
    v8 = v7 + v2[2:3]                                           (1, batch)     3 Values
backward
    v9 = constants 3ᵀ @ seed                                    (1, batch)
   v10 = v9 added up at v3                                      (2, batch)
   v11 = v10 @ x0[0:2]ᵀ                                         (4)
   v12 = 1 parts: v11                                           (4)"""
    assert str(record(loss, (3, ()), [v for row in w for v in row])) == expected
