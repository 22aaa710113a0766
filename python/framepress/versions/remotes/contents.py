"""What a remote holds, known from the indexes of its packs, and how it is fetched: ranges of packs, several at once.

Indexes are kept in a folder of ours under their names, which are their sha256: each is fetched once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from framepress.errors import InputError
from framepress.versions.packs import FOOTER, Pack, index_range
from framepress.versions.place import write_whole
from framepress.versions.remotes.cells import bounded
from framepress.versions.remotes.remote import Remote

__all__ = ["PACKED_BELOW", "RemoteContents", "object_path", "pack_path"]

PACKED_BELOW = 8 << 20
"""Contents of fewer bytes travel in packs, others by themselves."""
_WHOLE_LIMIT = 64 << 20  # of a content that is held in memory: what a pack of others may hold too
_INDEX_LIMIT = 1 << 29
_FIRST_LOOK = 1 << 16
_SPAN = 8 << 20
_GAP = 1 << 16
_AT_ONCE = 8
_AT_MOST = 20_000_000  # files of a kind
_PACK = re.compile(r"packs/([0-9a-f]{64})\.pack")
_OBJECT = re.compile(r"objects/([0-9a-f]{2})/([0-9a-f]{62})")


def object_path(id: str) -> str:
    return f"objects/{id[:2]}/{id[2:]}"


def pack_path(name: str) -> str:
    return f"packs/{name}.pack"


class _Piece(NamedTuple):
    """A content in a pack."""

    id: str
    offset: int
    size: int


class _Span(NamedTuple):
    """Pieces of a pack that are fetched as one range."""

    pack: str
    start: int
    end: int
    pieces: Sequence[_Piece]


class RemoteContents:
    """The contents of a remote at the moment when this was made.

    Args:
        indexes: a folder of ours for the indexes of packs.

    Raises:
        InputError: the remote cannot be listed, or a pack is damaged.
    """

    def __init__(self, remote: Remote, indexes: Path) -> None:
        self._remote = remote
        self._indexes = indexes
        self._alone: dict[str, int] = {}
        for entry in bounded(remote, "objects", _AT_MOST):
            found = _OBJECT.fullmatch(entry.path)
            if found:
                self._alone[found[1] + found[2]] = entry.size
        sizes = {
            found[1]: entry.size
            for entry in bounded(remote, "packs", _AT_MOST)
            if (found := _PACK.fullmatch(entry.path))
        }
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            self._packs = list(pool.map(self._pack, *zip(*sorted(sizes.items()), strict=True))) if sizes else []

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those that are not there, in the order given."""
        wanted = list(dict.fromkeys(ids))
        packed = self._located([id for id in wanted if id not in self._alone])
        return [id for id in wanted if id not in self._alone and id not in packed]

    def fetch(
        self,
        wanted: dict[str, int | None],
        take: Callable[[str, bytes], object],
        take_stream: Callable[[str, Iterator[bytes]], object] | None = None,
    ) -> None:
        """Contents, each checked, in any order and from several threads; memory does not grow with their number.

        Args:
            wanted: id -> size in bytes as a manifest says; None where nothing says.
            take: gets a content that was in a pack, or is small.
            take_stream: gets a large content in blocks, which end with an error where it is not what it should be.

        Raises:
            InputError: one is not there, or damaged: the pack that it is in is named. Others may have been taken.
        """
        located = self._located([id for id in wanted if id not in self._alone])
        lost = [id for id in wanted if id not in self._alone and id not in located]
        if lost:
            raise InputError(
                f"{self._remote.where}: lacks {len(lost)} of {len(wanted)} contents that its versions name, the first "
                f"is {lost[0]}; push again from where they are"
            )
        alone = [id for id in wanted if id in self._alone]
        for id in alone:
            self._check_size(id, object_path(id), self._alone[id], wanted[id])
        for id, (pack, piece) in located.items():
            self._check_size(id, pack_path(pack.name), piece.size, wanted[id], _WHOLE_LIMIT)

        def one_span(span: _Span) -> None:
            content = memoryview(self._remote.get_range(pack_path(span.pack), span.start, span.end - span.start))
            for id, offset, size in span.pieces:
                piece = content[offset - span.start : offset - span.start + size]
                if hashlib.sha256(piece).hexdigest() != id:
                    raise self._damaged(pack_path(span.pack), id)
                take(id, bytes(piece))

        def one_alone(id: str) -> None:
            if take_stream is not None and self._alone[id] >= PACKED_BELOW:
                take_stream(id, self._checked_stream(id))
                return
            content = self._remote.get(object_path(id), _WHOLE_LIMIT)
            if content is None or hashlib.sha256(content).hexdigest() != id:
                raise self._damaged(object_path(id), id)
            take(id, content)

        _all(one_span, _spans(located.values()))
        _all(one_alone, alone)

    def _check_size(self, id: str, path: str, size: int, expected: int | None, limit: int | None = None) -> None:
        if expected is not None and size != expected:
            raise InputError(
                f"{self._remote.where}/{path}: holds {size} bytes as content {id[:12]}, its manifest says {expected}; "
                "it is damaged: push again from where it is whole"
            )
        if limit is not None and size > limit:
            raise InputError(f"{self._remote.where}/{path}: content {id[:12]} has {size} bytes, too many for a pack")

    def _damaged(self, path: str, id: str) -> InputError:
        return InputError(
            f"{self._remote.where}/{path}: is damaged: content {id[:12]} in it has another sha256; it was not taken"
        )

    def _checked_stream(self, id: str) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        for block in self._remote.stream(object_path(id)):
            digest.update(block)
            size += len(block)
            if size > self._alone[id]:
                break
            yield block
        if digest.hexdigest() != id:
            raise self._damaged(object_path(id), id)

    def _located(self, ids: Sequence[str]) -> dict[str, tuple[Pack, _Piece]]:
        """In which pack each of them is; those that are in none are left out."""
        found: dict[str, tuple[Pack, _Piece]] = {}
        keys = np.array([bytes.fromhex(id) for id in ids], "S32")
        if not len(keys):
            return found
        for pack in self._packs:
            at = np.minimum(np.searchsorted(pack.keys, keys), len(pack) - 1)
            for number in np.flatnonzero(pack.keys[at] == keys).tolist():
                entry = at[number]
                piece = _Piece(ids[number], int(pack.offsets[entry]), int(pack.sizes[entry]))
                found.setdefault(ids[number], (pack, piece))
        return found

    def _pack(self, name: str, size: int) -> Pack:
        path = pack_path(name)
        kept = self._indexes / name

        def read_at(offset: int, length: int) -> bytes:
            return self._remote.get_range(path, offset, length)

        try:
            index = kept.read_bytes()
            return Pack(name, index, size - FOOTER - len(index), read_at)
        except (OSError, InputError):
            pass  # not fetched yet, or damaged here
        where = f"{self._remote.where}/{path}"
        tail = read_at(max(size - _FIRST_LOOK, 0), min(size, _FIRST_LOOK))
        start, length = index_range(tail[-FOOTER:], size, where)
        if length > _INDEX_LIMIT:
            raise InputError(f"{where}: its index claims {length} bytes; it is no pack of ours")
        index = tail[-FOOTER - length : -FOOTER] if length + FOOTER <= len(tail) else read_at(start, length)
        try:
            pack = Pack(name, index, start, read_at)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        write_whole(kept, index)
        return pack


def _spans(located: Iterable[tuple[Pack, _Piece]]) -> Iterator[_Span]:
    """Pieces near each other go together, up to some megabytes."""
    by_pack: dict[str, list[_Piece]] = {}
    for pack, piece in located:
        by_pack.setdefault(pack.name, []).append(piece)
    for name, pieces in by_pack.items():
        pieces.sort(key=lambda piece: piece.offset)
        together: list[_Piece] = []
        end = 0
        for piece in pieces:
            if together and (piece.offset > end + _GAP or piece.offset + piece.size - together[0].offset > _SPAN):
                yield _Span(name, together[0].offset, end, tuple(together))
                together = []
                end = 0
            together.append(piece)
            end = max(end, piece.offset + piece.size)
        yield _Span(name, together[0].offset, end, tuple(together))


def _all(work: Callable[..., None], items: Iterable[object]) -> None:
    """Every item, some at a time; the first error ends it, once those under way are done."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        waiting = [pool.submit(work, item) for item in items]
        try:
            for one in waiting:
                one.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
