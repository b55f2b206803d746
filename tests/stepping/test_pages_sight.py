"""What is out of sight is left alone, and is right as soon as it comes into sight."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tinygrad_edu import MLP, Neuron, Value


def network() -> Value:
    model = MLP(4, [12, 10, 1], seed=1)
    return (model([0.5, -1.0, 0.25, 2.0])[0] - 1.0) ** 2


#: What is computed and in sight writes its number of now, here and in its copies.
WRONG = """() => nodes.filter((node) => node.isDrawn && isInSight(node) && isComputed(node, state.position))
    .filter((node) => node.valueTexts.some((text) => text.textContent !== brief(node.value)))
    .map((node) => node.name)"""
SHOWN = (
    """() => nodes.filter((node) => node.isDrawn && node.group.querySelector("text").getClientRects().length).length"""
)


def test_a_large_graph_shows_what_is_in_sight_and_follows_the_view(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    page.keyboard.press("End")
    drawn = page.evaluate("() => nodes.filter((node) => node.isDrawn).length")
    assert 0 < page.evaluate(SHOWN) < drawn
    page.evaluate("() => { leaves[0].value = 0.123; refresh(); }")
    for _ in range(15):
        page.keyboard.press("PageUp")
        assert page.evaluate(WRONG) == []
    page.keyboard.press("End")
    page.keyboard.press("0")
    assert page.evaluate(SHOWN) == drawn
    assert page.evaluate(WRONG) == []
    for _ in range(8):
        page.keyboard.press("+")
    assert page.evaluate(SHOWN) < drawn  # what leaves the view is not laid out any longer


def test_what_is_out_of_sight_is_not_laid_out_but_can_be_heard(open_page: Callable[..., Any]) -> None:
    """A group that is not displayed is laid out with all that is in it, so each text itself must not be displayed."""
    page = open_page(network())
    far = "nodes.filter((node) => node.isDrawn && !isInSight(node))"
    looks = page.evaluate(f"() => {far}.map((node) => getComputedStyle(node.group.querySelector('text')).display)")
    assert set(looks) == {"none"}
    page.keyboard.press("End")
    page.wait_for_function("() => nodes.every((node) => !node.isDrawn || node.group.ariaLabel?.includes('gradient '))")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    heard = {node["name"]["value"] for node in tree if not node["ignored"] and node["role"]["value"] == "button"}
    assert set(page.evaluate(f"() => {far}.map((node) => node.group.ariaLabel)")) <= heard


def test_nothing_within_the_view_is_hidden(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    for key in ("End", "+", "+", "-", "-", "-", "Home"):
        page.keyboard.press(key)
        hidden = page.evaluate(
            """() => {
                const { x, y, width, height } = svg.viewBox.baseVal;
                return parts.filter((part) => !part.isShown
                    && part.box.x < x + width && part.box.x + part.box.width > x
                    && part.box.y < y + height && part.box.y + part.box.height > y).length;
            }"""
        )
        assert hidden == 0, key


def test_the_boxes_that_are_read_are_those_that_the_browser_draws(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    page.keyboard.press("0")
    far = page.evaluate(
        """() => {
            const here = svg.getScreenCTM().inverse();
            return parts.filter(({ element, box }) => {
                const shape = element.querySelector(".box, path"); // a title is a text alone
                const inner = (shape ?? document.createElement("i")).getBoundingClientRect();
                const corner = new DOMPoint(inner.x, inner.y).matrixTransform(here);
                return inner.width > 0 && !(corner.x > box.x - 3 && corner.x <= box.x + box.width
                    && corner.y > box.y - 3 && corner.y <= box.y + box.height);
            }).map(({ element }) => element.id);
        }"""
    )
    assert far == []


def test_arrow_keys_reach_nodes_that_are_out_of_sight(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    page.locator(".node[tabindex='0']").focus()
    seen = set()
    for _ in range(60):
        page.keyboard.press("ArrowDown")
        focused = page.evaluate("document.activeElement.id")
        assert focused.startswith("node-")
        seen.add(focused)
    assert len(seen) == 60
    assert page.locator(".node[tabindex='0']").count() == 1


def test_a_node_chosen_from_the_list_comes_into_sight(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    last = page.evaluate("() => root.id")
    page.select_option("#node-choice", str(last))
    box = page.locator(f"#node-{last}").bounding_box()
    canvas = page.locator("#canvas").bounding_box()
    assert canvas["x"] <= box["x"] <= canvas["x"] + canvas["width"] - box["width"]


def test_what_stays_the_same_in_a_panel_stays_in_place(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    page.keyboard.press("End")
    page.evaluate("() => { select(leaves[0]); window.kept = document.querySelector('#consumers math'); }")
    before = page.text_content("#consumers")
    page.evaluate("() => { leaves[0].value += 0.5; refresh(); }")
    assert page.text_content("#consumers") != before
    assert page.evaluate("() => window.kept === document.querySelector('#consumers math')")


#: Whether a line of the messages is seen: within the list, when that has come to rest.
SEEN = """(line) => new Promise((seen) => setTimeout(() => {
    const [inner, outer] = [lines.at(line), byId("log")].map((shape) => shape.getBoundingClientRect());
    seen(inner.height > 0 && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1);
}, 100))"""


def test_the_latest_message_is_in_sight_and_the_first_can_be_scrolled_to(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    page.keyboard.press("End")
    assert page.evaluate(SEEN, -1)
    assert page.locator("#log li:not([hidden])").count() == page.evaluate("end()")
    page.evaluate("() => goTo(101)")
    assert page.evaluate(SEEN, 100)
    assert page.locator("#log li:not([hidden])").count() == 101
    page.evaluate("() => { byId('log').scrollTop = 0; }")
    assert page.evaluate(SEEN, 0)
    assert not page.evaluate(SEEN, 100)


# On a wall ------------------------------------------------------------------------------------------------


def at_each_step(page: Any, look: str, *, waits: bool = False) -> list[Any]:
    """What `look` sees at each step, in one visit; where it waits, after a frame has been drawn."""
    return page.evaluate(  # type: ignore[no-any-return]
        f"""async () => {{
            const drawn = () => new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
            const seen = [];
            for (const position of stops()) {{
                if (position) step(1);
                if ({str(waits).lower()}) await drawn();
                seen.push(({look})());
            }}
            return seen;
        }}"""
    )


LARGE_AND_IN_SIGHT = """() => {
    const seen = canvas.getBoundingClientRect();
    const node = document.querySelector(".node:is(.computing, .sending)");
    const labels = [...document.querySelectorAll(".edge.flowing :is(.local, .amount)")];
    const isInside = (shape) => {
        const box = shape.getBoundingClientRect();
        return box.left >= seen.left - 1 && box.right <= seen.right + 1
            && box.top >= seen.top - 1 && box.bottom <= seen.bottom + 1;
    };
    return { height: 11 * svg.getScreenCTM().a, node: !node || isInside(node), line: byId("wall-line").textContent,
        labels: labels.filter(isInside).length, all: labels.length };
}"""


@pytest.mark.parametrize(
    "graph", [lambda: Neuron(3, seed=1)([1.0, 2.0, 3.0]), lambda: MLP(2, [4, 4, 1], seed=1)([0.5, -1.0])[0]]
)
def test_on_a_wall_the_step_is_large_enough_and_in_sight(
    open_page: Callable[..., Any], graph: Callable[[], Value]
) -> None:
    page = open_page(graph())
    page.keyboard.press("f")
    for width, height in [(1920, 1080), (1280, 720)]:
        page.set_viewport_size({"width": width, "height": height})
        page.keyboard.press("Home")
        seen = at_each_step(page, LARGE_AND_IN_SIGHT, waits=True)
        for told in seen:
            assert told["height"] >= height / 45 - 0.01
            assert told["node"], told["line"]
            assert told["labels"] >= min(told["all"], 4), told["line"]
        assert len(seen[-1]["line"]) < 200


#: What the browser calls in the next frame is called at once: hundreds of steps are looked at.
MARGINS = """() => {
    onResize();
    return [
        [whole.x - view.x, view.x + view.width - whole.x - whole.width],
        [whole.y - view.y, view.y + view.height - whole.y - whole.height],
    ];
}"""


@pytest.mark.parametrize("graph", [lambda: (Neuron(2, seed=1)([1.0, 2.0]) - 1.0) ** 2, network])
def test_no_side_is_cut_off_while_the_other_is_empty(open_page: Callable[..., Any], graph: Callable[[], Value]) -> None:
    page = open_page(graph())
    page.set_viewport_size({"width": 1280, "height": 720})
    page.reload()
    beside_panels = at_each_step(page, MARGINS)
    page.keyboard.press("f")
    page.keyboard.press("Home")
    for margins in [*beside_panels, *at_each_step(page, MARGINS)]:
        for low, high in margins:
            assert max(low, high) < 0.5 or abs(low - high) < 0.5, margins


def test_the_first_view_has_the_first_step_and_what_it_takes(open_page: Callable[..., Any]) -> None:
    page = open_page(MLP(2, [4, 1], "tanh", seed=0)([Value(0.0, "x1"), Value(1.0, "x2")])[0] ** 2)
    page.set_viewport_size({"width": 1280, "height": 720})
    page.reload()
    assert page.evaluate(
        """() => operations[0].inputs.every((id) => {
            const [seen, box] = [canvas, nodes[id].group].map((shape) => shape.getBoundingClientRect());
            return box.left >= seen.left && box.right <= seen.right && box.top >= seen.top && box.bottom <= seen.bottom;
        })"""
    )


def test_on_a_wall_the_presenter_asks_and_the_next_press_tells(open_page: Callable[..., Any]) -> None:
    page = open_page((Value(2.0, "a") * Value(-3.0, "b")).tanh())
    page.keyboard.press("f")
    page.keyboard.press("p")
    page.keyboard.press("b")
    page.keyboard.press("PageDown")
    assert page.text_content("#wall-line").startswith("What will v1.grad be?")
    page.keyboard.press("PageDown")
    assert page.text_content("#wall-line").startswith("Backward 1 of 2")
    page.keyboard.press("PageDown")
    assert page.text_content("#wall-line").startswith("What will a.grad be?")


def test_a_wall_says_which_mistake_is_on_and_where_it_goes_wrong(open_page: Callable[..., Any]) -> None:
    page = open_page(MLP(2, [4, 1], "tanh", seed=0)([Value(0.5, "x1"), Value(1.0, "x2")])[0])
    page.keyboard.press("f")
    choice = page.locator("#mistake-choice")
    assert choice.is_hidden()
    page.evaluate("() => setMistake('overwrite')")
    assert choice.is_visible()
    page.evaluate("() => goTo(pass.wrongAt)")
    line = page.text_content("#wall-line")
    assert re.search(r"\. x1\.grad = \S+ × \S+ = \S+, which replaces \S+ ✗; .* more\.$", line), line
    page.evaluate("() => setMistake('')")
    assert re.search(r"w⁽¹⁾\u2060₃₁\.grad = 0 \+ ", page.text_content("#wall-line")), "in their order again"


def test_no_name_is_broken_at_the_end_of_a_line(open_page: Callable[..., Any]) -> None:
    page = open_page(MLP(2, [4, 1], "tanh", seed=0)([Value(0.5, "x1"), Value(1.0, "x2")])[0])
    page.keyboard.press("f")
    broken = page.evaluate(
        """() => [900, 1000, 1100, 1200].flatMap((width) => stops().map((position) => {
            byId("wall-line").style.width = `${width}px`;
            goTo(position);
            const texts = document.createNodeIterator(byId("wall-line"), NodeFilter.SHOW_TEXT);
            for (let text = texts.nextNode(); text; text = texts.nextNode()) {
                for (const { index, 0: match } of text.data.matchAll(/⁾\\u2060?[₀-₉]/g)) {
                    const range = new Range();
                    range.setStart(text, index);
                    range.setEnd(text, index + match.length);
                    if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) return text.data;
                }
            }
            return "";
        })).filter((line) => line)"""
    )
    assert broken == []


def test_a_wall_shows_the_curve_of_training_and_takes_steps(open_page: Callable[..., Any]) -> None:
    page = open_page(Neuron(2, seed=1)([1.0, 2.0]))
    page.set_viewport_size({"width": 1280, "height": 720})
    page.click("#train-toggle")
    page.evaluate("() => train(5)")
    page.keyboard.press("f")
    page.click("#train-step")
    page.wait_for_function("() => byId('training-counter').textContent.startsWith('step 6 of 6')")
    line, curve = page.locator("#wall-line").bounding_box(), page.locator("#curve svg").bounding_box()
    assert line["x"] + line["width"] <= curve["x"]
    assert curve["y"] + curve["height"] <= page.locator("#transport").bounding_box()["y"]
    assert page.locator("#rate").is_hidden()


def test_what_a_wall_does_not_show_ends_it(open_page: Callable[..., Any]) -> None:
    page = open_page(Value(2.0, "a") * Value(-3.0, "b"))
    for key, shown in [("l", "#train-step"), ("e", "#number"), ("Escape", "#panels")]:
        page.keyboard.press("f")
        assert page.locator("#wall-line").is_visible()
        page.keyboard.press(key)
        assert page.locator("#wall-line").is_hidden()
        assert page.locator(shown).is_visible()
        page.keyboard.press("Escape")


def test_whatever_the_tab_key_reaches_has_a_name_for_screen_readers(open_page: Callable[..., Any]) -> None:
    page = open_page(network())
    page.keyboard.press("End")
    page.keyboard.press("l")
    page.select_option("#mistake-choice", "upstream")
    page.evaluate("() => openNeuron(nodes[Number(svg.querySelector('.neuron').id.split('-')[1])])")
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "combobox", "slider", "checkbox", "group", "dialog", "list", "navigation"}
    nameless = [
        node["role"]["value"]
        for node in tree
        if node.get("role", {}).get("value") in roles
        and not node["ignored"]
        and not node.get("name", {}).get("value")
        and any(item["name"] == "focusable" for item in node.get("properties", []))
    ]
    assert nameless == []
    references = (
        "[...document.querySelectorAll('[aria-labelledby]')].map((each) => each.getAttribute('aria-labelledby'))"
    )
    assert page.evaluate(f"{references}.every((id) => document.getElementById(id))")
    attributes = "[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())"
    known = {"aria-label", "aria-labelledby", "aria-describedby", "aria-hidden", "aria-live", "aria-pressed"}
    known |= {"aria-current", "aria-haspopup", "aria-invalid", "aria-valuetext"}
    assert {name for name in page.evaluate(attributes) if name.startswith("aria-")} <= known
