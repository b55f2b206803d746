"""A Program in a notebook: the same operations as in its listing."""

from __future__ import annotations

import numpy as np
from notebooks.reading import notes, number, parsed, tables, text_of

from tinygrad_edu import MLP, Value, record
from tinygrad_edu.notebooks.programs import program_html


def operations(listing: str) -> dict[str, list[list[str]]]:
    """What `print(program)` says, by pass: name, operation, shape, and the number of Values."""
    found: dict[str, list[list[str]]] = {}
    for line in listing.splitlines()[1:]:
        if not line.startswith(" "):
            if line in ("forward", "backward"):
                found[line] = rows = []
            continue
        name, _, rest = line.strip().partition(" = ")
        operation, _, more = rest.rpartition(" (")
        shape, _, values = more.partition(")")
        rows.append([name, operation.strip(), f"({shape})", values.split(" V")[0].strip()])
    return found


def test_forward_and_backward_are_the_listing() -> None:
    model = MLP(2, [8, 1], "tanh", seed=1)
    program = record(lambda x, y: (model(x)[0] - y) ** 2, shapes=(2, ()), params=model.parameters())
    forward, backward = tables(program._repr_html_())
    listed = operations(str(program))
    assert len(listed["backward"]) > 10
    assert forward.rows == listed["forward"]
    assert [[*row, ""] for row in backward.rows] == listed["backward"]
    assert forward.caption == f"forward, {len(forward.rows)} operations"
    assert notes(program._repr_html_())[0] == "Program · 19 Values a call became 18 array operations on 33 parameters"


def test_a_bar_is_as_long_as_the_number_of_values() -> None:
    model = MLP(2, [8, 1], "tanh", seed=1)
    program = record(lambda x: model(x)[0], shapes=(2,), params=model.parameters())
    forward = tables(program_html(program))[0]
    counted = [(values, row[-1]) for values, row in zip(forward.column("Values"), forward.grounds(), strict=True)]
    assert {values: style for values, style in counted if values == "8"}["8"].startswith("background-color")
    assert "13%" in dict(counted)["1"] or "12%" in dict(counted)["1"]
    assert dict(counted)[""] == ""


def test_a_function_that_returns_a_list_has_no_backward_pass() -> None:
    w = Value(2.0)
    html = record(lambda x: [x * 2.0, x + w], ((),), [w])._repr_html_()
    (shown,) = tables(html)
    assert shown.caption == "forward, 3 operations"
    assert "became 3 array operations on 1 parameter" in notes(html)[0]
    assert not any(map(any, shown.grounds())), "bars that are all alike say nothing"


def test_a_program_of_thousands_of_operations_is_shortened() -> None:
    w = Value(0.3)

    def f(x):
        for _ in range(300):
            x = (x * w).tanh() * 1.01 + (x * w).sin()
        return x

    program = record(f, ((),), [w])
    html = program._repr_html_()
    assert len(html) < 20_000
    listed = operations(str(program))
    for shown, rows in zip(tables(html), listed.values(), strict=True):
        assert len(rows) > 1000
        assert [row[0] for row in shown.rows if len(row) > 1] == [row[0] for row in rows[:15] + rows[-5:]]
        assert number(shown.rows[15][0].split()[1]) == len(rows) - 20
    assert notes(html)[-1] == "print(program) lists all operations"


def test_what_computes_nothing_shows_nothing() -> None:
    html = record(lambda x: x, shapes=((),), params=[])._repr_html_()
    assert "Program" in text_of(parsed(html))
    assert record(lambda x: x, shapes=((),), params=[])(np.ones(1)) == 1.0


def test_a_sentence_says_what_is_run_by_line() -> None:
    w = Value(0.5)

    def chain(x: Value) -> Value:
        for _ in range(30):
            x = (w * x).tanh()
        return x

    program = record(chain, ((),), [w])
    assert program.by_line_text in notes(program_html(program))
    assert program.by_line_text == str(program).splitlines()[1]
