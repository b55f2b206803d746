"""A server that runs for a test, and requests to it as a browser sends them, or as others do."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tinygrad_edu.playing.server import Server

NEURON = {"formula": "tanh(w*x + b)", "numbers": {"w": "1", "x": "2", "b": "-0.5"}}


class Said(NamedTuple):
    """What a server said."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@contextmanager
def running(patience: float = 60.0) -> Iterator[Server]:
    """A server that answers."""
    with Server() as server:
        server.patience = patience
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(3_000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("that did not happen within half a minute")


def from_page(server: Server) -> dict[str, str]:
    """The headers that our page sends."""
    return {"Host": host(server), "Origin": server.address, "Authorization": f"Bearer {server.token}"}


def host(server: Server) -> str:
    return server.address.removeprefix("http://")


def request(
    server: Server, method: str, path: str, headers: dict[str, str], body: bytes | None = None, length: str | None = ""
) -> Said:
    """Exactly these headers, and the length of the body unless another one is said."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, text in headers.items():
            connection.putheader(name, text)
        if length is not None and (length or body is not None):
            connection.putheader("Content-Length", length or str(len(body or b"")))
        connection.endheaders(body)
        response = connection.getresponse()
        return Said(response.status, response.read().decode(), {k.lower(): v for k, v in response.getheaders()})
    finally:
        connection.close()


def ask(server: Server, path: str = "/draw", question: Any = NEURON, **headers: str) -> Said:
    """A question of our page, with some headers changed; a header that is "" is left out."""
    changed = {**from_page(server), **headers}
    sent = {name: text for name, text in changed.items() if text}
    return request(server, "POST", path, sent, json.dumps(question).encode())


@contextmanager
def staying(server: Server) -> Iterator[socket.socket]:
    """A page that is open, as the server sees it."""
    with socket.create_connection(server.server_address[:2], timeout=30) as connection:  # type: ignore[arg-type]
        lines = ["POST /stay HTTP/1.1", *(f"{name}: {text}" for name, text in from_page(server).items())]
        connection.sendall(("\r\n".join(lines) + "\r\nContent-Length: 0\r\n\r\n").encode())
        said = b""
        while not said.endswith(b"open\n"):
            part = connection.recv(4096)
            assert part, said
            said += part
        yield connection
