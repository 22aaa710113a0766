"""Tar (POSIX.1-2001, pax where a name or size needs it), plain or in compressed pieces that are read as one stream.

Each portion is a gzip member (RFC 1952) or a zstd frame (RFC 8878) of its own, which is what lets threads compress
them side by side to the same bytes; `gzip`, `zstd` and every tar that calls them read on across their borders.
Entries have the time 1980-01-01, mode 0644, and no owner.
"""

from __future__ import annotations

import struct
import tarfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

from framepress.delivery.pack_members import Member, Portion, compressed_already
from framepress.errors import require

__all__ = ["TarPacker", "gzip_member", "overhead", "zstd_frame"]

_TIME_S = 315_532_800  # 1980-01-01; GNU tar warns of 1970
_GZIP = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, no system

Codec = Callable[[bytes, int], bytes]
"""From a portion's bytes and the level to what is written."""


def gzip_member(content: bytes, level: int) -> bytes:
    stream = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = stream.compress(content) + stream.flush()
    return b"".join((_GZIP, packed, struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)))


def zstd_frame(content: bytes, level: int) -> bytes:
    """One thread a frame: zstd itself gives other bytes for one thread than for several."""
    zstandard = require("zstandard", extra="pack")
    packed: bytes = zstandard.ZstdCompressor(level=level, write_checksum=True).compress(content)
    return packed


class TarPacker:
    """`pack_archive.Packer`.

    Args:
        codec: None for a plain tar.
        media_level: for portions of files that are compressed already; 0 wraps them as they are.
    """

    def __init__(self, codec: Codec | None, level: int = 0, media_level: int = 0) -> None:
        self._codec, self._level, self._media_level = codec, level, media_level
        self._size = 0

    def press(self, portion: Portion, contents: list[bytes]) -> tuple[list[bytes], int]:
        """What is written, and how much of the tar it is."""
        pieces = []
        for member, content in zip(portion.members, contents, strict=True):
            if portion.first:
                pieces.append(_header(member))
            pieces.append(content)
            if portion.last:
                pieces.append(bytes(-member.content_size % tarfile.BLOCKSIZE))
        size = sum(map(len, pieces))
        if self._codec is None:
            return pieces, size
        level = self._media_level if compressed_already(portion.members[0].name) else self._level
        return [self._codec(b"".join(pieces), level)], size

    def write(self, out: BinaryIO, portion: Portion, contents: list[bytes], pressed: tuple[list[bytes], int]) -> None:
        packed, size = pressed
        out.writelines(packed)
        self._size += size

    def end(self, out: BinaryIO) -> None:
        """Two empty blocks, and as many as fill a record."""
        blank = 2 * tarfile.BLOCKSIZE
        blank += -(self._size + blank) % tarfile.RECORDSIZE
        out.write(bytes(blank) if self._codec is None else self._codec(bytes(blank), self._level))

    def close(self) -> None:
        pass


def overhead(member: Member) -> int:
    """Bytes at most of a member's headers, padding and share of a compressed piece."""
    return len(_header(member)) + tarfile.BLOCKSIZE + 64


def _header(member: Member) -> bytes:
    entry = tarfile.TarInfo(member.name)
    entry.size, entry.mtime, entry.mode = member.content_size, _TIME_S, 0o644
    if member.same_as:
        entry.type, entry.linkname = tarfile.LNKTYPE, member.same_as
    return entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")
