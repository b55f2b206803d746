"""`play`: what it prints, what it opens, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playing.serving import ask, staying

from tinygrad_edu.__main__ import main
from tinygrad_edu.playing.server import Server


def server_at(address: str) -> Any:
    """What our requests need to know of a server: it is in another process."""
    url = urlsplit(address)
    return SimpleNamespace(
        address=f"{url.scheme}://{url.netloc}",
        server_address=(url.hostname, url.port),
        token=parse_qs(url.fragment)["token"][0],
    )


@pytest.mark.parametrize("formula", [[], ["-tanh(w*x)", "w=1", "x=-2"]])
def test_ctrl_c_ends_it(formula: list[str]) -> None:
    command = [sys.executable, "-m", "tinygrad_edu", "play", "--no-browser", *formula]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address, hint = [process.stdout.readline().strip() for _ in range(2)]
        try:
            server = server_at(address)
            assert ask(server).status == 200
            with staying(server) as page:
                process.send_signal(signal.SIGINT)
                assert page.recv(1) == b"", "the page is told"
            _, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, err) == (0, "")
    assert hint == "Ctrl-C, or closing the page, ends this."
    pairs = parse_qs(urlsplit(address).fragment)
    expected = [["-tanh(w*x)"], ["w=1.0 x=-2.0"]] if formula else [None, None]
    assert [pairs.get("formula"), pairs.get("numbers")] == expected
    with pytest.raises(OSError):  # noqa: PT011  # which one is up to the system
        socket.create_connection(server.server_address, timeout=1)


def test_a_browser_is_opened_and_closing_the_page_ends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    threads: list[threading.Thread] = []

    def browse(address: str) -> None:
        with staying(server_at(address)):
            assert ask(server_at(address)).json["numbers"] == {"w": 1.0, "x": 2.0, "b": -0.5}

    def open_browser(address: str) -> bool:
        opened.append(address)
        threads.append(threading.Thread(target=browse, args=[address]))
        threads[0].start()
        return True

    monkeypatch.setattr("webbrowser.open", open_browser)
    monkeypatch.setattr(Server, "patience", 0.0)
    assert main(["play", "w*x", "w=2", "x=3"]) == 0
    threads[0].join()
    assert capsys.readouterr().out.splitlines()[0] == opened[0]


def test_where_no_browser_opens_the_address_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(server: Server, poll_interval: float) -> None:
        for opening in set(threading.enumerate()) - before:
            opening.join()
        raise KeyboardInterrupt

    before = set(threading.enumerate())

    monkeypatch.setattr("webbrowser.open", lambda address: False)
    monkeypatch.setattr(Server, "serve_forever", interrupted)
    assert main(["play"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("http://127.0.0.1:")
    assert "open the address above" in said


def test_a_wrong_formula_starts_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "__init__", lambda self: pytest.fail("a server was started"))
    assert main(["play", "x +", "x=1"]) == 2
