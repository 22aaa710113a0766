"""What the files of a folder were when they were last read: `.framepress/versions/seen.msgpack`.

It saves reading and nothing else: where it is missing or damaged, files are read. Each folder's files are one block of
bytes, so that a folder in which nothing has changed is known by one comparison. In front is the sha256 of the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from framepress.errors import OutputError
from framepress.versions.place import write_whole

__all__ = ["FileStat", "SeenFolder", "SeenTable"]

FileStat = tuple[str, int, int, int]
"""Name, size [bytes], modification time [ns], inode."""

_FILE = "seen.msgpack"
_TICK_NS = 20_000_000
_COARSE_NS = 2_000_000_000  # FAT, and some network file systems
_NEVER_NS = -1


@dataclass(frozen=True)
class SeenFolder:
    """The files of one folder; `sha256` is as long, "" where it is not known."""

    files: Sequence[FileStat]
    sha256: list[str]


class _File(msgspec.Struct, array_like=True, tag="framepress.seen.2"):
    manifest: str | None
    folders: dict[str, tuple[bytes, bytes]]  # prefix -> (its files, packed; their sha256 behind each other)


class SeenTable:
    """What was remembered of one dataset. Made by `of`.

    Attributes:
        manifest: of all files, where nothing has changed since it was told with `is_manifest`.
    """

    def __init__(self, own: Path, found: _File, now_ns: int) -> None:
        self._own, self._file, self._now_ns = own, found, now_ns

    @classmethod
    def of(cls, own: Path) -> SeenTable:
        """Args:
        own: the folder `.framepress/versions/` of the dataset.
        """
        # The clock is read before the files are: what is modified later is younger.
        now_ns = _now_ns(own)
        try:
            content = memoryview((own / _FILE).read_bytes())
        except OSError:
            content = memoryview(b"")
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            return cls(own, _File(None, {}), now_ns)
        try:
            return cls(own, msgspec.msgpack.decode(content[32:], type=_File), now_ns)
        except msgspec.MsgspecError:  # of another version of framepress
            return cls(own, _File(None, {}), now_ns)

    @property
    def prefixes(self) -> Set[str]:
        return self._file.folders.keys()

    @property
    def manifest(self) -> str | None:
        return self._file.manifest

    def unchanged(self, prefix: str, files: Sequence[FileStat]) -> SeenFolder | None:
        """The folder with its hashes, if its files are all as they were; else None."""
        block, digests = self._file.folders.get(prefix, (b"", b""))
        if msgspec.msgpack.encode(files) != block or len(digests) != 32 * len(files):
            return None
        return SeenFolder(files, _texts(digests))

    def before(self, prefix: str) -> dict[FileStat, str]:
        """Each file as it was -> its sha256."""
        block, digests = self._file.folders.get(prefix, (b"\x90", b""))
        try:
            return dict(zip(msgspec.msgpack.decode(block, type=list[FileStat]), _texts(digests), strict=True))
        except ValueError:  # nothing that we wrote
            return {}

    def remember(self, folders: Mapping[str, SeenFolder], manifest: str | None = None) -> None:
        """All of them; those whose modification time is too young to be believed are marked, and read again."""
        coarse = all(file[2] % 1_000_000_000 == 0 for folder in folders.values() for file in folder.files)
        oldest_ns = self._now_ns - (_COARSE_NS if coarse else _TICK_NS)
        blocks = {}
        for prefix, folder in folders.items():
            files = folder.files
            if any(file[2] >= oldest_ns for file in files):
                files = [file if file[2] < oldest_ns else (file[0], file[1], _NEVER_NS, file[3]) for file in files]
            blocks[prefix] = msgspec.msgpack.encode(files), bytes.fromhex("".join(folder.sha256))
        self._file = _File(manifest, blocks)
        self._write()

    def is_manifest(self, manifest: str) -> None:
        """All files as they are remembered are listed by this manifest."""
        if self._file.manifest != manifest:
            self._file.manifest = manifest
            self._write()

    def _write(self) -> None:
        content = msgspec.msgpack.encode(self._file)
        with suppress(OutputError):  # a folder that cannot be written is read again
            write_whole(self._own / _FILE, hashlib.sha256(content).digest() + content, lasting=False)


def _texts(digests: bytes) -> list[str]:
    text = digests.hex()
    return [text[at : at + 64] for at in range(0, len(text), 64)]


def _now_ns(own: Path) -> int:
    """The file system's own clock, which need not be this machine's; 0 (trust nothing) where it cannot be asked."""
    probe = own / "clock"
    try:
        probe.touch()
        return probe.stat().st_mtime_ns
    except OSError:
        return 0
