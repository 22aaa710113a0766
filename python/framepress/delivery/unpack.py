"""An archive of anyone's becomes a new folder: whole and checked, or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framepress.delivery.manifest_files import SUMS
from framepress.delivery.manifest_text import parsed
from framepress.delivery.pack_folder import link_or_copy, new_folder
from framepress.delivery.unpack_archive import items
from framepress.delivery.unpack_names import Names, folding
from framepress.errors import InputError

__all__ = ["Limits", "Unpacked", "digests_within", "parts_of", "unpack"]

_PART = re.compile(
    r"(?P<stem>.+)-(?P<number>\d+)-of-(?P<total>\d+)(?P<suffix>\.zip|\.tar|\.tar\.gz|\.tar\.zst|\.tgz|\.tzst)"
)


@dataclass(frozen=True)
class Limits:
    """What an archive may become.

    Args:
        files: entries, folders included.
        bytes: of content.
        ratio: content to archive; what is below `free_bytes` is not judged by it. Deflate alone reaches 1,000, images
            with their labels stay below 20.
    """

    files: int = 10_000_000
    bytes: int = 1 << 42
    ratio: int = 200
    free_bytes: int = 1 << 27


@dataclass(frozen=True)
class Unpacked:
    """Args:
    archives: what was read; several where an archive came in parts.
    files, bytes: that were written.
    checked: files whose digest a manifest in the archive had; 0 where there was none.
    """

    archives: tuple[Path, ...]
    files: int
    bytes: int
    checked: int


def unpack(
    archive: Path | str,
    target: Path | str,
    *,
    limits: Limits | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Unpacked:
    """Unpack into a folder that does not exist yet; it appears when all of it is there and agrees with the manifest
    that our archives hold.

    Nothing is ever written outside of it: a name that is absolute, has `..` or a backslash, is no UTF-8 or a device's
    somewhere, every symbolic link, device and pipe, an entry that is there twice or the same as another one on this
    disk ends it, as does a limit. Owners, modes and times of the archive are not taken over.

    Args:
        archive: any part of one that came in parts: the others lie beside.
        on_progress: told how many files are written.

    Raises:
        InputError: the archive is damaged, hostile or above a limit; nothing is left of it.
        OutputError: the target exists, or the disk refused.
    """
    target = Path(target)
    archives = parts_of(Path(archive))
    with new_folder(target) as folder:
        state = _State(folder, limits or Limits(), sum(path.stat().st_size for path in archives), on_progress)
        for path in archives:
            state.take(path)
    return Unpacked(archives, state.files, state.bytes, state.checked)


def parts_of(archive: Path) -> tuple[Path, ...]:
    """The archive itself, or all the parts of which it is one.

    Raises:
        InputError: one is missing.
    """
    found = _PART.fullmatch(archive.name)
    if found is None:
        return (archive,)
    width, total = len(found["number"]), int(found["total"])
    if not 0 < int(found["number"]) <= total or total > 100_000:
        return (archive,)
    names = [
        f"{found['stem']}-{number:0{width}}-of-{found['total']}{found['suffix']}" for number in range(1, total + 1)
    ]
    missing = [name for name in names if not archive.with_name(name).is_file()]
    if missing:
        raise InputError(f"{archive}: is one of {total} parts, and {missing[0]} is not beside it")
    return tuple(archive.with_name(name) for name in names)


class _State:
    """What one unpacking has come to."""

    def __init__(self, folder: Path, limits: Limits, archived: int, on_progress: Callable[[int], None] | None) -> None:
        self.files = self.bytes = self.checked = self._entries = 0
        self._folder, self._limits = folder, limits
        self._most = min(limits.bytes, max(limits.free_bytes, limits.ratio * archived))
        self._names = Names("", folding(folder))
        self._on_progress = on_progress

    def take(self, archive: Path) -> None:
        """One archive, and its own manifest where the last entry is one."""
        self._names.where = str(archive)
        digests: dict[str, str] = {}
        last = ""
        for item in items(archive):
            self._entries += 1
            if self._entries > self._limits.files:
                raise InputError(f"{archive}: has more than {self._limits.files} entries; allow more if it is trusted")
            if item.blocks is None and not item.same_as:
                self._make(self._names.folder(item.name))
                continue
            self._make(self._names.file(item.name))
            last = item.name
            if item.blocks is None:
                digests[last] = self._link(last, item.same_as, digests, archive)
            else:
                digests[last] = self._write(last, item.blocks, archive)
            self.files += 1
            if self._on_progress is not None:
                self._on_progress(self.files)
        if last == SUMS or last.endswith(f"/{SUMS}"):
            self._check(last, digests, archive)

    def _make(self, folders: list[str]) -> None:
        for name in folders:
            os.mkdir(self._folder / name)

    def _write(self, name: str, blocks: Iterator[bytes], archive: Path) -> str:
        digest = hashlib.sha256()
        with open(self._folder / name, "xb", buffering=0) as out:
            for block in blocks:
                self._count(len(block), name, archive)
                digest.update(block)
                out.write(block)
        return digest.hexdigest()

    def _count(self, size: int, name: str, archive: Path) -> None:
        self.bytes += size
        if self.bytes > self._most:
            raise InputError(
                f"{archive}: {name!r}: what it holds is above {self._most} bytes, {self._limits.ratio} times its own "
                "size or the limit that was given; allow more if it is trusted"
            )

    def _link(self, name: str, same_as: str, digests: Mapping[str, str], archive: Path) -> str:
        if not self._names.has_file(same_as) or same_as not in digests:
            raise InputError(f"{archive}: {name!r} has the content of {same_as!r}, which is no file before it")
        link_or_copy(self._folder / same_as, self._folder / name)
        if not os.path.samefile(self._folder / same_as, self._folder / name):
            self._count((self._folder / name).stat().st_size, name, archive)
        return digests[same_as]

    def _check(self, manifest: str, digests: dict[str, str], archive: Path) -> None:
        """The manifest is of the archive, not of the dataset: it goes once it has been held against the files."""
        path = self._folder / manifest
        del digests[manifest]
        self.checked += digests_within(path.read_bytes(), manifest, digests, archive)
        self.bytes -= path.stat().st_size
        self.files -= 1
        path.unlink()
        self._names.release(manifest)
        with suppress(OSError):  # other records of ours lie there
            path.parent.rmdir()
            self._names.release(manifest.rpartition("/")[0])


def digests_within(content: bytes, manifest: str, digests: Mapping[str, str], archive: Path) -> int:
    """How many files agree with the manifest that lies in their archive: all of them.

    Raises:
        InputError: one does not, is missing, or is not listed.
    """
    prefix = manifest.removesuffix(SUMS)
    told = {prefix + entry.path: entry.sha256 for entry in parsed(content, f"{archive}: {manifest}")}
    for name, sha256 in told.items():
        if name not in digests:
            raise InputError(f"{archive}: {name!r} is in its manifest and not in it; fetch it again")
        if digests[name] != sha256:
            raise InputError(f"{archive}: {name!r}: sha256 {digests[name]}, packed was {sha256}; fetch it again")
    extra = next((name for name in digests if name not in told), None)
    if extra is not None:
        raise InputError(f"{archive}: {extra!r} is in it and not in its manifest: somebody added it")
    return len(told)
