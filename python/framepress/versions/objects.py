"""Contents under their sha256: loose, as `objects/ab/cdef...`, read-only, or many in a pack (`packed`).

Each is whole or not there at all, after a power cut too: what is added by a `batch.Batch` has its name only once it is
on the disk.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from framepress.errors import InputError
from framepress.storage.durable import sync_tree
from framepress.versions import sharing
from framepress.versions.batch import Batch
from framepress.versions.packed import Packs

__all__ = ["Objects"]

_BLOCK = 1 << 20


class Objects:
    """The contents of the store at `root`. Safe to use from several threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.packs = Packs(root)
        self._objects = str(root / "objects")

    def path(self, id: str) -> Path:
        """Where a loose content is, or would be."""
        return Path(self.name(id))

    def name(self, id: str) -> str:
        """`path` as text, which thousands of files are quicker with."""
        return f"{self._objects}/{id[:2]}/{id[2:]}"

    def has(self, id: str) -> bool:
        return self.is_loose(id) or self.packs.find(id) is not None

    def is_loose(self, id: str) -> bool:
        return os.path.exists(self.name(id))

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Those that are not here, in the order given."""
        try:
            folders = set(os.listdir(self._objects))
        except FileNotFoundError:
            folders = set()
        lacking = [id for id in ids if id[:2] not in folders or not self.is_loose(id)]
        packed = self.packs.among(lacking)
        return [id for id in lacking if id not in packed]

    def loose(self) -> Iterator[os.DirEntry[str]]:
        """The files of all loose contents; an entry's content is `id_of(entry)`."""
        for folder in sorted(os.listdir(self._objects)) if os.path.isdir(self._objects) else ():
            with os.scandir(f"{self._objects}/{folder}") as entries:
                yield from entries

    @staticmethod
    def id_of(entry: os.DirEntry[str]) -> str:
        return os.path.basename(os.path.dirname(entry.path)) + entry.name

    def read(self, id: str) -> bytes:
        """The content, checked.

        Raises:
            InputError: it is missing, or not what its name says.
        """
        try:
            content = self.path(id).read_bytes()
        except FileNotFoundError as error:
            packed = self.packs.read(id)
            if packed is None:
                raise self._lacking(id) from error
            return packed
        except OSError as error:
            raise InputError(f"{self.path(id)}: cannot be read: {error.strerror or error}") from error
        if hashlib.sha256(content).hexdigest() != id:
            raise self._damaged(id)
        return content

    def read_many(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Each content once, checked, in the order that is quickest to read.

        Raises:
            InputError: one is missing, or not what its name says.
        """
        wanted = list(dict.fromkeys(ids))
        packed = self.packs.among(wanted)
        yield from self.packs.read_many(packed)
        for id in wanted:
            if id not in packed:
                yield id, self.read(id)

    def open(self, id: str) -> BinaryIO:
        """A stream from a content's beginning; of a loose one, whoever reads it checks it.

        Raises:
            InputError: it is missing, or cannot be read.
        """
        try:
            return open(self.name(id), "rb")
        except OSError:
            return io.BytesIO(self.read(id))

    def size(self, id: str) -> int:
        """Bytes.

        Raises:
            InputError: it is missing.
        """
        try:
            return os.stat(self.name(id)).st_size
        except FileNotFoundError as error:
            pack = self.packs.find(id)
            found = None if pack is None else pack.range_of(id)
            if found is None:
                raise self._lacking(id) from error
            return found[1]

    def link(self, id: str, target: str) -> None:
        """Give a loose content another name, outside of the store.

        Raises:
            FileNotFoundError: it is not loose.
            OSError: it cannot be linked there.
        """
        os.link(self.name(id), target)

    def clone(self, id: str, target: str) -> None:
        """As `link`, but a file of its own that shares its blocks."""
        sharing.clone(self.name(id), target)

    def copy(self, id: str, target: str) -> None:
        """A new file with the content, checked.

        Raises:
            InputError: it is missing, or not what its name says.
            OSError: the disk refused.
        """
        with self.open(id) as source, open(target, "xb") as stream:
            digest = hashlib.sha256()
            while block := source.read(_BLOCK):
                digest.update(block)
                stream.write(block)
        if digest.hexdigest() != id:
            os.unlink(target)
            raise self._damaged(id)

    def batch(self, token: str | None = None) -> Batch:
        """Where contents are added; nothing of it is here before it is closed.

        Args:
            token: of a lease, so that what is left by a killed process is known to be void.
        """
        return Batch(self, secrets.token_hex(8) if token is None else token)

    def add(self, content: bytes) -> str:
        """One content, loose; its sha256. For many use a `batch`.

        Raises:
            OutputError: the disk refused.
        """
        with self.batch() as batch:
            return batch.add(content, packed=False)

    def sync(self) -> None:
        """Returns once every name here would survive a power cut."""
        sync_tree(str(self.root))

    def _lacking(self, id: str) -> InputError:
        damaged = "".join(f"; {error}" for error in self.packs.damaged.values())
        return InputError(
            f"{self.path(id)}: is missing, and no pack holds it; `framepress version verify` tells more{damaged}"
        )

    def _damaged(self, id: str) -> InputError:
        return InputError(
            f"{self.path(id)}: is damaged: its content has another sha256; `framepress version verify` says what for"
        )
