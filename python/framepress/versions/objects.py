"""Contents under their sha256: loose, as `objects/ab/cdef...`, read-only, or many in a pack (`packed`).

Each is whole or not there at all, after a power cut too: what is added by a `batch.Batch` has its name only once it is
on the disk.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import stat
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
_FOLDER = re.compile("[0-9a-f]{2}")
_FILE = re.compile("[0-9a-f]{62}")
# A store may come from anywhere: what a link or a pipe in it leads to is none of its contents.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


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
        try:
            return stat.S_ISREG(os.lstat(self.name(id)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

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
        try:
            with os.scandir(self._objects) as entries:
                folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return
        for folder in sorted(entry.name for entry in folders if _FOLDER.fullmatch(entry.name)):
            with os.scandir(f"{self._objects}/{folder}") as entries:
                for entry in entries:
                    if _FILE.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        yield entry

    @staticmethod
    def id_of(entry: os.DirEntry[str]) -> str:
        return os.path.basename(os.path.dirname(entry.path)) + entry.name

    def read(self, id: str) -> bytes:
        """The content, checked.

        Raises:
            InputError: it is missing, or not what its name says.
        """
        try:
            with self._opened(id) as stream:
                content = stream.read()
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
            return self._opened(id)
        except OSError:
            return io.BytesIO(self.read(id))

    def _opened(self, id: str) -> BinaryIO:
        self._check_loose(id)
        return os.fdopen(os.open(self.name(id), _READ | getattr(os, "O_BINARY", 0)), "rb")

    def size(self, id: str) -> int:
        """Bytes.

        Raises:
            InputError: it is missing.
        """
        try:
            status = os.lstat(self.name(id))
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(self.name(id))
            return status.st_size
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
        self._check_loose(id)
        os.link(self.name(id), target)

    def clone(self, id: str, target: str) -> None:
        """As `link`, but a file of its own that shares its blocks."""
        self._check_loose(id)
        sharing.clone(self.name(id), target)

    def _check_loose(self, id: str) -> None:
        if not self.is_loose(id):
            raise FileNotFoundError(self.name(id))

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
