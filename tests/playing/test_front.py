"""The formula line in a real browser: formulas, wrong ones, numbers, links, files; a browser without the token."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import started_browser
from playing.serving import running, until
from playing.test_writing import graph_made_by
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect

from tinygrad_edu import grad, save_page
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.playing.examples import EXAMPLES
from tinygrad_edu.playing.front import fragment, front_page
from tinygrad_edu.playing.server import Server
from tinygrad_edu.stepping.expression import ExpressionError, parse_expression


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody's own; at the end nothing complained, and nothing was asked elsewhere."""
    complaints: list[str] = []
    asked: list[str] = []
    context = browser.new_context(viewport={"width": 1300, "height": 850}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("request", lambda request: asked.append(request.url))
    yield context
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []


@pytest.fixture
def play(context: BrowserContext, server: Server) -> Callable[..., Page]:
    """Open the address that the terminal shows, and wait for the graph."""

    def opened(formula: str | None = None, numbers: dict[str, float] | None = None) -> Page:
        tab = context.new_page()
        tab.goto(f"{server.address}/#{fragment(server.token, formula, numbers)}")
        live(tab)
        return tab

    return opened


#: One frame, whose page has begun. (The policy of the page forbids Playwright's own way of waiting.)
SHOWS_ONE_PAGE = """() => {
    const [frame, ...others] = document.querySelectorAll("iframe");
    return !others.length && !!frame?.contentDocument?.querySelector("#step-title")?.textContent
        && !frame.classList.contains("coming");
}"""


def live(tab: Page) -> Frame:
    """The frame of the live page, once nothing newer is on its way."""
    until(lambda: tab.evaluate(SHOWS_ONE_PAGE))
    frame = tab.query_selector("#frames iframe:not(.coming)").content_frame()  # type: ignore[union-attr]
    assert frame is not None
    return frame


def draw(tab: Page, formula: str) -> Frame:
    """Type a formula and press Enter; the frame that shows it."""
    tab.fill("#formula", formula)
    tab.press("#formula", "Enter")
    return when_shown(tab, formula)


def when_shown(tab: Page, formula: str) -> Frame:
    """The frame, when it is the one of this formula."""
    until(lambda: tab.evaluate("shown.formula") == formula)
    return live(tab)


def numbers(frame: Frame) -> dict[str, float]:
    """The numbers of the leaves in the live page."""
    found: dict[str, float] = frame.evaluate(
        "Object.fromEntries(nodes.filter((n) => n.isLeaf && !n.constant).map((n) => [n.name, n.value]))"
    )
    return found


def fields(tab: Page) -> dict[str, str]:
    found: dict[str, str] = tab.evaluate(
        """Object.fromEntries([...document.querySelectorAll("#names label")].map((label) =>
            [label.textContent.split(" ")[0], label.querySelector("input").value]))"""
    )
    return found


# Formulas -----------------------------------------------------------------------------------------------------------


def test_the_page_opens_with_an_example_and_hides_the_token(play: Callable[..., Page], server: Server) -> None:
    tab = play()
    formula, values = EXAMPLES["a neuron"]
    assert tab.input_value("#formula") == formula
    assert numbers(live(tab)) == values
    assert server.token not in tab.evaluate("location.href")
    assert server.token not in tab.content()
    expect(tab.locator("#formula")).to_be_focused()


def test_the_step_stays_while_the_graph_keeps_its_shape(play: Callable[..., Page]) -> None:
    tab = play("tanh(2*x + 1)", {"x": 0.5})
    place = "[state.position, state.selected.id, pass.mistake]"
    frame = live(tab)
    frame.evaluate("() => { setMistake('upstream'); select(root); goTo(5); }")
    before = frame.evaluate(place)
    frame = draw(tab, "exp(3*x + 7)")
    assert frame.evaluate(place) == before
    assert frame.evaluate("operations[0].value") == 1.5
    frame = draw(tab, "exp(3*x)")
    assert frame.evaluate("[state.position, pass.mistake]") == [0, ""]


def test_a_typed_formula_is_drawn_with_the_engines_numbers(play: Callable[..., Page]) -> None:
    tab = play()
    chance = random.Random(5)
    names = {"w": 1.0, "x": 2.0, "b": -0.5, "q": 1.0}
    for _ in range(6):
        one, other = chance.choice(["tanh", "sigmoid", "exp", "gelu"]), chance.choice(["+", "-", "*", "/"])
        formula = f"{one}(w*x {other} b)**2 - maximum(q, {chance.uniform(-2, 2):.2f}*x)"
        frame = draw(tab, formula)
        root = parse_expression(formula, names)
        nodes = topological_order(root)
        shown = frame.evaluate("nodes.map((node) => [node.value, node.constant ? null : gradientOf(node)])")
        for node, gradient, (value, swept) in zip(nodes, grad(root, nodes), shown, strict=True):
            assert value == pytest.approx(node.data, rel=1e-12)
            assert swept is None or swept == pytest.approx(gradient, rel=1e-12)
        expect(tab.locator("#formula-problem")).to_have_text("")


def test_typing_alone_draws_after_a_moment_and_keeps_the_focus(play: Callable[..., Page]) -> None:
    tab = play()
    tab.fill("#formula", "")
    tab.type("#formula", "w*x - 3*y", delay=5)
    when_shown(tab, "w*x - 3*y")
    assert numbers(live(tab)) == {"w": 1.0, "x": 2.0, "y": 1.0}
    expect(tab.locator("#formula")).to_be_focused()
    assert tab.evaluate("document.querySelectorAll('iframe').length") == 1


def test_a_wrong_formula_gets_a_sentence_and_a_caret_and_the_old_graph_stays(play: Callable[..., Page]) -> None:
    tab = play()
    before = live(tab)
    said = tab.locator("#formula-problem")
    long = "w" * 30 + "!" + "x" * 200
    for wrong in ("tanh(w*x + * b)", "tanh(w*x", "w x", "tahn(w)", "", "2x", "w + é ?", long, "x * 5; w"):
        tab.fill("#formula", wrong)
        tab.press("#formula", "Enter")
        with pytest.raises(ExpressionError) as refused:
            parse_expression(wrong, dict.fromkeys(["w", "x", "b", "é"], 1.0))
        expect(said).to_have_text(refused.value.problem)
        caret = tab.locator("#caret").bounding_box()
        assert caret is not None
        left, right = place_on_screen(tab, refused.value.place)
        assert left - 1 <= caret["x"] + caret["width"] / 2 <= right + 1
        said.click()
        assert tab.evaluate("document.activeElement.selectionStart") == refused.value.place
        assert live(tab) == before
        assert numbers(before) == EXAMPLES["a neuron"][1]
    tab.fill("#formula", "w")
    tab.press("#formula", "Enter")
    expect(said).to_contain_text("a number without an operation")
    expect(tab.locator("#caret")).to_be_hidden()
    draw(tab, "w*x")
    expect(said).to_have_text("")
    expect(tab.locator("#caret")).to_be_hidden()


def place_on_screen(tab: Page, place: int) -> list[float]:
    """Where a character of the line begins and ends, measured in a copy of it outside the field, and within sight."""
    found: list[float] = tab.evaluate(
        """place => {
            const style = getComputedStyle(line), box = line.getBoundingClientRect();
            const copy = document.createElement("span");
            Object.assign(copy.style, { font: style.font, whiteSpace: "pre", position: "fixed", left: 0, top: 0 });
            copy.append(line.value + " ");
            document.body.append(copy);
            const range = document.createRange();
            range.setStart(copy.firstChild, place);
            range.setEnd(copy.firstChild, place + 1);
            const { left, right } = range.getBoundingClientRect();
            copy.remove();
            const padding = parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft);
            const start = box.left + padding - line.scrollLeft;
            const within = (x) => Math.min(Math.max(x, box.left + padding), box.right - padding);
            return [within(start + left), within(start + right)];
        }""",
        place,
    )
    return found


def test_the_caret_stays_in_the_line_when_the_place_is_scrolled_out_of_it(play: Callable[..., Page]) -> None:
    tab = play()
    tab.fill("#formula", "(" + " + ".join(["w*x"] * 60))
    tab.press("#formula", "Enter")
    expect(tab.locator("#formula-problem")).to_have_text("this bracket is never closed")
    tab.press("#formula", "End")
    line, caret = tab.locator("#formula").bounding_box(), tab.locator("#caret").bounding_box()
    assert line is not None
    assert caret is not None
    assert line["x"] <= caret["x"] <= line["x"] + 20
    tab.locator("#formula-problem").click()
    until(lambda: tab.evaluate("line.scrollLeft") == 0)


def test_the_last_of_several_formulas_wins(play: Callable[..., Page]) -> None:
    tab = play()
    for k in range(8):
        tab.evaluate("formula => { line.value = formula; draw(false); }", f"w*{k}")
    when_shown(tab, "w*7")
    assert live(tab).evaluate("nodes.find((node) => node.constant).value") == 7


def test_examples_are_drawn_and_the_way_back_leads_back(play: Callable[..., Page]) -> None:
    tab = play()
    for name in ("a name used twice", "a distance"):
        tab.select_option("#examples", label=name)
        when_shown(tab, EXAMPLES[name][0])
        assert numbers(live(tab)) == EXAMPLES[name][1]
    tab.go_back()
    when_shown(tab, EXAMPLES["a name used twice"][0])
    assert numbers(live(tab)) == EXAMPLES["a name used twice"][1]
    assert tab.evaluate("document.querySelectorAll('#examples option').length") == 1 + len(EXAMPLES)


# Numbers ------------------------------------------------------------------------------------------------------------


def test_numbers_of_the_line_and_of_the_live_page_follow_each_other(play: Callable[..., Page]) -> None:
    tab = play()
    frame = live(tab)
    frame.evaluate("goTo(end())")
    tab.fill("#names label:has-text('w') input", "2/4")
    assert numbers(frame)["w"] == 0.5
    assert frame.evaluate("state.position === end()"), "the step stays where it was"
    assert frame.evaluate("root.value") == pytest.approx(math.tanh(0.5))
    frame.evaluate("edit(leaves.find((leaf) => leaf.name === 'b'))")
    frame.fill("#number", "0.75")
    assert fields(tab) == {"w": "0.5", "x": "2", "b": "0.75"}
    frame.locator("#undo").click()
    frame.locator("#undo").click()
    assert fields(tab) == {"w": "1", "x": "2", "b": "−0.5"}
    draw(tab, "tanh(w*x + b) - b")
    assert numbers(live(tab)) == {"w": 1.0, "x": 2.0, "b": -0.5}


def test_a_constant_that_is_changed_in_the_live_page_is_changed_in_the_formula(play: Callable[..., Page]) -> None:
    tab = play("2*é - 3.0*tanh(-1 + é)", {"é": 2.0})
    frame = live(tab)
    change = "([from, to]) => { nodes.find((n) => n.constant && n.value === from).value = to; refresh(); }"
    for start, end, formula in (
        (3, -0.5, "2*é - (-0.5)*tanh(-1 + é)"),
        (-1, 4, "2*é - (-0.5)*tanh(4 + é)"),
        (-0.5, 1e-7, "2*é - 1e-7*tanh(4 + é)"),
        (2, 1e21, "1e+21*é - 1e-7*tanh(4 + é)"),
    ):
        frame.evaluate(change, [start, end])
        expect(tab.locator("#formula")).to_have_value(formula)
        assert frame.evaluate("root.value") == pytest.approx(parse_expression(formula, {"é": 2.0}).data, rel=1e-12)
    tab.fill("#formula", "2*é +")
    frame.evaluate("edit(nodes.find((node) => node.value === 4))")
    frame.fill("#number", "5")
    expect(tab.locator("#formula")).to_have_value("2*é +")
    assert tab.evaluate("shown.formula") == "1e+21*é - 1e-7*tanh(5 + é)"


def test_training_steps_are_followed_and_the_address_with_them(play: Callable[..., Page]) -> None:
    tab = play("(w*x - y)**2", {"w": 0.0, "x": 1.0, "y": 3.0})
    frame = live(tab)
    frame.locator("#train-toggle").click()
    for name in ("w", "x", "y"):
        frame.locator(f"#parameters label[title={name}] input").set_checked(name == "w")
    frame.locator("#train-steps").fill("3000")
    frame.locator("#rate").fill("0.001")
    frame.locator("#train-run").click()
    expect(frame.locator("#train-run")).to_have_text("Run", timeout=30_000)
    until(lambda: fields(tab)["w"].startswith("2.99"))
    until(lambda: "w%3D2.99" in tab.evaluate("location.hash"))


def test_what_is_no_number_gets_a_sentence_and_the_old_one_stays(play: Callable[..., Page]) -> None:
    tab = play()
    field, said = tab.locator("#names input").first, tab.locator("#formula-problem")
    for text, sentence in {
        "": "Type a number; w stays 1.",
        "one": "“one” is no number, such as 0.5, −2 or 2/3; w stays 1.",
        "1e999": "“1e999” is not finite; w stays 1.",
        "nan": "“nan” is not finite; w stays 1.",
        "-inf": "“-inf” is not finite; w stays 1.",
        "1/0": "“1/0” is not finite; w stays 1.",
    }.items():
        field.fill(text)
        expect(said).to_have_text(sentence)
        expect(field).to_have_attribute("aria-invalid", "true")
        assert numbers(live(tab))["w"] == 1.0
        field.blur()
        expect(field).to_have_value("1")
        expect(said).to_have_text("")


# Sharing ------------------------------------------------------------------------------------------------------------


def test_what_is_shared_makes_the_same_graph_with_the_numbers_of_now(
    play: Callable[..., Page], context: BrowserContext, server: Server, tmp_path: Path
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = play("tanh(w*x + b)", {"w": 1.0, "x": 2.0, "b": -0.5})
    live(tab).evaluate("edit(leaves.find((leaf) => leaf.name === 'b'))")
    live(tab).fill("#number", "0.75")
    root = parse_expression("tanh(w*x + b)", {"w": 1.0, "x": 2.0, "b": 0.75})
    tab.fill("#formula", "something half")
    tab.click("#share-open")
    expect(tab.locator("#share-command")).to_have_text('tinygrad-edu play "tanh(w*x + b)" w=1 x=2 b=0.75')
    tab.click("[data-copies=share-python]")
    expect(tab.locator("#share-said")).to_have_text("Copied.")
    made = graph_made_by(tab.evaluate("navigator.clipboard.readText()"))
    assert made.data == live(tab).evaluate("root.value") == root.data
    with tab.expect_download() as download:
        tab.click("#share-file")
    saved = Path(download.value.path()).read_text("utf-8")
    save_page(root, tmp_path / "expected.html", names={})
    assert saved == (tmp_path / "expected.html").read_text("utf-8")
    assert download.value.suggested_filename == "backprop.html"
    link = tab.locator("#share-link").text_content()
    assert link is not None
    assert server.token not in link
    second = context.new_page()
    second.goto(link)
    assert numbers(live(second)) == {"w": 1.0, "x": 2.0, "b": 0.75}
    second.reload()
    assert numbers(live(second)) == {"w": 1.0, "x": 2.0, "b": 0.75}


def test_a_link_or_a_command_of_somebody_else_can_be_pasted(play: Callable[..., Page]) -> None:
    tab = play()
    link = "http://127.0.0.1:1/#formula=p*q%20-%202&numbers=p%3D3%20q%3D-0.5"
    for text, formula in {link: "p*q - 2", '$ tinygrad-edu play "p*q - 3" p=3 q=-0.5\n': "p*q - 3"}.items():
        tab.evaluate(
            """text => {
                const clipboardData = new DataTransfer();
                clipboardData.setData("text", text);
                line.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
            }""",
            text,
        )
        assert numbers(when_shown(tab, formula)) == {"p": 3.0, "q": -0.5}


# Who may ask, and the end -------------------------------------------------------------------------------------------


def test_a_second_browser_without_the_token_gets_nothing(
    play: Callable[..., Page], browser: Browser, server: Server
) -> None:
    url = play().url
    stranger = browser.new_context().new_page()
    for address in (url, f"{server.address}/", f"{server.address}/#{fragment('guessed', 'w*x')}"):
        stranger.goto(address)
        expect(stranger.locator("#formula-problem")).to_contain_text("token")
        expect(stranger.locator("#formula")).to_be_disabled()
        assert stranger.locator("iframe").count() == 0
    stranger.context.close()


def test_another_page_can_neither_frame_it_nor_ask(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    context.route("http://elsewhere.test/", lambda route: route.fulfill(body="<p>", content_type="text/html"))
    tab = context.new_page()
    tab.goto("http://elsewhere.test/")
    asked = tab.evaluate(
        """([url, token]) => fetch(url, { method: "POST", body: "{}", headers: { Authorization: token } })
            .then(() => "answered", () => "refused")""",
        [f"{server.address}/draw", f"Bearer {server.token}"],
    )
    assert asked == "refused"
    tab.set_content(f'<iframe src="{server.address}/"></iframe>')
    assert tab.frames[1].locator("#formula").count() == 0
    context.close()


def test_a_name_that_leads_here_is_not_served(browser: Browser, server: Server) -> None:
    tab = browser.new_page()
    response = tab.goto(f"http://localhost:{server.server_address[1]}/", wait_until="commit")
    assert response is not None
    assert response.status == 403
    tab.close()


def test_loading_anew_keeps_the_server_and_closing_ends_it(context: BrowserContext) -> None:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        tab, other = context.new_page(), context.new_page()
        tab.goto(f"{server.address}/#{fragment(server.token, 'w*x - 1')}")
        live(tab)
        tab.reload()
        assert numbers(live(tab)) == {"w": 1.0, "x": 1.0}
        address = tab.evaluate("location.href")
        assert parse_qs(urlsplit(address).fragment)["formula"] == ["w*x - 1"]
        other.goto(address)
        live(other)
        until(lambda: not server.is_leaving)
        tab.close()
        assert numbers(draw(other, "w*x - 2")) == {"w": 1.0, "x": 1.0}, "the other tab is still there"
        server.patience = 0.0
        other.close()
        thread.join(30)
        assert not thread.is_alive()


def test_when_the_server_ends_the_page_says_so_and_goes_on(context: BrowserContext) -> None:
    tab = context.new_page()
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        tab.goto(f"{server.address}/#{fragment(server.token)}")
        frame = live(tab)
        server.shutdown()
        thread.join()
    expect(tab.locator("#formula-problem")).to_contain_text("The server has ended.")
    expect(tab.locator("#formula")).to_be_disabled()
    tab.locator("#names input").first.fill("0.25")
    assert numbers(frame)["w"] == 0.25
    frame.locator("#next").click()
    expect(frame.locator("#counter")).to_have_text("1 / 7")


# Hands --------------------------------------------------------------------------------------------------------------


def test_keys_reach_the_live_page_and_a_slash_leads_back_to_the_line(play: Callable[..., Page]) -> None:
    tab = play()
    tab.keyboard.press("ArrowRight")
    expect(live(tab).locator("#counter")).to_have_text("0 / 7")
    tab.keyboard.press("Escape")
    tab.keyboard.press("ArrowRight")
    expect(live(tab).locator("#counter")).to_have_text("1 / 7")
    tab.keyboard.press("/")
    expect(tab.locator("#formula")).to_be_focused()
    tab.evaluate("document.activeElement.blur()")
    tab.keyboard.press("End")
    expect(live(tab).locator("#counter")).to_have_text("7 / 7")


def test_light_and_dark_and_the_wall_are_chosen_for_all(play: Callable[..., Page]) -> None:
    tab = play()
    live(tab).locator("#theme").click()
    expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    draw(tab, "w*x")
    assert live(tab).evaluate("document.documentElement.dataset.theme") == "dark"
    live(tab).evaluate("toggleWall()")
    expect(tab.locator("#line")).to_be_hidden()
    live(tab).evaluate("toggleWall()")
    expect(tab.locator("#line")).to_be_visible()


def test_nothing_sticks_out(play: Callable[..., Page]) -> None:
    tab = play(" + ".join(f"w{k}*tanh(x{k} - m)" for k in range(12)))
    for width in (390, 800, 1300):
        tab.set_viewport_size({"width": width, "height": 844})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert tab.evaluate("document.documentElement.scrollHeight") <= 844
        frame = tab.locator("#frames iframe").bounding_box()
        assert frame is not None
        assert frame["height"] > 400
        assert live(tab).evaluate("document.documentElement.scrollWidth") <= width


def test_the_front_page_is_small_and_shows_no_formula_as_html(play: Callable[..., Page]) -> None:
    assert len(front_page()) < 60_000
    tab = play()
    tab.fill("#formula", "<img src=x onerror=alert(1)>")
    tab.press("#formula", "Enter")
    expect(tab.locator("#formula-problem")).to_contain_text("'<' has no meaning")
    assert tab.locator("img").count() == 0
