"""Some frames of a dataset as a dataset of their own, for as long as it takes to pack them."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.session import Session
from framepress.errors import InputError, OptionError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.segments import found, is_growing

__all__ = ["some_frames"]


@contextmanager
def some_frames(source: Path, target: Path, split: str | None, frames: Collection[str] | None) -> Iterator[Path]:
    """A folder beside `target` with those frames: their files linked, the dataset-wide files their own.

    The caller holds the target's lock, so that what an interrupted run left there is nobody's.

    Raises:
        OptionError: the dataset is not one of ours, and no journal says which file belongs to which frame.
        InputError: no frame is left, an id that is not there, an unfinished dataset, a file that is not what the
            journal says.
    """
    output = FolderOutput(source)
    if not output.exists(JOB_PATH):
        raise OptionError(
            f"{source}: is no dataset of ours, so that nothing tells which of its files belong to a split; "
            "`framepress convert` it first, or pack all of it"
        )
    if is_growing(output, found(output, repair=False)):
        raise InputError(f"{source}: is being written, or was interrupted: resume its run, or run `framepress finish`")
    job = Job.from_json(output.read(JOB_PATH), str(source))
    journal = Journal.open(output, repair=False)
    wanted = None if frames is None else set(frames)
    if wanted is not None and (unknown := min(wanted - journal.ids, default=None)) is not None:
        raise InputError(f"{source}: has no frame {unknown!r}; `framepress select` lists those that it has")
    labels = journal_labels(job, journal)
    folder = target.with_name(f".{target.name}.frames")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        session = Session.start(folder, job, existing="error")
        try:
            for record in _chosen(journal, split, wanted):
                session.ledger.count("asked")
                session.adopt(record, source, labels)
                session.ledger.count("written")
            if not session.journal.ids:
                raise InputError(f"{source}: no frame is of split {split!r}{' and in the list' if wanted else ''}")
        except BaseException:
            session.abandon()
            raise
        session.finish()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chosen(journal: Journal, split: str | None, wanted: set[str] | None) -> Iterator[Mapping[str, Any]]:
    for record in journal.records():
        if record["op"] not in ("add", "replace"):
            continue
        frame = record["frame"]
        if split in (None, frame.get("split", "")) and (wanted is None or frame["id"] in wanted):
            yield record
