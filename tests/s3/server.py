"""An S3 server of the tests, as its users see it."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import timedelta
from urllib.request import Request, urlopen

__all__ = ["S3Server", "free_ports"]


@dataclass(frozen=True)
class S3Server:
    """A running server, with one user.

    Args:
        is_open: whoever comes is let in, with any key and secret.
    """

    endpoint: str
    access_key: str = "testkey"
    secret_key: str = "testsecret"
    is_open: bool = False

    @property
    def options(self) -> dict[str, str]:
        """For `opening.open_remote`."""
        return {
            "endpoint": self.endpoint,
            "region": "us-east-1",
            "allow_http": "true",
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
        }

    def make_bucket(self, name: str) -> None:
        """By a signed request, as obstore itself makes none."""
        from obstore import sign
        from obstore.store import from_url

        options = {key: value for key, value in self.options.items() if key != "allow_http"}
        store = from_url(f"s3://{name}", config=options, client_options={"allow_http": True})
        url = sign(store, "PUT", "", timedelta(minutes=1))
        urlopen(Request(url, method="PUT"), timeout=20).close()


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
