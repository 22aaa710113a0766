"""Rules for datasets of ours: what the journal says is there, and nothing was left half done."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from framepress.core.files import open_file
from framepress.dataset.opening import open_dataset
from framepress.dataset.state import state_of
from framepress.errors import InputError
from framepress.quality.files.listing import FILE as PLAIN
from framepress.quality.files.listing import LINK, Home, home_of, listed
from framepress.quality.issue import ERROR, Issue
from framepress.quality.look import Look
from framepress.quality.rule import FILE, rule
from framepress.storage.finishing import finished
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.output import TEMPORARY

__all__ = ["contents_are_as_recorded", "files_are_as_recorded", "writing_has_come_to_its_end"]

_LEFT_OVER = re.compile(r".*(?:\.(?:tmp|temp|part|partial|crdownload|download|incomplete|swp)|~)", re.IGNORECASE)
_BLOCK = 1 << 20

Row = tuple[str, int, str, str]
"""Path relative to the edition, bytes, sha256, frame ("" for a file of the whole dataset)."""


@rule(
    "GEN-010",
    FILE,
    ERROR,
    stage="integrity",
    breaks="readers take the half for the whole: files of the last frames, or of the dataset, are missing or old",
    remedy="resume the run, or run `framepress finish`; remove what other programs left",
)
def writing_has_come_to_its_end(look: Look) -> Iterator[Issue]:
    """Nothing is half written: no temporary names, and a dataset of ours is finished.

    Whether one is finished is asked of its journal. Files older than the journal alone do not tell: a folder may have
    been copied without its times; then the number of frames decides.
    """
    for found in listed(look.root):
        if found.kind == PLAIN and _LEFT_OVER.fullmatch(found.name):
            yield Issue(message=f"{found.name!r} is a temporary name of a writer or a download", file=found.name)
    home = home_of(look.root)
    if home is None or not home.first:
        return
    output = FolderOutput(home.root)
    try:
        state = state_of(open_dataset(home.root))
        for path in output.list(TEMPORARY.rstrip("/")):
            yield Issue(message=f"{path!r} is a file that a writer had not published", place=path)
        if state is not None and (state.state == "open" or (state.state == "sealed" and _is_behind(look, output))):
            yield Issue(message=f"the dataset is {state.state}: {state.to_dict()['meaning']}", place=".framepress")
    except InputError as error:
        yield Issue(message=str(error), place=".framepress")


def _is_behind(look: Look, output: FolderOutput) -> bool:
    """Whether the edition's own files were not made, or of another number of frames than the journal has."""
    columns = look.columns()
    if not finished(output) or columns is None:
        return not finished(output)
    return columns.frames.rows != len(Journal.open(output, repair=False).ids)


@rule(
    "FILE-005",
    FILE,
    ERROR,
    stage="integrity",
    breaks="every reader of the frame",
    remedy="restore the file from a copy, or remove the frame and render it again",
)
def files_are_as_recorded(look: Look) -> Iterator[Issue]:
    """Every file that the journal of a dataset of ours names is there, with the size that was written."""
    home = home_of(look.root)
    if home is None:
        return
    there = {found.name: found for found in listed(look.root)}
    try:
        for path, size, _, frame in _rows(home):
            found = there.get(path)
            if found is None:
                yield Issue(message=f"{path!r} is missing; {size} bytes were written", file=path, frame=frame)
            elif found.kind == PLAIN and found.size != size:
                message = f"{path!r} has {found.size} bytes; {size} were written"
                yield Issue(message=message, file=path, frame=frame)
            elif found.kind not in (PLAIN, LINK):
                yield Issue(message=f"{path!r} is no file; {size} bytes were written", file=path, frame=frame)
    except InputError as error:
        yield Issue(message=str(error), place=".framepress")


@rule(
    "FILE-006",
    FILE,
    ERROR,
    stage="integrity",
    decodes=True,
    breaks="every reader of the frame; decoders do not notice every damage",
    remedy="restore the file from a copy, or remove the frame and render it again",
)
def contents_are_as_recorded(look: Look, frames: frozenset[str] | None = None) -> Iterator[Issue]:
    """Every file that the journal of a dataset of ours names has the SHA-256 that was written.

    Of a sample of frames their files alone; files of another size are told by FILE-005.
    """
    home = home_of(look.root)
    if home is None:
        return
    there = {found.name: found.size for found in listed(look.root) if found.kind == PLAIN}
    try:
        for path, size, sha256, frame in _rows(home):
            if there.get(path) == size and (frames is None or not frame or frame in frames):
                found = _sha256(home, path)
                if found != sha256:
                    message = f"{path!r} has the SHA-256 {found[:12]}…; {sha256[:12]}… was written"
                    yield Issue(message=message, file=path, frame=frame)
    except InputError as error:
        yield Issue(message=str(error), place=".framepress")


def _rows(home: Home) -> Iterator[Row]:
    """The files of the edition, those of frames first.

    Raises:
        InputError: the journal is damaged.
    """
    output = FolderOutput(home.root)
    length = len(home.prefix)
    for record in Journal.open(output, repair=False).records():
        frame = record.get("frame")
        editions = record.get("editions")
        if isinstance(frame, dict) and isinstance(editions, dict):
            for path, size, sha256 in _entries(editions.get(home.edition)):
                yield path[length:], size, sha256, str(frame.get("id", ""))
    for path, (size, sha256) in finished(output).items():
        if path.startswith(home.prefix):
            yield path[length:], size, sha256, ""


def _entries(edition: Any) -> Iterator[tuple[str, int, str]]:
    for row in edition.get("files", ()) if isinstance(edition, dict) else ():
        if isinstance(row, list) and [type(value) for value in row] == [str, int, str]:
            yield row[0], row[1], row[2]


def _sha256(home: Home, path: str) -> str:
    digest = hashlib.sha256()
    with open_file(home.root / home.prefix / path) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
