"""Damage in a store is found and named, with what needs it and where a good copy is."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest
import reader

from framepress.errors import InputError, OptionError
from framepress.versions.history import History
from framepress.versions.verify import Verified


@pytest.fixture
def history(tmp_path: Path) -> History:
    folder = tmp_path / "dataset"
    (folder / "images").mkdir(parents=True)
    for number in range(40):
        (folder / f"images/{number:02}.png").write_bytes(b"picture %d" % number)
        (folder / f"images/{number:02}.txt").write_bytes(b"label %d" % number)
    history = History.init(folder, store=tmp_path / "store")
    history.commit("one")
    (folder / "images/00.txt").write_bytes(b"changed")
    history.commit("two")
    history.tag("sent")
    return history


def flip(path: Path, at: int = 0) -> None:
    whole = bytearray(path.read_bytes())
    whole[at] ^= 1
    path.chmod(0o644)
    path.write_bytes(whole)


def told(verified: Verified) -> list[tuple[str, str]]:
    return [(damage.kind, damage.id) for damage in verified.damages]


def test_a_whole_store_is_whole(history: History) -> None:
    found = history.verify()
    assert found.ok
    held = reader.contents(history.place.store)
    assert (found.contents, found.total) == (len(held), len(held))
    assert found.size == sum(map(len, held.values()))
    assert json.loads(json.dumps(found.to_dict()))["ok"] is True


def test_flipped_bits_are_named_with_all_that_needs_them(history: History) -> None:
    rows = {row.path: row for row in history.rows(history.version("1"))}
    loose = history.store.objects.path(rows["images/07.png"].sha256)
    flip(loose, 3)
    (pack,) = (p for p in history.store.objects.packs.all() if p.range_of(rows["images/00.txt"].sha256))
    place = pack.range_of(rows["images/00.txt"].sha256)
    assert place is not None
    flip(history.store.objects.packs.path(pack.name), place[0])
    damages = {damage.id: damage for damage in history.verify().damages}
    assert damages.keys() == {rows["images/07.png"].sha256, rows["images/00.txt"].sha256}
    assert damages[rows["images/07.png"].sha256].needed_by == (
        ("version 1", "images/07.png"),
        ("version 2", "images/07.png"),
        ("tag sent", "images/07.png"),
    )
    assert damages[rows["images/00.txt"].sha256].needed_by == (("version 1", "images/00.txt"),)


def test_where_a_good_copy_is_is_told(history: History, tmp_path: Path) -> None:
    row = next(row for row in history.rows(history.version("1")) if row.path == "images/05.txt")
    (pack,) = (p for p in history.store.objects.packs.all() if p.range_of(row.sha256))
    place = pack.range_of(row.sha256)
    assert place is not None
    flip(history.store.objects.packs.path(pack.name), place[0])
    assert [damage.sources for damage in history.verify().damages] == [(str(tmp_path / "dataset/images/05.txt"),)]
    (tmp_path / "dataset/images/05.txt").write_bytes(b"other")
    assert [damage.sources for damage in history.verify().damages] == [()]


def test_good_copies_take_the_place_of_damaged_contents(history: History, tmp_path: Path) -> None:
    rows = {row.path: row for row in history.rows(history.version("2"))}
    packed, linked, lost = (rows[f"images/{name}"].sha256 for name in ("05.txt", "06.png", "07.png"))
    (pack,) = (p for p in history.store.objects.packs.all() if p.range_of(packed))
    place = pack.range_of(packed)
    assert place is not None
    flip(history.store.objects.packs.path(pack.name), place[0])
    for name, id in (("06", linked), ("07", lost)):
        shutil.copy(tmp_path / f"dataset/images/{name}.png", tmp_path / "copy")
        os.replace(tmp_path / "copy", tmp_path / f"dataset/images/{name}.png")
        flip(history.store.objects.path(id))
    (tmp_path / "dataset/images/07.png").unlink()
    found = history.verify()
    assert {damage.id for damage in found.damages} == {packed, linked, lost}
    assert [damage.id for damage in history.repair(found)] == [lost]
    again = History.open(tmp_path / "dataset")
    assert [damage.id for damage in again.verify().damages] == [lost]
    assert not list((history.place.store / "tmp").iterdir())


def test_a_linked_file_is_no_copy_of_itself(history: History, tmp_path: Path) -> None:
    flip(tmp_path / "dataset/images/05.png")
    assert [damage.sources for damage in history.verify().damages] == [()]


def test_what_is_missing_is_damage_even_in_a_sample(history: History) -> None:
    row = next(row for row in history.rows(history.version("1")) if row.path == "images/05.png")
    history.store.objects.path(row.sha256).unlink()
    found = history.verify(sample=0.01)
    assert told(found) == [("content", row.sha256)]
    assert found.damages[0].what == "is missing"


def test_a_sample_is_a_share_that_its_seed_decides(history: History) -> None:
    flipped = {row.sha256 for row in history.rows(history.version("1")) if row.path.endswith(".png")}
    for id in flipped:
        flip(history.store.objects.path(id))
    samples = [{id for _, id in told(history.verify(sample=0.5, seed=seed))} for seed in (0, 0, 1)]
    assert samples[0] == samples[1] != samples[2]
    assert all(5 < len(sample) < 35 for sample in samples)
    assert samples[0] <= {id for _, id in told(history.verify(sample=0.9))}
    for share in (0.0, -1.0, 1.5):
        with pytest.raises(OptionError):
            history.verify(sample=share)


@pytest.mark.parametrize("kind", ["ref", "tag", "commit", "manifest", "chunk", "pack"])
def test_our_own_records_are_verified_too(kind: str, history: History) -> None:
    version = history.version("2")
    store = history.place.store
    if kind == "ref":
        flip(store / "refs/main/00000002", 1)
    elif kind == "tag":
        (store / "tags/sent").chmod(0o644)
        (store / "tags/sent").write_bytes(b"{}")
    else:
        root = json.loads(history.store.objects.read(version.commit.manifest))
        wanted = {"commit": version.id, "manifest": version.commit.manifest, "chunk": root["chunks"][-1][0]}
        pack = history.store.objects.packs.find(wanted.get(kind, version.id))
        assert pack is not None
        place = pack.range_of(wanted.get(kind, version.id))
        assert place is not None
        flip(history.store.objects.packs.path(pack.name), -60 if kind == "pack" else place[0])
    found = History.open(history.place.dataset).verify()
    assert kind in [damage.kind for damage in found.damages]
    if kind in ("commit", "manifest", "chunk"):
        (damage,) = found.damages
        assert ("version 2", "") in damage.needed_by


def test_a_version_that_is_missing_between_others_is_told(history: History) -> None:
    (history.place.store / "refs/main/00000001").unlink()
    assert told(history.verify()) == [("ref", "refs/main/00000001")]
    with pytest.raises(InputError, match="nothing was taken away"):
        history.gc(now=True)


def test_bits_flipped_anywhere_are_found(history: History) -> None:
    random_ = random.Random(3)
    files = sorted(
        path
        for folder in ("objects", "packs", "refs", "tags")
        for path in (history.place.store / folder).rglob("*")
        if path.is_file()
    )
    assert history.verify().ok
    for _ in range(60):
        path = random_.choice(files)
        whole = path.read_bytes()
        at = random_.randrange(8 if path.suffix == ".pack" else 0, len(whole))
        path.chmod(0o644)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << random_.randrange(8)]) + whole[at + 1 :])
        again = History.open(history.place.dataset)
        kept = at > 20 and path.parent.name in ("main", "tags")  # of a ref's text, time and author only people know
        assert kept or not again.verify().ok, f"{path} byte {at}"
        path.write_bytes(whole)
    assert history.verify().ok
