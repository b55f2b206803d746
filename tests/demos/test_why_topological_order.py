"""The demo shows each wrong pass leaving the right one at the message where it really does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "demos" / "why_topological_order.py"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, object]]]:
    """What the demo prints, and the data of its page."""
    out = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-W", "error", str(DEMO), "--quick", "--out", str(out)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, encoding="utf-8").stdout
    page = (out / "why_topological_order.html").read_text("utf-8")
    found = re.search(r"const runs = (\[.*\]), at = ", page)
    assert found
    assert "http://" not in page.replace("http://www.w3.org", ""), "no network"
    return printed, json.loads(found[1])


def test_each_pass_ends_with_the_gradient_worked_out_by_hand(demo: tuple[str, list[dict[str, object]]]) -> None:
    printed, runs = demo
    # depth first: 1 + 1 after the first message of c, then 2 + 2; overwriting: 1; no reset: (2 + 1 + 1) twice
    assert [run["gradient"] for run in runs] == ["4", "6", "1", "8"]
    assert all(f"a.grad = {gradient}" in printed for gradient in (4, 6, 1, 8))
    assert "Finite differences say 4." in printed


def test_each_wrong_pass_leaves_the_right_one_at_its_message(demo: tuple[str, list[dict[str, object]]]) -> None:
    printed, runs = demo
    assert [run["wrong"] for run in runs] == [None, 1, 1, 0]
    for sentence in ("depth first, message 2", "= instead of +=, message 2", "no reset, message 1"):
        assert sentence in printed
    assert printed.count("✗ ") >= 3
