"""The server behind the formula line: for this machine only, and only for who has the token.

It listens on 127.0.0.1, on a port that the system picks. The front page holds nothing secret, and everyone on this
machine may have it. What it asks is answered only with the token, which the address that is printed carries after `#`:
browsers keep that part to themselves. `Host` has to be our address, so that no other name leads here, and `Origin` our
page, so that no other page asks. Nothing is written, and nothing is evaluated: `answers` reads formulas.

While a page is open it holds one connection, so the server knows when the last one is closed, and ends; a page that
is loaded anew is back before its patience is over.

May import: `answers` and `front` of this folder.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

from tinygrad_edu.playing.answers import ANSWERS, AnswerOf, answer
from tinygrad_edu.playing.front import front_page

__all__ = ["Server"]

#: Bytes of a question, seconds to send one, and connections at once: more than any page of ours needs.
MAX_BYTES, MAX_SECONDS, MAX_CONNECTIONS = 64_000, 10, 32

#: No page may show this one in a frame, and this one may load nothing from elsewhere. The live page stands in a frame
#: without an address and inherits all this; its script is in it, and a different one for each formula.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Server(socketserver.ThreadingTCPServer):
    """Answers from the moment it is made, once `serve_forever` runs; `with` closes it, with all its threads.

    >>> with Server() as server:
    ...     server.address.startswith("http://127.0.0.1:")
    True
    """

    request_queue_size = MAX_CONNECTIONS
    #: Seconds in which a page that was closed may come back: it may have been loaded anew.
    patience = 5.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.token = secrets.token_urlsafe(24)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        #: One at a time: each takes a processor, and Graphviz, for itself.
        self.answering = threading.Lock()
        self.connections: set[socket.socket] = set()
        self._pages = 0
        self._goodbye: threading.Timer | None = None
        self._counting = threading.Lock()

    # The connections -------------------------------------------------------------------------------------------------

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        with self._counting:
            if len(self.connections) >= MAX_CONNECTIONS:
                return False
            self.connections.add(request)
            return True

    def shutdown_request(self, request: Any) -> None:
        """One less."""
        with self._counting:
            self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who goes away in the middle of an answer did nothing wrong; all else is an error of ours, and printed."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Close, and end what is still connected: each thread ends with its connection."""
        self._forget_goodbye()
        with self._counting:
            for connection in self.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()
        self._forget_goodbye()

    # The pages -------------------------------------------------------------------------------------------------------

    def page_opened(self) -> None:
        """A page holds a connection."""
        with self._counting:
            self._pages += 1
        self._forget_goodbye()

    def page_closed(self) -> None:
        """It was closed: end soon, if it was the last and none comes."""
        with self._counting:
            self._pages -= 1
            if self._pages:
                return
            self._goodbye = threading.Timer(self.patience, self.shutdown)
            self._goodbye.start()

    @property
    def is_leaving(self) -> bool:
        """Whether no page is open any more, so that it ends unless one comes."""
        return self._goodbye is not None

    def _forget_goodbye(self) -> None:
        with self._counting:
            goodbye, self._goodbye = self._goodbye, None
        if goodbye is not None:
            goodbye.cancel()
            if goodbye is not threading.current_thread():
                goodbye.join()


class _Handler(BaseHTTPRequestHandler):
    """One request. HTTP/1.0: each has a connection of its own, which ends with the answer."""

    server: Server
    timeout = MAX_SECONDS
    server_version, sys_version = "tinygrad_edu", ""

    def do_GET(self) -> None:
        """The front page, which is the only one."""
        if self.path.partition("?")[0] != "/":
            self.send_error(404, "there is one page here, at /")
        elif self._is_ours():
            self._send(front_page(), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        """What the front page asks."""
        if not (self._is_ours() and self._is_allowed()):
            return
        if self.path == "/stay":
            self._hold()
        elif self.path in ANSWERS:
            self._answer(ANSWERS[self.path])
        else:
            self.send_error(404, f"what can be asked here is {', '.join(['/stay', *ANSWERS])}")

    def _answer(self, kind: AnswerOf) -> None:
        question = self._question()
        if question is None:
            return
        try:
            with self.server.answering:
                said = answer(question, kind)
        except ValueError as error:
            self.send_error(400, str(error))
        else:
            self._send(json.dumps(said), "application/json")

    def _is_ours(self) -> bool:
        """Whether the request is meant for us, by a page of ours or by nobody's."""
        own = self.server.address
        if self.headers.get_all("Host") != [own.removeprefix("http://")]:
            self.send_error(403, f"this server is {own}/ and has no other name")
            return False
        if self.headers.get("Origin", own) != own:
            self.send_error(403, "another page may not ask here")
            return False
        return True

    def _is_allowed(self) -> bool:
        """Whether it comes from our page, with the token."""
        token = self.headers.get("Authorization", "").encode("latin-1", "replace")
        if "Origin" in self.headers and hmac.compare_digest(token, f"Bearer {self.server.token}".encode()):
            return True
        self.send_error(403, "this needs the token, which is in the address that the terminal shows")
        return False

    def _question(self) -> Any:
        """The JSON that was sent; None if it is none, which has been said then."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdecimal():
            self.send_error(411, "a question says its length")
        elif int(length[:20]) > MAX_BYTES:
            self.send_error(413, f"a question may have {MAX_BYTES:,} bytes")
        else:
            with suppress(ValueError, RecursionError):
                return json.loads(self.rfile.read(int(length)))
            self.send_error(400, "a question is JSON")
        return None

    def _hold(self) -> None:
        """Stay connected until the page is closed, or this server is."""
        self.server.page_opened()
        try:
            self._send("open\n", "text/plain; charset=utf-8", is_whole=False)
            self.connection.settimeout(None)
            while self.connection.recv(1024):
                pass
        finally:
            self.server.page_closed()

    def _send(self, text: str, kind: str, status: int = 200, is_whole: bool = True) -> None:
        body = text.encode("utf-8", "surrogatepass")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if is_whole:
            self.send_header("Content-Length", str(len(body)))
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say in one line what is wrong."""
        self._send(f"{message or self.responses[code][0]}\n", "text/plain; charset=utf-8", code)

    def log_message(self, *_: Any) -> None:
        """Nothing: the terminal stays as it is."""
