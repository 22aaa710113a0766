"""A store read without framepress: by what its formats say, and nothing else."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path


def contents(store: Path) -> dict[str, bytes]:
    """All visible contents, loose and packed; each is checked against its name."""
    found = {}
    for path in (store / "objects").glob("??/*"):
        found[path.parent.name + path.name] = path.read_bytes()
    for path in (store / "packs").glob("*.pack"):
        found.update(packed(path))
    for id, content in found.items():
        assert hashlib.sha256(content).hexdigest() == id, f"{id} is a bad visible object"
    return found


def packed(path: Path) -> dict[str, bytes]:
    whole = path.read_bytes()
    assert whole.endswith(b"\x01FPINDEX")
    count = struct.unpack("<Q", whole[-48:-40])[0]
    index = whole[-48 - 48 * count : -48]
    assert hashlib.sha256(index).hexdigest() == path.stem
    offsets = struct.unpack_from(f"<{count}Q", index, 32 * count)
    sizes = struct.unpack_from(f"<{count}Q", index, 40 * count)
    return {
        index[32 * row : 32 * row + 32].hex(): whole[offsets[row] : offsets[row] + sizes[row]] for row in range(count)
    }


def versions(store: Path, line: str = "main") -> list[dict[str, bytes]]:
    """What each version of a line holds, oldest first: from its ref by its commit and manifest to its contents."""
    held = contents(store)
    refs = sorted((store / "refs" / line).glob("*")) if (store / "refs" / line).is_dir() else []
    assert [int(path.name) for path in refs] == list(range(1, len(refs) + 1))
    found, parent = [], []
    for ref in refs:
        id = json.loads(ref.read_bytes())["commit"]
        commit = json.loads(held[id])
        assert commit["parents"] == parent
        parent = [id]
        rows = []
        for chunk, count, first in json.loads(held[commit["manifest"]])["chunks"]:
            lines = [json.loads(text) for text in held[chunk].splitlines()]
            assert (len(lines), lines[0][0]) == (count, first)
            rows += lines
        assert rows == sorted(rows)
        assert (len(rows), sum(row[2] for row in rows)) == (commit["files"], commit["size"])
        assert all(len(held[sha256]) == size for _, sha256, size in rows)
        found.append({path: held[sha256] for path, sha256, _ in rows})
    return found


def files(folder: Path) -> dict[str, bytes]:
    """What a folder holds, but for what framepress keeps of its versions."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith(".framepress/")
    }
