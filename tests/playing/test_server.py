"""The server: whom it answers, whom it refuses, how much it takes, and when it ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from playing.serving import NEURON, ask, from_page, host, request, running, staying, until

from tinygrad_edu.playing.server import MAX_BYTES, MAX_CONNECTIONS, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


# Whom it answers ----------------------------------------------------------------------------------------------------


def test_the_front_page_is_for_everyone_on_this_machine_and_holds_no_secret(server: Server) -> None:
    said = request(server, "GET", "/", {"Host": host(server)})
    assert said.status == 200
    assert 'id="formula"' in said.text
    assert server.token not in said.text
    assert "script-src 'unsafe-inline'" in said.headers["content-security-policy"]
    assert "connect-src 'self'" in said.headers["content-security-policy"]
    assert said.headers["x-frame-options"] == "DENY"
    assert said.headers["referrer-policy"] == "no-referrer"
    assert said.headers["cache-control"] == "no-store"
    assert "Python" not in said.headers["server"], "nobody needs to know its version"


def test_our_page_is_answered(server: Server) -> None:
    drawn = ask(server)
    assert drawn.status == 200
    assert drawn.json["numbers"] == {"w": 1.0, "x": 2.0, "b": -0.5}
    assert ask(server, "/share").json["command"] == 'tinygrad-edu play "tanh(w*x + b)" w=1 x=2 b=-0.5'
    assert ask(server, "/file").json["page"].startswith("<!doctype html>")
    assert ask(server, question={"formula": "w*", "numbers": {}}).json["place"] == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer \xe9"},
        {"Origin": ""},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://localhost:80"},
        {"Origin": "https://example.org"},
        {"Host": ""},
        {"Host": "127.0.0.1"},
        {"Host": "localhost"},
        {"Host": "example.org"},
    ],
    ids=str,
)
def test_without_token_from_another_page_or_under_another_name_nothing_is_answered(
    server: Server, headers: dict[str, str]
) -> None:
    for path in ("/draw", "/file", "/share", "/stay"):
        said = ask(server, path, **headers)
        assert said.status == 403
        assert "page" not in said.text or "another page may not ask here" in said.text
        assert server.token not in said.text
        assert said.text.count("\n") == 1


def test_a_token_that_is_nearly_right_or_of_another_server_is_wrong(server: Server) -> None:
    for token in (server.token[:-1], server.token + "a", server.token.swapcase(), Server.__name__):
        assert ask(server, Authorization=f"Bearer {token}").status == 403
    assert ask(server, Authorization=server.token).status == 403
    with running() as other:
        assert other.token != server.token
        assert other.address != server.address
        assert ask(server, Authorization=f"Bearer {other.token}").status == 403


def test_two_names_of_a_host_are_none(server: Server) -> None:
    with socket.create_connection(server.server_address[:2], timeout=30) as connection:  # type: ignore[arg-type]
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host(server)}\r\nHost: example.org\r\n\r\n".encode())
        assert b" 403 " in connection.recv(4096)


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert urlsplit(server.address).hostname == "127.0.0.1"
    assert len(server.token) >= 32


# What it takes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "FLY"])
def test_there_are_two_methods(server: Server, method: str) -> None:
    said = request(server, method, "/", from_page(server))
    assert said.status == 501
    assert "access-control-allow-origin" not in said.headers


@pytest.mark.parametrize("path", ["/draw", "/token", "/../etc/passwd", "//a", "/%2e%2e", "http://example.org/"])
def test_there_is_one_page(server: Server, path: str) -> None:
    assert request(server, "GET", path, from_page(server)).status == 404


def test_there_are_four_questions(server: Server) -> None:
    assert ask(server, "/eval").status == 404
    assert ask(server, "/").status == 404


@pytest.mark.parametrize(
    ("body", "length", "status"),
    [
        (b"", None, 411),
        (b"{}", "two", 411),
        (b"{}", "-2", 411),
        (b"{}", "²", 411),
        (b"{}", str(MAX_BYTES + 1), 413),
        (b"{}", "9" * 5_000, 413),
        (b"", "0", 400),
        (b"{", "1", 400),
        (b"\xff\xfe", "2", 400),
        (b"[" * 60_000, "60000", 400),
        (b"{}", "2", 400),
        (b'{"formula": "w", "numbers": {"w": NaN}}', "", 400),
        (b'{"formula": "w", "numbers": {"w": "nan"}}', "", 400),
    ],
    ids=lambda given: repr(given)[:30],
)
def test_what_is_no_question_is_refused_in_one_line(
    server: Server, body: bytes, length: str | None, status: int
) -> None:
    headers = {name.encode().decode(): text for name, text in from_page(server).items()}
    sent = length.encode("utf-8").decode("latin-1") if length else length
    said = request(server, "POST", "/draw", headers, body, sent)
    assert said.status == status
    assert said.text.count("\n") == 1
    assert "Traceback" not in said.text
    assert ask(server).status == 200, "the next question is answered"


def test_noise_and_silence_disturb_nobody(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    address = server.server_address[:2]
    for noise in (
        b"",
        b"\x16\x03\x01\x02",
        b"GET\r\n\r\n",
        b"POST /draw HTTP/1.1\r\nHost:",
        b"\r\n" * 100,
        b"GET / FTP/9\r\n\r\n",
    ):
        with socket.create_connection(address, timeout=30) as connection:  # type: ignore[arg-type]
            connection.sendall(noise)
    assert ask(server).status == 200
    assert capfd.readouterr().err == ""


def test_questions_at_the_same_time_get_each_their_own_answer(server: Server) -> None:
    def value(k: int) -> tuple[int, float]:
        said = ask(server, "/draw", {"formula": f"x*{k}", "numbers": {"x": str(k)}})
        return said.status, said.json["numbers"]["x"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(value, range(24))) == [(200, float(k)) for k in range(24)]


def test_more_connections_than_any_page_needs_are_closed_and_make_room_again() -> None:
    with running() as server:
        idle = [socket.create_connection(server.server_address[:2], timeout=30) for _ in range(MAX_CONNECTIONS)]  # type: ignore[arg-type]
        with socket.create_connection(server.server_address[:2], timeout=30) as one_more:  # type: ignore[arg-type]
            assert one_more.recv(1) == b""
        for connection in idle:
            connection.close()
        until(lambda: not server.connections)
        assert ask(server).status == 200


# When it ends -------------------------------------------------------------------------------------------------------


def served(server: Server) -> threading.Thread:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    return thread


def test_it_ends_when_the_last_page_is_closed() -> None:
    with Server() as server:
        server.patience = 0.0
        thread = served(server)
        with staying(server) as one:
            with staying(server) as other:
                other.shutdown(socket.SHUT_RDWR)
            assert ask(server).status == 200, "one page is still open"
            one.shutdown(socket.SHUT_RDWR)
        thread.join(30)
        assert not thread.is_alive()


def test_a_page_that_is_loaded_anew_keeps_it_going() -> None:
    with running(patience=60.0) as server:
        with staying(server):
            pass
        with staying(server):
            assert ask(server).status == 200
            assert not server.is_leaving, "it waits no longer"
        until(lambda: server.is_leaving)
        assert ask(server).status == 200, "it waits for a page to come back"


def test_no_thread_and_no_connection_is_left() -> None:
    before = set(threading.enumerate())
    with running() as server:
        pages = [staying(server) for _ in range(3)]
        for page in pages:
            page.__enter__()
        pages[0].__exit__(None, None, None)
        ask(server)
    assert set(threading.enumerate()) <= before
    assert not server.connections
    for page in pages[1:]:
        page.__exit__(None, None, None)


def test_no_page_yet_is_no_page_closed() -> None:
    with running(patience=0.0) as server:
        assert ask(server).status == 200
        assert ask(server, question=NEURON).status == 200
        assert not server.is_leaving


def test_a_page_that_is_open_is_told_that_it_ends() -> None:
    with Server() as server:
        thread = served(server)
        with staying(server) as page:
            server.shutdown()
            thread.join()
            server.server_close()
            assert page.recv(1) == b""
        assert not server.is_leaving
    with pytest.raises(OSError):  # noqa: PT011  # which one is up to the system
        socket.create_connection(server.server_address[:2], timeout=1)  # type: ignore[arg-type]
