"""Unpacking: archives that lie, lead elsewhere, are cut or damaged end in one error, and leave nothing."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from trees import contents, put, tree

from framepress.delivery import unpack as module
from framepress.delivery.pack import pack
from framepress.delivery.unpack import Limits, unpack
from framepress.delivery.unpack_names import Names, folding
from framepress.errors import InputError, OutputError

KINDS = ["zip", "tar", "tar.gz", "tar.zst"]


def tar_of(path: Path, *entries: tuple[str, bytes, bytes, str]) -> Path:
    """(name, type, content, where it links to)."""
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as opened:
        for name, kind, content, link in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size = kind, link, len(content)
            opened.addfile(entry, io.BytesIO(content))
    return path


def zip_of(path: Path, *entries: tuple[str, bytes], mode: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            with pytest.warns(UserWarning, match="Duplicate") if name in opened.namelist() else nothing():
                opened.writestr(entry, content)
    return path


class nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def refused(archive: Path, told: str, **limits: int) -> None:
    """Ends in an error, and nothing is left: neither the folder nor anything beside or above it."""
    place = archive.parent / "place"
    place.mkdir(exist_ok=True)
    before = contents(archive.parent)
    with pytest.raises(InputError, match=told):
        unpack(archive, place / "out", limits=Limits(**limits))
    assert list(place.iterdir()) == []
    assert contents(archive.parent) == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_packed_comes_back_compared(tmp_path: Path, kind: str) -> None:
    root = tree(tmp_path / "set", files=12)
    pack(root, tmp_path / f"a.{kind}", prefix="deep/er/")
    found = unpack(tmp_path / f"a.{kind}", tmp_path / "new" / "out")
    assert contents(tmp_path / "new/out/deep/er") == contents(root)
    assert found.files == found.checked == len(contents(root))
    assert found.bytes == sum(map(len, contents(root).values()))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out"]
    assert not (tmp_path / "new/out/deep/er/.framepress").exists()


def test_archives_of_others_come_out_too(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=4)
    (root / "empty").mkdir()
    os.link(root / "images/train/0001.jpg", root / "images/train/linked.jpg")
    for kind in ("w", "w:gz"):
        path = tmp_path / f"others{kind.replace(':', '')}.tar"
        with tarfile.open(path, kind, format=tarfile.GNU_FORMAT) as opened:
            opened.add(root, "set")
        found = unpack(path, tmp_path / path.stem)
        assert contents(tmp_path / path.stem / "set") == contents(root)
        assert (tmp_path / path.stem / "set/empty").is_dir()
        assert found.checked == 0
    with tarfile.open(tmp_path / "dot.tar", "w") as opened:
        opened.add(root, ".")
    with tarfile.open(tmp_path / "dot.tar") as opened:
        assert "./set" not in opened.getnames()
        assert "." in opened.getnames()
    unpack(tmp_path / "dot.tar", tmp_path / "dot")
    assert contents(tmp_path / "dot") == contents(root)
    with zipfile.ZipFile(tmp_path / "others.zip", "w", zipfile.ZIP_LZMA) as opened_zip:
        for name, content in contents(root).items():
            opened_zip.writestr(name, content)
        opened_zip.writestr("void/", b"")
    unpack(tmp_path / "others.zip", tmp_path / "zipped")
    assert contents(tmp_path / "zipped") == contents(root)


HOSTILE_NAMES = ["../up", "/etc/cron.d/x", "a/../../up", "C:/x", "a\\..\\up", "nul.txt", "a//b", "a/./x", "x\0y", "a/."]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as opened:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = name
        opened.writestr(entry, b"x")
    refused(tmp_path / "a.zip", "a.zip")
    if "\0" not in name:
        entries = [(entry, tarfile.REGTYPE, b"x", "") for entry in ("good", name)]
        refused(tar_of(tmp_path / "a.tar", *entries), "path")


@pytest.mark.parametrize(
    ("kind", "link", "told"),
    [
        (tarfile.SYMTYPE, "/etc/passwd", "a symbolic link"),
        (tarfile.SYMTYPE, "good", "a symbolic link"),
        (tarfile.LNKTYPE, "/etc/passwd", "no file before it"),
        (tarfile.LNKTYPE, "../secret", "no file before it"),
        (tarfile.LNKTYPE, "later", "no file before it"),
        (tarfile.CHRTYPE, "", "a device or pipe"),
        (tarfile.BLKTYPE, "", "a device or pipe"),
        (tarfile.FIFOTYPE, "", "a device or pipe"),
    ],
)
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes, link: str, told: str) -> None:
    put(tmp_path, "secret", b"secret")
    refused(tar_of(tmp_path / "a.tar", ("good", tarfile.REGTYPE, b"x", ""), ("bad", kind, b"", link)), told)


def test_a_link_of_a_zip_is_refused(tmp_path: Path) -> None:
    refused(zip_of(tmp_path / "a.zip", ("bad", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "a symbolic link")


@pytest.mark.parametrize(
    ("names", "told"), [("aba", "'a' is there twice"), (("a", "a/b"), "twice"), (("a/b", "a"), "twice, as file and")]
)
def test_an_entry_that_is_there_twice_is_refused(tmp_path: Path, names: Sequence[str], told: str) -> None:
    refused(tar_of(tmp_path / "a.tar", *((name, tarfile.REGTYPE, b"x", "") for name in names)), told)
    refused(zip_of(tmp_path / "a.zip", *((name, b"x") for name in names)), told)


@pytest.mark.parametrize("names", [("Car.png", "car.PNG"), ("Data/a", "data/b"), ("straße/x", "STRASSE/x")])
def test_names_that_are_one_on_the_target_s_disk_are_refused(
    tmp_path: Path, names: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tar_of(tmp_path / "a.tar", *((name, tarfile.REGTYPE, b"x", "") for name in names))
    monkeypatch.setattr(module, "folding", lambda folder: str.casefold)
    refused(archive, "are one name on this disk")
    monkeypatch.undo()
    if folding(tmp_path)("A") == "A":  # this disk tells them apart
        unpack(archive, tmp_path / "out")
        assert set(contents(tmp_path / "out")) == set(names)


def test_what_a_disk_folds_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is told apart by what it answers: this one, and one that ignores case."""
    there = os.path.lexists
    fold = folding(tmp_path)
    put(tmp_path, "probe", b"")
    assert (fold("A") == fold("a")) == there(tmp_path / "PROBE")
    monkeypatch.setattr(os.path, "lexists", lambda path: True)
    fold = folding(tmp_path)
    assert fold("CAF\N{LATIN CAPITAL LETTER E WITH ACUTE}") == fold("cafe\N{COMBINING ACUTE ACCENT}")


def test_bombs_end_at_the_limit(tmp_path: Path) -> None:
    bomb = zip_of(tmp_path / "a.zip", ("zeros", bytes(40_000_000)))
    assert bomb.stat().st_size < 50_000
    refused(bomb, "200 times its own size", free_bytes=1 << 20)
    unpack(bomb, tmp_path / "out")  # within what is free
    refused(bomb, "above 1000000 bytes", bytes=1_000_000)
    many = tar_of(tmp_path / "a.tar", *((f"{n}", tarfile.DIRTYPE, b"", "") for n in range(50)))
    refused(many, "more than 20 entries", files=20)


def test_sizes_that_an_archive_states_are_not_believed(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("zeros", bytes(3_000_000)))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.index(mark) + at
        assert data[place : place + 4] == struct.pack("<I", 3_000_000)
        data[place : place + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    refused(path, "a.zip")


def test_headers_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 1 << 34
    (tmp_path / "a.tar").write_bytes(entry.tobuf(tarfile.GNU_FORMAT) + bytes(10240))
    refused(tmp_path / "a.tar", "17179869696 bytes of headers")


@pytest.mark.parametrize("between", [True, False])
def test_headers_that_add_up_are_refused(tmp_path: Path, between: bool) -> None:
    """Global ones are kept for ever, those of one entry are all read before it."""
    with open(tmp_path / "a.tar", "wb") as out:
        for number in range(40):
            text = b"%d k%02d=%s\n" % (60_000, number, bytes(60_000 - 11).replace(b"\0", b"x"))
            entry = tarfile.TarInfo("headers")
            entry.type, entry.size = tarfile.XGLTYPE if between else tarfile.XHDTYPE, len(text)
            out.write(entry.tobuf(tarfile.USTAR_FORMAT) + text + bytes(-len(text) % 512))
            if between:
                out.write(tarfile.TarInfo(f"{number}").tobuf(tarfile.USTAR_FORMAT))
        out.write(tarfile.TarInfo("last").tobuf(tarfile.USTAR_FORMAT) + bytes(10240))
    refused(tmp_path / "a.tar", "bytes of headers: this is no archive of files")


@pytest.mark.parametrize("kind", ["GNU", "POSIX"])
def test_maps_of_sparse_files_are_not_read(tmp_path: Path, kind: str) -> None:
    """They may go on for as long as the archive does: here neither has an end."""
    if kind == "GNU":
        entry = tarfile.TarInfo("holes")
        entry.type = tarfile.GNUTYPE_SPARSE
        header = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
        header[482] = 1  # more of the map follows
        header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
        content = bytes(header) + (b"00000000001\0" * 42 + b"\1").ljust(512, b"\0") * 4
    else:
        pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "holes", "GNU.sparse.realsize": "9"}
        entry = tarfile.TarInfo("holes")
        entry.size, entry.pax_headers = 1 << 30, pax
        content = entry.tobuf(tarfile.PAX_FORMAT) + b"400000000\n" + b"1\n" * 1024
    (tmp_path / "a.tar").write_bytes(content)
    refused(tmp_path / "a.tar", "'holes': is a sparse file")


def test_what_follows_the_end_is_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", 9) as out:
        out.write(tar_of(tmp_path / "a.tar", ("a", tarfile.REGTYPE, b"x", "")).read_bytes())
        for _ in range(40):
            out.write(bytes(1 << 20))
    (tmp_path / "a.tar").unlink()
    refused(path, "follow the end of the tar")


def test_a_list_of_files_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("a", b"x"))
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", 1 << 30)
    path.write_bytes(data)
    refused(path, "lists its files in 1073741824 bytes")


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", ("a", b"x"))
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    refused(path, "is encrypted")


@pytest.mark.parametrize(
    "content", [b"", b"hello", bytes(100), b"PK\x03\x04", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd\x00"]
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    refused(put(tmp_path, "a.zip", content), "a.zip")


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_archive_is_found(tmp_path: Path, kind: str) -> None:
    """Wherever it is cut: in a header, in content, between entries, in the padding behind the end."""
    root = tree(tmp_path / "set", files=6)
    (root / "video.mp4").unlink()
    path = tmp_path / f"a.{kind}"
    pack(root, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(4)
    cuts = {int(cut) for cut in rng.integers(0, len(whole) - 1, 25)} | {len(whole) - 1, len(whole) - 700}
    cuts |= {int(cut) // 512 * 512 for cut in rng.integers(0, len(whole) // 2, 10)}
    for number, cut in enumerate(sorted(cuts)):
        path.write_bytes(whole[:cut])
        if kind == "tar" and cut > len(whole) - 10240:  # only padding is gone: everything is there, and compared
            unpack(path, tmp_path / f"out{number}")
            assert contents(tmp_path / f"out{number}") == contents(root)
            continue
        with pytest.raises(InputError):
            unpack(path, tmp_path / f"out{number}")
        assert not [found for found in tmp_path.iterdir() if "out" in found.name and number == int(found.name[3:])]


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_found_or_changes_nothing(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "set"
    for number in range(5):
        put(root, f"{number}.jpg", np.random.default_rng(number).bytes(400))
        put(root, f"{number}.txt", b"0 0.5 0.5 0.25 0.25\n" * 10)
    path = tmp_path / f"a.{kind}"
    pack(root, path)
    whole = path.read_bytes()
    rng = np.random.default_rng(11)
    found = 0
    for number in range(60):
        data = bytearray(whole)
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        out = tmp_path / f"out{number}"
        try:
            unpack(path, out)
        except InputError:
            found += 1
            assert not out.exists()
        else:
            assert contents(out) == contents(root)
    assert found > 20
    assert sorted(place.name for place in tmp_path.iterdir() if place.name.startswith(".")) == []


def test_a_file_that_somebody_added_or_changed_is_named(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=2)
    pack(root, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        entries = [(name, opened.read(name)) for name in opened.namelist()]
    edited: dict[str, Callable[[], list[tuple[str, bytes]]]] = {
        "'new.txt' is in it and not in its manifest": lambda: [("new.txt", b"x"), *entries],
        "'video.mp4' is in its manifest and not in it": lambda: [e for e in entries if e[0] != "video.mp4"],
        "'images/train/0001.jpg': sha256": lambda: [
            (name, content + b"!" if name.endswith("0001.jpg") else content) for name, content in entries
        ],
    }
    for told, made in edited.items():
        refused(zip_of(tmp_path / "b.zip", *made()), told)
        (tmp_path / "b.zip").unlink()


def test_a_folder_that_exists_is_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", ("a", b"x"))
    put(tmp_path, "out/mine", b"mine")
    with pytest.raises(OutputError, match="exists already"):
        unpack(archive, tmp_path / "out")
    assert contents(tmp_path / "out") == {"mine": b"mine"}


def test_what_a_killed_run_left_is_swept_by_the_next(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", ("a", b"x"))
    put(tmp_path, "place/.out.unfinished/b", b"half")
    unpack(archive, tmp_path / "place/out")
    assert contents(tmp_path / "place") == {"out/a": b"x"}


def test_names_know_folders_that_come_before_and_after() -> None:
    names = Names("a.tar", str)
    assert names.folder("a/b") == ["a", "a/b"]
    assert names.file("a/c/d") == ["a/c"]
    assert names.folder("a/c") == []
    with pytest.raises(InputError, match="twice"):
        names.file("a/b")
