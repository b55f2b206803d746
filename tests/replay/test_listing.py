"""The listing of a program, word by word."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from replay.comparing import leaf, penalized_network

from tinygrad_edu import Value, choose, dot, fsum, record
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.listing import listing, parts, size


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


def test_views_and_what_is_given_are_shown_where_they_are_used() -> None:
    builder = Builder()
    x = leaf(builder, "x", 4)
    first = builder.rows(x, slice(0, 2, 1)) * 2.0
    second = builder.rows(x, np.array([3, 0])) + first
    listed = parts(builder.written[:3], builder.written[3:])
    assert listed["forward"] == [("v1", "x[0:2] * 2", first)]
    assert [(name, text) for name, text, _ in listed["backward"]] == [("v2", "x[2 rows]"), ("v3", "v2 + v1")]
    assert listed["backward"][1][2] is second


def test_a_size_has_the_batch_last() -> None:
    builder = Builder()
    assert size(leaf(builder, "x", 16)) == "(16, batch)"
    assert size(leaf(builder, "theta", 1_000, batched=False)) == "(1000)"


def test_the_head_counts_and_thousands_have_commas() -> None:
    builder = Builder()
    y = leaf(builder, "x", 2000) * 2.0
    y.stands_for = list(range(2000))
    assert listing(12_345, 1_000, builder.written, []).splitlines() == [
        "12,345 Values a call became 1 array operations on 1,000 parameters",
        "forward",
        "    v1 = x * 2                                                  (2000, batch)  2,000 Values",
        "backward",
    ]


def test_the_listing_says_what_is_run_by_line() -> None:
    w = Value(0.5, "w")

    def chain(x: Value) -> Value:
        for _ in range(30):
            x = (w * x).tanh()
        return x

    program = record(chain, ((),), [w])
    second = str(program).splitlines()[1]
    assert second == (
        f"for up to {program.by_line} examples, 149 lines of Python over floats instead, which are quicker there"
    )
    program.by_line = 1
    assert str(program).splitlines()[1].startswith("for a single example, ")
    program.by_line = 0
    assert str(program).splitlines()[1] == "forward"


def test_the_listing_says_what_is_compiled() -> None:
    w = Value(0.5, "w")

    def chain(x: Any) -> Any:
        for _ in range(30):
            x = w * x * (1.0 - x)
        return x

    program = record(chain, ((),), [w], native=True)
    second = re.fullmatch(
        r"for any number of examples, 237 lines in machine code instead, compiled in \d\.\d\d s",
        str(program).splitlines()[1],
    )
    assert second, str(program).splitlines()[1]


def test_the_listing_says_why_nothing_is_compiled() -> None:
    w = Value(0.5, "w")
    short = record(lambda x: w * x, ((),), [w], native=True)
    short.by_line = 0  # as for large products
    assert str(short).splitlines()[1:3] == ["no machine code, for arrays are quicker", "forward"]
    chooses = record(lambda x, k: choose(k, [w * x, x]), ((), ()), [w], native=True)
    assert "chooses by an index" in str(chooses).splitlines()[1]
    assert chooses.twin(np.array([0.5])).by_line_text == str(chooses).splitlines()[1]


def test_the_listing_says_which_of_its_operations_are_lines() -> None:
    lines = str(penalized_network()).splitlines()
    text = r"for {}, \d+ of these as \d+ lines of Python over floats, which are quicker there"
    assert re.fullmatch(text.format("a single example"), lines[1])
    assert re.fullmatch(text.format("any number of examples"), lines[2])
    assert lines[3] == "forward"
