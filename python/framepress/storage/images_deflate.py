"""zlib streams (RFC 1950) for rows of bytes that are either noise or long runs, each coded by what suits it.

Noise goes to our own Huffman coder (`images_huffman`): no search for repeats pays there. Runs go to zlib's RLE
strategy, or to Intel ISA-L (module isal, extra `fast`), which needs a quarter of the time.
"""

from __future__ import annotations

import zlib
from typing import Any

from framepress.core.arrays import Array
from framepress.storage import images_backend
from framepress.storage.images_huffman import HuffmanCode, HuffmanWriter
from framepress.storage.images_sparse import Sparse

__all__ = ["Stream"]

# Of ISA-L's levels the first that makes its own Huffman codes; level 0 has one fixed code, made for text.
ISAL_LEVEL = 1

_ZLIB_HEADER = b"\x78\x01"  # deflate, 32 KiB window, least effort
_LAST_BLOCK = b"\x03\x00"  # an empty one


class Stream:
    """One zlib stream under construction; blocks are uint8, one dimension, contiguous.

    Stretches of noise and of runs follow each other, each from one byte boundary to the next. Every stretch of runs
    starts with an empty window, because its matches must not reach back over bytes that its coder has not seen.
    """

    def __init__(self) -> None:
        self._parts = [_ZLIB_HEADER]
        self._adler = 1
        self._coder = images_backend.coder_module()
        self._noise: HuffmanWriter | None = None
        self._runs: Any = None  # a compressobj; its type has no public name

    def noise(self, block: Array, code: HuffmanCode) -> None:
        """Add a block in which little repeats; `code` was made for such bytes."""
        self._adler = self._coder.adler32(block.data, self._adler)
        if self._noise is None:
            self._end_stretch()
            self._noise = HuffmanWriter(code)
        self._noise.write(block)

    def runs(self, block: Array) -> None:
        """Add a block with long runs of one byte."""
        self._adler = self._coder.adler32(block.data, self._adler)
        if self._runs is None:
            self._end_stretch()
            self._runs = self._compressor()
        self._parts.append(self._runs.compress(block.data))

    def zeros(self, block: Sparse) -> None:
        """Add a block that is nearly all zero, of which only the rest is looked at."""
        self._adler = block.adler32(self._adler)
        self._end_stretch()
        self._parts.append(block.block())

    def finish(self) -> bytes:
        """The whole stream; nothing can be added after it."""
        self._end_stretch()
        return b"".join([*self._parts, _LAST_BLOCK, self._adler.to_bytes(4, "big")])

    def _end_stretch(self) -> None:
        if self._noise is not None:
            self._parts.append(self._noise.close())
        if self._runs is not None:
            self._parts.append(self._runs.flush(zlib.Z_SYNC_FLUSH))
        self._noise = self._runs = None

    def _compressor(self) -> Any:
        if self._coder is zlib:
            return zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
        return self._coder.compressobj(ISAL_LEVEL, zlib.DEFLATED, -15)
