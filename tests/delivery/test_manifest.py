"""Manifests: sha256sum agrees with them, whatever files are called; the journal is believed only where it may be."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from trees import put, tree

from framepress.dataset.writer import DatasetWriter
from framepress.delivery.manifest import compare, manifest_of
from framepress.delivery.manifest_files import files_below
from framepress.delivery.manifest_text import Entry, document, lines, parsed
from framepress.errors import InputError, OptionError
from frames import LABELS, many

needs_sha256sum = pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum on this machine")
HOSTILE = [
    b"new\nline",
    b"car\rriage",
    b"back\\slash",
    b"\\n",
    b" blank ",
    b"* star",
    b"\xff\xfe.png",
    "ü".encode(),
    b"-",
]


def sha256sum(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sha256sum", *arguments], cwd=folder, capture_output=True, text=True, errors="replace")


def pressed(folder: Path, count: int = 6) -> Path:
    with DatasetWriter(folder, ["native", "coco"], labels=LABELS) as writer:
        for frame in many(count):
            writer.add(frame)
    return folder


def aged(folder: Path) -> Path:
    """As if the clock had ticked between the last frame and the seal: equal times are not believed."""
    for segment in (folder / ".framepress/journal").iterdir():
        now = segment.stat().st_mtime_ns + 1_000_000_000
        os.utime(segment, ns=(now, now))
    return folder


@needs_sha256sum
def test_sha256sum_finds_every_file_as_it_is_listed_whatever_its_name(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=5)
    for name in HOSTILE:
        (root / os.fsdecode(name)).write_bytes(name)
    found = manifest_of(root)
    (tmp_path / "sums").write_bytes(lines(found.entries))
    run = sha256sum(root, "--check", "--strict", str(tmp_path / "sums"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count(": OK") == len(found.entries) == sum(path.is_file() for path in root.rglob("*"))
    assert [entry.size for entry in found.entries] == [os.stat(root / entry.path).st_size for entry in found.entries]


@needs_sha256sum
def test_what_sha256sum_writes_is_read(tmp_path: Path) -> None:
    for name in HOSTILE:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    names = sorted(os.listdir(tmp_path))
    for style in ([], ["--binary"], ["--tag"]):
        command = ["sha256sum", *style, "--", *(f"./{name}" if name == "-" else name for name in names)]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
        entries = parsed(told, "sums")
        assert {entry.path: entry.sha256 for entry in entries} == {
            name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in names
        }
        assert not compare(tmp_path, entries)


def test_lines_are_in_the_order_of_bytes_and_the_same_whoever_made_the_folder(tmp_path: Path) -> None:
    names = ["b", "a/z", "a-", "a.b", "B", "ä"]
    for folder, order in (("one", names), ("other", names[::-1])):
        for name in order:
            put(tmp_path / folder, name, name.encode())
    one, other = (lines(manifest_of(tmp_path / name).entries) for name in ("one", "other"))
    assert one == other
    assert [line[66:].decode() for line in one.splitlines()] == ["B", "a-", "a.b", "a/z", "b", "ä"]


def test_both_forms_hold_the_same_and_json_has_the_sizes(tmp_path: Path) -> None:
    for name in HOSTILE:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    entries = list(manifest_of(tmp_path).entries)
    assert parsed(json.dumps(document(entries)).encode(), "a.json") == entries
    assert parsed(lines(entries), "sums") == [entry._replace(size=None) for entry in entries]


def test_every_file_that_is_missing_changed_or_extra_is_named(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=6)
    entries = manifest_of(root).entries
    assert not compare(root, entries)
    (root / "images/train/0003.jpg").unlink()
    put(root, "labels/train/0001.txt", b"longer than it was, whatever it was before" * 50)
    swapped = root / "annotations/all.json"
    content = bytearray(swapped.read_bytes())
    before = swapped.stat()
    content[1000] ^= 1
    swapped.write_bytes(content)
    os.utime(swapped, ns=(before.st_atime_ns, before.st_mtime_ns))
    put(root, "new\n.txt", b"")
    found = compare(root, entries)
    assert list(found.missing) == ["images/train/0003.jpg"]
    assert list(found.changed) == ["annotations/all.json", "labels/train/0001.txt"]
    assert "bytes, had" in found.changed["labels/train/0001.txt"]
    assert "sha256" in found.changed["annotations/all.json"]
    assert list(found.extra) == ["new\n.txt"]
    assert found


def test_digests_of_a_fresh_dataset_come_from_its_journal_and_are_right(tmp_path: Path) -> None:
    root = aged(pressed(tmp_path / "set"))
    found = manifest_of(root)
    for entry in found.entries:
        assert hashlib.sha256((root / entry.path).read_bytes()).hexdigest() == entry.sha256, entry.path
    of_frames = [entry for entry in found.entries if entry.path.startswith(("native/rgb/", "coco/images/"))]
    assert found.read <= len(found.entries) - len(of_frames)


def test_what_was_touched_after_the_seal_is_read(tmp_path: Path) -> None:
    """Same size, and the time of modification put back: the time of change tells."""
    root = pressed(tmp_path / "set")
    path = next((root / "coco/images").rglob("*.png"))
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    told = {entry.path: entry.sha256 for entry in manifest_of(root).entries}
    assert told[path.relative_to(root).as_posix()] == hashlib.sha256(content).hexdigest()


def test_a_check_never_believes_the_journal(tmp_path: Path) -> None:
    root = aged(pressed(tmp_path / "set"))
    entries = manifest_of(root).entries
    path = next((root / "coco/images").rglob("*.png"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    with open(path, "r+b") as stream:
        stream.write(content)
    aged(root)  # the segment looks younger than the damage
    assert list(compare(root, entries).changed) == [
        name.relative_to(root).as_posix() for name in sorted(root.rglob("*.png")) if os.path.samefile(name, path)
    ]


def test_what_is_of_this_machine_is_not_listed_and_what_is_no_file_is_told(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=2)
    put(tmp_path, "secret.txt", b"not ours")
    for name in (".framepress/tmp/fp-1", ".framepress/lock", ".framepress/versions/store/x", ".git/HEAD"):
        put(root, name, b"x")
    put(root, ".framepress/journal/000000.jsonl", b"{}")
    (root / "inside.jpg").symlink_to("images/train/0001.jpg")
    (root / "outside.txt").symlink_to("../secret.txt")
    (root / "nowhere").symlink_to("nothing")
    (root / "folder").symlink_to("images")
    os.mkfifo(root / "pipe")
    listing = files_below(root)
    paths = [file.path for file in listing.files]
    assert ".framepress/journal/000000.jsonl" in paths
    assert "inside.jpg" in paths
    assert not [path for path in paths if path.startswith((".git", ".framepress/tmp", ".framepress/versions"))]
    assert sorted(listing.passed_over) == ["folder", "nowhere", "outside.txt", "pipe"]
    assert list(listing.left_out) == [".framepress/versions", ".git"]
    assert ".framepress/versions/store/x" in [file.path for file in files_below(root, history=True).files]


@pytest.mark.parametrize("path", ["../up", "/etc/passwd", "a/../../b", "a//b", "./../x", "", "a/./b"])
def test_a_manifest_that_leads_out_of_the_dataset_is_refused(path: str) -> None:
    entry = {"path": path, "size": 1, "sha256": "0" * 64}
    with pytest.raises(InputError):
        parsed(json.dumps({"schema": "framepress.checksums", "version": 1, "entries": [entry]}).encode(), "a.json")
    if path:
        with pytest.raises(InputError, match="no path below the dataset"):
            parsed(f"{'0' * 64}  {path}\n".encode(), "sums")


@pytest.mark.parametrize(
    "content",
    [
        b"hello\n",
        b"0123  short\n",
        b"\\" + b"0" * 64 + b"  bad\\x\n",
        b"0" * 64 + b"  a\n" + b"1" * 64 + b"  a\n",
        b'{"schema": "other"}',
        b"{",
        b'{"schema": "framepress.checksums", "version": 1, "entries": [{"path": 3, "size": 1, "sha256": "0"}]}',
        b'{"schema": "framepress.checksums", "version": 1, "entries": [{"path": "\\ud800", "size": 1, "sha256": "'
        + b"0" * 64
        + b'"}]}',
    ],
)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match="sums"):
        parsed(content, "sums")


def test_the_manifest_itself_is_no_file_of_the_dataset(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=2)
    target = put(root, "SHA256SUMS", b"")
    entries = manifest_of(root, leave_out=[target]).entries
    assert "SHA256SUMS" not in [entry.path for entry in entries]
    target.write_bytes(lines(entries))
    assert not compare(root, parsed(target.read_bytes(), "sums"), leave_out=[target])
    assert list(compare(root, entries).extra) == ["SHA256SUMS"]


def test_a_file_is_no_dataset_to_list(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="is no folder"):
        manifest_of(put(tmp_path, "a.json", b"{}"))


def test_an_entry_without_a_size_is_compared_by_its_digest(tmp_path: Path) -> None:
    put(tmp_path, "a", b"x")
    assert not compare(tmp_path, [Entry("a", None, hashlib.sha256(b"x").hexdigest())])
    assert compare(tmp_path, [Entry("a", None, hashlib.sha256(b"y").hexdigest())]).changed
