"""ZIP (PKWARE APPNOTE 6.3.10): compressed media stored, everything else deflated; ZIP64 where sizes ask for it.

Entries carry no times (1 January 1980), mode 0644, and no owner; names are UTF-8.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
import zlib
from typing import BinaryIO, NamedTuple

from framepress.delivery.pack_members import Member, Portion, compressed_already

__all__ = ["ZipPacker", "overhead"]

_STORED, _DEFLATED = 0, 8
_DATE = 33  # 1980-01-01
_LIMIT = 0xFFFFFFFF
_MARGIN = 1 << 24  # what deflate may add to a file that it cannot make smaller, and to spare
_MOST_ENTRIES = 0xFFFF
_UNIX = 3 << 8
_MODE = 0o100644 << 16
_SPOOLED = 1 << 24


class _Entry(NamedTuple):
    name: bytes
    method: int
    crc: int
    packed: int
    size: int

    @property
    def wide(self) -> bool:
        return self.size >= _LIMIT - _MARGIN

    def header(self) -> bytes:
        """The local header, of a length that depends on name and size alone."""
        extra = struct.pack("<HHQQ", 1, 16, self.size, self.packed) if self.wide else b""
        sizes = (_LIMIT, _LIMIT) if self.wide else (self.packed, self.size)
        fields = (0x04034B50, _version(self.wide), _flags(self.name), self.method, 0, _DATE, self.crc, *sizes)
        return struct.pack("<IHHHHHIIIHH", *fields, len(self.name), len(extra)) + self.name + extra

    def listed(self, offset: int) -> bytes:
        """The entry of the central directory."""
        far = offset >= _LIMIT
        values = [self.size, self.packed] * self.wide + [offset] * far
        extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
        version = _version(self.wide or far)
        sizes = (_LIMIT, _LIMIT) if self.wide else (self.packed, self.size)
        return struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, _UNIX | version, version, _flags(self.name), self.method, 0, _DATE,
            self.crc, *sizes, len(self.name), len(extra), 0, 0, 0, _MODE, _LIMIT if far else offset,
        ) + self.name + extra  # fmt: skip


class ZipPacker:
    """`pack_archive.Packer`."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._directory = tempfile.SpooledTemporaryFile(_SPOOLED)
        self._count = 0
        self._open: _Entry | None = None  # a member that comes in slices
        self._at = 0

    def press(self, portion: Portion, contents: list[bytes]) -> tuple[bytes, list[_Entry]]:
        """Whole members: header and content each, and their entries. A slice: its part of the content."""
        if not portion.whole:
            return self._slice(portion, contents[0]), []
        pieces: list[bytes] = []
        entries = []
        for member, content in zip(portion.members, contents, strict=True):
            method, packed = _STORED, content
            if content and not compressed_already(member.name):
                deflated = _deflated(content, self._level, zlib.Z_FINISH)
                method, packed = (_DEFLATED, deflated) if len(deflated) < len(content) else (_STORED, content)
            entry = _Entry(member.name.encode(), method, zlib.crc32(content), len(packed), len(content))
            entries.append(entry)
            pieces += (entry.header(), packed)
        return b"".join(pieces), entries

    def _slice(self, portion: Portion, content: bytes) -> bytes:
        if _method(portion.members[0]) == _STORED:
            return content
        return _deflated(content, self._level, zlib.Z_FINISH if portion.last else zlib.Z_SYNC_FLUSH)

    def write(
        self, out: BinaryIO, portion: Portion, contents: list[bytes], pressed: tuple[bytes, list[_Entry]]
    ) -> None:
        packed, entries = pressed
        if portion.whole:
            at = out.tell()
            for entry in entries:
                self._list(entry, at)
                at += len(entry.header()) + entry.packed
            out.write(packed)
            return
        member = portion.members[0]
        if self._open is None:
            self._at = out.tell()
            self._open = _Entry(member.name.encode(), _method(member), 0, 0, member.size)
            out.write(self._open.header())
        crc = zlib.crc32(contents[0], self._open.crc)
        self._open = self._open._replace(crc=crc, packed=self._open.packed + len(packed))
        out.write(packed)
        if portion.last:
            end = out.tell()
            out.seek(self._at)
            out.write(self._open.header())
            out.seek(end)
            self._list(self._open, self._at)
            self._open = None

    def _list(self, entry: _Entry, offset: int) -> None:
        self._directory.write(entry.listed(offset))
        self._count += 1

    def end(self, out: BinaryIO) -> None:
        start, size = out.tell(), self._directory.tell()
        self._directory.seek(0)
        shutil.copyfileobj(self._directory, out, 1 << 20)
        if self._count >= _MOST_ENTRIES or start >= _LIMIT or size >= _LIMIT:
            fields = (0x06064B50, 44, _UNIX | 45, 45, 0, 0, self._count, self._count, size, start)
            out.write(struct.pack("<IQHHIIQQQQ", *fields))
            out.write(struct.pack("<IIQI", 0x07064B50, 0, start + size, 1))
        count = min(self._count, _MOST_ENTRIES)
        out.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, min(size, _LIMIT), min(start, _LIMIT), 0))

    def close(self) -> None:
        self._directory.close()


def overhead(member: Member) -> int:
    """Bytes at most of a member's two headers."""
    return 2 * len(member.name.encode()) + 160


def _method(member: Member) -> int:
    return _STORED if compressed_already(member.name) else _DEFLATED


def _deflated(content: bytes, level: int, flush: int) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    return stream.compress(content) + stream.flush(flush)


def _version(wide: bool) -> int:
    return 45 if wide else 20


def _flags(name: bytes) -> int:
    return 0 if name.isascii() else 0x800
