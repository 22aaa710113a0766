"""Remotes that fail, are damaged or lie: nothing wrong is ever visible, on either side."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lines import add_version, files_of, pictures, store_at

from framepress.errors import InputError, OutputError
from framepress.versions import pull as pulling
from framepress.versions.commits import Commit
from framepress.versions.manifest import Row
from framepress.versions.packs import HEADER, PackWriter
from framepress.versions.pull import pull
from framepress.versions.push import push
from framepress.versions.refs import Ref
from framepress.versions.remotes import cells
from framepress.versions.remotes.folder import FolderRemote
from framepress.versions.remotes.remote import Entry
from framepress.versions.store import Store

LARGE = bytes(range(256)) * 40_000  # 10 MB: travels by itself


@pytest.fixture
def ours(tmp_path: Path) -> Store:
    return store_at(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Store:
    return store_at(tmp_path / "theirs")


def sent(store: Store, remote: Any, **choices: Any) -> Any:
    return push(store, "main", remote, indexes=store.root.parent / f"{store.root.name}-indexes", **choices)


def got(store: Store, remote: Any, **choices: Any) -> Any:
    return pull(store, "main", remote, indexes=store.root.parent / f"{store.root.name}-indexes", **choices)


def nothing_came(store: Store) -> bool:
    return store.refs.lines() == [] and not list((store.root / "tmp").iterdir())


# A push that ends early


class Failing(FolderRemote):
    """Refuses from the n-th write on."""

    def __init__(self, root: Path, writes: int) -> None:
        super().__init__(root)
        self.left = writes

    def put(self, path: str, source: bytes | Path) -> None:
        self._one()
        super().put(path, source)

    def create(self, path: str, content: bytes) -> bool:
        self._one()
        return super().create(path, content)

    def _one(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OutputError("the connection is gone")


def test_wherever_a_push_fails_what_is_visible_is_whole_and_the_next_one_completes_it(
    ours: Store, tmp_path: Path
) -> None:
    versions = [{**pictures(9), "clouds/0.bin": LARGE}, {**pictures(12), "clouds/1.bin": LARGE[::-1]}]
    for number, files in enumerate(versions):
        add_version(ours, files, str(number))
    ours.refs.tag("sent", ours.refs.line()[1])
    failed = 0
    for writes in range(30):
        remote = tmp_path / f"remote-{writes}"
        try:
            sent(ours, Failing(remote, writes))
        except OutputError:
            failed += 1
        else:
            break
        line = Store.open(remote).refs.line() if (remote / "store.json").exists() else []
        assert line == ours.refs.line()[: len(line)]
        for number in range(len(line)):
            assert files_of(Store.open(remote), number + 1) == versions[number]
        sent(ours, remote)
        assert Store.open(remote).refs.line() == ours.refs.line()
        assert set(Store.open(remote).refs.tags()) == {"sent"}
        shutil.rmtree(remote)
    assert failed == 10  # two probes, the mark, two large contents, two packs, two steps, a tag


def test_what_has_arrived_before_a_push_failed_does_not_go_again(ours: Store, tmp_path: Path) -> None:
    add_version(ours, {**pictures(9), "clouds/0.bin": LARGE}, "one")
    with pytest.raises(OutputError):
        sent(ours, Failing(tmp_path / "remote", 5))
    assert sent(ours, tmp_path / "remote").contents == 0


def test_what_a_killed_push_left_in_a_folder_goes_when_it_is_old(ours: Store, tmp_path: Path) -> None:
    add_version(ours, pictures(3), "one")
    sent(ours, tmp_path / "remote")
    old, young, clock = (tmp_path / "remote/tmp" / name for name in ("cell-1", "probe-2", "3-clock"))
    for path in (old, young, clock):
        path.touch()
    for path in (old, clock):
        os.utime(path, (1, 1))
    add_version(ours, pictures(4), "two")
    sent(ours, tmp_path / "remote")
    assert (old.exists(), young.exists(), clock.exists()) == (False, True, False)


def killed(rounds: int, seed: int, tmp_path: Path) -> dict[str, int]:
    script = Path(__file__).with_name("killing.py")
    command = [sys.executable, str(script), str(tmp_path), str(rounds), str(seed)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert run.returncode == 0, run.stderr[-3000:]
    found: dict[str, int] = json.loads(run.stdout)
    return found


def test_killed_pushes_and_pulls_leave_nothing_that_is_wrong(tmp_path: Path) -> None:
    told = killed(50, 1, tmp_path)
    assert told["killed"] >= 20
    assert told["versions"] >= 3


@pytest.mark.slow
def test_hundreds_of_killed_pushes_and_pulls_leave_nothing_that_is_wrong(tmp_path: Path) -> None:
    assert killed(500, 2, tmp_path)["killed"] >= 200


# A remote that cannot keep two pushes apart


class Overwriting(FolderRemote):
    """As an object store that does not know `If-None-Match`: the last one wins."""

    def create(self, path: str, content: bytes) -> bool:
        (self._root / path).unlink(missing_ok=True)
        return super().create(path, content)


def test_a_remote_that_lets_two_make_one_file_is_found_out_before_anything_is_pushed(
    ours: Store, theirs: Store, tmp_path: Path
) -> None:
    add_version(ours, pictures(5), "one")
    remote = Overwriting(tmp_path / "remote")
    with pytest.raises(OutputError, match=r"let two make one.*exclusive"):
        sent(ours, remote)
    assert list(remote.list("")) == []
    assert sent(ours, remote, exclusive=True).versions == (1,)
    assert got(theirs, remote).versions == (1,)


def test_who_pushes_alone_still_sees_what_is_there(ours: Store, theirs: Store, tmp_path: Path) -> None:
    remote = Overwriting(tmp_path / "remote")
    add_version(ours, pictures(5), "one")
    add_version(theirs, pictures(6), "another")
    sent(ours, remote, exclusive=True)
    with pytest.raises(OutputError, match="from the first version on"):
        sent(theirs, remote, exclusive=True)


# Damage


def pack_with(remote: Path, content: bytes) -> Path:
    return next(path for path in (remote / "packs").iterdir() if content in path.read_bytes())


def change(path: Path, before: bytes, after: bytes) -> None:
    whole = path.read_bytes()
    assert whole.count(before) == 1
    path.chmod(0o644)
    path.write_bytes(whole.replace(before, after))


def test_a_content_that_changed_there_is_never_taken_and_its_pack_is_named(
    ours: Store, theirs: Store, tmp_path: Path
) -> None:
    files = {"images/0.png": b"first content", "images/1.png": b"second content"}
    add_version(ours, files, "one")
    sent(ours, tmp_path / "remote")
    pack = pack_with(tmp_path / "remote", b"first content")
    change(pack, b"first content", b"worst content")
    with pytest.raises(InputError, match=rf"{pack.name}: is damaged: content {_id(b'first content')[:12]}"):
        got(theirs, tmp_path / "remote")
    assert nothing_came(theirs)
    assert theirs.objects.missing([_id(b"first content"), _id(b"worst content")]) != []
    change(pack, b"worst content", b"first content")
    got(theirs, tmp_path / "remote")
    assert files_of(theirs, 1) == files


def test_a_large_content_that_changed_there_is_never_taken(ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, {"clouds/0.bin": LARGE}, "one")
    sent(ours, tmp_path / "remote")
    name = tmp_path / "remote/objects" / _id(LARGE)[:2] / _id(LARGE)[2:]
    for damage in (LARGE[:-1], LARGE + b"more", LARGE[:-1] + b"?"):
        name.chmod(0o644)
        name.write_bytes(damage)
        with pytest.raises(InputError, match=_id(LARGE)[2:]):
            got(theirs, tmp_path / "remote")
        assert nothing_came(theirs)
        assert theirs.objects.missing([_id(LARGE)])


@pytest.mark.parametrize("keep", [0, 7, 60, -1])
def test_a_pack_that_is_cut_off_is_named(keep: int, ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, {"images/0.png": b"first content"}, "one")
    sent(ours, tmp_path / "remote")
    pack = pack_with(tmp_path / "remote", b"first content")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:keep])
    with pytest.raises(InputError, match=pack.name):
        got(theirs, tmp_path / "remote")


def test_a_pack_that_is_lost_is_told_by_what_lacks(ours: Store, theirs: Store, tmp_path: Path) -> None:
    add_version(ours, {"images/0.png": b"first content"}, "one")
    sent(ours, tmp_path / "remote")
    pack_with(tmp_path / "remote", b"first content").unlink()
    with pytest.raises(InputError, match=f"lacks 1 of 1 contents .* {_id(b'first content')}"):
        got(theirs, tmp_path / "remote")


def test_a_damaged_content_of_ours_is_not_sent(ours: Store, tmp_path: Path) -> None:
    add_version(ours, {"images/0.png": b"first content", "clouds/0.bin": LARGE}, "one")
    for content in (b"first content", LARGE):
        path = ours.objects.path(_id(content))
        path.chmod(0o644)
        path.write_bytes(content[:-1] + b"?")
        remote = tmp_path / f"remote-{len(content)}"
        with pytest.raises(InputError, match="damaged"):
            sent(ours, remote)
        path.write_bytes(content)
        assert Store.open(remote).refs.lines() == []
        assert _id(content) not in {entry.path.replace("/", "")[-64:] for entry in FolderRemote(remote).list("objects")}


# Lies


def _id(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def liar(root: Path, rows: list[Row], contents: list[bytes], **claims: Any) -> Path:
    """A remote with one version, made by hand."""
    root.mkdir()
    FolderRemote(root).put("store.json", b'{"schema": "framepress.store", "version": 1, "hash": "sha256"}')
    chunk = b"".join(json.dumps(list(row)).encode() + b"\n" for row in rows)
    chunks = claims.pop("chunks", [[_id(chunk), len(rows), rows[0].path]])
    manifest = json.dumps({"schema": "framepress.manifest", "version": 1, "chunks": chunks}).encode()
    said = {"files": len(rows), "size": sum(row.size for row in rows), **claims}
    commit = Commit(_id(manifest), (), "trust me", **said).to_json()
    with (root / "new").open("xb") as stream:
        writer = PackWriter(stream)
        for content in (chunk, manifest, commit, *contents):
            writer.add(content)
        name = writer.finish()
    (root / "packs").mkdir()
    (root / "new").rename(root / f"packs/{name}.pack")
    FolderRemote(root).put("refs/main/00000001", Ref(1, _id(commit)).to_json())
    return root


@pytest.mark.parametrize(
    "path",
    ["../outside.png", "/etc/passwd", "a/../../b", "", "a//b", "a\0b", ".git/hooks/post-checkout", ".GIT/config",
     ".framepress/versions/folder.json", ".framepress/versions/store/store.json"],
)  # fmt: skip
def test_a_manifest_that_leads_elsewhere_is_not_taken(path: str, theirs: Store, tmp_path: Path) -> None:
    remote = liar(tmp_path / "remote", [Row(path, _id(b"x"), 1)], [b"x"])
    with pytest.raises(InputError):
        got(theirs, remote)
    assert nothing_came(theirs)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"files": 2}, "says that it has 2 files"),
        ({"size": 10**15}, "its manifest lists 1 with 1"),
        ({"chunks": [["../../../etc/passwd", 1, "a"]]}, "sha256"),
        ({"chunks": [["0" * 64, 1, "a"]] * 2}, "twice"),
        ({"chunks": [["0" * 64, 1, "a"]]}, "lacks 1"),
        ({"chunks": 7}, "manifest"),
    ],
)
def test_a_commit_that_lies_about_itself_is_not_taken(
    claims: dict[str, Any], said: str, theirs: Store, tmp_path: Path
) -> None:
    remote = liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 1)], [b"x"], **claims)
    with pytest.raises(InputError, match=said):
        got(theirs, remote)
    assert nothing_came(theirs)


@pytest.mark.parametrize("id", ["../../../../tmp/x", "0" * 63, "", "z" * 64])
def test_a_content_without_a_sha256_for_a_name_is_not_taken(id: str, theirs: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        got(theirs, liar(tmp_path / "remote", [Row("a.png", id, 1)], [b"x"]))
    assert nothing_came(theirs)


@pytest.mark.parametrize(
    "rows",
    [
        [Row("b.png", _id(b"x"), 1), Row("a.png", _id(b"x"), 1)],
        [Row("a.png", _id(b"x"), 1), Row("a.png", _id(b"y"), 1)],
        [Row("a.png", _id(b"x"), -1)],
    ],
)
def test_a_manifest_without_order_or_sense_is_not_taken(rows: list[Row], theirs: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        got(theirs, liar(tmp_path / "remote", rows, [b"x", b"y"]))
    assert nothing_came(theirs)


def test_a_size_that_its_manifest_does_not_tell_is_not_taken(theirs: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds 1 bytes .* its manifest says 2"):
        got(theirs, liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 2)], [b"x"]))


def test_more_than_the_disk_takes_is_refused_before_it_comes(theirs: Store, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="are free"):
        got(theirs, liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 10**18)], [b"x"]))


def rewritten(pack: Path, edit: Callable[[bytearray], None]) -> None:
    """The pack with another index, under the name that is right for it."""
    with pack.open("r+b") as stream:
        stream.seek(-48, os.SEEK_END)
        footer = stream.read()
        start = pack.stat().st_size - 48 - 48 * int.from_bytes(footer[:8], "little")
        stream.seek(start)
        index = bytearray(stream.read())[:-48]
        edit(index)
        digest = hashlib.sha256(index).digest()
        stream.seek(start)
        stream.write(index + footer[:8] + digest + footer[-8:])
    pack.rename(pack.with_name(f"{digest.hex()}.pack"))


def offset_beyond(index: bytearray) -> None:
    index[-8:] = (1 << 62).to_bytes(8, "little")


def offset_around(index: bytearray) -> None:
    index[-8:] = ((1 << 64) - 4).to_bytes(8, "little")


def twice(index: bytearray) -> None:
    index[32:64] = index[:32]


@pytest.mark.parametrize("edit", [offset_beyond, offset_around, twice])
def test_an_index_that_contradicts_itself_is_not_believed(
    edit: Callable[[bytearray], None], theirs: Store, tmp_path: Path
) -> None:
    remote = liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 1)], [b"x"])
    rewritten(next((remote / "packs").iterdir()), edit)
    with pytest.raises(InputError, match="contradicts itself"):
        got(theirs, remote)


def test_an_index_that_claims_more_than_there_is_is_not_fetched(theirs: Store, tmp_path: Path) -> None:
    remote = liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 1)], [b"x"])
    pack = next((remote / "packs").iterdir())
    content = bytearray(pack.read_bytes())
    content[-48:-40] = (1 << 58).to_bytes(8, "little")
    pack.write_bytes(content)
    with pytest.raises(InputError, match="not whole"):
        got(theirs, remote)


def test_a_pack_of_one_huge_content_is_not_held_in_memory(theirs: Store, tmp_path: Path) -> None:
    size = 1 << 30
    remote = liar(tmp_path / "remote", [Row("a.png", _id(b"x"), size)], [b"x"])
    pack = next((remote / "packs").iterdir())
    content = pack.read_bytes()
    at = len(content) - 48 - 48 * int.from_bytes(content[-48:-40], "little")
    with pack.open("wb") as stream:  # a hole of a gigabyte, which costs nothing here
        stream.write(content[:at])
        stream.seek(at + size)
        stream.write(content[at:])
    rewritten(pack, lambda index: _claim(index, size))
    with pytest.raises(InputError, match="too many for a pack"):
        got(theirs, remote)
    assert nothing_came(theirs)


def _claim(index: bytearray, size: int) -> None:
    at = [index[n : n + 32].hex() for n in range(0, 32 * (len(index) // 48), 32)].index(_id(b"x"))
    start = len(index) - 8 * (len(index) // 48) + 8 * at
    index[start : start + 8] = size.to_bytes(8, "little")


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("refs/main/00000001", b"{", "is no ref"),
        ("refs/main/00000001", b'{"commit": "../../x", "time": "", "by": "", "note": ""}', "no sha256"),
        ("refs/main/00000001", b"[" * 100_000, "is no ref"),
        ("refs/main/00000001", b" " * (2 << 20), "none of ours"),
        ("refs/main/first", b"{}", "is no ref of ours"),
        ("refs/main/00000003", b"{}", "version 2 is missing"),
        ("tags/.hidden", b"{}", "is no ref of ours"),
        ("tags/head", None, "no store can have"),
        ("store.json", b"{", "cannot be read"),
    ],
)
def test_refs_that_are_none_are_named(
    path: str, content: bytes | None, said: str, theirs: Store, tmp_path: Path
) -> None:
    root = liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 1)], [b"x"])
    remote = FolderRemote(root)
    remote.put(path, (root / "refs/main/00000001").read_bytes() if content is None else content)
    with pytest.raises(InputError, match=said):
        got(theirs, remote)


def test_a_list_without_an_end_is_left(theirs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "_AT_MOST", 100)

    class Endless(FolderRemote):
        def list(self, prefix: str) -> Iterator[Entry]:
            number = 0
            while prefix:
                number += 1
                yield Entry(f"{prefix}/{number:08}", 1)

    root = liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 1)], [b"x"])
    with pytest.raises(InputError, match="more than 100 files"):
        got(theirs, Endless(root))


def test_a_version_that_is_taken_is_what_was_sent_and_not_what_was_claimed(theirs: Store, tmp_path: Path) -> None:
    """The liar of these tests is believed where he tells the truth."""
    assert got(theirs, liar(tmp_path / "remote", [Row("a.png", _id(b"x"), 1)], [b"x"])).versions == (1,)
    assert files_of(theirs, 1) == {"a.png": b"x"}


def test_what_comes_is_made_durable_in_parts(
    ours: Store, theirs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull that ends early keeps what had come, and the next one fetches the rest."""
    files = {f"images/{n}.png": b"%d" % n * 1000 for n in range(10, 30)}
    add_version(ours, files, "one")
    sent(ours, tmp_path / "remote")
    monkeypatch.setattr(pulling, "_TOGETHER", 4000)
    came = 0

    def stop(done: int, of: int) -> None:
        nonlocal came
        came = done
        if done >= of // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        got(theirs, tmp_path / "remote", progress=stop)
    assert nothing_came(theirs)
    rest = got(theirs, tmp_path / "remote")
    assert rest.size == sum(map(len, files.values())) - came
    assert files_of(theirs, 1) == files
    assert HEADER not in files_of(theirs, 1).values()
