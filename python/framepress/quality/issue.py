"""One thing that is wrong, and where; what a rule yields."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framepress.errors import OptionError

__all__ = ["ERROR", "Finding", "Issue", "NOTE", "SEVERITIES", "WARNING", "at_least", "inside"]

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)
"""error: a reader fails, or reads something false without saying so; warning: allowed, but something is lost or
unlikely; note: worth knowing."""


def at_least(severity: str, limit: str) -> bool:
    """Whether `severity` is `limit` or worse.

    Raises:
        OptionError: one of them is no severity.
    """
    for given in (severity, limit):
        if given not in SEVERITIES:
            raise OptionError(f"severity {given!r}: must be one of {', '.join(SEVERITIES)}")
    return SEVERITIES.index(severity) <= SEVERITIES.index(limit)


def inside(message: str, root: Path) -> str:
    """An error's message with names relative to the dataset, so that it is the same on each machine."""
    if str(root) not in message or root == Path():
        return message
    path = rf"(?<![\w./\\-]){re.escape(str(root))}({re.escape(os.sep)}|(?![\w-]))"
    return re.sub(path, lambda found: "" if found[1] else root.name, message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a rule found, with the value; the rule itself says what should be there, who breaks, and the way out.

    Args:
        message: one sentence with the values found; no file name, no code.
        file: relative to the dataset, with forward slashes.
        line: in a text file, from 1.
        place: in a document: `annotations[12].bbox`; a field of a line; a channel.
        frame, view: as the dataset names them.
        image: the picture to show, relative to the dataset.
        object: the object's id, or its row where it has none.
        prim: its prim path.
        box: float (4,) x0 y0 x1 y1 [px, edges]: where in the picture.
    """

    message: str
    file: str = ""
    line: int | None = None
    place: str = ""
    frame: str = ""
    view: str = ""
    image: str = ""
    object: int | str | None = None
    prim: str = ""
    box: tuple[float, float, float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; what is not known is left out."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in told.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Finding:
    """An issue under its code, as bad as the profile says.

    Args:
        edition: the format whose files it is in, "" where it is of the frames themselves.
    """

    code: str
    severity: str
    issue: Issue
    edition: str = field(default="")

    def to_dict(self) -> dict[str, Any]:
        edition = {"edition": self.edition} if self.edition else {}
        return {"code": self.code, "severity": self.severity, **edition, **self.issue.to_dict()}
