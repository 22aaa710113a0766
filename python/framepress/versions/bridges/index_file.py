"""Git's index, told what the files of its entries look like, so that git need not read them to know them unchanged.

gitformat-index(5), versions 2 and 3 with SHA-1: "DIRC", version, count; entries of 62 bytes (ctime, mtime, device,
inode, mode, user, group, size, object name, flags) [+ 2 extended flags] + path + 1 to 8 NUL; extensions; checksum.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from pathlib import Path

__all__ = ["tell_stats"]

_HEADER = struct.Struct(">4sII")
_STAT = struct.Struct(">10I")
_ENTRY_BYTES = 62
_EXTENDED = 0x4000
_FLAGS_AT = 60
_ID_AT = 40
_LEFT_ALONE = (b"link", b"sdir")
_WORD = 0xFFFFFFFF


def tell_stats(index: Path, files: Mapping[bytes, tuple[str, os.stat_result]]) -> int:
    """How many entries were told of their files; 0 where the index is of another kind and is left as it is.

    Args:
        index: a copy that only the caller uses.
        files: path as the index has it -> object name, and the file's status when it held that content.
    """
    content = bytearray(index.read_bytes())
    if len(content) < _HEADER.size + 20:
        return 0
    magic, version, count = _HEADER.unpack_from(content)
    if magic != b"DIRC" or version not in (2, 3) or hashlib.sha1(content[:-20]).digest() != bytes(content[-20:]):
        return 0
    at, told = _HEADER.size, 0
    for _ in range(count):
        extended = content[at + _FLAGS_AT] & (_EXTENDED >> 8)
        start = at + _ENTRY_BYTES + (2 if extended else 0)
        end = content.index(b"\0", start)
        known = files.get(bytes(content[start:end]))
        if known is not None and bytes.fromhex(known[0]) == content[at + _ID_AT : at + _FLAGS_AT]:
            told += _tell(content, at, known[1])
        at = end + 8 - (end - at) % 8
    if any(content[at : at + 4] == name for name in _LEFT_ALONE):
        return 0
    content[-20:] = hashlib.sha1(content[:-20]).digest()
    index.write_bytes(content)
    return told


def _tell(content: bytearray, at: int, status: os.stat_result) -> bool:
    """The mode stays as it is: git's, not the file's."""
    (mode,) = struct.unpack_from(">I", content, at + 24)
    times = [part for ns in (status.st_ctime_ns, status.st_mtime_ns) for part in divmod(ns, 1_000_000_000)]
    told = (*times, status.st_dev, status.st_ino, mode, status.st_uid, status.st_gid, status.st_size)
    _STAT.pack_into(content, at, *(value & _WORD for value in told))
    return True
