"""Checks of frames while they are written: handed in as functions, since what they know lies in higher layers.

A check is called with a frame in the thread that writes it, while its pixels are there, and gives a function. That one
is called in the order of the frames, one at a time, before the frame is committed, and tells what was found: so a check
may compare neighbours, and what it tells depends on no thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

from framepress.core import Frame
from framepress.errors import FindingsError
from framepress.storage.ledger import Ledger

__all__ = ["FOUND", "Check", "Found", "Tell", "note"]

FOUND = "found "
"""Beginning of a counter's name: `found TRU-001`."""
_EVENTS = 100


class Found(Protocol):
    """What is wrong; `framepress.quality.issue.Finding` is one."""

    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> str: ...
    def to_dict(self) -> dict[str, Any]:
        """JSON-able, with code, severity, message and place."""


Tell: TypeAlias = Callable[[], Iterable[Found]]
Check: TypeAlias = Callable[[Frame], Tell]


def note(told: Iterable[Found], ledger: Ledger, *, stop: bool) -> None:
    """Count what was found; the first hundred of a run are events of the ledger, too.

    Raises:
        FindingsError: `stop`, and one of them is an error.
    """
    fatal: Mapping[str, Any] | None = None
    for found in told:
        fields = found.to_dict()
        ledger.count("findings")
        ledger.count(f"{FOUND}{found.code}")
        if ledger.totals()["findings"] <= _EVENTS:
            ledger.event("finding", **fields)
        if found.severity == "error" and fatal is None:
            fatal = fields
    if stop and fatal is not None:
        raise FindingsError(
            f"{fatal['code']}: {fatal['message']}; see `framepress explain {fatal['code']}`, or pass on_finding=count "
            "to write such frames"
        )
