"""The page in a real browser: real clicks and keys, and the text read back compared with the engine's numbers."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from tinygrad_edu import Value
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.debug.page import save_page

CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("the tests of the page need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield started
        started.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Save the page of a graph, open it, and afterwards see that nothing was requested and nothing complained."""
    contexts, complaints, requests = [], [], []

    def opened(root, width=1400, height=900, **settings):
        file = tmp_path / "page.html"
        save_page(root, file)
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def quadratic():
    """(a·b + c)·f·a, whose `a` is used twice."""
    a, b, c, f = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "f")
    e = a * b
    e.label = "e"
    d = e + c
    d.label = "d"
    loss = d * f * a
    loss.label = "L"
    return loss


def number(text):
    return float(text.replace("−", "-"))


def shown(page, root, role):
    """What the picture shows for every node, by name."""
    nodes = topological_order(root)
    return {node.label or str(node.data): page.text_content(f"#node-{k} .{role}") for k, node in enumerate(nodes)}


def test_stepping_to_the_end_shows_the_values_and_gradients_of_the_engine(open_page):
    root = quadratic()
    page = open_page(root)
    assert page.text_content("#counter") == "0 / 9"
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    root.backward()
    for node in topological_order(root):
        name = node.label or str(node.data)
        assert number(shown(page, root, "value")[name]) == pytest.approx(node.data, rel=1e-3)
        assert number(shown(page, root, "grad")[name]) == pytest.approx(node.grad, rel=1e-3)
