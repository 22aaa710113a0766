"""Many small contents in one file that is written once.

"FPPACK\\x00\\x01"                               8 bytes
contents                                       one behind the other, as they are
index                                          n sha256 of 32 bytes, ascending; n offsets, then n sizes, 64 bit
n (64 bit), sha256 of the index, "\\x01FPINDEX"  48 bytes

Numbers are little-endian; offsets count from the file's first byte. A pack's name is its index's sha256, which stands
for all that is in it. Whoever has the last `FOOTER` bytes knows where the index is, and whoever has the index can read
any content by its range: a pack far away is used without being fetched.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from framepress.errors import InputError

__all__ = ["FOOTER", "HEADER", "Pack", "PackWriter", "index_range"]

HEADER = b"FPPACK\x00\x01"
FOOTER = 48
_END = b"\x01FPINDEX"
_ENTRY = 48  # bytes of the index a content: 32 + 8 + 8


class PackWriter:
    """Writes a pack to a stream that stands at its beginning. For one thread.

    What was added is readable once `finish` has returned and the stream is flushed; making it durable and giving it its
    name is the caller's.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._found: dict[bytes, tuple[int, int]] = {}
        self._end = stream.write(HEADER)

    def __len__(self) -> int:
        """Contents so far."""
        return len(self._found)

    def __contains__(self, id: str) -> bool:
        return bytes.fromhex(id) in self._found

    @property
    def size(self) -> int:
        """Bytes so far, without the index."""
        return self._end

    def add(self, content: bytes, id: str | None = None) -> str:
        """Its sha256. A content that is there already is not written again.

        Args:
            id: its sha256, where that was found out from these very bytes.

        Raises:
            OSError: the stream refused.
        """
        digest = hashlib.sha256(content).digest() if id is None else bytes.fromhex(id)
        if digest not in self._found:
            self._stream.write(content)
            self._found[digest] = self._end, len(content)
            self._end += len(content)
        return digest.hex()

    def finish(self) -> str:
        """Ends the pack; its name.

        Raises:
            ValueError: nothing was added.
        """
        if not self._found:
            raise ValueError("a pack of nothing is not written")
        ids = sorted(self._found)
        offsets, sizes = np.array([self._found[id] for id in ids], "<u8").T
        index = b"".join(ids) + offsets.tobytes() + sizes.tobytes()
        digest = hashlib.sha256(index).digest()
        self._stream.write(index + struct.pack("<Q", len(ids)) + digest + _END)
        return digest.hex()


def index_range(footer: bytes, size: int, where: str) -> tuple[int, int]:
    """Offset and length of the index.

    Args:
        footer: the last `FOOTER` bytes of the pack; `size`: of the whole pack.

    Raises:
        InputError: it is no pack, or not whole.
    """
    count = struct.unpack_from("<Q", footer)[0] if len(footer) == FOOTER else 0
    start = size - FOOTER - count * _ENTRY
    if footer[40:] != _END or not count or start < len(HEADER):
        raise InputError(f"{where}: is no pack, or not whole")
    return start, count * _ENTRY


class Pack:
    """A pack whose index is known. Safe to use from several threads as far as `read_at` is.

    Args:
        name: 64 hex digits.
        index: its bytes.
        start: where the index begins, and the contents end.
        read_at: (offset, length) -> so many bytes of the pack, less only where it ends.

    Raises:
        InputError: the index is damaged.
    """

    def __init__(self, name: str, index: bytes, start: int, read_at: Callable[[int, int], bytes]) -> None:
        self.name = name
        self.index = index
        self._read_at = read_at
        self._count = len(index) // _ENTRY
        if hashlib.sha256(index).hexdigest() != name or len(index) % _ENTRY:
            raise InputError(f"pack {name[:12]}: is damaged: its index has another sha256")
        numbers = np.frombuffer(index, "<u8", offset=32 * self._count).reshape(2, -1)
        self.offsets, self.sizes = numbers
        ids = self.keys
        ends = self.offsets + self.sizes
        inside = (self.offsets >= len(HEADER)) & (ends >= self.offsets) & (ends <= start)
        if not (inside.all() and (ids[1:] > ids[:-1]).all()):
            raise InputError(f"pack {name[:12]}: is no pack that this framepress reads: its index contradicts itself")

    @classmethod
    def open(cls, path: Path | str) -> Pack:
        """A pack on disk, whose file name is its name with any suffix.

        Raises:
            InputError: it cannot be read, or is damaged.
        """
        where = Path(path)

        def read_at(offset: int, length: int) -> bytes:
            with open(where, "rb") as stream:
                stream.seek(offset)
                return stream.read(length)

        try:
            status = os.lstat(where)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{where}: is no regular file, and so no pack; delete it")
            size = status.st_size
            footer = read_at(max(size - FOOTER, 0), FOOTER)
            start, length = index_range(footer, size, str(where))
            name = where.name.partition(".")[0]
            if footer[8:40].hex() != name:
                raise InputError(f"{where}: is damaged, or was renamed: it ends with another name than its own")
            return cls(name, read_at(start, length), start, read_at)
        except OSError as error:
            raise InputError(f"{where}: cannot be read: {error.strerror or error}") from error

    def __len__(self) -> int:
        return self._count

    @property
    def keys(self) -> NDArray[np.bytes_]:
        """The sha256 as 32 bytes each, ascending; (n,) S32, which orders as bytes do.

        Compare it with such arrays only: one of its elements, as bytes, has lost the zeros at its end.
        """
        return np.frombuffer(self.index, "S32", count=self._count)

    def ids(self) -> Iterator[str]:
        """Ascending."""
        for at in range(0, 32 * self._count, 32):
            yield self.index[at : at + 32].hex()

    def range_of(self, id: str) -> tuple[int, int] | None:
        """Offset and size of a content; None where it is not here."""
        key = bytes.fromhex(id)
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self.index[32 * middle : 32 * middle + 32] < key:
                low = middle + 1
            else:
                high = middle
        if low == self._count or self.index[32 * low : 32 * low + 32] != key:
            return None
        return int(self.offsets[low]), int(self.sizes[low])

    def read(self, id: str) -> bytes:
        """The content, checked.

        Raises:
            KeyError: it is not here.
            InputError: it is damaged, or the pack cannot be read.
        """
        found = self.range_of(id)
        if found is None:
            raise KeyError(id)
        try:
            content = self._read_at(*found)
        except OSError as error:
            raise InputError(f"pack {self.name[:12]}: cannot be read: {error.strerror or error}") from error
        if hashlib.sha256(content).hexdigest() != id:
            raise InputError(f"pack {self.name[:12]}: content {id[:12]} in it is damaged: it has another sha256")
        return content
