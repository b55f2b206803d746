"""The page computes what the engine computes: graphs over every operation, changes of leaves, mistakes, training."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import MLP, Value, grad, topological_order
from tinygrad_edu.op import RULE_BOOK, bind
from tinygrad_edu.value import Value as Node

SETTINGS = {"power_by": (3.0,), "leaky_relu": (0.01,), "clip": (-0.75, 2.0)}


def labeled(value: Value, label: str) -> Value:
    value.label = label
    return value


def random_graph(seed: int) -> tuple[Value, list[Value]]:
    """Every operation of the rule book, in a random order, on leaves and on what was made before."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-2.0, 2.0), f"x{k}") for k in range(8)]
    made = list(leaves)
    names = sorted(RULE_BOOK)
    rng.shuffle(names)
    for name in names:
        operation = RULE_BOOK[name]
        count = 5 if callable(operation.derivatives) else len(operation.derivatives)
        inputs = [rng.choice(leaves if rng.random() < 0.6 else made) for _ in range(count)]
        node = Node.apply(bind(operation, *SETTINGS.get(name, ())), inputs)
        made.append(node.tanh() if math.isfinite(node.data) else rng.choice(leaves) * 1.0)
        made[-1] = made[-1] if rng.random() < 0.8 else node
    root = Value(0.0)
    for node in made:
        root = root + node * rng.uniform(0.5, 1.5)
    return root, leaves


def computed_anew(root: Value) -> None:
    """The forward pass of the engine, for the leaves of now."""
    anew: dict[Value, Value] = {}
    for node in topological_order(root):
        if node.op is not None:
            again = Node.apply(node.op, [anew.get(value, value) for value in node.inputs])
            anew[node] = again
    for node, again in anew.items():
        node._data = again.data
        node.local_derivatives = again.local_derivatives


def agree(one: float, other: float) -> bool:
    if not math.isfinite(one) or not math.isfinite(other):
        return str(one) == str(other)
    return abs(one - other) <= 1e-12 * max(abs(one), abs(other)) + 1e-300


#: In one text, since hundreds of thousands of single ones take seconds on the way here; JSON knows no nan.
NUMBERS = "() => JSON.stringify([nodes.map((node) => String(node.value)), [...pass.gradients].map(String)])"


def read(told: str) -> tuple[list[float], list[float]]:
    """Values and gradients as `NUMBERS` tells them."""
    values, gradients = json.loads(told)
    return [_float(text) for text in values], [_float(text) for text in gradients]


def numbers_of(page: Any) -> tuple[list[float], list[float]]:
    return read(page.evaluate(NUMBERS))


def _float(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_over_every_operation_follow_random_changes_as_the_engine_does(
    open_page: Callable[..., Any], seed: int
) -> None:
    root, leaves = random_graph(seed)
    page = open_page(root)
    assert page.locator("#notice").is_hidden(), page.text_content("#notice")
    rng = random.Random(seed)
    order = topological_order(root)
    place = {node: k for k, node in enumerate(order)}
    constants = set(page.evaluate("() => nodes.filter((node) => node.constant).map((node) => node.id)"))
    changes = [(rng.choice(leaves), rng.choice([rng.gauss(0, 2), rng.gauss(0, 1), 0.0, 1.0])) for _ in range(200)]
    told = page.evaluate(
        f"(changes) => changes.map(([id, number]) => {{ nodes[id].value = number; refresh(); return ({NUMBERS})(); }})",
        [[place[leaf], number] for leaf, number in changes],
    )
    for (leaf, number), numbers in zip(changes, told, strict=True):
        values, gradients = read(numbers)
        leaf.data = number
        computed_anew(root)
        for node, value, gradient, expected in zip(order, values, gradients, grad(root, order), strict=True):
            assert agree(value, node.data), (node, value)
            if place[node] not in constants:
                # What is added up of large numbers of both signs keeps the digits of the largest.
                assert agree(gradient, expected) or abs(gradient - expected) < 1e-12 * scale(root, node)


def test_every_number_of_a_network_stands_at_its_own_name(open_page: Callable[..., Any]) -> None:
    (output,) = MLP(2, [3, 1], "tanh", seed=0)([Value(0.0, "x1"), Value(1.0, "x2")])
    page = open_page(output)
    page.keyboard.press("End")
    names = page.evaluate("""() => nodes.filter((node) => node.isDrawn).map((node) => [
        node.name,
        node.group.querySelector(".name")?.textContent.replace(/^[×+] /, ""),
    ])""")
    assert len(names) == len(topological_order(output))
    assert [name for name, _ in names] == [drawn for _, drawn in names]


def scale(root: Value, node: Value) -> float:
    """The sum of the sizes of what a gradient is the sum of."""
    sizes = dict.fromkeys(topological_order(root), 0.0)
    sizes[root] = 1.0
    for each in reversed(topological_order(root)):
        for value, local in zip(each.inputs, each.local_derivatives, strict=True):
            sizes[value] += sizes[each] * abs(local)
    return sizes[node]


# Changing a number ----------------------------------------------------------------------------------------


def small() -> tuple[Value, Value, Value]:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    e = labeled(a * b, "e")
    return labeled((e + a).tanh() * e, "L"), a, b


def test_what_is_typed_is_followed_by_everything(open_page: Callable[..., Any]) -> None:
    root, a, _ = small()
    page = open_page(root)
    page.keyboard.press("End")
    page.locator("#node-0 .value").click()
    assert page.evaluate("document.activeElement.id") == "number"
    page.keyboard.type("0.5")
    a.data = 0.5
    computed_anew(root)
    values, gradients = numbers_of(page)
    assert values == pytest.approx([node.data for node in topological_order(root)], rel=1e-12)
    assert gradients == pytest.approx(grad(root, topological_order(root)), rel=1e-12)
    assert page.text_content("#node-0 .value") == "0.5"
    assert "e = −1.5" in page.text_content("#log")
    difference = page.text_content("#difference strong >> nth=0").replace("−", "-")
    assert float(difference) == pytest.approx(grad(root, [a])[0], rel=1e-4)
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.text_content("#step-body .numbers") == " = 0.5 · (−3) = −1.5"
    page.keyboard.press("Control+z")
    assert page.text_content("#node-0 .value") == "2"
    page.keyboard.press("Control+y")
    assert page.text_content("#node-0 .value") == "0.5"
    page.click("#reset")
    assert page.text_content("#node-0 .value") == "2"
    assert page.locator("#reset").is_disabled()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type a number; a stays 2."),
        ("two", "“two” is no number, such as 0.5, −2 or 2/3; a stays 2."),
        ("1e999", "A number must be finite, and “1e999” is not; a stays 2."),
        ("nan", "A number must be finite, and “nan” is not; a stays 2."),
        ("-inf", "A number must be finite, and “-inf” is not; a stays 2."),
        ("1/0", "A number must be finite, and “1/0” is not; a stays 2."),
        ("1+1", "is no number"),
    ],
)
def test_what_is_no_number_is_told_and_changes_nothing(
    open_page: Callable[..., Any], typed: str, sentence: str
) -> None:
    page = open_page(small()[0])
    page.keyboard.press("e")
    before = numbers_of(page)
    page.evaluate("(text) => { const f = document.getElementById('number'); f.value = text;"
                  " f.dispatchEvent(new Event('input')); }", typed)  # fmt: skip
    assert sentence in page.text_content("#number-problem")
    assert numbers_of(page) == before
    page.keyboard.press("Enter")
    assert page.input_value("#number") == "2"


def test_arrow_keys_nudge_and_the_slider_slides(open_page: Callable[..., Any]) -> None:
    page = open_page(small()[0])
    page.keyboard.press("e")
    for keys, text in [("ArrowUp", "2.1"), ("Shift+ArrowUp", "3.1"), ("Alt+ArrowDown", "3.09"), ("ArrowDown", "2.99")]:
        page.keyboard.press(keys)
        assert page.input_value("#number") == text
    page.keyboard.press("Enter")
    page.locator("#number-slider").focus()
    page.keyboard.press("ArrowRight")
    assert float(page.text_content("#node-0 .value")) > 2.99
    page.click("#undo")
    assert page.text_content("#node-0 .value") == "2.99"
    page.click("#number-reset")
    assert page.text_content("#node-0 .value") == "2"


def test_a_number_is_dragged_sideways_as_one_change(open_page: Callable[..., Any]) -> None:
    page = open_page(small()[0])
    box = page.locator("#node-1 .value").bounding_box()
    view = page.get_attribute("#canvas svg", "viewBox")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=8)
    page.mouse.up()
    assert page.text_content("#node-1 .value") == "−2"
    assert page.get_attribute("#canvas svg", "viewBox") == view, "the graph stays where it is"
    page.click("#undo")
    assert page.text_content("#node-1 .value") == "−3"
    assert page.locator("#undo").is_disabled()


def test_a_question_follows_the_number(open_page: Callable[..., Any]) -> None:
    root, a, _ = small()
    page = open_page(root)
    page.keyboard.press("p")
    page.keyboard.press("End")
    page.evaluate("() => { nodes[0].value = 0.25; refresh(); }")
    a.data = 0.25
    computed_anew(root)
    edge = next(iter(root.backward_steps())).contributions[0]
    page.fill("#answer", repr(edge.after))
    page.click("#answer-form button[type=submit]")
    assert "Right" in page.text_content("#verdict")


def test_a_page_of_changed_data_shows_what_was_computed_until_a_number_is_changed(
    open_page: Callable[..., Any],
) -> None:
    x = Value(2.0, "x")
    root = labeled(x * x, "s")
    x.data = 5.0
    page = open_page(root)
    assert numbers_of(page) == ([5.0, 4.0], [4.0, 1.0]), "as the engine has it"
    page.keyboard.press("e")
    page.keyboard.type("3")
    assert numbers_of(page) == ([3.0, 9.0], [6.0, 1.0])
    assert "computed anew" in page.text_content("#notice")


def test_a_constant_can_be_changed_and_is_called_by_its_number(open_page: Callable[..., Any]) -> None:
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    root = labeled(labeled(a * b + 5.0, "e") * labeled(Value(1.5), "f"), "L")
    page = open_page(root)
    constant = page.evaluate("() => nodes.find((node) => node.constant).id")
    page.keyboard.press("End")
    page.locator(f"#node-{constant} .value").click()
    assert page.locator("#number").is_visible()
    assert "a constant: a number written in the program" in page.text_content("#node-body")
    page.keyboard.type("-0.25")
    assert numbers_of(page)[0][-1] == pytest.approx((2.0 * -3.0 - 0.25) * 1.5, rel=1e-12)
    assert page.locator("#node-choice option", has_text="e = v1 + (−0.25)").count() == 1
    page.keyboard.press("Enter")
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    page.keyboard.press("PageDown")
    assert "e = v1 + (−0.25)" in page.text_content("#step-body")
    assert "gradient now" not in page.text_content("#node-body"), "nobody asks for the gradient of a constant"
    page.click("#train-toggle")
    assert page.locator("#parameters label").all_text_contents() == [" a", " b", " f"]
    page.click("#undo")
    assert page.locator("#node-choice option", has_text="e = v1 + 5").count() == 1
    page.click("#redo")
    page.click("#reset")
    assert numbers_of(page)[0][constant] == 5.0
    assert page.locator("#node-choice option", has_text="e = v1 + 5").count() == 1


def test_settings_are_said_to_be_fixed(open_page: Callable[..., Any]) -> None:
    page = open_page(labeled(labeled(Value(-2.0, "x") ** 3, "cube").leaky_relu(0.1), "y"))
    page.select_option("#node-choice", "1")
    assert "exponent3, fixed: part of the operation" in page.text_content("#node-body")
    page.select_option("#node-choice", "2")
    assert "negative slope0.1, fixed: part of the operation" in page.text_content("#node-body")


# Mistakes -------------------------------------------------------------------------------------------------


def doubled() -> Value:
    a = Value(3.0, "a")
    b = labeled(a + a, "b")
    return labeled(b + b, "c")


def squashed() -> Value:
    w, x = Value(0.5, "w"), Value(2.0, "x")
    return labeled((labeled(labeled(w * x, "z").sigmoid(), "s") * w), "L")


MISTAKES = [
    # the mistake, the graph, the number of the first wrong message, and the gradient of its first leaf
    ("overwrite", doubled, 2, 1.0),
    ("leftover", doubled, 1, 8.0),
    ("order", doubled, 2, 6.0),
    ("upstream", doubled, 3, 2.0),
    ("accumulated", doubled, 3, 8.0),
    ("place", squashed, 3, None),
]


@pytest.mark.parametrize(("mistake", "graph", "wrong", "gradient"), MISTAKES)
def test_each_mistake_is_found_at_its_first_wrong_step(
    open_page: Callable[..., Any], mistake: str, graph: Callable[[], Value], wrong: int, gradient: float | None
) -> None:
    root = graph()
    page = open_page(root)
    page.select_option("#mistake-choice", mistake)
    first, seed_at, gradients = page.evaluate("() => [pass.wrongAt, seedAt, [...pass.gradients]]")
    assert first - seed_at == wrong
    if gradient is not None:
        assert gradients[0] == gradient
    page.click("#first-wrong")
    assert page.locator("#contributions .first-wrong").count() == 1
    assert page.locator(".edge.wrong-message").count() == 1
    page.keyboard.press("End")
    assert page.locator(".node.mistaken").count() >= 1
    row = page.locator("#convicted tbody tr").first
    name, told, difference = row.locator("th, td").all_text_contents()
    leaf = next(node for node in topological_order(root) if node.label == name)
    assert float(difference.replace("−", "-")) == pytest.approx(grad(root, [leaf])[0], rel=1e-4)
    assert told != difference
    page.select_option("#mistake-choice", "")
    assert numbers_of(page)[1] == pytest.approx(grad(root, topological_order(root)), rel=1e-12)
    assert page.locator(".mistaken").count() == 0


def test_a_mistake_that_does_no_harm_is_said_to_do_none(open_page: Callable[..., Any]) -> None:
    page = open_page(labeled(Value(2.0, "x").sin(), "y"))
    for mistake in ("overwrite", "order", "upstream", "place", "leftover"):
        page.select_option("#mistake-choice", mistake)
        assert "Here it does no harm" in page.text_content("#mistake-verdict"), mistake


def test_depth_first_sends_so_many_messages_that_most_are_left_out(open_page: Callable[..., Any]) -> None:
    x = Value(1.0, "x")
    for _ in range(40):
        x = x + x
    page = open_page(x)
    page.select_option("#mistake-choice", "order")
    assert "more than 20000 messages" in page.text_content("#mistake-verdict")


# Learning -------------------------------------------------------------------------------------------------


def test_training_steps_are_those_of_gradient_descent(open_page: Callable[..., Any]) -> None:
    w, b = Value(0.5, "w"), Value(0.0, "b")
    x, y = Value(0.0, "x"), Value(0.0, "y")
    loss = labeled((w * x + b - y) ** 2, "loss")
    X, targets = np.array([[1.0], [2.0], [-1.0], [0.5]]), np.array([2.0, 3.5, -1.0, 1.25])
    page = open_page(loss, data=([x, y], X, targets))
    page.click("#train-toggle")
    for name in ("w", "b"):
        page.get_by_label(name, exact=True).check()
    page.fill("#batch", "2")
    page.fill("#rate", "0.05")
    page.fill("#train-steps", "30")
    page.locator("#train-steps").press("Enter")
    page.click("#train-run")
    page.wait_for_function("() => learning.steps.length === 31")
    theta, losses = np.array([0.5, 0.0]), []
    for k in range(30):
        rows = [(2 * k + j) % 4 for j in range(2)]
        error = theta[0] * X[rows, 0] + theta[1] - targets[rows]
        losses.append(float(np.mean(error**2)))
        theta = theta - 0.05 * np.array([np.mean(2 * error * X[rows, 0]), np.mean(2 * error)])
    told = page.evaluate("() => learning.steps.map((step) => step.loss)")
    rows = [60 % 4, 61 % 4]
    losses.append(float(np.mean((theta[0] * X[rows, 0] + theta[1] - targets[rows]) ** 2)))
    assert told == pytest.approx(losses, rel=1e-9), "the last is measured as the others are, on the next batch"
    ids = [k for k, node in enumerate(topological_order(loss)) if node is w or node is b]
    assert sorted(numbers_of(page)[0][k] for k in ids) == pytest.approx(sorted(theta), rel=1e-9)
    assert page.text_content("#training-counter").startswith("step 30 of 30")
    page.locator("#training-scrubber").fill("0")
    assert "0.5" in [page.text_content(f"#node-{k} .value") for k in ids]
    page.click("#pin")
    assert page.text_content("#pinned").startswith("Step 0 is pinned.")
    page.locator("#training-scrubber").fill("30")
    row = page.locator("#pinned tr", has_text="w").first.locator("td").all_text_contents()
    assert float(row[0]) == 0.5
    assert float(row[1]) == pytest.approx(theta[0], rel=1e-3)
    page.click("#undo")
    assert page.locator("#curve").is_hidden()


def test_zero_grad_that_is_forgotten_adds_up_over_the_steps(open_page: Callable[..., Any]) -> None:
    w = Value(1.0, "w")
    page = open_page(labeled(w * w, "L"))
    page.click("#train-toggle")
    page.get_by_label("w", exact=True).check()
    page.select_option("#mistake-choice", "accumulated")
    page.evaluate("() => { old.gradients = new Float64Array(nodes.length); }")
    theta, total = 1.0, 0.0
    for _ in range(3):
        page.click("#train-step")
        total += 2 * theta
        theta -= 0.1 * total
    assert numbers_of(page)[0][0] == pytest.approx(theta, rel=1e-12)


def test_a_rate_that_runs_away_stops_with_a_sentence(open_page: Callable[..., Any]) -> None:
    page = open_page(labeled(Value(1.0, "w") ** 4, "L"))
    page.click("#train-toggle")
    page.click("#train-step")
    assert "Choose at least one parameter" in page.text_content("#training-problem")
    page.get_by_label("w", exact=True).check()
    page.fill("#rate", "fast")
    page.locator("#rate").press("Tab")
    assert "“fast” is not; it stays 0.1." in page.text_content("#training-problem")
    page.fill("#rate", "100")
    page.click("#train-run")
    page.wait_for_function(
        "() => document.getElementById('training-problem').textContent.includes('take a smaller learning rate')"
    )


@pytest.mark.parametrize(
    ("field", "typed", "kept", "sentence"),
    [
        ("rate", "1e999", "0.1", "The learning rate is a number from 0 to 1e+06, and “1e999” is not; it stays 0.1."),
        ("rate", "", "0.1", "The learning rate is a number from 0 to 1e+06, and nothing is typed; it stays 0.1."),
        ("rate", "nan", "0.1", "“nan” is not"),
        ("batch", "0", "1", "The batch size is a whole number from 1 to 3, and “0” is not; it stays 1."),
        ("batch", "2.5", "1", "“2.5” is not; it stays 1."),
        ("example", "4", "1", "The example is a whole number from 1 to 3, and “4” is not; it stays 1."),
        ("example", "1.5", "1", "“1.5” is not; it stays 1."),
        ("train-steps", "many", "100", "The number of steps is a whole number from 1 to 100000, and “many” is not"),
        ("train-steps", "-5", "100", "“-5” is not; it stays 100."),
    ],
)
def test_what_cannot_be_a_rate_a_batch_or_a_count_is_told_and_the_old_number_stays(
    open_page: Callable[..., Any], field: str, typed: str, kept: str, sentence: str
) -> None:
    w, x = Value(0.5, "w"), Value(1.0, "x")
    page = open_page(labeled((w * x) ** 2, "L"), data=([x], [[1.0], [2.0], [3.0]], np.zeros((3, 0))))
    page.click("#train-toggle")
    page.get_by_label("w", exact=True).check()
    before = numbers_of(page)
    page.fill(f"#{field}", typed)
    if field == "train-steps":
        page.click("#train-run")
    else:
        page.locator(f"#{field}").press("Tab")
    assert sentence in page.text_content("#training-problem")
    assert page.input_value(f"#{field}") == kept
    assert numbers_of(page) == before
    assert page.locator("#undo").is_disabled(), "nothing has happened that could be undone"


def test_a_thousand_steps_of_a_network_leave_the_page_responsive(open_page: Callable[..., Any]) -> None:
    model = MLP(4, [12, 10, 1], seed=1)
    page = open_page((model([0.5, -1.0, 0.25, 2.0])[0] - 1.0) ** 2)
    page.click("#train-toggle")
    page.fill("#train-steps", "1000")
    page.click("#train-run")
    page.keyboard.press("Home")
    page.wait_for_function("() => learning.steps.length === 1001", timeout=30_000)
    assert page.evaluate("() => learning.steps.at(-1).loss < learning.steps[0].loss")
