"""zlib streams (RFC 1950) for rows of bytes, as fast as what is installed allows.

Two backends give different bytes for the same content, never different content: "isal" (Intel ISA-L, with the extra
`fast`) and "zlib" (the standard library, with numpy's Huffman coder for content where matches find nothing).
"""

from __future__ import annotations

import importlib.util
import os
import zlib
from functools import cache
from typing import Any, Protocol

from framepress.core.arrays import Array
from framepress.errors import require
from framepress.storage.images_huffman import HuffmanCode, HuffmanWriter

__all__ = ["Stream", "backend", "stream"]

# The level of ISA-L that looks for matches and still runs at full speed; level 0 has one fixed code, made for text.
ISAL_LEVEL = 1

_ZLIB_HEADER = b"\x78\x01"  # deflate, 32 KiB window, least effort
_LAST_BLOCK = b"\x03\x00"  # an empty one


class Stream(Protocol):
    """One zlib stream under construction; blocks are uint8, one dimension, contiguous."""

    def noise(self, block: Array, code: HuffmanCode) -> None:
        """Add a block in which nothing repeats; `code` suits its bytes (and may be ignored)."""

    def runs(self, block: Array) -> None:
        """Add a block with long runs of one byte."""

    def finish(self) -> bytes:
        """The whole stream; nothing can be added after it."""


@cache
def _isal_installed() -> bool:
    return importlib.util.find_spec("isal") is not None


def backend() -> str:
    """Which encoder is active: "isal" where it is installed, else "zlib"; FRAMEPRESS_BACKEND=numpy asks for "zlib"."""
    if os.environ.get("FRAMEPRESS_BACKEND") == "numpy" or not _isal_installed():
        return "zlib"
    return "isal"


def stream() -> Stream:
    """A new zlib stream by the active backend."""
    return _IsalStream() if backend() == "isal" else _ZlibStream()


class _IsalStream:
    def __init__(self) -> None:
        isal_zlib = require("isal.isal_zlib", extra="fast")
        self._compressor = isal_zlib.compressobj(ISAL_LEVEL, isal_zlib.DEFLATED, 15)
        self._parts: list[bytes] = []

    def runs(self, block: Array) -> None:
        self._parts.append(self._compressor.compress(block.data))

    def noise(self, block: Array, code: HuffmanCode) -> None:
        self.runs(block)

    def finish(self) -> bytes:
        return b"".join([*self._parts, self._compressor.flush()])


class _ZlibStream:
    """Deflate blocks from numpy and from zlib in turn, each stretch of them starting at a byte boundary.

    A new stretch from zlib starts with an empty window, because its matches must not reach over one from numpy.
    """

    def __init__(self) -> None:
        self._parts = [_ZLIB_HEADER]
        self._adler = 1
        self._literals: HuffmanWriter | None = None
        self._matches: Any = None  # zlib.compressobj's type has no public name

    def noise(self, block: Array, code: HuffmanCode) -> None:
        self._adler = zlib.adler32(block.data, self._adler)
        if self._literals is None:
            self._end_stretch()
            self._literals = HuffmanWriter(code)
        self._literals.write(block)

    def runs(self, block: Array) -> None:
        self._adler = zlib.adler32(block.data, self._adler)
        if self._matches is None:
            self._end_stretch()
            self._matches = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
        self._parts.append(self._matches.compress(block.data))

    def finish(self) -> bytes:
        self._end_stretch()
        return b"".join([*self._parts, _LAST_BLOCK, self._adler.to_bytes(4, "big")])

    def _end_stretch(self) -> None:
        if self._literals is not None:
            self._parts.append(self._literals.close())
        if self._matches is not None:
            self._parts.append(self._matches.flush(zlib.Z_SYNC_FLUSH))
        self._literals = self._matches = None
