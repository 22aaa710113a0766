"""Takes away what no version needs, in two steps: into `trash/`, and from there when it has lain long enough.

Needed is what refs and tags of all lines lead to, and what a reader holds. While somebody adds to the store nothing is
taken away (`leases`). Ages are told by the clock of the file system. A process that is killed here leaves a store in
which everything that a version needs is either in its place or comes back from the trash by the next run.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.errors import InputError
from framepress.storage.durable import sync_file
from framepress.storage.output import refused
from framepress.versions.leases import Lease
from framepress.versions.packed import SUFFIX
from framepress.versions.packs import Pack, PackWriter
from framepress.versions.reach import Reach
from framepress.versions.store import Store

__all__ = ["Collected", "collect", "GRACE_S"]

GRACE_S = 3600.0
_MANY_PACKS = 32
_SMALL_PACK = 8 << 20
_MOMENT_S = 60.0


@dataclass(frozen=True)
class Collected:
    """What was done.

    Args:
        trashed: contents that went to the trash, in `trashed_size` bytes.
        freed: files that were deleted for good, in `freed_size` bytes.
        waiting: contents that no version needs, and that are too young.
        rewritten: packs that became others.
        restored: contents that came back from the trash, as a version needs them.
        temporaries: left by processes that ended early.
    """

    trashed: int
    trashed_size: int
    freed: int
    freed_size: int
    waiting: int
    rewritten: int
    restored: int
    temporaries: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return dict(self.__dict__)


def collect(store: Store, *, grace_s: float = GRACE_S, now: bool = False) -> Collected:
    """Take away what no version needs.

    Args:
        grace_s: what is younger stays where it is; what is in the trash stays as long again.
        now: without any grace.

    Raises:
        OutputError: somebody adds to the store, or the disk refused.
        InputError: something that says what is needed is missing or damaged: nothing is taken away then.
    """
    store = Store.open(store.root)  # as it is now: nothing is taken away through a link
    with store.leases.exclusive() as (lease, others):
        held = [commit for other in others for commit in other.holds or ()]
        try:
            try:
                needed = _needed(store, held)
            except InputError:
                if not _packs_back(store):
                    raise
                needed = _needed(store, held)
            sweep = _Sweep(store, lease, needed, -math.inf if now else grace_s)
            return sweep.run({other.token for other in others})
        except OSError as error:
            raise refused(store.root, "cleared", error) from error


def _packs_back(store: Store) -> int:
    """Packs from the trash, which may say what is needed; how many. Those that are needless go there again."""
    packs = list((store.root / "trash").glob(f"*/*{SUFFIX}"))
    for path in packs:
        os.replace(path, store.objects.packs.path(path.name.removesuffix(SUFFIX)))
    return len(packs)


def _needed(store: Store, held: Collection[str]) -> set[str]:
    """sha256 of all contents."""

    def fail(kind: str, what: str, error: InputError) -> None:
        raise InputError(f"{kind} {what[:60]}: {error}; nothing was taken away, as what is needed cannot be told")

    reach = Reach.of(store, fail, held)
    ids = {*reach.versions, *reach.roots, *reach.chunks}
    ids.update(row.sha256 for _, rows in reach.rows() for row in rows)
    return ids


class _Sweep:
    def __init__(self, store: Store, lease: Lease, needed: set[str], grace_s: float) -> None:
        self._store, self._needed, self._grace_s, self._token = store, needed, grace_s, lease.token
        self._now_s = lease.path.stat().st_mtime
        self._trash = store.root / "trash"
        self._batch = self._trash / lease.token
        self._trashed = self._trashed_size = self._waiting = self._rewritten = self._restored = 0

    def run(self, tokens: Collection[str]) -> Collected:
        self._restore()
        self._loose()
        self._packs()
        freed, freed_size = self._empty()
        temporaries = self._temporaries(tokens)
        return Collected(
            self._trashed,
            self._trashed_size,
            freed,
            freed_size,
            self._waiting,
            self._rewritten,
            self._restored,
            temporaries,
        )

    def _is_old(self, status: os.stat_result) -> bool:
        # Of a file that was linked here, the change of its inode is as old as its being here.
        return self._now_s - max(status.st_ctime, 0) >= self._grace_s

    def _restore(self) -> None:
        """What came to be needed again, as after a process was killed between two steps."""
        for batch in self._batches():
            for path in list(batch.iterdir()):
                if path.suffix == SUFFIX:
                    try:
                        wanted = [id for id in Pack.open(path).ids() if id in self._needed]
                    except InputError:  # nothing can be had from it
                        continue
                    lacking = self._store.objects.missing(wanted)
                    if lacking:
                        os.replace(path, self._store.objects.packs.path(path.stem))
                        self._restored += len(lacking)
                elif path.name in self._needed and not self._store.objects.has(path.name):
                    os.replace(path, self._store.objects.path(path.name))
                    self._restored += 1

    def _batches(self) -> list[Path]:
        """Folders, each what one run set aside."""
        return [path for path in self._trash.glob("*") if path.is_dir() and not path.is_symlink()]

    def _loose(self) -> None:
        for entry in list(self._store.objects.loose()):
            id = self._store.objects.id_of(entry)
            if id in self._needed:
                continue
            status = entry.stat(follow_symlinks=False)
            if self._is_old(status):
                self._discard(Path(entry.path), id, 1, status.st_size)
            else:
                self._waiting += 1

    def _packs(self) -> None:
        packs = self._store.objects.packs
        rewrite: list[tuple[Pack, list[str]]] = []
        small: list[tuple[Pack, list[str]]] = []
        for pack in packs.all():
            kept = [id for id in pack.ids() if id in self._needed]
            size = int(pack.sizes.sum())
            kept_size = sum(place[1] for id in kept if (place := pack.range_of(id)))
            if not self._is_old(os.stat(packs.path(pack.name))):
                self._waiting += len(pack) - len(kept)
            elif not kept:
                self._discard(packs.path(pack.name), pack.name + SUFFIX, len(pack), size)
            elif kept_size < size // 2:
                rewrite.append((pack, kept))
            elif size < _SMALL_PACK:
                small.append((pack, kept))
        if len(small) > _MANY_PACKS:
            rewrite += small
        if rewrite:
            self._rewrite(rewrite)

    def _rewrite(self, packs: Sequence[tuple[Pack, list[str]]]) -> None:
        """One pack of what is needed of several; they go when it is durable."""
        temp = f"{self._store.root}/tmp/{self._token}-pack"
        with open(temp, "xb") as stream:
            writer = PackWriter(stream)
            for pack, kept in packs:
                for _, id in sorted((pack.range_of(id), id) for id in kept):
                    writer.add(self._store.objects.read(id))  # a good loose copy stands for a damaged one here
            name = writer.finish()
            stream.flush()
            sync_file(stream.fileno())
        held = self._store.objects.packs
        held.publish(temp, name)
        self._store.objects.sync()
        for pack, kept in packs:
            if pack.name != name:
                dead = len(pack) - len(kept)
                self._discard(held.path(pack.name), pack.name + SUFFIX, dead, int(pack.sizes.sum()))
                self._rewritten += 1

    def _discard(self, path: Path, name: str, contents: int, size: int) -> None:
        self._batch.mkdir(parents=True, exist_ok=True)
        os.replace(path, self._batch / name)
        self._trashed += contents
        self._trashed_size += size

    def _empty(self) -> tuple[int, int]:
        count = size = 0
        for batch in self._batches():
            if self._now_s - batch.stat().st_mtime < self._grace_s:
                continue
            for path in batch.iterdir():
                count += 1
                size += path.lstat().st_size
            shutil.rmtree(batch)
        return count, size

    def _temporaries(self, tokens: Collection[str]) -> int:
        """Of processes that ended."""
        count = 0
        for path in self._left(tokens):
            with suppress(FileNotFoundError):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                count += 1
        return count

    def _left(self, tokens: Collection[str]) -> Iterator[Path]:
        for path in (self._store.root / "tmp").glob("*"):
            with suppress(FileNotFoundError):
                age_s = self._now_s - path.lstat().st_ctime
                # A small file that somebody is making is there for a moment; nobody makes one without a lease.
                least_s = max(self._grace_s, _MOMENT_S) if tokens else self._grace_s
                if path.name.partition("-")[0] not in tokens and age_s >= least_s:
                    yield path
