"""Huffman coding of bytes into deflate blocks (RFC 1951, section 3.2) where looking for repeats does not pay.

zlib needs about 6 ns a byte for that; `images_kernels.pack` does it for whole bands at once.
"""

from __future__ import annotations

from functools import cached_property
from heapq import heapify, heappop, heapreplace

import numpy as np

from framepress.core.arrays import Array
from framepress.storage import images_backend, images_kernels
from framepress.storage.images_kernels import CODE_BITS

__all__ = ["HuffmanCode", "HuffmanWriter"]

END_OF_BLOCK = 256
MAX_BITS = 13  # so that two codes and their length fit 32 bits, and four codes a word
_COUNTS_FLOOR = 1 << MAX_BITS  # no symbol is taken to be rarer than one in this many


# Deflate packs the first bit of a code lowest.
_REVERSED = np.array([int(format(value, f"0{MAX_BITS}b")[::-1], 2) for value in range(1 << MAX_BITS)])
_REVERSED_NIBBLE = _REVERSED[:16] >> (MAX_BITS - 4)


def _code_lengths(counts: list[int]) -> list[int]:
    """Length of the Huffman code of each of 2 to 512 symbols, by their counts."""
    nodes = len(counts)
    heap = [count << 10 | symbol for symbol, count in enumerate(counts)]
    heapify(heap)
    parent = [0] * (2 * nodes - 1)
    for node in range(nodes, len(parent)):
        least = heappop(heap)
        second = heap[0]
        parent[least & 1023] = parent[second & 1023] = node
        heapreplace(heap, ((least >> 10) + (second >> 10)) << 10 | node)
    depth = [0] * len(parent)
    for node in range(len(parent) - 2, -1, -1):
        depth[node] = depth[parent[node]] + 1
    return depth[:nodes]


def _canonical_codes(lengths: Array) -> Array:
    """Codes in the canonical order of RFC 1951, 3.2.2, first bit lowest."""
    order = np.argsort(lengths, kind="stable")
    share = (1 << MAX_BITS) >> lengths[order]  # of all codes of `MAX_BITS` bits, those that begin with this one
    codes = np.empty_like(lengths)
    codes[order] = _REVERSED[np.cumsum(share) - share]
    return codes


class HuffmanCode:
    """A code for the 256 literals, the end of the block and, where wanted, the run lengths; none longer than 13 bits.

    `counts`: how often each symbol of RFC 1951, 3.2.5 is expected: (256,) for literals alone, (286,) with run lengths.
    A sample will do, since every symbol gets a code.
    """

    def __init__(self, counts: Array) -> None:
        expected = [int(count) + 1 for count in counts]
        expected[END_OF_BLOCK : END_OF_BLOCK + 1] = [1]
        floor = sum(expected) // _COUNTS_FLOOR
        lengths = _code_lengths([max(count, floor) for count in expected])
        while max(lengths) > MAX_BITS:
            floor = 2 * floor + 1
            lengths = _code_lengths([max(count, floor) for count in expected])
        self.lengths = np.array(lengths)
        self.codes = _canonical_codes(self.lengths)

    @cached_property
    def pairs(self) -> Array:
        """(65536,) uint32: for two bytes, first one lowest, their joined code and its length."""
        code, length = self.codes[:256].astype(np.uint32), self.lengths[:256].astype(np.uint32)
        joined: Array = code[None, :] | (code[:, None] << length[None, :])
        joined |= (length[None, :] + length[:, None]) << np.uint32(CODE_BITS)
        return joined.ravel()

    def header(self) -> tuple[int, int]:
        """The bits that open a block with this code, first bit lowest, and how many.

        The lengths are stated plainly, 4 bits each. There are always two distance codes of one bit, and 0 is distance
        1, a run. Literals need none, but zlib writes two then as well: some readers refuse a tree without any.
        """
        bits, count = 0b100, 3  # not the last block; dynamic codes
        fields = [(len(self.lengths) - 257, 5), (1, 5), (15, 4)]  # how many codes of each kind: 2 distances, 19 lengths
        fields += [(0, 3)] * 3 + [(4, 3)] * 16  # 16, 17, 18 (repeats) are not used; 0 to 15 get 4 bits each
        for value, width in fields:
            bits |= value << count
            count += width
        nibbles = _REVERSED_NIBBLE[[*self.lengths, 1, 1, *[0] * (len(self.lengths) % 2)]].astype(np.uint8)
        bits |= int.from_bytes((nibbles[::2] | nibbles[1::2] << 4).tobytes(), "little") << count
        return bits, count + 4 * (len(self.lengths) + 2)


class HuffmanWriter:
    """A block, from one byte boundary to the next.

    The bits that do not fill a 64-bit word yet are kept in between, so that one block can hold many bands.
    """

    def __init__(self, code: HuffmanCode) -> None:
        self._code = code
        self._parts: list[bytes] = []
        self._kernels = images_backend.kernels()
        self._scratch = images_kernels.pack_scratch(0)
        self._bits, self._count = code.header()
        self._spill()

    def write(self, band: Array) -> None:
        """Code a band: uint8, one dimension, contiguous."""
        whole = len(band) // 4 * 4
        if whole:
            if self._scratch.shape[1] < whole // 4 + 2:
                self._scratch = images_kernels.pack_scratch(whole)
            self._append(*self._kernels.pack(self._code.pairs, band[:whole], self._bits, self._count, self._scratch))
        for byte in band[whole:].tolist():
            self.put_symbol(byte)

    def write_codes(self, code: Array, length: Array) -> None:
        """Add codes of up to 63 bits: (n,) uint64 each, with room for one more at both ends; they are overwritten."""
        spare = np.empty((3, len(code)), dtype=np.uint64)
        self._append(*images_kernels.place(code, length, self._bits, self._count, spare))

    def close(self) -> bytes:
        """End the block, pad to a byte (with an empty stored block, as Z_SYNC_FLUSH does) and return everything."""
        self.put_symbol(END_OF_BLOCK)
        self._put(0, 3)
        self._parts.append(self._bits.to_bytes((self._count + 7) // 8, "little"))
        self._parts.append(b"\x00\x00\xff\xff")
        return b"".join(self._parts)

    def put_symbol(self, symbol: int) -> None:
        self._put(int(self._code.codes[symbol]), int(self._code.lengths[symbol]))

    def _put(self, bits: int, count: int) -> None:
        self._bits |= bits << self._count
        self._count += count
        self._spill()

    def _append(self, words: Array, bits: int, count: int) -> None:
        self._parts.append(words.astype("<u8", copy=False).tobytes())
        self._bits, self._count = bits, count

    def _spill(self) -> None:
        """Move whole words out, so that less than 64 bits are left."""
        words = self._count // 64
        if words:
            self._parts.append((self._bits & ((1 << 64 * words) - 1)).to_bytes(8 * words, "little"))
            self._bits >>= 64 * words
            self._count -= 64 * words
