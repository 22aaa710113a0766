"""The parts of a card that are written for people, as Markdown; each a function of `dataset_info.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framepress.delivery.card_loading import loading
from framepress.quality.report.places import noun, printable

__all__ = ["SECTIONS", "as_text", "sections"]

SECTIONS = ("facts", "loading", "provenance", "checks")
_CLASSES, _MISSING = 100, 10


def sections(document: Mapping[str, Any], home: Path) -> dict[str, str]:
    """Name -> Markdown without an end of line at its end.

    Args:
        home: the folder that the card describes.
    """
    facts = document["facts"]
    parts = (_contents(facts), _loading(facts, home), _provenance(document), _checks(document))
    return dict(zip(SECTIONS, parts, strict=True))


def _contents(facts: Mapping[str, Any]) -> str:
    counted = [(name, facts[name]) for name in ("frames", "images", "objects", "sequences", "tracks") if facts[name]]
    parts = [
        "## What is in it",
        ", ".join(f"{count:,} {noun(count, name)}" for name, count in counted) + ".",
        _classes(facts["classes"]),
        _table(
            ("split", "frames", "images", "objects", "images without objects"),
            (
                (row["name"] or "(none)", row["frames"], row["images"], row["objects"], row["empty_images"])
                for row in facts["splits"]
            ),
        ),
        _table(
            ("camera", "images", "size [px]"),
            ((row["name"] or "(only one)", row["images"], ", ".join(row["sizes"])) for row in facts["cameras"]),
        ),
        _table(
            ("format", "folder", "files of frames", "MB"),
            (
                (row["format"], row["path"] or ".", row["files"], f"{row['bytes'] / 1e6:,.1f}")
                for row in facts["editions"]
            ),
        ),
        _known(facts),
        _gaps(facts["gaps"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _classes(classes: Sequence[Mapping[str, Any]]) -> str:
    shown = classes
    if len(classes) > _CLASSES:
        shown = sorted(classes, key=lambda row: (-row["objects"], row["name"]))[:_CLASSES]
    told = _table(("class", "objects", "images"), ((row["name"], row["objects"], row["images"]) for row in shown))
    rest = len(classes) - len(shown)
    return f"{told}\n\nand {rest:,} more classes, see `dataset_info.json`." if rest else told


def _known(facts: Mapping[str, Any]) -> str:
    told = [_feature(name, count, facts["frames"]) for name, count in facts["features"].items()]
    return f"Known of frames: {', '.join(told)}." if told else ""


def _feature(name: str, count: int, frames: int) -> str:
    told = name.replace("_", " ")
    return told if count == frames else f"{told} ({count:,} frames)"


def _gaps(gaps: Mapping[str, Any]) -> str:
    told = []
    if bare := gaps["classes_without_objects"]:
        told.append(f"Classes without an object: {_names(bare)}.")
    for split, names in gaps["classes_missing_in_splits"].items():
        told.append(f"Classes that are not in {as_text(split)}: {_names(names)}.")
    if count := gaps["frames_without_split"]:
        told.append(f"Frames in no split: {count:,}.")
    if count := gaps["images_without_objects"]:
        told.append(f"Images without an object: {count:,}.")
    return "\n".join(["Known gaps:", "", *(f"- {line}" for line in told)]) if told else ""


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MISSING:,} more" if len(names) > _MISSING else ""
    return ", ".join(map(as_text, names[:_MISSING])) + more


def _loading(facts: Mapping[str, Any], home: Path) -> str:
    parts = [f"**{name}**\n\n```python\n{code}```" for name, code in loading(facts, home)]
    return "\n\n".join(["## How to load it", *parts])


def _provenance(document: Mapping[str, Any]) -> str:
    """What made the frames, as it was stated when they were made; longer values are in `dataset_info.json`."""
    origin, tool = document["facts"]["origin"], document["tool"]
    made = f"Written by {tool['name']} {tool['version']}."
    if not origin:
        return f"## Where it comes from\n\nNothing was stated about what made the frames. {made}"
    rows = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in origin.items()]
    told = _table(("", ""), ((name, value if len(value) <= 100 else f"{value[:99]}…") for name, value in rows))
    return f"## Where it comes from\n\n{told}\n\n{made}"


def _checks(document: Mapping[str, Any]) -> str:
    found = document["validation"]
    if found is None:
        verdict = "No report of a validation was given."
    else:
        counts = ", ".join(f"{found[name]:,} {noun(found[name], name)}" for name in ("errors", "warnings", "notes"))
        passed = "passed" if found["passed"] else "did not pass"
        verdict = (
            f"It {passed} `framepress validate --profile {found['profile']}` of {found['tool_version']}: {counts}."
        )
    return f"## Checks\n\n{verdict} SHA-256 of these facts: `{document['facts_sha256']}`."


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers to the right; nothing where there is no row."""
    listed = [list(row) for row in rows]
    if not listed:
        return ""
    aligned = ["---:" if isinstance(value, int) else "---" for value in listed[0]]
    lines = [head, aligned, *([_cell(value) for value in row] for row in listed)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else as_text(str(value))


def as_text(text: str) -> str:
    """A name as text: what Markdown or HTML would take for their own is escaped."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>|&#~$" else sign for sign in printable(text))
