"""Trees that are editions: each group is a dataset of ours, pressed by its writer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from framepress.core import Frame, LabelMap
from framepress.dataset.convert import Stage, convert
from framepress.dataset.opening import Dataset
from framepress.delivery.groups import Folders, Grouping
from framepress.delivery.organized import ORGANIZED, Line, Organized, read_map, write_map
from framepress.delivery.source_links import IMAGES, LinkedOutput, linkable, sources_of
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

__all__ = ["press_groups"]


class Tally(Protocol):
    frames: int
    added: int
    groups: dict[str, int]
    counts: dict[str, int]


def press_groups(
    source: Dataset,
    target: Path,
    asked: Organized,
    editions: Mapping[str, Mapping[str, Any]],
    *,
    grouping: Grouping | None,
    folders: Folders,
    link: bool,
    labels: LabelMap,
    unlisted: str,
    existing: str,
    workers: int | None,
    on_frame: Callable[[int], None],
    report: Tally,
) -> None:
    """One dataset, or one a group; the source is read once for each.

    Args:
        report: what is counted is added to it.
    """
    groups = [""] if grouping is None else _groups(source, grouping, folders)
    if grouping is not None:
        FolderOutput(target).replace(ORGANIZED, asked.to_json())
    handled, ids, known = 0, set[str](), dict[str, Path]()
    for group in groups:
        root = target if grouping is None else target / folders.of(group)
        sources: dict[str, list[str]] = {}
        stages: list[Stage] = [] if grouping is None else [_in_group(grouping, group)]
        stages += [_noting(sources, source.path), *([linkable] if link else [])]
        pressed = convert(
            source,
            LinkedOutput(root, known),
            editions,
            labels=labels,
            unlisted=unlisted,
            existing=existing,
            workers=workers,
            stages=stages,
            on_frame=_after(handled, on_frame),
        )
        handled += pressed.run.get("asked", 0) + pressed.run.get("left out by a stage", 0)
        lines = _lines(root, sources, known if grouping is not None else None)
        write_map(FolderOutput(root), lines.values())
        report.groups["" if grouping is None else root.name] = pressed.frames
        report.added += pressed.run.get("written", 0)
        for edition in pressed.editions:
            for name, count in edition.counts.items():
                key = f"{edition.format} {name.replace('_', ' ')}"
                report.counts[key] = report.counts.get(key, 0) + count
        ids.update(lines)
    report.frames = len(ids)
    FolderOutput(target).replace(ORGANIZED, asked.to_json())


def _after(handled: int, on_frame: Callable[[int], None]) -> Callable[[int], None]:
    return lambda frames: on_frame(handled + frames)


def _groups(source: Dataset, grouping: Grouping, folders: Folders) -> list[str]:
    """Those of the source; all have a folder before anything is written."""
    found = {group for frame in source.frames() for group in grouping(frame)}
    for group in sorted(found):
        folders.of(group)
    return sorted(found)


def _in_group(grouping: Grouping, group: str) -> Stage:
    return lambda frame: frame if group in grouping(frame) else None


def _noting(sources: dict[str, list[str]], path: Path) -> Stage:
    def note(frame: Frame) -> Frame:
        sources[frame.id] = sources_of(frame, path)
        return frame

    return note


def _lines(root: Path, sources: Mapping[str, list[str]], known: dict[str, Path] | None) -> dict[str, Line]:
    """The map of a dataset, from its journal.

    Args:
        sources: of the frames that the source has now; of others the old map tells.
        known: takes in which file has which content.
    """
    before = read_map(root)
    found: dict[str, Line] = {}
    for record in Journal.open(FolderOutput(root), repair=False).records():
        if record["op"] not in ("add", "replace"):
            continue
        frame = record["frame"]
        files = [entry for edition in record["editions"].values() for entry in edition["files"]]
        line: Line = {"frame": frame["id"], "index": frame["index"]}
        line |= {name: frame[name] for name in ("sequence", "split") if frame.get(name)}
        line["files"] = [path for path, _, _ in files]
        line["sources"] = sources.get(frame["id"]) or before.get(frame["id"], {}).get("sources", [])
        found[frame["id"]] = line
        if known is not None:
            for path, _, digest in files:
                if path.endswith(IMAGES):
                    known.setdefault(digest, root / path)
    return found
