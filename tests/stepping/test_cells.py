"""The page in a cell: what an executed notebook shows, looked at in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from browser import started_browser
from playwright.sync_api import expect

import tinygrad_edu
from tinygrad_edu import MLP, Value, save_page
from tinygrad_edu.stepping import page
from tinygrad_edu.stepping.cells import Page

CELL = """
from tinygrad_edu import Value
from tinygrad_edu.stepping import page
w, x, b = Value(1.0), Value(2.0), Value(-0.5)
o = (w * x + b).tanh()
page(o)
"""


def tanh_of_a_product() -> Value:
    return (Value(1.5, "w") * Value(2.0, "x")).tanh()


@pytest.fixture(scope="module")
def cell_output() -> Any:
    """What a notebook keeps of the cell above."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    where = {"metadata": {"path": str(Path(tinygrad_edu.__file__).parents[1])}}
    nbclient.NotebookClient(notebook, timeout=120, resources=where).execute()
    nbformat.validate(notebook)
    return notebook.cells[0].outputs[-1]["data"]


@pytest.fixture
def show_cell(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Show the HTML of an output between others, in a notebook of this color of text and ground."""
    complaints: list[str] = []
    with started_browser() as browser:

        def shown(html: str, ink: str, ground: str, scheme: str, width: int = 1000) -> Any:
            context = browser.new_context(
                viewport={"width": width, "height": 1000}, color_scheme=scheme, offline=True, reduced_motion="reduce"
            )
            context.set_default_timeout(5_000)
            tab = context.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            file = tmp_path / "notebook.html"
            file.write_text(
                f'<!doctype html><meta charset="utf-8"><body style="color:{ink};background:{ground}">'
                f"<p>In [1]:</p><div>{html}</div><p>In [2]:</p>",
                "utf-8",
            )
            tab.goto(file.as_uri())
            return tab

        yield shown
    assert complaints == []


def test_an_executed_notebook_shows_the_page_in_its_cell(cell_output: Any, show_cell: Callable[..., Any]) -> None:
    assert cell_output["text/plain"] == "<live page: Backpropagation through 'o', step by step>"
    tab = show_cell(cell_output["text/html"], "black", "white", "light")
    cell = tab.frame_locator("iframe")
    expect(cell.locator("#subtitle")).to_have_text("o = tanh(w · x + b)")
    cell.locator("#canvas").click(position={"x": 3, "y": 3})
    cell.locator("#next").click()
    expect(cell.locator("#counter")).to_have_text("1 / 7")
    frame = tab.frames[1]
    assert frame.evaluate("[root.value, leaves.map((leaf) => leaf.name)]") == [
        pytest.approx(0.9051482536448664, rel=1e-12),
        ["w", "x", "b"],
    ]


@pytest.mark.parametrize(
    ("ink", "ground", "theme", "system"),
    [
        ("rgba(255, 255, 255, 0.87)", "#111", "dark", "light"),
        ("rgba(0, 0, 0, 0.87)", "white", "light", "dark"),
        ("oklch(0.95 0.01 200)", "#222", "dark", "light"),
    ],
)
def test_the_page_is_as_light_or_dark_as_the_notebook_whatever_the_system_is(
    show_cell: Callable[..., Any], ink: str, ground: str, theme: str, system: str
) -> None:
    tab = show_cell(page(tanh_of_a_product())._repr_html_(), ink, ground, system)
    document = tab.frame_locator("iframe").locator("html")
    expect(document).to_have_attribute("data-theme", theme)
    other = {"dark": ("light", "black"), "light": ("dark", "white")}[theme]
    tab.evaluate("color => { document.body.style.color = color; }", other[1])
    expect(document).to_have_attribute("data-theme", other[0])
    shown = tab.frames[1].evaluate("getComputedStyle(document.body).backgroundColor")
    assert shown == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 28)"}[other[0]]


#: What stands below the graph and reaches beyond its half of the page.
STICKS_OUT = """() => {
    const line = document.getElementById("transport");
    const edge = line.getBoundingClientRect().right;
    const isOutside = (child) => child.getBoundingClientRect().right > edge;
    return [...line.children].filter(isOutside).map((child) => child.className);
}"""


@pytest.mark.parametrize("width", [1000, 840, 500])
def test_the_height_of_a_cell_fits_what_it_shows(show_cell: Callable[..., Any], width: int) -> None:
    heights = []
    for root in (tanh_of_a_product(), MLP(3, [8, 8, 1], seed=1)([1.0, 2.0, 3.0])[0]):
        tab = show_cell(page(root)._repr_html_(), "black", "white", "light", width)
        heights.append(tab.locator("iframe").bounding_box()["height"])
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        frame = tab.frames[1]
        assert frame.evaluate("canvas.clientHeight") >= 200
        assert frame.evaluate(STICKS_OUT) == []
        if width > 800:
            assert frame.evaluate("document.documentElement.scrollHeight") == frame.evaluate("innerHeight")
    assert heights == sorted(heights)
    assert heights[0] >= 600
    assert heights[1] <= 860


class Attributes(HTMLParser):
    """The attributes of the one frame."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.frames: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag == "iframe", "all else stands inside the attribute"
        self.frames.append(dict(attributes))


def test_the_frame_holds_the_page_of_a_file_and_the_module_of_cells(tmp_path: Path) -> None:
    x = Value(2.0, 'an <"odd"> & name')
    root = x * x
    root.label = "</title><script>alert(1)</script>"
    shown = page(root, names={})
    [frame] = Attributes(shown._repr_html_()).frames
    assert frame["srcdoc"] == shown.html
    assert frame["title"] == f"Backpropagation through {root.label!r}, step by step"
    save_page(root, tmp_path / "page.html", names={})
    in_file, in_cell = (tmp_path / "page.html").read_text("utf-8").splitlines(), shown.html.splitlines()
    assert [line for line in in_file if line not in in_cell] == []
    assert "followNotebook" not in "\n".join(in_file)


def test_the_cell_takes_names_and_examples_and_refuses_as_a_file_does() -> None:
    x, y = Value(1.0), Value(0.0, "y")
    loss = (x - y) ** 2
    assert '"name":"speed"' in page(loss, names={"speed": x}).html
    assert '"rows":[[1.0,2.0]]' in page(loss, data=([x, y], [[1.0]], [2.0])).html
    assert isinstance(page(loss), Page)
    with pytest.raises(ValueError, match="is a leaf"):
        page(x)
    with pytest.raises(TypeError):
        page(3)  # type: ignore[arg-type]
