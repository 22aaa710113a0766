"""Versions from a remote: refs, commits, manifests, then the contents that are not here, each checked as it comes.

A version is here only once all of it is; what has arrived before a pull was killed is not fetched again.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.add import is_shared
from framepress.versions.commits import Commit
from framepress.versions.leases import Lease
from framepress.versions.manifest import Row, check_paths, chunk_rows, roots_chunks
from framepress.versions.prune import PRUNED, pruned
from framepress.versions.push import common_steps, diverged
from framepress.versions.refs import Ref, Refs, check_name
from framepress.versions.remotes.cells import RemoteCells
from framepress.versions.remotes.contents import RemoteContents
from framepress.versions.remotes.opening import is_store, open_remote
from framepress.versions.store import Store
from framepress.versions.working import belongs

__all__ = ["Pulled", "pull"]

_TOGETHER = 256 << 20  # bytes that are made durable and named at once: what a killed pull may lose
_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pulled:
    """What a pull did.

    Args:
        remote: its name, without credentials.
        versions: numbers of those that are new here.
        contents: how many were fetched, with `size` bytes.
        pruned: numbers of new ones that came without their files: the remote gave them up, or they were not asked for.
        tags: names that are new here.
        taken: tags that name other versions here; they stay as they are.
        ahead: how many versions we have after the remote's latest.
    """

    remote: str
    versions: tuple[int, ...]
    contents: int
    size: int
    pruned: tuple[int, ...]
    tags: tuple[str, ...]
    taken: tuple[str, ...]
    ahead: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.__dict__.items()}


def pull(
    store: Store,
    line: str,
    remote: Any,
    *,
    indexes: Path,
    options: Mapping[str, str] | None = None,
    as_line: str | None = None,
    depth: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Pulled:
    """Bring a line's versions, and the tags that name them, from a remote into the store.

    Args:
        remote, options: see `opening.open_remote`.
        indexes: a folder where indexes of the remote's packs are kept.
        as_line: the line here that takes them, where it shall not be the one of the same name.
        depth: fetch the files of so many of the latest versions, those that were pruned here too; older ones that are
            new here come pruned. None fetches the files of all that are new here.
        progress: told how many bytes of how many have arrived.

    Raises:
        OptionError: the remote, or an option, is unknown.
        InputError: no versions are there, or something there is missing, damaged or not to be trusted.
        OutputError: the line here has versions that the remote's lacks, or the disk refused.
    """
    if depth is not None and depth < 1:
        raise OptionError(f"depth {depth}: must be 1 or more; it counts versions from the latest on")
    here = check_name(as_line or line)
    far = open_remote(remote, options)
    if not is_store(far):
        raise InputError(f"{far.where}: no versions are there; push some first, or correct its name")
    cells = RemoteCells(far)
    refs = Refs(cells)
    theirs = refs.line(line)
    if not theirs:
        told = ", ".join(refs.lines()) or "none yet"
        raise InputError(f"{far.where}: has no line {line!r}; there are: {told}")
    with store.leases.hold("pull") as lease:
        ours = store.refs.line(here)
        if common_steps(ours, theirs) < min(len(ours), len(theirs)):
            raise OutputError(diverged(far.where, line, ours, theirs))
        new = theirs[len(ours) :]
        whole, bare = _parted(theirs, new, depth, pruned(cells))
        taker = _Taker(store, RemoteContents(far, indexes), progress, lease)
        taker.take_versions(new, whole, far.where)
        lease.check()
        for ref in bare:
            store.cells.create(f"{PRUNED}/{ref.commit}", b"{}")
        for ref in whole:
            (store.root / PRUNED / ref.commit).unlink(missing_ok=True)
        for ref in new:
            if not store.refs.advance(ref, here):
                raise OutputError(f"{store.root}: line {here!r} was moved on meanwhile; pull again")
        tags, taken = _pull_tags(store.refs, refs, {ref.commit for ref in theirs})
    return Pulled(
        far.where,
        tuple(ref.number for ref in new),
        taker.contents,
        taker.size,
        tuple(ref.number for ref in bare),
        tags,
        taken,
        max(len(ours) - len(theirs), 0),
    )


def _parted(
    theirs: Sequence[Ref], new: Sequence[Ref], depth: int | None, given_up: set[str]
) -> tuple[list[Ref], list[Ref]]:
    """The versions whose files are wanted, and the new ones whose files are not, or are not there."""
    asked = new if depth is None else theirs[-depth:]
    whole = [ref for ref in asked if ref.commit not in given_up]
    wanted = {ref.commit for ref in whole}
    return whole, [ref for ref in new if ref.commit not in wanted]


def _pull_tags(ours: Refs, theirs: Refs, known: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that are new here, and those that name something else here."""
    here = ours.tags()
    new: list[str] = []
    taken: list[str] = []
    for name, ref in theirs.tags().items():
        if name in here:
            if here[name].commit != ref.commit:
                taken.append(name)
        elif ref.commit in known:
            (new if _tagged(ours, name, ref) else taken).append(name)
    return tuple(new), tuple(taken)


def _tagged(refs: Refs, name: str, ref: Ref) -> bool:
    try:
        return refs.tag(name, ref)
    except OptionError as error:
        raise InputError(f"the remote has a tag that no store can have: {error}") from error


class _Taker:
    """Brings contents into `store`.

    Attributes:
        contents, size: how many files' contents have come, and their bytes.
    """

    def __init__(
        self, store: Store, there: RemoteContents, progress: Callable[[int, int], None] | None, lease: Lease
    ) -> None:
        self.contents = self.size = 0
        self._store = store
        self._objects = store.objects
        self._there = there
        self._progress = progress
        self._lease = lease

    def take_versions(self, new: Sequence[Ref], whole: Sequence[Ref], where: str) -> None:
        """Commits of `new`, and all of `whole`; some of it may be here."""
        self._take_naming([ref.commit for ref in (*new, *whole)])
        for ref in new:
            self._store.commit(ref.commit)  # is one
        commits = {ref.commit: self._store.commit(ref.commit) for ref in whole}
        self._take_naming([commit.manifest for commit in commits.values()])
        chunks = {id: self._chunks(commit.manifest, f"{where}: version {id[:12]}") for id, commit in commits.items()}
        self._take_naming(list(chain.from_iterable(chunks.values())))
        rows = {chunk: chunk_rows(chunk, self._objects) for chunk in set(chain.from_iterable(chunks.values()))}
        for id, commit in commits.items():
            _check(commit, [row for chunk in chunks[id] for row in rows[chunk]], f"{where}: version {id[:12]}")
        self._take_contents({row.sha256: row for ref in whole for chunk in chunks[ref.commit] for row in rows[chunk]})

    def _chunks(self, manifest: str, where: str) -> list[str]:
        found = roots_chunks(manifest, self._objects)
        if len(set(found)) != len(found) or not all(map(_ID.fullmatch, found)):
            raise InputError(f"{where}: its manifest names a part twice, or one that has no sha256 for a name")
        return found

    def _take_naming(self, ids: Sequence[str]) -> None:
        """Commits and manifests, whose size nothing tells."""
        missing = self._objects.missing(dict.fromkeys(ids))
        if missing:
            with self._objects.batch(self._lease.token) as batch:
                self._there.fetch(dict.fromkeys(missing), lambda _, content: batch.add(content))

    def _take_contents(self, rows: Mapping[str, Row]) -> None:
        missing = [rows[id] for id in self._objects.missing(rows)]
        of = sum(row.size for row in missing)
        free = shutil.disk_usage(self._store.root).free
        if of > free:
            raise OutputError(f"{self._store.root}: {of:,} bytes are to come, {free:,} are free; free some space")
        for group in _groups(missing):
            alone = {row.sha256 for row in group if is_shared(row.path)}
            with self._objects.batch(self._lease.token) as batch:
                self._there.fetch(
                    {row.sha256: row.size for row in group},
                    lambda id, content, batch=batch, alone=alone: batch.add(content, packed=id not in alone),  # type: ignore[misc]
                    lambda id, blocks, batch=batch: batch.add_stream(_Blocks(blocks), id),  # type: ignore[misc]
                )
            self.contents += len(group)
            self.size += sum(row.size for row in group)
            if self._progress is not None:
                self._progress(self.size, of)


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    group: list[Row] = []
    size = 0
    for row in rows:
        group.append(row)
        size += row.size
        if size >= _TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


def _check(commit: Commit, rows: Sequence[Row], where: str) -> None:
    """What comes from elsewhere must not lead out of a folder, nor lie about itself.

    Raises:
        InputError: it does.
    """
    check_paths(rows)
    astray = next((row.path for row in rows if not belongs(row.path.lower())), None)
    if astray is not None:
        raise InputError(f"{where}: holds {astray}, which is no part of a dataset; it was not taken")
    size = sum(row.size for row in rows)
    if len(rows) != commit.files or size != commit.size or any(row.size < 0 for row in rows):
        raise InputError(
            f"{where}: says that it has {commit.files} files with {commit.size} bytes, its manifest lists {len(rows)} "
            f"with {size}; it was not taken"
        )
    if any(before.path.encode() >= after.path.encode() for before, after in pairwise(rows)):
        raise InputError(f"{where}: its manifest is not in order, or lists a path twice; it was not taken")


class _Blocks(io.RawIOBase):
    """Blocks as a stream."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        taken = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(taken) :]
        return taken
