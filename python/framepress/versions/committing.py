"""A folder as it is now becomes a commit in the store; moving the line there is the caller's."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from framepress.errors import InputError
from framepress.storage.folder import FolderOutput
from framepress.storage.segments import JOURNAL, found, is_growing
from framepress.versions import manifest
from framepress.versions.add import add_files
from framepress.versions.commits import Commit
from framepress.versions.leases import Lease
from framepress.versions.manifest import Row
from framepress.versions.place import Place, write_whole
from framepress.versions.provenance import provenance_of
from framepress.versions.refs import Refs
from framepress.versions.store import Store
from framepress.versions.working import Working
from framepress.versions.written_into import check_not_written_into

__all__ = ["add_commit", "announce", "caught_up", "nobody_writes", "written_down"]

_ANNOUNCED = "committing.json"


@contextmanager
def nobody_writes(dataset: Path, *, interrupted: bool = False) -> Iterator[None]:
    """Holds off those who would write the dataset, commit it, or take it back.

    Args:
        interrupted: whether what an interrupted run left may be there.

    Raises:
        OutputError: somebody does now.
        InputError: a run that writes it was interrupted.
    """
    output = FolderOutput(dataset)
    lock = output.lock()
    try:
        if not interrupted and (dataset / JOURNAL).is_dir() and is_growing(output, found(output, repair=False)):
            raise InputError(
                f"{dataset}: is not whole, as a run that writes it was interrupted; resume it, or run "
                f"`framepress finish {shlex.quote(str(dataset))}`"
            )
        yield
    finally:
        lock.release()


def announce(place: Place, id: str) -> None:
    """The folder is about to become a version: should this process end before it is written down that it did.

    Raises:
        OutputError: the disk refused.
    """
    write_whole(place.own / _ANNOUNCED, (json.dumps({"commit": id}) + "\n").encode())


def caught_up(place: Place, refs: Refs) -> Place:
    """Where a folder stands, if a commit of it was killed behind its last step but one."""
    try:
        id = json.loads((place.own / _ANNOUNCED).read_bytes())["commit"]
    except FileNotFoundError:
        return place
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{place.own / _ANNOUNCED}: cannot be read: {error}; delete it") from error
    return replace(place, base=id) if any(ref.commit == id for ref in refs.line(place.line)) else place


def written_down(place: Place) -> None:
    """Nothing is announced any more."""
    (place.own / _ANNOUNCED).unlink(missing_ok=True)


def add_commit(
    dataset: Path,
    working: Working,
    store: Store,
    lease: Lease,
    *,
    before: Mapping[str, Row],
    parents: tuple[str, ...],
    message: str,
    author: str,
    notes: Mapping[str, Any] | None,
) -> tuple[str, Commit, int]:
    """Its sha256, the commit, and how many contents of files are new; all durable.

    Args:
        before: the rows of the latest version by path, whose contents are in the store.

    Raises:
        InputError: a file changed meanwhile, or one that was changed in place is the store's own.
        OutputError: the disk refused.
    """
    rows = working.rows()
    changed = [row for row in rows if before.get(row.path) != row]
    check_not_written_into(dataset, changed, store)
    provenance = provenance_of(dataset, notes)
    with store.objects.batch(lease.token) as batch:
        add_files(dataset, working, changed, store, batch)
        added = batch.added
        commit = Commit(
            manifest=manifest.write(rows, batch),
            parents=parents,
            message=message,
            author=author,
            files=len(rows),
            size=sum(row.size for row in rows),
            provenance=provenance,
        )
        id = batch.add(commit.to_json())
    lease.check()
    return id, commit, added
