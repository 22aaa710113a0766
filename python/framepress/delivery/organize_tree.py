"""Trees that are no editions: every frame's files are a pure function of it, so that going on adds what is missing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from framepress.core import Frame, LabelMap
from framepress.core.in_order import in_order
from framepress.dataset.labelling import Labelling
from framepress.dataset.opening import Dataset
from framepress.delivery.groups import Folders, Grouping
from framepress.delivery.organize_editions import Tally
from framepress.delivery.organized import ORGANIZED, Line, Organized, read_map, write_map
from framepress.delivery.source_links import IMAGES, SourceBytes, linkable, sources_of
from framepress.delivery.tree import Leaves, Tree
from framepress.errors import OutputError
from framepress.storage.folder import FolderOutput
from framepress.storage.output import refused

__all__ = ["plant"]


@dataclass(frozen=True)
class _Task:
    frame: Frame
    folders: tuple[str, ...]


@dataclass(frozen=True)
class _Planted:
    task: _Task
    leaves: Leaves
    sources: list[str]


def plant(
    source: Dataset,
    target: Path,
    asked: Organized,
    tree: Tree,
    *,
    grouping: Grouping | None,
    folders: Folders,
    link: bool,
    labels: LabelMap,
    unlisted: str,
    workers: int | None,
    on_frame: Callable[[int], None],
    report: Tally,
) -> None:
    """Write the files of all frames that are not there, then what they share.

    Args:
        report: what is counted is added to it.

    Raises:
        OutputError: a file is there with another content, or two frames have one name.
    """
    maps = _Maps(target, ("",) if grouping is None else tuple(folders.groups))
    labelling = Labelling(labels, grow=False, unlisted=unlisted)
    tasks = _tasks(source, grouping, folders, maps, labelling, on_frame, report)
    first = list(islice(tasks, 1))
    for task in first:
        tree.leaves(task.frame)  # what the tree cannot be made of is refused before anything is written
    output = FolderOutput(target)
    lock = output.lock()
    try:
        output.replace(ORGANIZED, asked.to_json())
        threads = workers or min(4, os.cpu_count() or 1)
        for planted in _worked(chain(first, tasks), tree, output, source.path, link, threads):
            maps.add(planted)
            report.added += len(planted.task.folders)
            for name, count in planted.leaves.counts.items():
                report.counts[name] = report.counts.get(name, 0) + count
        for folder, lines in maps.lines.items():
            _share(output, folder, tree, labels, lines)
            report.groups[folder] = len(lines)
        report.frames = len({frame for lines in maps.lines.values() for frame in lines})
        output.replace(ORGANIZED, asked.to_json())  # with the groups that were met
        output.sync()
    finally:
        lock.release()


class _Maps:
    """Folder -> frame id -> line; and whose each file is."""

    def __init__(self, target: Path, folders: Sequence[str]) -> None:
        self.lines = {folder: read_map(target / folder) for folder in folders}
        self._owners = {
            (folder, path): frame
            for folder, lines in self.lines.items()
            for frame, line in lines.items()
            for path in line["files"]
        }

    def lacking(self, frame: Frame, folders: Sequence[str]) -> tuple[str, ...]:
        return tuple(folder for folder in folders if frame.id not in self.lines.get(folder, {}))

    def add(self, planted: _Planted) -> None:
        frame = planted.task.frame
        line: Line = {"frame": frame.id, "index": frame.index}
        line |= {name: value for name in ("sequence", "split") if (value := getattr(frame, name))}
        line["files"] = [leaf.path for leaf in planted.leaves.files]
        line["sources"] = planted.sources
        line["views"] = list(planted.leaves.views)
        for folder in planted.task.folders:
            self.lines.setdefault(folder, {})[frame.id] = line
            for path in line["files"]:
                other = self._owners.setdefault((folder, path), frame.id)
                if other != frame.id:
                    raise OutputError(f"{path}: is of the frames {other} and {frame.id}; rename one of their cameras")


def _tasks(
    source: Dataset,
    grouping: Grouping | None,
    folders: Folders,
    maps: _Maps,
    labelling: Labelling,
    on_frame: Callable[[int], None],
    report: Tally,
) -> Iterator[_Task]:
    """The frames that a folder lacks, under the classes of the tree."""
    for number, frame in enumerate(source.frames(), 1):
        places = ("",) if grouping is None else tuple(folders.of(group) for group in grouping(frame))
        on_frame(number)
        if lacking := maps.lacking(frame, places):
            settled, dropped = labelling.settle(frame)
            if dropped:
                name = "objects not in the label map"
                report.counts[name] = report.counts.get(name, 0) + dropped
            yield _Task(settled, lacking)


def _worked(
    tasks: Iterable[_Task], tree: Tree, output: FolderOutput, root: Path, link: bool, workers: int
) -> Iterator[_Planted]:
    """In the order of the tasks; a few frames are in memory."""

    def work(task: _Task) -> _Planted:
        leaves = tree.leaves(linkable(task.frame) if link else task.frame)
        for leaf in leaves.files:
            _place(output, task.folders, leaf.path, leaf.content)
        bare = Leaves([type(leaf)(leaf.path, b"") for leaf in leaves.files], leaves.views, leaves.counts)
        return _Planted(task, bare, sources_of(task.frame, root))

    return in_order(work, tasks, workers)


def _place(output: FolderOutput, folders: Sequence[str], path: str, content: bytes) -> None:
    """In each folder; the second name of an image is a link of the first."""
    first = ""
    for folder in folders:
        full = f"{folder}/{path}" if folder else path
        if output.exists(full):
            if output.read(full) != content:
                raise OutputError(
                    f"{output.root / full}: is there with another content; two frames have one name, or the source was "
                    "changed: choose a new folder"
                )
        elif first and path.endswith(IMAGES):
            output.link(output.root / first, full)
        elif isinstance(content, SourceBytes):
            output.link(content.source, full)
        else:
            output.put(full, content)
        first = first or full


def _share(output: FolderOutput, folder: str, tree: Tree, labels: LabelMap, lines: dict[str, Line]) -> None:
    """The files that all frames of a folder share, then its map."""
    prefix = f"{folder}/" if folder else ""
    ordered = sorted(lines.values(), key=lambda line: (line["index"], line["frame"]))
    rows = [(line, view) for line in ordered for view in line["views"]]
    for path, content in tree.shared(labels, rows).items():
        if content is not None:
            output.replace(prefix + path, content)
            continue
        try:
            (output.root / prefix / path).unlink(missing_ok=True)
        except OSError as error:
            raise refused(output.root / prefix / path, "removed", error) from error
    write_map(output, ordered, prefix)
