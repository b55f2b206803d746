"""The page in a real browser: real clicks and keys, and the text read back compared with the engine's numbers."""

import math
import re

import numpy as np
import pytest
from playwright.sync_api import expect

import tinygrad_edu
from tinygrad_edu import MLP, Neuron, Value, array, dot, grad, save_page, trace_sources
from tinygrad_edu.backprop import topological_order


@pytest.fixture
def show_page(browser):
    """Open a saved page; at the end, nothing was requested and nothing complained."""
    contexts, complaints, requests = [], [], []

    def shown(file, width=1400, height=900, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **settings)
        context.set_default_timeout(5_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        return page

    yield shown
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.fixture
def open_page(show_page, tmp_path):
    """Save the page of a graph, and open it."""

    def opened(root, **settings):
        save_page(root, tmp_path / "page.html")
        return show_page(tmp_path / "page.html", **settings)

    return opened


def named(value, label):
    value.label = label
    return value


def twice_used():
    """L = (a·b + c)·f·a, in which `a` is used twice, and no two slips lead to the same number."""
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(11.0, "c"), Value(-2.0, "f")
    d = named(named(a * b, "e") + c, "d")
    return named(named(d * f, "g") * a, "L")


def neuron():
    x = [Value(2.0, "x1"), Value(0.0, "x2")]
    w = [Value(-3.0, "w1"), Value(1.0, "w2")]
    return named(named(w[0] * x[0] + w[1] * x[1] + Value(6.8813735870195432, "b"), "n").tanh(), "o")


def doublings(count):
    """2ᶜᵒᵘⁿᵗ paths lead from the root to the one leaf."""
    b = Value(1.5, "a")
    for _ in range(count):
        b = b + b
    return b


def network_loss():
    model = MLP(4, [12, 10, 1], seed=1)
    loss = (model([0.5, -1.0, 0.25, 2.0])[0] - 1.0) ** 2
    return loss * 0.5 + sum([p * p for p in model.layers[0].parameters()[:20]], Value(0.0)) * 0.01


def node_called(root, label):
    return next(node for node in topological_order(root) if node.label == label)


def place(root, label):
    return [node.label for node in topological_order(root)].index(label)


def number(text):
    return float(text.replace("−", "-"))


def numbers(text):
    """All numbers in a text; the variables `w1` and `∂` are no numbers."""
    return [number(found) for found in re.findall(r"(?<![\w.])−?(?:\d[\d.]*(?:e[+−]\d+)?|inf|nan)(?![\w.]*\w)", text)]


def shown(page, role):
    """The texts of one role in the picture, by node."""
    found = page.evaluate(f"nodes.map((node) => [node.id, node.group.querySelector('.{role}')?.textContent])")
    return {id_: text for id_, text in found if text is not None}


def picture(page):
    """All that the picture says and how it says it."""
    return page.evaluate("[...svg.querySelectorAll('text, g')].map((e) => [e.getAttribute('class'), e.textContent])")


# Stepping -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "graph", [twice_used, neuron, lambda: dot([0.5, -1.5], [2.0, Value(3.0, "x")], 0.25).sigmoid()]
)
def test_at_the_end_values_and_gradients_are_the_engines(open_page, graph):
    root = graph()
    page = open_page(root)
    assert set(shown(page, "grad").values()) == {"–"}
    page.keyboard.press("End")
    nodes = topological_order(root)
    gradients = grad(root, nodes)
    values, grads = shown(page, "value"), shown(page, "grad")
    for k, node in enumerate(nodes):
        assert number(values[k]) == pytest.approx(node.data, rel=1e-3)
        if node.op or node.label:  # constants have no gradient
            assert number(grads[k]) == pytest.approx(gradients[k], rel=1e-3)
        else:
            assert k not in grads


def test_values_appear_one_operation_at_a_time(open_page):
    root = twice_used()
    page = open_page(root)
    nodes = topological_order(root)
    operations = [k for k, node in enumerate(nodes) if node.op]
    for done in range(len(operations) + 1):
        waiting = {k for k, text in shown(page, "value").items() if text == "?"}
        assert waiting == set(operations[done:])
        page.keyboard.press("ArrowRight")


def test_each_backward_step_shows_the_running_sums_of_the_sweep(open_page):
    root = twice_used()
    page = open_page(root)
    page.keyboard.press("b")
    expect(page.locator("#step-title")).to_have_text("The backward pass begins")
    for step in root.backward_steps():
        page.keyboard.press("ArrowRight")
        assert page.text_content("#step-title") == f"Backward {step.index} of {step.total}"
        rows = page.locator("#contributions li.now")
        assert rows.count() == len(step.contributions)
        for k, c in enumerate(step.contributions):
            sum_ = rows.nth(k).locator(".sum").text_content()
            assert numbers(sum_) == [c.before, c.upstream, c.local, c.after]
            assert f"{c.input.label}.grad" in rows.nth(k).text_content()
        k = place(root, step.node.label)
        assert page.evaluate("document.querySelector('.node.sending').id") == f"node-{k}"
        flowing = page.evaluate("[...document.querySelectorAll('.edge.flowing')].map((edge) => edge.id)")
        assert sorted(flowing) == [f"edge-{k}-{slot}" for slot in range(len(step.node.inputs))]


def test_by_edge_each_contribution_is_a_step_of_its_own(open_page):
    root = twice_used()
    page = open_page(root)
    page.select_option("#granularity", "edge")
    page.keyboard.press("b")
    for step in root.backward_steps():
        for c in step.contributions:
            page.locator("#next").click()
            assert numbers(page.text_content("#contributions li.now .sum")) == [c.before, c.upstream, c.local, c.after]
            assert page.locator(".edge.flowing").count() == 1
            assert number(page.text_content(f"#node-{place(root, c.input.label)} .grad")) == c.after


@pytest.mark.parametrize("granularity", ["node", "edge"])
def test_stepping_back_is_exact(open_page, granularity):
    page = open_page(neuron())
    page.select_option("#granularity", granularity)
    page.locator("#first").focus()
    page.locator("body").click(position={"x": 500, "y": 20})
    last = int(page.get_attribute("#scrubber", "max"))
    seen = [picture(page)]
    for _ in range(last):
        page.keyboard.press("ArrowRight")
        seen.append(picture(page))
    assert len({str(state) for state in seen}) == last + 1
    for state in reversed(seen[:-1]):
        page.keyboard.press("ArrowLeft")
        assert picture(page) == state


def test_scrubber_buttons_and_keys_agree(open_page):
    page = open_page(twice_used())
    for _ in range(7):
        page.locator("#next").click()
    here = picture(page)
    page.locator("#last").click()
    assert picture(page) != here
    page.locator("#scrubber").fill("7")
    assert picture(page) == here
    assert page.text_content("#counter") == "7 / 9"
    page.locator("#scrubber").press("ArrowRight")
    page.locator("#back").click()
    assert picture(page) == here
    page.keyboard.press("Home")
    assert page.locator("#back").is_disabled()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#announcer")).to_have_text("This is the start; there is nothing before it.")
    page.keyboard.press("End")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#announcer")).to_have_text("This is the end: every gradient is complete.")


def test_play_runs_on_until_it_is_paused(open_page):
    page = open_page(twice_used())
    page.clock.install(time=0)
    page.clock.pause_at(60)  # from here on only `run_for` lets time pass, however busy the machine is
    page.keyboard.press("Space")
    page.clock.run_for(2_000)
    assert page.text_content("#counter") == "2 / 9"
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(5_000)
    assert page.text_content("#counter") == "2 / 9"


def test_messages_tell_every_step_so_far_and_lead_back_to_it(open_page):
    root = twice_used()
    page = open_page(root)
    page.keyboard.press("End")
    lines = page.locator("#log li:visible").all_text_contents()
    told = [(c.input.label, c.after) for step in root.backward_steps() for c in step.contributions]
    assert [(line.split(".grad")[0].split()[-1], numbers(line)[-1]) for line in lines[-len(told) :]] == told
    page.locator("#log button", has_text="d = 5").click()
    assert page.locator("#log li:visible").count() == 2
    assert page.text_content("#step-title") == "Forward 2 of 4"


# What a node tells ----------------------------------------------------------------------------------------


def test_clicking_a_node_shows_its_gradient_as_sums_over_uses_and_over_paths(open_page):
    root = twice_used()
    page = open_page(root)
    page.locator(f"#node-{place(root, 'a')}").click()
    assert page.locator("#paths").count() == 0
    assert "not reached yet" in page.text_content("#consumers"), "before the sweep nothing is given away"
    page.keyboard.press("End")
    (gradient,) = grad(root, [node_called(root, "a")])
    for table, terms in (("#consumers", {-10.0, 12.0}), ("#paths", {-10.0, 12.0})):
        results = [number(text) for text in page.locator(f"{table} strong").all_text_contents()]
        assert set(results[:-1]) == terms
        assert sum(results[:-1]) == results[-1] == gradient
    symbols = page.evaluate(
        "[...document.querySelectorAll('#paths .what')].map((e) => [...e.childNodes].map((c) => c.textContent))"
    )
    assert symbols[:2] == [["L ← g ← d ← e ← a", "a · f · 1 · b"], ["L ← a", "g"]]
    assert "local = b" in page.text_content("#consumers")
    assert number(page.text_content("#difference strong >> nth=0")) == pytest.approx(gradient, rel=1e-5)


def test_the_facts_of_a_node_follow_the_step(open_page):
    root = twice_used()
    page = open_page(root)
    page.select_option("#node-choice", str(place(root, "a")))
    assert "gradient nownot reached yet" in page.text_content("#node-body dl")
    for _ in range(6):
        page.locator("#next").click()
    assert "gradient now−10, so far" in page.text_content("#node-body dl")
    page.locator("#last").click()
    assert "gradient now2, complete" in page.text_content("#node-body dl")


@pytest.mark.parametrize(
    ("count", "text"), [(3, "8"), (40, "1 099 511 627 776"), (60, "about 1.15e+18"), (200, "about 1.60e+60")]
)
def test_paths_are_counted_exactly_however_many(open_page, count, text):
    page = open_page(doublings(count))
    page.locator("#node-0").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    assert f"The sum over all {text} paths" in page.text_content("#paths-caption").replace("\u202f", " ")
    assert int(page.get_attribute("#paths li[title]", "title")) == 2**count - 6
    assert number(page.text_content("#paths li.total strong")) == pytest.approx(2.0**count, rel=1e-5)


def test_a_kink_is_told_with_the_slopes_on_both_sides(open_page):
    page = open_page(Value(0.0, "x").relu() * 3.0)
    page.locator("#node-0").click()
    page.keyboard.press("End")
    told = page.text_content("#difference")
    assert "a kink: the slope is 0 on the left and 3 on the right; the engine takes 0" in told


def test_the_source_line_is_shown_where_it_was_traced(open_page):
    with trace_sources():
        root = named(Value(2.0, "x") * 3.0, "triple")
    page = open_page(root)
    page.locator(f"#node-{place(root, 'triple')}").click()
    assert f"line {root.source.line}" in page.text_content(".source")
    assert page.text_content(".source code") == root.source.text
    assert 'Value(2.0, "x") * 3.0' in root.source.text


# Predict mode ---------------------------------------------------------------------------------------------


@pytest.fixture
def asked(open_page):
    """Predict mode, at the second contribution to `a`: before -10, upstream -4, local -3, after 2."""
    page = open_page(twice_used())
    page.keyboard.press("p")
    page.keyboard.press("b")
    while True:
        page.keyboard.press("ArrowRight")
        if "a.grad before = −10" in page.text_content("#question"):
            return page
        page.locator("#show-me").click()
        page.locator("#step").click()


def answer(page, text):
    page.fill("#answer", text)
    page.keyboard.press("Enter")
    return page.text_content("#verdict")


WRONG = {
    "12": "You overwrote instead of accumulating: a.grad was −10 already",
    "-14": "The local factor is missing",
    "-4": "The local factor is missing",
    "−13": "The upstream gradient is missing",
    "-3": "The upstream gradient is missing",
    "-22": "The sign is wrong",
    "-2": "The sign is wrong",
    "-10": "That is what a.grad was before",
    "-17": "You added upstream and local",
    "99": "Not quite",
    "two": "Type a number",
    "": "Type a number",
    "1/2/3": "Type a number",
}


def test_wrong_predictions_are_diagnosed_and_nothing_is_revealed(asked):
    for typed, diagnosis in WRONG.items():
        assert diagnosis in answer(asked, typed)
        assert len(asked.locator("#verdict p").all()) == 1
    assert number(asked.text_content("#node-0 .grad")) == -10.0
    assert asked.locator("#consumers").count() == 0
    assert "Right: " in answer(asked, "2")
    assert "0 of 7 right" in asked.text_content("#score")


@pytest.mark.parametrize("typed", ["2", "+4/2", " 2,0 "])
def test_a_right_prediction_reveals_the_gradient(asked, typed):
    assert "Right: a.grad = −10 + (−4) × (−3) = 2." in answer(asked, typed)
    assert number(asked.text_content("#node-0 .grad")) == 2.0
    assert "1 of 7 right at the first try" in asked.text_content("#score")
    asked.keyboard.press("Enter")  # the button "Next" has the focus
    assert asked.text_content("#answer-label") == "b.grad after ="


def test_predicting_cannot_be_skipped_and_hints_do_not_score(open_page):
    page = open_page(twice_used())
    page.locator("#predict-toggle").click()
    page.locator("#last").click()
    assert page.text_content("#counter") == "5 / 13"
    assert "?" in page.text_content(".edge.flowing .local")
    assert "= a, where a = 2" in page.text_content("#question")
    page.locator("#hint").click()
    assert "= a = 2" in page.text_content("#question")
    assert "Right" in answer(page, "2")
    assert "0 of 1 right" in page.text_content("#score")
    page.locator("#predict-toggle").click()
    page.locator("#last").click()
    assert page.text_content("#counter") == "9 / 9"


def test_an_answer_that_several_slips_lead_to_is_told_with_all_of_them(open_page):
    page = open_page(named(-named(-Value(3.0, "x"), "u"), "L"))
    page.keyboard.press("p")
    page.keyboard.press("End")
    told = answer(page, "1")
    assert told.startswith("More than one slip leads to this number:")
    assert "local factor is missing" in told
    assert "sign is wrong" in told


def test_what_constants_receive_is_nobodys_question(open_page):
    x = Value(3.0, "x")
    page = open_page(named(named(2.0 * x, "d") * named(x + 1.0, "s"), "L"))
    page.keyboard.press("p")
    page.keyboard.press("End")
    questions = []
    while page.locator("#answer").is_visible():
        questions.append(page.text_content("#answer-label"))
        page.locator("#show-me").click()
        page.locator("#next-question").click()
    assert questions == [f"{name}.grad after =" for name in ("d", "s", "x", "x")]
    assert "Every gradient is revealed." in page.text_content("#question")


# Bad and strange input ------------------------------------------------------------------------------------

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"quoted\" & 'quoted' &amp; ${1} $title \\n",
    "∂x/∂y 漢字 🙂",
    "--><!-- ]]>",
]


def test_labels_are_text_whatever_they_say(open_page):
    with trace_sources():
        leaves = [Value(2.0, label) for label in HOSTILE]
        root = named(dot(leaves, leaves[::-1]), "".join(HOSTILE)).tanh()  # </script> in the source text, too
    page = open_page(root)
    page.keyboard.press("End")
    options = page.locator("#node-choice option").all_text_contents()
    assert options[: len(HOSTILE)] == HOSTILE
    for k in range(len(HOSTILE)):
        page.select_option("#node-choice", str(k))
        assert "</script>" in page.text_content(".source code") or "HOSTILE" in page.text_content(".source code")


def test_characters_that_are_no_text_do_not_break_the_page(open_page):
    page = open_page(named(Value(2.0, "a\x00b\n\ud800") * 3.0, "\udfff\r"))
    page.keyboard.press("End")
    assert number(page.text_content("#node-0 .grad")) == 3.0


def test_nan_and_infinities_are_shown(open_page):
    x = Value(0.0, "x")
    root = named(named(x.log(), "l") * named(x * 2.0, "d"), "L")
    page = open_page(root)
    page.keyboard.press("End")
    assert page.text_content(f"#node-{place(root, 'l')} .value") == "−inf"
    assert page.text_content(f"#node-{place(root, 'L')} .value") == "nan"
    assert page.text_content(f"#node-{place(root, 'd')} .grad") == "−inf"
    assert page.text_content("#node-0 .grad") == "nan"
    page.locator("#node-0").click()
    assert "nan" in page.text_content("#consumers li.total")


def test_changed_data_is_noticed(open_page):
    x = Value(2.0, "x")
    root = named(x * 3.0, "triple")
    x.data = 5.0
    page = open_page(root)
    assert "changed after triple" in page.text_content("#notice")


@pytest.mark.parametrize(
    ("root", "file", "error", "sentence"),
    [
        (Value(1.0, "x"), "page.html", ValueError, "is a leaf"),
        (3.0, "page.html", TypeError, "needs the Value"),
        (doublings(3), "page.svg", ValueError, r"ends in \.html"),
        (doublings(2000), "page.html", ValueError, "2,001 nodes"),
        (doublings(3), "missing/page.html", FileNotFoundError, "cannot write"),
    ],
)
def test_bad_input_is_told_in_a_sentence_and_leaves_no_file(tmp_path, root, file, error, sentence):
    with pytest.raises(error, match=sentence):
        save_page(root, tmp_path / file)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "page.html").mkdir()
    with pytest.raises(OSError, match="cannot write"):
        save_page(doublings(3), tmp_path / "page.html")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_saving_touches_no_gradient(tmp_path):
    root = twice_used()
    root.backward()
    before = [node.grad for node in topological_order(root)]
    save_page(root, tmp_path / "page.html")
    assert [node.grad for node in topological_order(root)] == before


def test_the_page_does_not_depend_on_gradients_that_are_there_already(tmp_path):
    root = twice_used()
    save_page(root, tmp_path / "fresh.html")
    root.backward()
    root.backward()
    save_page(root, tmp_path / "swept.html")
    data = re.compile(r'id="data">(.*)</script>')
    fresh, swept = [data.search((tmp_path / f"{name}.html").read_text())[1] for name in ("fresh", "swept")]
    assert fresh == swept


def test_unnamed_nodes_are_called_by_the_variables_that_hold_them(show_page, tmp_path):
    x = Value(2.0)
    parabola = x * x
    save_page(parabola, tmp_path / "page.html")
    assert show_page(tmp_path / "page.html").text_content("#subtitle") == "parabola = x²"
    save_page(parabola, tmp_path / "page.html", names={"u": x})
    assert show_page(tmp_path / "page.html").text_content("#subtitle") == "L = u²"


# Size and speed -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def network_page(tmp_path_factory):
    """The page of a graph of about 300 nodes."""
    root = network_loss()
    assert 280 <= len(topological_order(root)) <= 320
    file = tmp_path_factory.mktemp("network") / "page.html"
    save_page(root, file)
    return file


def test_pages_are_small(network_page, tmp_path):
    save_page(Neuron(3, seed=1)([1.0, 2.0, 3.0]), tmp_path / "neuron.html")
    assert (tmp_path / "neuron.html").stat().st_size <= 120_000
    assert network_page.stat().st_size <= 700_000


def test_a_graph_of_300_nodes_steps_without_a_visible_pause(show_page, network_page):
    page = show_page(network_page)
    milliseconds = page.evaluate(
        """() => [...Array(60)].map(() => {
            const start = performance.now();
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
            document.body.getBoundingClientRect();
            return performance.now() - start;
        })"""
    )
    assert page.text_content("#counter").startswith("60 /")
    assert min(milliseconds) < 100  # the quickest of them: a busy machine may hold up any of the others


# For everybody --------------------------------------------------------------------------------------------


def luminance(color):
    channels = [int(c) / 255 for c in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """The contrast ratio of WCAG 2."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


TEXT_ON = [
    (text, ground)
    for text, grounds in {
        "ink": "paper raised forward-tint backward-tint right-tint wrong-tint input parameter constant operation",
        "quiet": "paper raised forward-tint backward-tint input parameter constant operation",
        "forward": "paper raised backward-tint",
        "backward": "paper raised backward-tint",
        "positive": "paper positive-tint",
        "negative": "paper negative-tint",
        "broken": "paper broken-tint",
        "right": "right-tint",
        "wrong": "wrong-tint",
    }.items()
    for ground in grounds.split()
]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_follows_the_system_and_text_can_be_read(open_page, theme):
    page = open_page(twice_used(), color_scheme=theme)
    resolve = """(name) => {
        const probe = document.body.appendChild(document.createElement("i"));
        probe.style.color = `var(--${name})`;
        const color = getComputedStyle(probe).color;
        probe.remove();
        return color;
    }"""
    assert (luminance(page.evaluate(resolve, "paper")) > 0.5) == (theme == "light")
    ratios = {pair: contrast(*[page.evaluate(resolve, name) for name in pair]) for pair in TEXT_ON}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


def test_the_button_turns_the_theme(open_page):
    page = open_page(twice_used(), color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark").click()
    assert luminance(page.evaluate(background)) < luminance(light)
    page.keyboard.press("t")
    assert page.evaluate(background) == light


def test_a_screen_reader_hears_each_step_and_can_read_every_node(open_page):
    root = twice_used()
    page = open_page(root)
    nodes = page.locator(".node[role=button]")
    assert nodes.count() == len(topological_order(root))
    assert page.get_attribute("#node-0", "aria-label") == "a: value 2, gradient not reached yet"
    page.keyboard.press("ArrowRight")
    expect(page.locator("[role=status][aria-live=polite]#announcer")).to_have_text("Forward 1 of 4: e = a · b = −6.")
    page.keyboard.press("b")
    page.keyboard.press("ArrowRight")
    said = page.text_content("#announcer")
    assert said == "Backward 1 of 4: L = g · a. g.grad = 0 + 1 × 2 = 2; a.grad = 0 + 1 × (−10) = −10."
    assert page.get_attribute("#node-0", "aria-label") == "a: value 2, gradient −10 so far"
    for control in page.locator("button, input, select").all():
        name = (
            control.get_attribute("aria-label") or control.text_content() or control.evaluate("e => e.labels?.length")
        )
        assert name, control.evaluate("e => e.outerHTML")


def test_the_graph_is_one_stop_of_the_tab_key_and_arrows_walk_it(open_page):
    root = twice_used()
    page = open_page(root)
    assert page.locator(".node[tabindex='0']").count() == 1
    page.locator(".node[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "node-2"
    page.keyboard.press("Space")
    assert page.get_attribute("#node-2", "aria-pressed") == "true"
    assert page.input_value("#node-choice") == "2"
    page.keyboard.press("ArrowRight")
    assert page.text_content("#counter") == "1 / 9"


def test_help_opens_and_closes_by_key(open_page):
    page = open_page(twice_used())
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#help").is_hidden()


def test_zoom_and_pan(open_page):
    page = open_page(twice_used())

    def box():
        return [float(part) for part in page.get_attribute("#canvas svg", "viewBox").split()]

    start = box()
    page.get_by_role("button", name="Zoom in").click()
    assert box()[2] == pytest.approx(start[2] / 1.25)
    page.mouse.move(300, 450)
    page.mouse.wheel(0, -200)
    page.wait_for_function("width => svg.viewBox.baseVal.width < width", arg=start[2] / 1.5)
    before = box()
    page.mouse.move(400, 700)
    page.mouse.down()
    page.mouse.move(460, 640, steps=3)
    page.mouse.up()
    after = box()
    assert after[0] < before[0]
    assert after[1] > before[1]
    page.keyboard.press("0")
    assert box() == pytest.approx(start)


def test_a_step_out_of_sight_is_brought_into_view(show_page, network_page):
    page = show_page(network_page)
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        inside = page.evaluate(
            """() => {
                const canvas = document.getElementById("canvas").getBoundingClientRect();
                const node = document.querySelector(".node.computing").getBoundingClientRect();
                return node.left >= canvas.left && node.right <= canvas.right
                    && node.top >= canvas.top && node.bottom <= canvas.bottom;
            }"""
        )
        assert inside


@pytest.mark.parametrize("predicting", [False, True])
def test_a_phone_shows_it_without_scrolling_sideways(open_page, predicting):
    page = open_page(neuron(), width=390, height=844)
    page.locator("#last").click()
    page.locator("#node-0").click()
    if predicting:
        page.locator("#predict-toggle").click()
        assert page.locator("#answer").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_public_name_is_at_the_top_of_the_package():
    assert tinygrad_edu.save_page is save_page


# Networks -------------------------------------------------------------------------------------------------


@pytest.fixture
def network():
    model = MLP(12, [3, 1], "tanh", seed=0)
    return named((model([0.1 * k - 0.4 for k in range(12)])[0] - 1.0) ** 2, "loss")


def test_rows_of_neurons_and_their_copies_follow_the_step(open_page, network):
    page = open_page(network)
    order = topological_order(network)
    first = next(k for k, node in enumerate(order) if node.op and node.op.name == "tanh")
    copies = page.locator(f'[data-of="node-{first}"] .value')
    assert copies.count() == 1, "an input of the output neuron"
    assert copies.text_content() == "?"
    page.keyboard.press("End")
    page.keyboard.press("0")  # the whole graph: what is out of sight is left alone
    assert number(copies.text_content()) == pytest.approx(order[first].data, rel=1e-2)
    gradients = grad(network, order)
    for k, text in shown(page, "grad").items():
        assert number(text) == pytest.approx(gradients[k], rel=1e-2), "large boxes show fewer digits"


def test_a_row_explains_its_node(open_page, network):
    page = open_page(network)
    row = page.locator(".node.parameter.row").first
    row.click()
    assert page.text_content("#node-choice option:checked") == row.locator(".name").text_content().lstrip("× ")
    assert page.locator("#opened").is_hidden()


def test_a_click_on_the_box_of_a_neuron_opens_it(open_page, network):
    page = open_page(network)
    page.keyboard.press("End")
    order = topological_order(network)
    k, total = next((k, node) for k, node in enumerate(order) if node.op and node.op.name == "dot")
    page.locator(f"#neuron-{k} > .caption", has_text="bias").click()
    assert page.text_content("#opened-title").endswith(", opened")
    symbols = page.locator("#opened .name").all_text_contents()
    assert symbols.count("×") == 8, "those that have a row"
    assert "… 4 more" in symbols
    texts = page.locator("#opened .node.operation .value").all_text_contents()
    assert number(texts[-2]) == pytest.approx(total.data, rel=1e-3)
    assert number(texts[-1]) == pytest.approx(math.tanh(total.data), rel=1e-3)
    page.keyboard.press("Escape")
    assert page.locator("#opened").is_hidden()


def inputs_left_of_weights():
    x, w, b = array([0.5, -1.0, 2.0]), array([[0.1, 0.4], [-0.2, 0.5], [0.3, -0.6]]), array([0.25, -0.75])
    return np.tanh(x @ w + b).sum(), [0.5, -1.0, 2.0], [0.1, -0.2, 0.3], 0.25


def weights_left_of_inputs():
    x, w, b = array([0.5, -1.0, 2.0]), array([[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]), array([0.25, -0.75])
    return np.tanh(w @ x + b).sum(), [0.5, -1.0, 2.0], [0.1, -0.2, 0.3], 0.25


def without_a_bias():
    return np.tanh(array([0.5, -1.0]) @ array([[0.1, 0.4], [-0.2, 0.5]])).sum(), [0.5, -1.0], [0.1, -0.2], None


@pytest.mark.parametrize("graph", [inputs_left_of_weights, weights_left_of_inputs, without_a_bias])
def test_a_neuron_written_with_arrays_opens_in_order_with_its_own_bias(open_page, graph):
    root, inputs, weights, bias = graph()
    page = open_page(root)
    page.keyboard.press("End")
    page.locator(".neuron > .caption").first.click()
    opened = page.locator("#opened-body")
    assert [number(text) for text in opened.locator(".node.input .value").all_text_contents()] == inputs
    parameters = [number(text) for text in opened.locator(".node.parameter .value").all_text_contents()]
    assert parameters == weights + ([] if bias is None else [bias])
    z = sum(w * x for w, x in zip(weights, inputs, strict=True)) + (bias or 0.0)
    told = [number(text) for text in opened.locator(".node.operation .value").all_text_contents()]
    assert told[-2:] == pytest.approx([z, math.tanh(z)], rel=1e-3)
    symbols = [text for text in opened.locator(".node.operation .name").all_text_contents() if text in "×+"]
    assert (symbols.count("×"), symbols.count("+")) == (len(weights), len(weights) - (bias is None))


def test_the_panel_of_a_node_in_a_neuron_opens_it_too(open_page, network):
    page = open_page(network)
    page.select_option("#node-choice", "0")
    page.locator("#open-neuron").focus()
    page.keyboard.press("Enter")
    assert page.locator("#opened").is_visible()
    assert page.locator("#opened .node.operation .value").all_text_contents()[-1] == "?", "nothing is computed yet"


def test_a_page_that_was_hidden_when_it_opened_shows_the_graph_once_it_is_seen(show_page, network, tmp_path):
    save_page(network, tmp_path / "inner.html")
    (tmp_path / "outer.html").write_text('<iframe src="inner.html" style="display:none" width=900 height=700></iframe>')
    page = show_page(tmp_path / "outer.html")
    page.frame_locator("iframe").locator("#canvas svg").wait_for(state="attached")
    page.eval_on_selector("iframe", "frame => frame.style.display = 'block'")
    expect(page.frame_locator("iframe").locator(".neuron").first).to_be_in_viewport()
