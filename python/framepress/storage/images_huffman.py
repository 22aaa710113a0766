"""Huffman coding of bytes into deflate blocks (RFC 1951, section 3.2) where looking for repeats does not pay.

zlib needs about 6 ns a byte for that; `images_kernels.pack` does it for whole bands at once.
"""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array
from framepress.storage import images_backend, images_kernels
from framepress.storage.images_kernels import CODE_BITS

__all__ = ["HuffmanCode", "HuffmanWriter"]

END_OF_BLOCK = 256
MAX_BITS = 13  # so that two codes and their length fit 32 bits, and four codes a word
_COUNTS_FLOOR = 1 << MAX_BITS  # no symbol is taken to be rarer than one in this many


def _code_lengths(counts: list[int]) -> list[int]:
    """Length of the Huffman code of each symbol; every count must be positive, at least two symbols."""
    # Two queues: leaves by count, and joined nodes, which come out in order by themselves.
    leaves = sorted(range(len(counts)), key=lambda symbol: (counts[symbol], symbol))
    weight = [counts[symbol] for symbol in leaves]
    parent = [0] * (2 * len(counts) - 1)
    leaf, joined = 0, len(leaves)
    for node in range(len(leaves), len(parent)):
        total = 0
        for _ in range(2):
            if leaf < len(leaves) and (joined >= node or weight[leaf] <= weight[joined]):
                child, leaf = leaf, leaf + 1
            else:
                child, joined = joined, joined + 1
            parent[child] = node
            total += weight[child]
        weight.append(total)
    depth = [0] * len(parent)
    for node in range(len(parent) - 2, -1, -1):
        depth[node] = depth[parent[node]] + 1
    lengths = [0] * len(counts)
    for position, symbol in enumerate(leaves):
        lengths[symbol] = depth[position]
    return lengths


def _canonical_codes(lengths: list[int]) -> list[int]:
    """Codes in the canonical order of RFC 1951, 3.2.2, first bit lowest, as deflate packs them."""
    codes = [0] * len(lengths)
    code = previous = 0
    for length, symbol in sorted((length, symbol) for symbol, length in enumerate(lengths)):
        code <<= length - previous
        codes[symbol] = int(format(code, f"0{length}b")[::-1], 2)
        code, previous = code + 1, length
    return codes


class HuffmanCode:
    """A code for the 256 literals and the end of the block, no code longer than 13 bits.

    `counts`: how often each byte is expected, (256,); a sample will do, since every byte gets a code.
    """

    def __init__(self, counts: Array) -> None:
        expected = [int(count) + 1 for count in counts] + [1]
        floor = sum(expected) // _COUNTS_FLOOR
        lengths = _code_lengths([max(count, floor) for count in expected])
        while max(lengths) > MAX_BITS:
            floor = 2 * floor + 1
            lengths = _code_lengths([max(count, floor) for count in expected])
        self.lengths = lengths
        self.codes = _canonical_codes(lengths)
        self.pairs = self._pair_table()

    def _pair_table(self) -> Array:
        """(65536,) uint32: for two bytes, first one lowest, their joined code and its length."""
        code = np.array(self.codes[:256], dtype=np.uint32)
        length = np.array(self.lengths[:256], dtype=np.uint32)
        joined: Array = code[None, :] | (code[:, None] << length[None, :])
        joined |= (length[None, :] + length[:, None]) << np.uint32(CODE_BITS)
        return joined.ravel()

    def header(self) -> tuple[int, int]:
        """The bits that open a block with this code, first bit lowest, and how many.

        The lengths are stated plainly, 4 bits each, and the two distance codes that no literal uses are there because
        zlib writes them too: some readers refuse a tree without any.
        """
        bits, count = 0b100, 3  # not the last block; dynamic codes
        fields = [(0, 5), (1, 5), (15, 4)]  # 257 literal codes, 2 distance codes, 19 code length codes
        fields += [(0, 3)] * 3 + [(4, 3)] * 16  # 16, 17, 18 (repeats) are not used; 0 to 15 get 4 bits each
        fields += [(int(format(length, "04b")[::-1], 2), 4) for length in [*self.lengths, 1, 1]]
        for value, width in fields:
            bits |= value << count
            count += width
        return bits, count


class HuffmanWriter:
    """Blocks of literals, from the first byte of a block to the byte boundary after it.

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
            words, self._bits, self._count = self._kernels.pack(
                self._code.pairs, band[:whole], self._bits, self._count, self._scratch
            )
            self._parts.append(words.astype("<u8", copy=False).tobytes())
        for byte in band[whole:].tolist():
            self._put(self._code.codes[byte], self._code.lengths[byte])

    def close(self) -> bytes:
        """End the block, pad to a byte (with an empty stored block, as Z_SYNC_FLUSH does) and return everything."""
        self._put(self._code.codes[END_OF_BLOCK], self._code.lengths[END_OF_BLOCK])
        self._put(0, 3)
        self._parts.append(self._bits.to_bytes((self._count + 7) // 8, "little"))
        self._parts.append(b"\x00\x00\xff\xff")
        return b"".join(self._parts)

    def _put(self, bits: int, count: int) -> None:
        self._bits |= bits << self._count
        self._count += count
        self._spill()

    def _spill(self) -> None:
        """Move whole words out, so that less than 64 bits are left."""
        words = self._count // 64
        if words:
            self._parts.append((self._bits & ((1 << 64 * words) - 1)).to_bytes(8 * words, "little"))
            self._bits >>= 64 * words
            self._count -= 64 * words
