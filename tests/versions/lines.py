"""Versions made of plain bytes, and read back, for tests of stores that are shared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from framepress.versions import manifest
from framepress.versions.commits import Commit
from framepress.versions.manifest import Row
from framepress.versions.refs import Ref
from framepress.versions.store import Store

Files = Mapping[str, bytes]


def store_at(folder: Path) -> Store:
    return Store.create(folder)


def add_version(store: Store, files: Files, message: str, line: str = "main", time: str = "") -> str:
    """The next version of a line; its sha256."""
    rows = [Row(path, hashlib.sha256(files[path]).hexdigest(), len(files[path])) for path in sorted(files)]
    before = store.refs.line(line)
    with store.objects.batch() as batch:
        for path in rows:
            batch.add(files[path.path], packed=False)
    with store.objects.batch() as batch:
        root = manifest.write(rows, batch)  # type: ignore[arg-type]  # it only adds
        commit = Commit(
            root, tuple(ref.commit for ref in before[-1:]), message, "", len(rows), sum(row.size for row in rows)
        )
        id = batch.add(commit.to_json())
    assert store.refs.advance(Ref(len(before) + 1, id, time), line)
    return id


def files_of(store: Store, number: int, line: str = "main") -> dict[str, bytes]:
    """What a version holds, each content checked against its sha256 here too."""
    commit = store.commit(store.refs.line(line)[number - 1].commit)
    found = {}
    for row in manifest.read(commit.manifest, store.objects):
        content = store.objects.read(row.sha256)
        assert hashlib.sha256(content).hexdigest() == row.sha256
        assert len(content) == row.size
        found[row.path] = content
    return found


def pictures(count: int, seed: int = 0, size: int = 200) -> dict[str, bytes]:
    """So many files of differing content; every tenth is text."""
    return {
        f"{'labels' if n % 10 == 0 else 'images'}/{n:05}.{'txt' if n % 10 == 0 else 'png'}": b"%d %d;"
        % (seed, n)
        * (size // 8 + n % 7)
        for n in range(count)
    }
