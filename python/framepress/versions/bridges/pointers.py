"""What git keeps of a file in Git LFS: a pointer of three lines with sha256 and size.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["LONGEST", "Pointer", "pointed"]

LONGEST = 1024
"""A pointer is shorter than this [bytes]."""
_TEXT = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"
_FOUND = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize ([0-9]+)\n?"
)


class Pointer(NamedTuple):
    """To a content; `size` in bytes."""

    sha256: str
    size: int

    def text(self) -> bytes:
        """An empty file is its own pointer."""
        return _TEXT.format(self.sha256, self.size).encode() if self.size else b""


def pointed(content: bytes) -> Pointer | None:
    """The pointer that a content is, if it is one."""
    found = _FOUND.fullmatch(content) if len(content) < LONGEST else None
    return Pointer(found[1].decode(), int(found[2])) if found else None
