"""A program's picture, read back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from replay.comparing import leaf

from tinygrad_edu import MLP, Value, record
from tinygrad_edu.replay.builder import Builder
from tinygrad_edu.replay.picture import _sources


def program_of(sizes: list[int]) -> Any:
    model = MLP(2, sizes, "tanh", seed=0)
    return record(lambda x, y: (model(x)[0] - y) ** 2, (2, ()), model.parameters())


def test_both_sides_are_drawn_and_share_colors() -> None:
    source = program_of([3, 1]).draw().source
    assert "one example: 9 Values" in source
    color = re.search(r'v3 = tanh\(v2\).*?fillcolor="(#\w+)"', source, re.DOTALL)
    assert color
    circles = [line for line in source.splitlines() if re.search(r">\Wtanh\W<", line)]
    assert len(circles) == 3
    assert all(color[1] in line for line in circles)


def test_a_large_scalar_graph_is_left_out() -> None:
    source = program_of([30, 30, 1]).draw().source
    assert "one example" not in source
    assert "30 Values" in source


@pytest.mark.parametrize("ending", [".svg", ".png", ".dot"])
def test_files(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"program{ending}"
    program_of([2, 1]).draw(file)
    assert file.read_bytes()[:4] in (b"<?xm", b"\x89PNG", b"digr", b"<svg")


def test_another_ending_and_an_unwritable_place(tmp_path: Path) -> None:
    program = record(lambda x: Value(2.0) * x, ((),), [])
    with pytest.raises(ValueError, match=r"\.svg, \.png or \.dot"):
        program.draw(tmp_path / "program.pdf")
    with pytest.raises(FileNotFoundError, match="cannot write"):
        program.draw(tmp_path / "missing" / "program.svg")


def test_views_are_looked_through_to_what_computed_them() -> None:
    builder = Builder()
    x = leaf(builder, "x", 4)
    y = x * 2.0
    half = builder.rows(y, slice(0, 2, 1))
    total = half + builder.rows(y, slice(2, 4, 1))
    assert _sources(total) == [y]
    assert _sources(y) == []
