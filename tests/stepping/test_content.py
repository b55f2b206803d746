"""The numbers that a page carries for its script: read out of the file, without a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tinygrad_edu import Neuron, Value, save_page


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
    assert (data["root"], data["notice"], data["gradients"]) == (1, "", [6.0, 1.0])
    assert leaf == {"name": "a", "value": 3.0}
    assert square == {"name": "L", "value": 9.0, "inputs": [0, 0], "rule": 0, "template": 0}
    assert data["templates"] == [{"rule": "N0N²", "locals": ["N0N", "N0N"]}]


def test_operations_of_one_kind_share_rule_and_template(tmp_path: Path) -> None:
    a, b = Value(3.0, "a"), Value(2.0, "b")
    data = data_of((a * b) * (b * a) + a.leaky_relu(0.2), tmp_path)
    rules = [(node["rule"], node["template"]) for node in data["nodes"] if "rule" in node]
    assert rules == [(0, 0), (0, 0), (0, 0), (1, 1), (2, 2)]
    assert [node["settings"] for node in data["nodes"] if "settings" in node] == [[0.2]]


def test_numbers_that_are_not_what_the_leaves_give_bring_their_derivatives(tmp_path: Path) -> None:
    a = Value(3.0, "a")
    root = a * a
    a.data = 5.0
    data = data_of(root, tmp_path)
    assert "changed after" in data["notice"]
    assert data["nodes"][1]["locals"] == [3.0, 3.0]


def test_what_is_not_finite_is_a_word(tmp_path: Path) -> None:
    data = data_of(Value(0.0, "x").log(), tmp_path)
    assert (data["nodes"][1]["value"], data["gradients"]) == ("-inf", ["inf", 1.0])


def test_no_label_ends_the_script(tmp_path: Path) -> None:
    label = "</script><b>&"
    assert data_of(Value(1.0, label).exp(), tmp_path)["nodes"][0]["name"] == label


def test_a_constant_is_said_to_be_one_and_has_no_gradient(tmp_path: Path) -> None:
    x = Value(3.0, "x")
    data = data_of(x * 2.0, tmp_path)
    assert [node.get("constant", False) for node in data["nodes"]] == [False, True, False]
    assert data["gradients"] == [2.0, None, 1.0]


def test_parameters_of_modules_are_told(tmp_path: Path) -> None:
    nodes = data_of(Neuron(1)([2.0]), tmp_path)["nodes"]
    assert [node["name"] for node in nodes if node.get("parameter")] == ["w₁", "b"]
