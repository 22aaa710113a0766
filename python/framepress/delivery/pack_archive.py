"""One archive file from its members: crash-safe, in threads, the same bytes however many."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from framepress.core.in_order import in_order
from framepress.delivery import pack_tar, pack_zip
from framepress.delivery.manifest_files import SUMS
from framepress.delivery.manifest_text import Entry, lines
from framepress.delivery.pack_members import Member, Portion, contents, digest_of, portions
from framepress.delivery.pack_tar import TarPacker, gzip_member, zstd_frame
from framepress.delivery.pack_zip import ZipPacker
from framepress.errors import OptionError, OutputError, require
from framepress.storage.durable import sync_file
from framepress.storage.output import refused

__all__ = ["KINDS", "Kind", "Packer", "kind_of", "unfinished", "write_archive"]


class Packer(Protocol):
    """One kind of archive. `press` runs in threads and depends on its arguments alone; the others run in order."""

    def press(self, portion: Portion, contents: list[bytes]) -> Any: ...

    def write(self, out: BinaryIO, portion: Portion, contents: list[bytes], pressed: Any) -> None: ...

    def end(self, out: BinaryIO) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Kind:
    """Args:
    suffixes: of file names, in lower case; the first is the usual one.
    make: a packer of this level.
    overhead: bytes at most that a member takes beside its content.
    levels: least and most; None where nothing is compressed.
    extra: module and extra that it needs.
    links: whether it knows several names of one file.
    """

    suffixes: tuple[str, ...]
    make: Callable[[int], Packer]
    overhead: Callable[[Member], int]
    level: int = 0
    levels: tuple[int, int] | None = None
    extra: tuple[str, str] | None = None
    links: bool = True

    def packer(self, level: int | None) -> Packer:
        """Raises:
        OptionError: a level that there is not.
        ImportError: what it needs is not installed.
        """
        if level is not None and (self.levels is None or not self.levels[0] <= level <= self.levels[1]):
            there = "has no levels" if self.levels is None else "has the levels {} to {}".format(*self.levels)
            raise OptionError(f"level {level}: {self.suffixes[0]} {there}")
        if self.extra is not None:
            require(*self.extra)
        return self.make(self.level if level is None else level)


KINDS = (
    Kind((".zip",), ZipPacker, pack_zip.overhead, 6, (1, 9), links=False),
    Kind((".tar.gz", ".tgz"), lambda level: TarPacker(gzip_member, level, 0), pack_tar.overhead, 6, (1, 9)),
    Kind(
        (".tar.zst", ".tzst"),
        lambda level: TarPacker(zstd_frame, level, 1),
        pack_tar.overhead,
        3,
        (1, 19),
        ("zstandard", "pack"),
    ),
    Kind((".tar",), lambda level: TarPacker(None), pack_tar.overhead),
)


def kind_of(target: Path) -> tuple[Kind, str]:
    """The kind of archive that a file's name asks for, and its suffix as it is written there.

    Raises:
        OptionError: none.
    """
    for kind in KINDS:
        for suffix in kind.suffixes:
            if target.name.lower().endswith(suffix) and len(target.name) > len(suffix):
                return kind, target.name[-len(suffix) :]
    known = ", ".join(kind.suffixes[0] for kind in KINDS)
    raise OptionError(f"{target}: the name of an archive ends in one of {known}")


def unfinished(target: Path) -> Path:
    """Where an archive is written before it has its name."""
    return target.with_name(f".{target.name}.part")


@contextmanager
def write_archive(
    target: Path,
    members: Sequence[Member],
    packer: Packer,
    *,
    prefix: str,
    workers: int,
    on_file: Callable[[int], None],
) -> Iterator[Path]:
    """Write all members, and last a manifest of them; within the block the archive is whole and durable, but not named.

    The block ends without an error: `target` appears. The caller holds a lock, so that what an interrupted run left
    beside is nobody's.

    Raises:
        InputError: a file changed or cannot be read.
        OutputError: the target exists, or the disk refused.
    """
    part = unfinished(target)
    try:
        with _created(part) as out, tempfile.NamedTemporaryFile(prefix="framepress-") as sums:
            for entries in _written(out, members, prefix, packer, workers):
                sums.write(lines(entries))
                on_file(len(entries))
            sums.flush()
            status = os.fstat(sums.fileno())
            own = Member(prefix + SUMS, Path(sums.name), status.st_size, status.st_mtime_ns)
            for _ in _written(out, [own], prefix, packer, 1):
                pass
            packer.end(out)
            out.flush()
            sync_file(out.fileno())
        yield part
        _name(part, target)
    except OSError as error:
        raise refused(target, "written", error) from error
    finally:
        packer.close()
        with suppress(OSError):
            os.unlink(part)


def _created(part: Path) -> BinaryIO:
    with suppress(FileNotFoundError):
        os.unlink(part)
    return open(part, "xb", buffering=1 << 20)


def _written(
    out: BinaryIO, members: Sequence[Member], prefix: str, packer: Packer, workers: int
) -> Iterator[list[Entry]]:
    """Writes them; gives each file's entry of the manifest once the file is in."""

    def worked(portion: Portion) -> tuple[Portion, list[bytes], Any, list[str]]:
        found = contents(portion)
        digests = [digest_of(content) for content in found] if portion.whole else []
        return portion, found, packer.press(portion, found), digests

    targets = {member.same_as for member in members if member.same_as}
    known: dict[str, str] = {}
    digest = hashlib.sha256()
    for portion, found, pressed, digests in in_order(worked, portions(members), workers):
        packer.write(out, portion, found, pressed)
        if not portion.whole:
            digest.update(found[0])
            if not portion.last:
                continue
            digests = [digest.hexdigest()]
            digest = hashlib.sha256()
        entries = []
        for member, sha256 in zip(portion.members, digests, strict=True):
            if member.name in targets:
                known[member.name] = sha256
            told = known[member.same_as] if member.same_as else sha256
            entries.append(Entry(member.name.removeprefix(prefix), member.size, told))
        yield entries


_NO_LINK = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EACCES}


def _name(part: Path, target: Path) -> None:
    """Gives the archive its name, never over something, and makes the name durable."""
    try:
        os.link(part, target)
    except FileExistsError as error:
        raise OutputError(f"{target}: exists already and is not overwritten; name another file") from error
    except OSError as error:
        if error.errno not in _NO_LINK or os.path.lexists(target):
            raise
        os.rename(part, target)  # a file system without hard links
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
