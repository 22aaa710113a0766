"""`.framepress/ledger.jsonl`: what happened to every frame that was asked for; outside the dataset's equal bytes.

Lines: {"kind": ..., ...} for an event, {"kind": "summary", "totals": {...}} at the end of each session.
Counters in use: asked = written + skipped + dropped + failed + refused (at once, with an error) + not written (after
one that failed) + frames without an image (where a host delivered none); throttled; and what a reader counts. A run
that is killed leaves its events and no summary.
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from typing import Any

from framepress.errors import OutputError
from framepress.storage.output import OWN, Output

__all__ = ["LEDGER", "Ledger"]

LEDGER = f"{OWN}ledger.jsonl"


class Ledger:
    """Counts and events of one session; thread-safe. Times are written only where the caller passes one."""

    def __init__(self, output: Output) -> None:
        torn = _is_torn(output)
        self._file = output.append(LEDGER)
        self._totals: dict[str, int] = {}
        self._unwritten = b"\n" if torn else b""
        self._guard = threading.Lock()
        self._open = True

    def count(self, name: str, n: int = 1) -> None:
        with self._guard:
            self._totals[name] = self._totals.get(name, 0) + n

    def event(self, kind: str, **fields: Any) -> None:
        """Written at once, so that a crash does not lose it: `ledger.event("failed", frame="a/7", reason="...")`.

        On a full disk it is kept for the next event or `close`: an event tells of an error, and must not hide it.
        """
        with self._guard, suppress(OutputError):
            self._line({"kind": kind, **fields})

    def totals(self) -> dict[str, int]:
        """This session's counters, by name."""
        with self._guard:
            return dict(sorted(self._totals.items()))

    def close(self) -> None:
        """Writes the summary; a second call does nothing.

        Raises:
            OutputError: the disk still refuses.
        """
        with self._guard:
            if self._open:
                self._open = False
                try:
                    self._line({"kind": "summary", "totals": dict(sorted(self._totals.items()))})
                finally:
                    self._file.close()

    def _line(self, fields: dict[str, Any]) -> None:
        text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
        self._unwritten += text.encode(errors="backslashreplace") + b"\n"  # a surrogate's \udc80 is JSON's escape, too
        self._file.write(self._unwritten)
        self._unwritten = b""


def _is_torn(output: Output) -> bool:
    """Whether a crash left the last line without its end."""
    if not output.exists(LEDGER) or output.size(LEDGER) == 0:
        return False
    with output.open(LEDGER) as stream:
        stream.seek(-1, 2)
        return stream.read() != b"\n"
