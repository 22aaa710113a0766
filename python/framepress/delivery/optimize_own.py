"""Optimising a dataset of ours: frame by frame along its journal, all editions at once. Records stay as they are, files
that stay are linked, and the dataset-wide files are made again from the new journal."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from framepress.core.files import read_file
from framepress.core.in_order import in_order
from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.session import Session
from framepress.delivery.manifest_files import HISTORY, files_below
from framepress.delivery.optimize_images import Outcome, Wish, optimized
from framepress.delivery.optimize_rows import roles, row_of
from framepress.delivery.optimize_tally import Tally
from framepress.delivery.pack_folder import link_or_copy
from framepress.errors import InputError, OptionError
from framepress.storage.finishing import finished
from framepress.storage.folder import FolderOutput
from framepress.storage.images import decode, encoder
from framepress.storage.journal import Journal
from framepress.storage.output import OWN
from framepress.storage.segments import found, is_growing

__all__ = ["optimize_own"]

_LARGEST = 1 << 31
_SMALL = 1 << 16
_SHARED_FROM = 4096  # as `storage.transaction` shares files between editions


@dataclass(frozen=True)
class _Work:
    """What was made of one frame: its new record, whose files lie in the scratch folder; kind, size and outcome of each
    content that it has, and under which name.
    """

    record: dict[str, Any]
    contents: list[tuple[str, int, Outcome | None, str, bool]]


def optimize_own(
    source: Path,
    folder: Path,
    wish: Wish,
    depth: str,
    tally: Tally,
    *,
    workers: int,
    on_progress: Callable[[int, int], None],
) -> None:
    """Fill `folder` with the dataset, its images made smaller, its depth stored as `depth`.

    Raises:
        OptionError: WebP, which the formats here do not hold.
        InputError: the dataset is not finished, or a file is not what the journal says.
    """
    if wish.images == "webp":
        raise OptionError(f"{source}: datasets of ours hold PNG and JPEG; `framepress convert` to coco or yolo first")
    output = FolderOutput(source)
    if is_growing(output, found(output, repair=False)):
        raise InputError(f"{source}: is being written, or was interrupted: resume its run, or run `framepress finish`")
    job = Job.from_json(output.read(JOB_PATH), str(source))
    journal = Journal.open(output, repair=False)
    labels = journal_labels(job, journal)
    scratch = folder.with_name(f"{folder.name}-files")
    shutil.rmtree(scratch, ignore_errors=True)
    session = Session.start(folder, _job_of(job, wish, depth), existing="error")
    session.ledger.event("optimized", images=wish.images, quality=wish.quality, depth=depth)
    frames = _Frames(source, scratch, job, wish, depth)
    try:
        records = (record for record in journal.records() if record["op"] in ("add", "replace"))
        for number, work in enumerate(in_order(frames.work, records, workers), 1):
            session.ledger.count("asked")
            session.adopt(work.record, scratch, labels)
            session.ledger.count("written")
            for kind, size, outcome, name, renamed in work.contents:
                tally.add(kind, size, outcome, name, renamed=renamed)
            for path, _, _ in _entries(work.record):
                with suppress(FileNotFoundError):
                    (scratch / path).unlink()
            on_progress(number, len(journal.ids))
    except BaseException:
        session.abandon()
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    session.finish()
    _link_the_rest(source, folder, {path for record in journal.records() for path, _, _ in _entries(record)})


def _job_of(job: Job, wish: Wish, depth: str) -> Job:
    """What the dataset is asked to be from now on, so that frames added later are stored in the same way."""
    asked: dict[str, Any] = {}
    if wish.images != "keep":
        asked["images"] = wish.images
    if wish.images == "jpeg":
        asked["quality"] = 95 if wish.quality is None else wish.quality
    if depth != "keep":
        asked["depth"] = depth
    formats = {
        name: {
            key: asked[key] if key in asked and value != "none" and not isinstance(value, bool) else value
            for key, value in options.items()
        }
        for name, options in job.formats.items()
    }
    return replace(job, formats=formats)


def _entries(record: Mapping[str, Any]) -> Iterator[tuple[str, int, str]]:
    for edition in record.get("editions", {}).values():
        yield from edition["files"]


@dataclass
class _New:
    """What becomes of one content of a frame: None where nobody asked; its digest then, and where it was put first."""

    outcome: Outcome | None
    sha256: str = ""
    place: Path | None = None


class _Frames:
    """What is done to one frame, in any thread."""

    def __init__(self, source: Path, scratch: Path, job: Job, wish: Wish, depth: str) -> None:
        self._source, self._scratch, self._job, self._wish, self._depth = source, scratch, job, wish, depth

    def work(self, record: dict[str, Any]) -> _Work:
        known: dict[tuple[str, str], _New] = {}
        contents = []
        editions = {}
        for name, edition in record["editions"].items():
            prefix = self._job.prefix(name)
            role = roles(name, edition["row"])
            changed: dict[str, tuple[str, int, str]] = {}
            files = []
            for path, size, sha256 in edition["files"]:
                local = path.removeprefix(prefix)
                kind = role.get(local, "") or _kind(name, local)
                first = (kind, sha256) not in known
                if first:
                    known[kind, sha256] = self._new(path, size, sha256, kind)
                new = known[kind, sha256]
                entry = self._placed(path, size, sha256, new)
                files.append(list(entry))
                if new.outcome is not None and new.outcome.content is not None:
                    changed[local] = (entry[0].removeprefix(prefix), *entry[1:])
                if first:
                    contents.append((_told(kind, local), size, new.outcome, entry[0], entry[0] != path))
            editions[name] = {**edition, "row": row_of(name, edition["row"], changed), "files": files}
        return _Work({**record, "editions": editions}, contents)

    def _new(self, path: str, size: int, sha256: str, kind: str) -> _New:
        if kind == "other" or (kind in ("depth", "range") and self._depth == "keep"):
            return _New(None)
        where = self._source / path
        content = read_file(where, _LARGEST)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise InputError(f"{where}: is not what the journal recorded ({size} bytes); restore it")
        if kind in ("depth", "range"):
            outcome = _depth_as(content, str(where), kind, self._depth, self._wish)
        else:
            outcome = optimized(content, str(where), self._wish, picture=kind == "picture")
        made = outcome.content
        return _New(outcome, "" if made is None else hashlib.sha256(made).hexdigest())

    def _placed(self, path: str, size: int, sha256: str, new: _New) -> tuple[str, int, str]:
        """Puts the file into the scratch folder; its entry of the journal."""
        content = None if new.outcome is None else new.outcome.content
        if new.outcome is None or content is None:
            link_or_copy(self._source / path, self._scratch / path)
            return path, size, sha256
        name = str(PurePosixPath(path).with_suffix(new.outcome.extension))
        target = self._scratch / name
        if new.place is not None and len(content) >= _SHARED_FROM:
            link_or_copy(new.place, target)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            new.place = target
        return name, len(content), new.sha256


def _kind(edition: str, path: str) -> str:
    """Of a file that its edition's row does not name."""
    parts = path.split("/")
    if edition in ("coco", "yolo") and parts[0] == "images":
        return "picture"
    if edition == "kitti" and "image_2" in parts:
        return "picture"
    return "labels" if path.lower().endswith(".png") else "other"


def _told(kind: str, path: str) -> str:
    suffix = PurePosixPath(path).suffix.lstrip(".").replace("jpg", "jpeg")
    return (
        "other files"
        if kind == "other"
        else f"{ {'picture': 'pictures', 'labels': 'labels'}.get(kind, kind) } ({suffix})"
    )


def _depth_as(content: bytes, where: str, channel: str, name: str, wish: Wish) -> Outcome:
    """Distances under another encoder without loss: every bit is compared."""
    target = encoder(name, channel)
    values = decode(content, where)
    made = target.encode(values)
    if decode(made, where).tobytes() != values.tobytes():
        raise InputError(f"{where}: is not the same when stored as {name}; leave it out, and report it")
    if len(made) > len(content) * (1 - wish.min_saving):
        return Outcome(reason=f"saves less than {wish.min_saving:.0%}")
    return Outcome(made, target.extension)


def _link_the_rest(source: Path, folder: Path, of_frames: set[str]) -> None:
    """What the user put beside the dataset, and its history; files that may change in place are copied."""
    made = of_frames | set(finished(FolderOutput(source)))
    for file in files_below(source, history=True).files:
        ours = file.path.startswith(OWN) and not file.path.startswith(HISTORY)
        if file.path in made or ours or (folder / file.path).exists():
            continue
        if file.size < _SMALL or file.link:
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / file.path, folder / file.path)
        else:
            link_or_copy(source / file.path, folder / file.path)
