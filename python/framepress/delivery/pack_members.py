"""What goes into an archive, and in which portions: a function of names and sizes alone, so that bytes never depend on
how many threads work on them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.paths import checked

__all__ = [
    "BLOCK",
    "IMAGES",
    "Member",
    "Portion",
    "compressed_already",
    "contents",
    "digest_of",
    "linked",
    "parts",
    "portions",
]

BLOCK = 1 << 22
"""Bytes of a portion: long enough to be compressed as well as a whole file, short enough for eight in memory."""
IMAGES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".exr"))

_MOST_FILES = 1024
_COMPRESSED = frozenset(
    ".png .jpg .jpeg .webp .gif .avif .jxl .mp4 .mkv .webm .mov .gz .tgz .zst .xz .bz2 .zip .7z .npz".split()
)


class Member(NamedTuple):
    """A file: its name in the archive, where it lies, and what it was when the folder was listed.

    `shared` is equal for names of one file; `same_as` is the member before it whose content it has, and then it is
    packed as a link to that.
    """

    name: str
    path: Path
    size: int
    mtime_ns: int
    shared: tuple[int, int] | None = None
    same_as: str = ""

    @property
    def content_size(self) -> int:
        """Bytes of it that are packed."""
        return 0 if self.same_as else self.size


class Portion(NamedTuple):
    """One thread's work: whole files, or `length` bytes of one from `offset` on."""

    members: tuple[Member, ...]
    whole: bool
    offset: int = 0
    length: int = 0

    @property
    def first(self) -> bool:
        return self.offset == 0

    @property
    def last(self) -> bool:
        return self.whole or self.offset + self.length == self.members[0].size


def compressed_already(name: str) -> bool:
    """Whether a file's extension says that nothing is gained by compressing it once more."""
    return os.path.splitext(name)[1].lower() in _COMPRESSED


def portions(members: Iterable[Member]) -> Iterator[Portion]:
    """Neighbours of one kind together, up to `BLOCK`; a larger file in slices of it."""
    group: list[Member] = []
    room = BLOCK
    for member in members:
        same = not group or compressed_already(group[0].name) == compressed_already(member.name)
        if group and (not same or member.content_size > room or len(group) == _MOST_FILES):
            yield Portion(tuple(group), whole=True)
            group, room = [], BLOCK
        if member.content_size > BLOCK:
            for offset in range(0, member.size, BLOCK):
                yield Portion((member,), False, offset, min(BLOCK, member.size - offset))
        else:
            group.append(member)
            room -= member.content_size
    if group:
        yield Portion(tuple(group), whole=True)


def contents(portion: Portion) -> list[bytes]:
    """The bytes of a portion, file by file.

    Raises:
        InputError: a file cannot be read, or is not what it was when the folder was listed.
    """
    return [_read(member, portion.offset, None if portion.whole else portion.length) for member in portion.members]


def _read(member: Member, offset: int, length: int | None) -> bytes:
    wanted = member.content_size if length is None else length
    if member.same_as:
        return b""
    try:
        descriptor = os.open(member.path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            if offset:
                os.lseek(descriptor, offset, os.SEEK_SET)
            pieces, left = [], wanted
            while left and (piece := os.read(descriptor, left)):
                pieces.append(piece)
                left -= len(piece)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{member.path}: cannot be read: {error.strerror or error}") from error
    if left or (after.st_size, after.st_mtime_ns) != (member.size, member.mtime_ns):
        raise InputError(f"{member.path}: changed while it was packed; pack once nothing writes to the dataset")
    return b"".join(pieces)


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def parts(members: Sequence[Member], max_bytes: int | None, overhead: Callable[[Member], int]) -> list[list[Member]]:
    """Members in archives of at most `max_bytes` each, in their order; one archive where there is no limit.

    Args:
        overhead: bytes that a member takes beside its content.

    Raises:
        OptionError: a file alone is above the limit.
        OutputError: a name that could not be unpacked everywhere.
    """
    for member in members:
        checked(member.name, error=OutputError)
    if max_bytes is None:
        return [list(members)]
    made: list[list[Member]] = [[]]
    room = whole = max_bytes - _FRAME
    for member in members:
        # What cannot be compressed grows by 1/3000, and each has a line in the manifest.
        most = member.size + (member.size >> 10) + 128 + len(member.name.encode()) + overhead(member)
        if most > whole:
            raise OptionError(
                f"{member.path}: has {member.size} bytes, which no archive of {max_bytes} can hold; "
                f"allow at least {most + _FRAME}"
            )
        if most > room:
            made.append([])
            room = whole
        made[-1].append(member)
        room -= most
    return made


def linked(members: Sequence[Member]) -> list[Member]:
    """The members of one archive, with names of one file as links to the first of them; small files as they are."""
    first: dict[tuple[int, int], str] = {}
    made = []
    for member in members:
        if member.shared is not None and member.size >= _LINKED_FROM:
            name = first.setdefault(member.shared, member.name)
            member = member._replace(same_as="" if name == member.name else name)
        made.append(member)
    return made


_LINKED_FROM = 4096
"""Bytes: below, a link's own header takes as much, and the sizes that `parts` counts on would not hold."""
_FRAME = 1 << 15
"""Bytes that an archive has beside its members, and to spare."""
