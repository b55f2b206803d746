"""What the tests of the page share: a browser, and pages opened in it that have nothing to complain of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import started_browser

from tinygrad_edu import Value, save_page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started_browser() as started:
        yield started


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """The page of a graph, in a window of its own; at the end, nothing may stand in the console."""
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": 1300, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(20_000)  # a busy machine takes its time

    def opened(root: Value, **keywords: Any) -> Any:
        save_page(root, tmp_path / "page.html", **keywords)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        return page

    yield opened
    context.close()
    assert complaints == []
