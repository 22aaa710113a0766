"""What `framepress info` tells people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framepress.cli.report_text import labelled
from framepress.cli.tables import aligned, bytes_text, counts_text, named_counts_text

__all__ = ["info_text"]

_CLASSES_SHOWN = 40


def info_text(document: Mapping[str, Any]) -> str:
    """The same facts as the JSON document, for people."""
    state, editions = document["state"], document["editions"]
    facts = [
        ("format", document["format"] if editions is None else f"{', '.join(editions)} (framepress dataset)"),
        ("origin", _origin(document["origin"] or {})),
        ("frames", f"{document['frames']:,} in {document['sequences']:,} sequences, {document['views']:,} views"),
        ("sizes", ", ".join(f"{size} px ({count:,})" for size, count in document["sizes"].items())),
        ("splits", named_counts_text({name: count for name, count in document["splits"].items() if name})),
        ("objects", f"{document['objects']:,}, {document['tracks']:,} tracks"),
        ("features", ", ".join(_feature(name, n, document["frames"]) for name, n in document["features"].items())),
        ("on disk", f"{document['disk']['files']:,} files, {bytes_text(document['disk']['bytes'])}"),
        ("state", "" if state is None else f"{state['state']}: {state['meaning']}"),
        ("ledger", "" if state is None else counts_text(state["ledger"])),
    ]
    classes = list(document["classes"].items())
    rows = [(name, count) for name, count in classes[:_CLASSES_SHOWN]]
    table = aligned(rows, indent="    ", right=frozenset({1})) if rows else "    none"
    more = f"\n    and {len(classes) - len(rows):,} more" if len(rows) < len(classes) else ""
    return f"{document['path']}\n{labelled(facts)}\n  classes\n{table}{more}"


def _origin(origin: Mapping[str, Any]) -> str:
    """Its names and numbers; longer ones are for programs."""
    if "merged" in origin:
        return "; ".join(_origin(part or {}) or "not stated" for part in origin["merged"])
    return ", ".join(f"{name} {value}" for name, value in origin.items() if isinstance(value, str | int))


def _feature(name: str, count: int, frames: int) -> str:
    return name if count == frames else f"{name} ({count:,} frames)"
