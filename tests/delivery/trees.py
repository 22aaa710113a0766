"""Folders of files for the tests of manifests and archives."""

from __future__ import annotations

import random
from pathlib import Path

BIG = 5_000_000
"""Bytes: more than a portion of an archive."""


def tree(root: Path, files: int = 40) -> Path:
    """Text that can be compressed, media that cannot, empty files, deep and long names, one file of several slices."""
    rng = random.Random(5)
    for number in range(files):
        put(root, f"images/train/{number:04d}.jpg", rng.randbytes(rng.randint(0, 3000)))
        put(root, f"labels/train/{number:04d}.txt", b"0 0.5 0.5 0.25 0.25\n" * rng.randint(0, 40))
    put(root, "annotations/all.json", b'{"id": 12345, "bbox": [1, 2, 3, 4]}\n' * (BIG // 36))
    put(root, "video.mp4", rng.randbytes(BIG))
    put(root, "Größe/日本語.txt", "ß".encode())
    put(root, f"{'deep/' * 30}{'n' * 120}.txt", b"long")
    put(root, "a b/with blanks.txt", b"")
    return root


def put(root: Path, name: str, content: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
