"""A lesson with the page, as a script of clicks; and hands that click anything, which must break nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from tinygrad_edu import MLP, Value

#: How many random clicks and keys; the nightly number is 10,000.
HANDS = int(os.environ.get("TINYGRAD_EDU_HANDS", "400"))


def lesson_graph() -> Value:
    """o = tanh(w₁x₁ + w₂x₂ + b), and how far it is from what it should be."""
    x = [Value(2.0, "x1"), Value(-1.0, "x2")]
    w = [Value(-0.5, "w1"), Value(1.0, "w2")]
    b, y = Value(0.25, "b"), Value(1.0, "y")
    n = w[0] * x[0] + w[1] * x[1] + b
    n.label = "n"
    o = n.tanh()
    o.label = "o"
    loss = (o - y) * (o - y)
    loss.label = "loss"
    return loss


def test_a_lesson_of_ten_minutes(open_page: Callable[..., Any]) -> None:
    page = open_page(lesson_graph())
    loss = "() => root.value"
    # Minutes 1 and 2: what the numbers are, and where they come from.
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert page.text_content("#step-title").startswith("Forward 4")
    page.keyboard.press("End")
    before = page.evaluate(loss)
    # Minutes 3 and 4: which way is up? The gradient of w1 says it, and dragging proves it.
    page.select_option("#node-choice", label="w1")
    gradient = page.evaluate("() => gradientOf(state.selected)")
    page.keyboard.press("e")
    page.keyboard.press("ArrowUp" if gradient < 0 else "ArrowDown")
    assert page.evaluate(loss) < before, "a step against the gradient makes the loss smaller"
    page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    assert page.evaluate(loss) == before
    # Minutes 5 and 6: predict two gradients.
    page.keyboard.press("p")
    page.keyboard.press("End")
    for _ in range(2):
        page.fill("#answer", page.evaluate("() => String(state.question.message.after)"))
        page.locator("#answer").press("Enter")
        assert "Right" in page.text_content("#verdict")
        page.locator("#next-question").click()
    assert "2 of 2 right" in page.text_content("#score")
    page.click("#predict-toggle")
    # Minutes 7 and 8: a mistake, where it begins, and who convicts it.
    page.select_option("#mistake-choice", "overwrite")
    page.click("#first-wrong")
    assert page.locator("#contributions .first-wrong").is_visible()
    assert page.locator("#convicted tbody tr").count() >= 1
    page.select_option("#mistake-choice", "")
    # Minutes 9 and 10: learning is a loop around all this.
    page.keyboard.press("l")
    for name in ("w1", "w2", "b"):
        page.get_by_label(name, exact=True).check()
    page.click("#train-step")
    expect(page.locator("#training-counter")).to_contain_text("step 1 of 1")
    page.fill("#train-steps", "50")
    page.click("#train-run")
    expect(page.locator("#training-counter")).to_contain_text("step 51 of 51")
    assert page.evaluate(loss) < 0.1 * before
    page.click("#pin")
    page.locator("#training-scrubber").fill("0")
    assert page.evaluate(loss) == before
    assert page.locator("#pinned tbody tr").count() == 4
    # And on the wall, with the presenter's keys.
    page.keyboard.press("f")
    page.keyboard.press("PageUp")
    assert page.locator("#wall-line").is_visible()
    assert page.locator("#panels").is_hidden()


def test_an_opened_neuron_follows_the_step_and_gives_nothing_away(open_page: Callable[..., Any]) -> None:
    model = MLP(2, [2, 1], "tanh", seed=0)
    page = open_page((model([0.5, -1.0])[0] - 1.0) ** 2)
    page.locator(".neuron > .caption").first.click()
    opened = page.locator("#opened-body")
    assert set(opened.locator(".local").all_text_contents()) == {"∂ ?"}
    assert set(opened.locator(".grad").all_text_contents()) == {"–"}
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert "∂ ?" not in opened.locator(".local").all_text_contents()
    page.keyboard.press("End")
    assert "–" not in opened.locator(".grad").all_text_contents()
    page.keyboard.press("p")
    assert page.locator("#predict").is_hidden(), "only stepping keys act through the dialog"
    page.keyboard.press("Escape")


CONSISTENT = """() => {
    const kept = nodes.map((node) => node.value);
    const gradients = [...pass.gradients];
    forward();
    const again = sweptGradients(wayOf(pass.mistake));
    return nodes.every((node, k) => Object.is(node.value, kept[k]))
        && (pass.isCut || again.every((gradient, k) => Object.is(gradient, gradients[k])))
        && state.position >= 0 && state.position <= end()
        && nodes.every((node) => !isInSight(node) || !node.valueTexts.length
            || node.valueTexts[0].textContent === (isComputed(node, state.position) ? brief(node.value) : "?"));
}"""

#: Done inside the page, so that thousands take seconds. Everything that can be clicked, typed and pressed takes part.
HANDS_AT_WORK = """([count, seed]) => {
    let s = seed;
    const random = () => { s = (s * 1664525 + 1013904223) % 4294967296; return s / 4294967296; };
    const pick = (list) => list[Math.floor(random() * list.length)];
    const keys = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End", "b", " ", "p", "t", "f", "l",
        "e", "+", "-", "0", "?", "Enter", "Escape", "PageUp", "PageDown", "z", "y"];
    const texts = ["", "2", "-0.5", "1e999", "nan", "x", "2/3", "1/0", "0", "1e300", "--", "1e-320"];
    for (let k = 0; k < count; k++) {
        const open = document.querySelector("dialog[open]");
        const hands = "button, input, select, .node[role=button], .neuron, .editable, summary";
        const all = [...(open ?? document).querySelectorAll(hands)]
            .filter((element) => element.isConnected && !element.disabled && element.getClientRects().length);
        const element = pick(all);
        const kind = random();
        if (kind < 0.35) {
            const target = document.activeElement ?? document.body;
            target.dispatchEvent(new KeyboardEvent("keydown", { key: pick(keys), bubbles: true, cancelable: true,
                shiftKey: random() < 0.2, altKey: random() < 0.1, ctrlKey: random() < 0.1 }));
        } else if (!element) continue;
        else if (element.matches("select")) {
            element.selectedIndex = Math.floor(random() * element.options.length);
            element.dispatchEvent(new Event("change", { bubbles: true }));
        } else if (element.matches("input[type=range]")) {
            element.value = String(Number(element.min) + random() * (Number(element.max) - Number(element.min)));
            element.dispatchEvent(new Event("input", { bubbles: true }));
        } else if (element.matches("input:not([type=checkbox])")) {
            element.focus();
            element.value = element.id === "train-steps" ? pick(["3", "x", "20"]) : pick(texts);
            element.dispatchEvent(new Event("input", { bubbles: true }));
            element.dispatchEvent(new Event("change", { bubbles: true }));
        } else {
            element.focus?.();
            element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
        }
    }
}"""


def test_hands_that_click_anything_break_nothing(open_page: Callable[..., Any]) -> None:
    model = MLP(2, [2, 1], "tanh", seed=0)
    x = [Value(0.5, "x1"), Value(-1.0, "x2")]
    y = Value(1.0, "y")
    loss = (model(x)[0] - y) ** 2
    rng = random.Random(3)
    examples = [[rng.gauss(0, 1), rng.gauss(0, 1)] for _ in range(5)]
    page = open_page(loss, data=([*x, y], examples, [rng.gauss(0, 1) for _ in range(5)]))
    for seed in range(HANDS // 100):
        page.evaluate(HANDS_AT_WORK, [100, seed])
        page.evaluate("() => { stopPlaying(); stopTraining(); }")
        assert page.evaluate(CONSISTENT), f"after {100 * (seed + 1)}"
