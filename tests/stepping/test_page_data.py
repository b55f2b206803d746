"""The numbers that a page carries for its script: read out of the file, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tinygrad_edu import Value, grad, save_page, topological_order


def data_of(root: Value, folder: Path) -> dict[str, Any]:
    file = folder / "page.html"
    save_page(root, file, names={})
    found = re.search(r'>(\{"root":.*?)</script>', file.read_text("utf-8"), re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_a_square_by_hand(tmp_path: Path) -> None:
    a = Value(3.0, "a")
    data = data_of(a * a, tmp_path)
    leaf, square = data["nodes"]
    assert (data["root"], data["forward"], data["notice"]) == (1, [1], "")
    assert data["backward"] == [{"node": 1, "upstream": 1.0, "contributions": [[3.0, 0.0, 3.0], [3.0, 3.0, 6.0]]}]
    assert (leaf["name"], leaf["value"], leaf["path_count"], leaf["rest"]) == ("a", 3.0, "2", 0.0)
    assert leaf["paths"] == [[0], [1]], "by the first input, and by the second"
    assert (square["inputs"], square["locals"], square["formula"]) == ([0, 0], [3.0, 3.0], "a²")
    assert leaf["check"]["verdict"] == "pass"
    assert leaf["check"]["numeric"] == pytest.approx(6.0, rel=1e-8)
    assert "paths" not in square, "the root's gradient by itself is 1"


def test_paths_finite_differences_and_gradients_belong_together(tmp_path: Path) -> None:
    x, y = Value(0.5, "x"), Value(-1.5, "y")
    h = (x * y).tanh() + x
    root = h * h - (y + Value(2.0, "c")) / h
    order = topological_order(root)
    data = data_of(root, tmp_path)
    for node, gradient, content in zip(order[:-1], grad(root, order[:-1]), data["nodes"], strict=False):
        assert content["check"]["numeric"] == pytest.approx(gradient, rel=1e-6, abs=1e-9)
        total = content["rest"]
        for places in content["paths"]:
            at, product = root, 1.0
            for place in places:
                product *= at.local_derivatives[place]
                at = at.inputs[place]
            assert at is node
            total += product
        assert total == pytest.approx(gradient, rel=1e-12)


def test_what_is_not_finite_is_a_word(tmp_path: Path) -> None:
    x = Value(0.0, "x")
    leaf, root = data_of(x.log(), tmp_path)["nodes"]
    assert (root["value"], root["locals"], leaf["check"]["verdict"]) == ("-inf", ["inf"], "FAIL")


def test_no_label_ends_the_script(tmp_path: Path) -> None:
    label = "</script><b>&"
    assert data_of(Value(1.0, label).exp(), tmp_path)["nodes"][0]["name"] == label


def test_a_page_of_many_nodes_says_less_about_each(tmp_path: Path) -> None:
    x = Value(1.0, "x")
    for _ in range(500):
        x = x.sin()
    nodes = data_of(x, tmp_path)["nodes"]
    assert len(nodes) == 501
    assert not any("paths" in node or "check" in node for node in nodes)


def test_a_constant_is_said_to_be_one_and_nothing_is_explained_of_it(tmp_path: Path) -> None:
    x = Value(3.0, "x")
    nodes = data_of(x * 2.0, tmp_path)["nodes"]
    assert [node.get("constant", False) for node in nodes] == [False, True, False]
    assert "paths" in nodes[0]
    assert "paths" not in nodes[1]
