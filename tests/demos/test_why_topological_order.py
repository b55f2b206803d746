"""The demo shows each wrong pass leaving the right one at the message where it really does, and its page too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from browser import started_browser

DEMO = Path(__file__).parents[2] / "demos" / "why_topological_order.py"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the demo prints, and its page."""
    out = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-W", "error", str(DEMO), "--quick", "--out", str(out)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True, encoding="utf-8").stdout
    return printed, out / "why_topological_order.html"


def test_each_pass_ends_with_the_gradient_worked_out_by_hand(demo: tuple[str, Path]) -> None:
    printed, _ = demo
    # depth first: 1 + 1 after the first message of c, then 2 + 2; overwriting: 1; no reset: (2 + 1 + 1) twice
    assert all(f"a.grad = {gradient}" in printed for gradient in (4, 6, 1, 8))
    assert "Finite differences say 4." in printed


def test_each_wrong_pass_leaves_the_right_one_at_its_message(demo: tuple[str, Path]) -> None:
    printed, _ = demo
    for sentence in ("depth first, message 2", "= instead of +=, message 2", "no reset, message 1"):
        assert sentence in printed
    assert printed.count("✗ ") >= 3


def test_the_page_opens_with_the_mistake_of_its_link_and_makes_the_others(demo: tuple[str, Path]) -> None:
    with started_browser() as browser:
        page = browser.new_page()
        page.goto(f"{demo[1].as_uri()}#mistake=order")
        for mistake, wrong, gradient in [("order", 2, "6"), ("overwrite", 2, "1"), ("leftover", 1, "8")]:
            page.select_option("#mistake-choice", mistake)
            page.click("#first-wrong")
            assert page.evaluate("() => state.position - seedAt") == wrong
            page.keyboard.press("End")
            assert page.text_content("#node-0 .grad") == gradient
            assert page.locator("#convicted tbody tr").first.locator("td").last.text_content() == "4"
