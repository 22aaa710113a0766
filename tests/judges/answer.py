"""What the judge scripts share: each reads one dataset and says, as one JSON document, what it understood.

The scripts run in environments of their own and share no code with the package. Only the document goes to stdout; what
a reader prints, from Python or from C, goes to stderr. A reader that reaches for the network is stopped: a verdict
must not depend on it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping

import numpy as np

NETWORK_EVENTS = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}


def answer(describe: Callable[[], Mapping[str, object]]) -> None:
    """Print the document of `describe`, and nothing else, to stdout. Import the reader inside `describe`."""
    sys.stdout.flush()
    answer_fd = os.dup(1)
    os.dup2(2, 1)
    sys.addaudithook(_refuse_network)
    document = describe()
    with os.fdopen(answer_fd, "w", encoding="utf-8") as out:
        json.dump(document, out, default=_plain)


def refusal(error: BaseException) -> str:
    """A reader's exception as a verdict, causes included; it is data here, for the test to compare."""
    said = f"{type(error).__name__}: {error}"
    cause = error.__cause__
    return f"{said} <- {refusal(cause)}" if cause else said


def runs(mask: np.ndarray) -> list[int]:
    """Column-major run lengths of a (H, W) mask, zeros first: COCO's uncompressed counts."""
    flat = np.asarray(mask, bool).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat, prepend=False)) if flat.size else np.zeros(0, int)
    return np.diff(edges, prepend=0, append=flat.size).tolist()


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in NETWORK_EVENTS:
        raise PermissionError(f"a judge must not use the network: {event} {arguments!r}")


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no plain form; describe it in numbers, text, lists and dicts")
