"""Where a finding is, in words, and where its file is for a program that stands elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["by_rule", "file_of", "hundredths", "noun", "placed", "printable", "subject_of", "times", "where"]


def where(finding: Mapping[str, Any]) -> str:
    """`file:line: place`, as editors read it; the frame and view where there is no file."""
    file = str(finding.get("file", ""))
    if file and "line" in finding:
        file = f"{file}:{finding['line']}"
    return ": ".join(part for part in (file or _frame(finding), str(finding.get("place", ""))) if part)


def placed(finding: Mapping[str, Any]) -> str:
    """`where`, and what it is about: `file:line: place, frame 7, object 12`."""
    place, subject = where(finding), subject_of(finding)
    if place.startswith(_frame(finding) or " "):  # no file: the frame is told already
        return subject if "place" not in finding else ", ".join((subject, str(finding["place"])))
    return ", ".join(part for part in (place, subject) if part)


def subject_of(finding: Mapping[str, Any]) -> str:
    """The frame, view and object as the dataset names them; "" where none is known."""
    found = str(finding.get("prim", "") or ("" if "object" not in finding else f"object {finding['object']}"))
    return ", ".join(part for part in (_frame(finding), found) if part)


def _frame(finding: Mapping[str, Any]) -> str:
    frame = f"frame {finding['frame']}" if "frame" in finding else ""
    return f"{frame}, {finding['view']}" if frame and "view" in finding else frame


def file_of(finding: Mapping[str, Any], base: str) -> str:
    """The file to open, else the picture, else the dataset itself; below `base`, the dataset's own place."""
    name = str(finding.get("file", "") or finding.get("image", ""))
    return "/".join(part for part in (base.rstrip("/"), name) if part) or "."


def by_rule(document: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Code -> its findings that are listed."""
    found: dict[str, list[Mapping[str, Any]]] = {rule["code"]: [] for rule in document["rules"]}
    for finding in document["findings"]:
        found[finding["code"]].append(finding)
    return found


def times(count: int) -> str:
    """`once`, `12 times`."""
    return "once" if count == 1 else f"{count:,} times"


def noun(count: int, plural: str) -> str:
    """`image` for one, `images` for others."""
    return plural.removesuffix("s") if count == 1 else plural


def hundredths(value: float | None) -> str:
    """A score of 100, rounded down, so that 100 means that all is right; `?` where it was not measured."""
    return "?" if value is None else str(math.floor(100 * value + 1e-9))


def printable(text: str) -> str:
    """Without what would move a terminal's cursor or turn its text round: names in a dataset may hold anything."""
    return "".join(sign if sign.isprintable() else f"\\x{ord(sign):02x}" for sign in text)
