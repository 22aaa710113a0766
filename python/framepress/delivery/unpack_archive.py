"""The entries of an archive one after the other, whoever made it: zip, or tar plain, in gzip or in zstd.

Read with the standard library (zstd: `zstandard`), so that what our packers write has a reader that shares no code with
them. Nothing that an archive says of itself is believed before it has been read.
"""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from framepress.core.files import open_file
from framepress.errors import InputError, require

__all__ = ["Item", "items"]

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPED = 0x184D2A50
_BLOCK = 1 << 16  # tarfile copies what is left of a block with every read
_LONGEST_HEADER = 1 << 20
_LONGEST_END = 1 << 24
_LONGEST_TAIL = 1 << 17
_LARGEST_DIRECTORY = 1 << 29
_LARGEST_WINDOW = 1 << 27  # bytes of memory that a frame may ask for: zstd's own limit without --long
_EXTENDED = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME}
_EXTENDED |= {tarfile.GNUTYPE_LONGLINK}


class Item(NamedTuple):
    """An entry. `blocks` are its content, to be read before the next one is asked for; None for a folder, or where
    `same_as` names an earlier entry whose content it has.
    """

    name: str
    blocks: Iterator[bytes] | None
    same_as: str = ""


def items(archive: Path) -> Iterator[Item]:
    """The entries, as they stand in the archive; names are not judged here.

    Raises:
        InputError: no archive that is known, a damaged one, an entry that is neither file nor folder (symbolic link,
            device, pipe), or one that is encrypted.
        ImportError: zstd, and `zstandard` is not installed.
    """
    with open_file(archive) as stream:
        head = stream.read(512)
        stream.seek(0)
        with _reading(archive):
            if head.startswith(_ZIP):
                yield from _zipped(stream, archive)
            elif head.startswith(_GZIP):
                yield from _tarred(cast(IO[bytes], gzip.GzipFile(fileobj=stream)), archive)
            elif head.startswith(_ZSTD):
                yield from _tarred(_zstd(stream), archive)
            elif head[257:262] == b"ustar" or (len(head) == 512 and not any(head)):
                yield from _tarred(stream, archive)
            else:
                raise InputError(f"{archive}: is no zip, tar, tar.gz or tar.zst: it begins with {head[:12]!r}")


@contextmanager
def _reading(archive: Path) -> Iterator[None]:
    damage: tuple[type[Exception], ...] = (
        tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError,
        RuntimeError, NotImplementedError, KeyError, IndexError,
    )  # fmt: skip
    try:
        yield
    except damage as error:
        raise InputError(f"{archive}: cannot be read: {error or type(error).__name__}; fetch it again") from error


def _blocks(stream: IO[bytes], archive: Path) -> Iterator[bytes]:
    with _reading(archive):
        while block := stream.read(_BLOCK):
            yield block


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    zstandard = require("zstandard", extra="pack")
    _check_frames(stream)
    reader = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).stream_reader(stream, read_across_frames=True)
    return cast(IO[bytes], io.BufferedReader(_Converted(reader, zstandard.ZstdError), _BLOCK))


def _check_frames(stream: IO[bytes]) -> None:
    """That a zstd stream ends where a frame ends, which its reader does not ask (RFC 8878, 3.1).

    Raises:
        EOFError: it does not.
    """
    size = stream.seek(0, io.SEEK_END)
    at = 0

    def number(length: int) -> int:
        nonlocal at
        stream.seek(at)
        found = stream.read(length)
        at += length
        if len(found) < length:
            raise EOFError("it ends within a frame")
        return int.from_bytes(found, "little")

    while at < size:
        magic = number(4)
        if magic & ~0xF == _SKIPPED:
            at += number(4)
            continue
        if magic != int.from_bytes(_ZSTD, "little"):
            raise EOFError("what follows a frame is none")
        about = number(1)
        single, summed = about >> 5 & 1, about >> 2 & 1
        at += (1 - single) + (0, 1, 2, 4)[about & 3] + (single, 2, 4, 8)[about >> 6]
        last = False
        while not last:
            block = number(3)
            last = bool(block & 1)
            at += 1 if block >> 1 & 3 == 1 else block >> 3  # one byte, repeated
        at += 4 * summed
    if at > size:
        raise EOFError("it ends within a frame")
    stream.seek(0)


class _Converted(io.RawIOBase):
    """A zstd reader whose errors are OSErrors, as gzip's are."""

    def __init__(self, reader: Any, error: type[Exception]) -> None:
        self._reader, self._error = reader, error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            return int(self._reader.readinto(buffer))
        except self._error as error:
            raise OSError(str(error)) from error


def _check_directory(stream: IO[bytes], archive: Path) -> None:
    """The directory of a zip is read as a whole, and takes ten times its size in memory (APPNOTE 4.3.14, 4.3.16)."""
    size = stream.seek(0, io.SEEK_END)
    start = stream.seek(max(0, size - _LONGEST_TAIL))
    tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    stated = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    wide = tail.rfind(b"PK\x06\x06", 0, max(at, 0))
    if wide >= 0:
        stated = max(stated % 0xFFFFFFFF, int.from_bytes(tail[wide + 40 : wide + 48], "little"))
    if stated > _LARGEST_DIRECTORY:
        raise InputError(f"{archive}: lists its files in {stated} bytes at {start + at}, above {_LARGEST_DIRECTORY}")
    stream.seek(0)


def _zipped(stream: IO[bytes], archive: Path) -> Iterator[Item]:
    _check_directory(stream, archive)
    with zipfile.ZipFile(stream) as opened:
        for entry in opened.infolist():
            where = f"{archive}: {entry.orig_filename!r}"
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise _refused(where, "a symbolic link" if kind == stat.S_IFLNK else "a device or pipe")
            if entry.flag_bits & 1:
                raise InputError(f"{where}: is encrypted; unpack it with the tool that has the password")
            if entry.filename != entry.orig_filename:
                raise InputError(f"{where}: is no name of a file")
            if entry.is_dir():
                yield Item(entry.filename.rstrip("/"), None)
                continue
            with opened.open(entry) as content:
                yield Item(entry.filename, _blocks(content, archive))


def _tarred(stream: IO[bytes], archive: Path) -> Iterator[Item]:
    ended = False
    ahead = lasting = 0  # bytes of headers that stand before one entry, and of those that hold for all that follow

    class Header(tarfile.TarInfo):
        """Refuses what tarfile would read into memory before it shows an entry."""

        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Any:
            nonlocal ended, ahead, lasting
            ended = len(buf) == tarfile.BLOCKSIZE and not any(buf)
            entry = super().frombuf(buf, encoding, errors)
            if entry.type == tarfile.GNUTYPE_SPARSE:
                raise _sparse(entry.name)
            ahead = ahead + tarfile.BLOCKSIZE + entry.size if entry.type in _EXTENDED else 0
            lasting += entry.size if entry.type == tarfile.XGLTYPE else 0
            if max(ahead, lasting) > _LONGEST_HEADER:
                raise InputError(f"{archive}: {max(ahead, lasting)} bytes of headers: this is no archive of files")
            return entry

        def _proc_gnusparse_10(self, next: tarfile.TarInfo, *_: object) -> None:
            raise _sparse(next.name)  # its map stands in the content, as long as it likes

    def _sparse(name: str) -> InputError:
        return InputError(f"{archive}: {name!r}: is a sparse file; pack it again without `--sparse`")

    with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK, tarinfo=Header, encoding="utf-8") as opened:
        while (entry := opened.next()) is not None:
            cast(Any, opened).members = []  # it remembers every one
            where = f"{archive}: {entry.name!r}"
            name = entry.name.removesuffix("/").removeprefix("./")  # as `tar -c .` writes them
            if entry.isdir():
                if name != ".":
                    yield Item(name, None)
            elif entry.islnk():
                yield Item(name, None, same_as=entry.linkname.removeprefix("./"))
            elif not entry.isreg():
                raise _refused(where, "a symbolic link" if entry.issym() else "a device or pipe")
            elif entry.sparse is not None:
                raise _sparse(entry.name)
            else:
                content = opened.extractfile(entry)
                assert content is not None
                yield Item(name, _blocks(content, archive))
        if not ended:
            raise InputError(f"{archive}: ends without the empty blocks that end a tar; fetch it again")
        _read_on(stream, archive)


def _read_on(stream: IO[bytes], archive: Path) -> None:
    """What follows the end is padding; the check sum of the compressed stream stands behind it."""
    left = _LONGEST_END
    while block := stream.read(_BLOCK):
        left -= len(block)
        if left < 0:
            raise InputError(f"{archive}: more than {_LONGEST_END} bytes follow the end of the tar in it")


def _refused(where: str, what: str) -> InputError:
    return InputError(f"{where}: is {what}, which could lead anywhere: pack the file itself")
