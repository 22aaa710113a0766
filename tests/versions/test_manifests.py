"""Manifests: what goes in comes out, and a change touches one chunk."""

from __future__ import annotations

import hashlib
import json

import pytest

from framepress.errors import InputError
from framepress.versions import manifest
from framepress.versions.commits import Commit
from framepress.versions.manifest import Row


class Contents:
    """A store in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def add(self, content: bytes) -> str:
        id = hashlib.sha256(content).hexdigest()
        self.held[id] = content
        return id

    def read(self, id: str) -> bytes:
        return self.held[id]


def rows(count: int) -> list[Row]:
    return [Row(f"images/{n:06}.png", hashlib.sha256(b"%d" % n).hexdigest(), n) for n in range(count)]


def test_rows_come_back_and_are_plain_json_lines() -> None:
    contents = Contents()
    odd = [Row('quote " \\ \u2028 é \U0001f600.txt', "0" * 64, 0), Row("tab\t\x7f", "f" * 64, 2**50)]
    given = sorted([*rows(10_000), *odd])
    root = manifest.write(given, contents)
    assert list(manifest.read(root, contents)) == given
    document = json.loads(contents.held[root])
    read = [json.loads(line) for id, _, _ in document["chunks"] for line in contents.held[id].splitlines()]
    assert read == [list(row) for row in given]


def test_equal_rows_have_an_equal_name_and_a_change_touches_one_chunk() -> None:
    contents = Contents()
    before = rows(30_000)
    first = manifest.write(before, contents)
    assert manifest.write(rows(30_000), contents) == first
    changed = [row for row in before if row.path != "images/012345.png"]
    second = manifest.write(changed, contents)
    chunks = [set(manifest.roots_chunks(root, contents)) for root in (first, second)]
    assert len(chunks[0]) > 3
    assert len(chunks[0] ^ chunks[1]) <= 3  # one that is gone and one or two that are new
    assert [change.path for change in manifest.changes(first, second, contents)] == ["images/012345.png"]


@pytest.mark.parametrize(
    "line",
    [
        b'["a","../../etc/passwd",1]',
        b'["a","%s",1]' % (b"0" * 63),
        b'["a","%s",-1.5]' % (b"0" * 64),
        b'["a","%s",-1]' % (b"0" * 64),
        b'["a","%s"]' % (b"0" * 64),
        b'[1,"%s",1]' % (b"0" * 64),
        b'["a","%s",1]' % (b"zz" * 32),
        b'["a","%s",1]' % (b"00 " * 21 + b"0"),
        b"[",
        b'{"path":"a"}',
    ],
)
def test_a_chunk_that_is_none_is_refused(line: bytes) -> None:
    contents = Contents()
    chunk = contents.add(line + b"\n")
    with pytest.raises(InputError, match="cannot be read"):
        manifest.chunk_rows(chunk, contents)


@pytest.mark.parametrize("id", ["", "../../../../etc/passwd", "A" * 64, "0" * 63])
def test_what_names_no_content_is_never_looked_for(id: str) -> None:
    contents = Contents()
    document = {"schema": "framepress.manifest", "version": 1, "chunks": [[id, 1, "a"]]}
    root = contents.add(json.dumps(document).encode())
    with pytest.raises(InputError, match="is no sha256"):
        manifest.roots_chunks(root, contents)
    chunk = contents.add(json.dumps(["a", id, 1]).encode())
    with pytest.raises(InputError, match="for a sha256"):
        manifest.chunk_rows(chunk, contents)


def test_a_commit_of_endless_size_is_none() -> None:
    content = Commit("0" * 64, (), "m").to_json().replace(b'"files":0', b'"files":1e999')
    with pytest.raises(InputError, match="is no commit"):
        Commit.from_json(content, "commit")
