"""A way to an S3 server on which things go wrong: a proxy that answers 500, hangs up, or changes what comes back."""

from __future__ import annotations

import http.client
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

__all__ = ["Fault", "error_500", "faulty", "hang_up", "wrong_content"]

Fault = Callable[[str, str, bytes], "bytes | int | None"]
"""(method, path, answer) -> what to answer instead: other bytes, an error's status, or None: hang up half-way."""


def error_500(method: str, path: str, answer: bytes) -> bytes | int | None:
    return 500


def hang_up(method: str, path: str, answer: bytes) -> bytes | int | None:
    return None


def wrong_content(method: str, path: str, answer: bytes) -> bytes | int | None:
    """One bit of a pack or an object."""
    if method != "GET" or not answer or not ("/packs/" in path or "/objects/" in path):
        return answer
    middle = len(answer) // 2
    return answer[:middle] + bytes([answer[middle] ^ 1]) + answer[middle + 1 :]


@contextmanager
def faulty(endpoint: str, fault: Fault, rate: float, seed: int = 0) -> Iterator[tuple[str, list[str]]]:
    """An endpoint that passes everything on, and on so many of the answers does what `fault` says.

    Signatures cover the host that was asked, so it is passed on as it is; the server must not mind.

    Args:
        rate: of requests, 0 to 1. The order of requests is not fixed, so neither is which of them fails.

    Returns:
        The endpoint, and a list that grows by a line for each fault.
    """
    upstream = urlsplit(endpoint).netloc
    chosen, lock = random.Random(seed), threading.Lock()
    faults: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(upstream, timeout=60)
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in ("connection", "expect"):
                        connection.putheader(name, value)
                connection.endheaders(body or None)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            with lock:
                wrong = chosen.random() < rate
            told = fault(self.command, self.path, content) if wrong else content
            if told != content:
                faults.append(f"{self.command} {self.path}")
            if isinstance(told, int):
                self.send_response(told)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            size = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            if size is not None and answer.status != 204:
                self.send_header("Content-Length", size)
            if told is None:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[: len(content) // 2] if told is None else told)
            if told is None:
                self.close_connection = True

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _pass_on

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # the client has left

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
