"""Archives: what real tools find in them, the same bytes whoever packs, whole or not there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from trees import contents as files_of
from trees import put, tree

from framepress.dataset.opening import open_dataset
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.delivery import pack_archive, pack_tar, pack_zip
from framepress.delivery.manifest import manifest_of
from framepress.delivery.manifest_files import SUMS
from framepress.delivery.pack import pack
from framepress.delivery.pack_members import BLOCK, Member, Portion, contents, parts, portions
from framepress.delivery.unpack import unpack
from framepress.errors import InputError, OptionError, OutputError
from frames import LABELS, many

KINDS = ["zip", "tar", "tar.gz", "tar.zst"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tree(tmp_path_factory.mktemp("packed") / "set")


def tool(*command: str | Path) -> str:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"no {command[0]} on this machine")
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def without_manifest(folder: Path) -> dict[str, bytes]:
    found = files_of(folder)
    del found[SUMS]
    return found


def test_unzip_finds_every_file_and_no_error(root: Path, tmp_path: Path) -> None:
    found = pack(root, tmp_path / "a.zip", verify=True)
    assert "No errors detected" in tool("unzip", "-tq", found.archives[0])
    tool("unzip", "-q", found.archives[0], "-d", tmp_path / "out")
    assert without_manifest(tmp_path / "out") == files_of(root)


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.zst"])
def test_tar_finds_every_file_and_says_nothing(root: Path, tmp_path: Path, kind: str) -> None:
    pack(root, tmp_path / f"a.{kind}", verify=True)
    if kind == "tar.zst":
        tool("zstd", "-tq", tmp_path / f"a.{kind}")
    if kind == "tar.gz":
        tool("gzip", "-t", tmp_path / f"a.{kind}")
    (tmp_path / "out").mkdir()
    assert tool("tar", "-xf", tmp_path / f"a.{kind}", "-C", tmp_path / "out") == ""
    assert without_manifest(tmp_path / "out") == files_of(root)


def test_python_reads_zip_and_tar_alike(root: Path, tmp_path: Path) -> None:
    wanted = files_of(root)
    pack(root, tmp_path / "a.zip", prefix="set/")
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        assert {name: opened.read(f"set/{name}") for name in wanted} == wanted
    pack(root, tmp_path / "a.tar.gz", prefix="set/")
    with tarfile.open(tmp_path / "a.tar.gz") as opened_tar:
        assert opened_tar.getnames() == names
        for name, content in wanted.items():
            stream = opened_tar.extractfile(f"set/{name}")
            assert stream is not None
            assert stream.read() == content
    assert names == [*sorted(names[:-1], key=str.encode), f"set/{SUMS}"]


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_depend_on_names_and_contents_alone(root: Path, tmp_path: Path, kind: str) -> None:
    """Other times, modes, inodes, an order of creation turned round, one thread or eight."""
    twin = tmp_path / "twin"
    for name, content in reversed(files_of(root).items()):
        path = put(twin, name, content)
        path.chmod(0o600)
        os.utime(path, (1, 1))
    for number, (source, workers) in enumerate(((root, 1), (root, 8), (twin, 3))):
        pack(source, tmp_path / f"{number}.{kind}", workers=workers)
    first, second, third = ((tmp_path / f"{number}.{kind}").read_bytes() for number in range(3))
    assert first == second == third


def test_entries_tell_nothing_of_who_packed_them(root: Path, tmp_path: Path) -> None:
    pack(root, tmp_path / "a.zip")
    pack(root, tmp_path / "a.tar")
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert {(entry.date_time, entry.external_attr >> 16) for entry in opened.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644)
        }
    with tarfile.open(tmp_path / "a.tar") as opened_tar:
        assert {(e.mtime, e.mode, e.uid, e.gid, e.uname, e.gname) for e in opened_tar} == {
            (315532800, 0o644, 0, 0, "", "")
        }


def test_what_zstd_needs_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack(root, tmp_path / "a.tar.zst", images=False)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    for run in (lambda: pack(root, tmp_path / "b.tar.zst"), lambda: unpack(tmp_path / "a.tar.zst", tmp_path / "out")):
        with pytest.raises(ImportError, match=r"framepress\[pack\]"):
            run()
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.zst"]


def test_media_are_stored_and_text_is_deflated(root: Path, tmp_path: Path) -> None:
    pack(root, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        ways = {entry.filename: entry.compress_type for entry in opened.infolist() if entry.file_size > 200}
        big = opened.getinfo("annotations/all.json")
    assert {way for name, way in ways.items() if name.endswith((".jpg", ".mp4"))} == {zipfile.ZIP_STORED}
    assert {way for name, way in ways.items() if name.endswith((".txt", ".json"))} == {zipfile.ZIP_DEFLATED}
    assert big.compress_size < big.file_size / 50
    raw = (tmp_path / "a.zip").stat().st_size
    pack(root, tmp_path / "a.tar.gz")
    assert (tmp_path / "a.tar.gz").stat().st_size < 1.01 * raw


def test_the_manifest_inside_is_one_that_sha256sum_takes(root: Path, tmp_path: Path) -> None:
    pack(root, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        opened.extractall(tmp_path / "out")
        told = opened.read(SUMS)
    if shutil.which("sha256sum"):
        run = subprocess.run(["sha256sum", "--check", "--quiet", "--strict", SUMS], cwd=tmp_path / "out")
        assert run.returncode == 0
    assert told.count(b"\n") == len(manifest_of(root).entries) == len(files_of(root))
    assert [entry.path for entry in manifest_of(tmp_path / "out").entries] == [
        entry.path for entry in manifest_of(root).entries
    ]


def test_more_entries_than_zip_once_had_numbers_for(tmp_path: Path) -> None:
    path = put(tmp_path, "x", b"x")
    status = path.stat()
    members = [Member(f"{number:05d}", path, 1, status.st_mtime_ns) for number in range(66_000)]
    packer = pack_zip.ZipPacker(1)
    with pack_archive.write_archive(
        tmp_path / "a.zip", members, packer, prefix="", workers=2, on_file=lambda count: None
    ):
        pass
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert len(opened.infolist()) == 66_001
        assert opened.read("65999") == b"x"


def test_offsets_beyond_four_gigabytes_are_read(root: Path, tmp_path: Path) -> None:
    """In a file with a hole, so that it takes no space."""
    members = [
        Member(name, root / name, len(content), (root / name).stat().st_mtime_ns)
        for name, content in files_of(root).items()
    ]
    packer = pack_zip.ZipPacker(6)
    with open(tmp_path / "a.zip", "wb") as out:
        out.seek(5 << 30)
        for portion in portions(members):
            found = contents(portion)
            packer.write(out, portion, found, packer.press(portion, found))
        packer.end(out)
    packer.close()
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert opened.infolist()[0].header_offset >= 5 << 30
        assert {name: opened.read(name) for name in opened.namelist()} == files_of(root)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zip", "tar.zst"])
def test_a_file_above_four_gigabytes(tmp_path: Path, kind: str) -> None:
    path = put(tmp_path / "set", "zeros.txt", b"")
    os.truncate(path, (4 << 30) + 12345)
    pack(tmp_path / "set", tmp_path / f"a.{kind}", level=1, verify=True)
    if kind == "zip":
        assert "No errors" in tool("unzip", "-tq", tmp_path / "a.zip")


KILLED = """
import sys, time
from pathlib import Path
from framepress.delivery import pack_archive, pack
from framepress.delivery.pack_members import contents
def slow(portion):
    time.sleep(0.01)
    return contents(portion)
pack_archive.contents = slow
print("begun", flush=True)
pack.pack(sys.argv[1], sys.argv[2], workers=2)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_run_leaves_no_visible_archive_and_is_no_hindrance(tmp_path: Path, seed: int) -> None:
    root = tmp_path / "set"
    for number in range(60):
        put(root, f"{number:02d}.{'jpg' if number % 2 else 'txt'}", bytes(10_000))
    target = tmp_path / "out" / "a.zip"
    run = subprocess.Popen([sys.executable, "-c", KILLED, str(root), str(target)], stdout=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.readline()
    time.sleep(float(np.random.default_rng(seed).uniform(0.02, 0.5)))
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    visible = [path.name for path in target.parent.glob("[!.]*")] if target.parent.exists() else []
    if visible:  # it had ended before
        assert zipfile.ZipFile(target).testzip() is None
        return
    pack(root, target, verify=True)
    assert [path.name for path in target.parent.iterdir()] == ["a.zip"]


FULL = """
import resource, signal, sys
from framepress.delivery.pack import pack
from framepress.delivery.unpack import unpack
from framepress.errors import OutputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
place = sys.argv[2]
for run in (lambda: pack(sys.argv[1], place + "/b.tar"), lambda: unpack(place + "/a.zip", place + "/out")):
    try:
        run()
    except OutputError as error:
        print(error)
"""


def test_a_disk_that_takes_no_more_ends_it_and_nothing_is_left(root: Path, tmp_path: Path) -> None:
    pack(root, tmp_path / "a.zip")
    run = subprocess.run([sys.executable, "-c", FULL, str(root), str(tmp_path)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    told = run.stdout.splitlines()
    assert len(told) == 2
    assert all("File too large" in line for line in told)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_nothing_is_overwritten_and_nothing_is_left_of_a_failure(root: Path, tmp_path: Path) -> None:
    target = put(tmp_path, "a.zip", b"mine")
    with pytest.raises(OutputError, match="exists already"):
        pack(root, target)
    assert target.read_bytes() == b"mine"
    with pytest.raises(OptionError, match="lies in the dataset itself"):
        pack(root, root / "a.zip")
    with pytest.raises(OptionError, match=r"ends in one of \.zip, \.tar\.gz"):
        pack(root, tmp_path / "a.rar")
    with pytest.raises(OptionError, match="levels 1 to 9"):
        pack(root, tmp_path / "b.zip", level=19)
    with pytest.raises(OptionError, match="ends in a slash"):
        pack(root, tmp_path / "b.zip", prefix="set")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


@pytest.mark.parametrize(
    ("name", "link", "told"),
    [
        ("out.txt", "/etc/hostname", "leads out of the dataset"),
        ("folder", "images", "a symbolic link to a folder"),
        ("back\\slash", "", "has a backslash"),
        ("aux.txt", "", "a device on Windows"),
        (os.fsdecode(b"\xff.txt"), "", "lone surrogate"),
    ],
)
def test_what_could_not_be_unpacked_elsewhere_is_refused(tmp_path: Path, name: str, link: str, told: str) -> None:
    root = tree(tmp_path / "set", files=1)
    if link:
        (root / name).symlink_to(link)
    else:
        (root / name).write_bytes(b"x")
    with pytest.raises((InputError, OutputError), match=told):
        pack(root, tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_file_that_changes_meanwhile_ends_it(tmp_path: Path) -> None:
    path = put(tmp_path, "a.txt", b"12345")
    status = path.stat()
    for size, mtime_ns in ((6, status.st_mtime_ns), (4, status.st_mtime_ns), (5, status.st_mtime_ns - 1)):
        with pytest.raises(InputError, match="changed while it was packed"):
            contents(Portion((Member("a.txt", path, size, mtime_ns),), whole=True))


@pytest.mark.parametrize("kind", KINDS)
def test_verify_finds_what_a_packer_wrote_wrong(
    root: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(press: Callable[..., object]) -> Callable[..., object]:
        def pressed(packer: object, portion: Portion, found: list[bytes]) -> object:
            return press(packer, portion, [content[::-1] for content in found])

        return pressed

    for packer in (pack_zip.ZipPacker, pack_tar.TarPacker):
        monkeypatch.setattr(packer, "press", wrong(packer.press))
    with pytest.raises(InputError):
        pack(root, tmp_path / f"a.{kind}", verify=True)
    assert list(tmp_path.iterdir()) == []


# ---- parts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_parts_keep_to_their_size_and_hold_everything_together(root: Path, tmp_path: Path, kind: str) -> None:
    most = 5_400_000
    found = pack(root, tmp_path / f"a.{kind}", max_bytes=most, verify=True)
    assert [path.name for path in found.archives] == [f"a-{n}-of-2.{kind}" for n in (1, 2)]
    assert all(path.stat().st_size <= most for path in found.archives)
    back = unpack(found.archives[1], tmp_path / "out")
    assert files_of(tmp_path / "out") == files_of(root)
    assert back.checked == back.files == found.files
    found.archives[0].unlink()
    with pytest.raises(InputError, match=r"a-1-of-2.* is not beside it"):
        unpack(found.archives[1], tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_no_part_is_ever_above_the_limit(tmp_path: Path, kind: str) -> None:
    """Many files of any size that cannot be compressed, under long names, whatever their extension says."""
    rng = np.random.default_rng(8)
    for number in range(150):
        size = int(rng.choice([0, 1, 511, 512, 3000, 40_000]))
        extension = ("txt", "jpg")[number % 2]
        put(tmp_path / "set", f"{'n' * int(rng.integers(1, 200))}{number}.{extension}", rng.bytes(size))
    most = 200_000
    found = pack(tmp_path / "set", tmp_path / f"a.{kind}", max_bytes=most)
    sizes = [path.stat().st_size for path in found.archives]
    assert len(sizes) > 5
    assert max(sizes) <= most
    assert np.mean(sizes[:-1]) > 0.5 * most


def test_a_file_that_no_part_can_hold_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"all\.json: has 4999968 bytes, which no archive of 1000000 can hold"):
        pack(root, tmp_path / "a.zip", max_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == []


def test_portions_hold_every_byte_once_and_never_more_than_a_block() -> None:
    rng = np.random.default_rng(2)
    sizes = [int(size) for size in rng.choice([0, 10, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK], 60)]
    kinds = [("png", "txt")[int(kind)] for kind in rng.integers(0, 2, 60)]
    members = [Member(f"{n}.{kinds[n]}", Path("x"), size, 0) for n, size in enumerate(sizes)]
    held = {member.name: 0 for member in members}
    for portion in portions(members):
        assert portion.whole or len(portion.members) == 1
        assert len({os.path.splitext(member.name)[1] for member in portion.members}) == 1
        total = sum(member.size for member in portion.members) if portion.whole else portion.length
        assert total <= BLOCK
        for member in portion.members:
            assert portion.first == (portion.whole or held[member.name] == 0)
            held[member.name] += member.size if portion.whole else portion.length
            assert portion.last == (held[member.name] == member.size)
    assert held == {member.name: member.size for member in members}
    assert [member.name for lot in parts(members, None, lambda member: 0) for member in lot] == list(held)


# ---- some frames, some files -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pressed") / "set"
    split = Split((("train", 0.5), ("val", 0.5)), 3)
    with DatasetWriter(folder, ["native", "coco"], labels=LABELS, split=split) as writer:
        for frame in many(8):
            writer.add(frame.replaced(id=f"f{frame.index}", sequence=f"s{frame.index}"))
    return folder


def test_a_split_is_a_dataset_of_its_own(dataset: Path, tmp_path: Path) -> None:
    wanted = {frame.id: frame for frame in open_dataset(dataset).frames() if frame.split == "val"}
    assert 0 < len(wanted) < 8
    pack(dataset, tmp_path / "val.tar.gz", split="val", verify=True)
    assert [path.name for path in tmp_path.iterdir()] == ["val.tar.gz"]
    unpack(tmp_path / "val.tar.gz", tmp_path / "val")
    for format in ("native", "coco"):
        found = {frame.id: frame for frame in open_dataset(tmp_path / "val", format).frames()}
        assert found.keys() == wanted.keys()
    for frame in open_dataset(tmp_path / "val", "native").frames():
        for channel, values in frame.view.channels.items():
            assert np.array_equal(values, wanted[frame.id].view.channels[channel])
    assert [path.name for path in (tmp_path / "val/coco/annotations").glob("instances_*")] == ["instances_val.json"]


def test_frames_of_a_list_and_the_same_bytes_again(dataset: Path, tmp_path: Path) -> None:
    for number, frames in enumerate((["f1", "f6"], {"f6", "f1"})):
        pack(dataset, tmp_path / f"{number}.zip", frames=frames)
    assert (tmp_path / "0.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
    unpack(tmp_path / "0.zip", tmp_path / "out")
    assert {frame.id for frame in open_dataset(tmp_path / "out").frames()} == {"f1", "f6"}
    with pytest.raises(InputError, match="has no frame 'f99'"):
        pack(dataset, tmp_path / "b.zip", frames=["f99"])
    with pytest.raises(InputError, match="no frame is of split 'test'"):
        pack(dataset, tmp_path / "b.zip", split="test")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_of_a_folder_without_a_journal_nothing_tells_the_splits(root: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no dataset of ours"):
        pack(root, tmp_path / "a.zip", split="train")


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tar.zst"])
def test_a_picture_of_several_editions_is_packed_once_if_asked(tmp_path: Path, kind: str) -> None:
    with DatasetWriter(tmp_path / "set", ["native", "coco", "yolo"], labels=LABELS) as writer:
        for frame in many(4, size_wh=(96, 64)):
            writer.add(frame)
    plain = pack(tmp_path / "set", tmp_path / f"plain.{kind}")
    found = pack(tmp_path / "set", tmp_path / f"a.{kind}", links=True, verify=True, prefix="set/", workers=1)
    pack(tmp_path / "set", tmp_path / f"b.{kind}", links=True, prefix="set/", workers=8)
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert found.links == 8
    assert found.packed_bytes < plain.packed_bytes - 7 * 4096
    (tmp_path / "out").mkdir()
    assert tool("tar", "-xf", tmp_path / f"a.{kind}", "-C", tmp_path / "out") == ""
    assert without_manifest(tmp_path / "out/set") == files_of(tmp_path / "set")
    back = unpack(tmp_path / f"a.{kind}", tmp_path / "back")
    assert back.checked == found.files == back.files
    assert files_of(tmp_path / "back/set") == files_of(tmp_path / "set")
    (picture,) = (tmp_path / "back/set/native/rgb").rglob("0001.png")
    assert picture.stat().st_nlink == 3
    found = pack(tmp_path / "set", tmp_path / f"parts.{kind}", links=True, max_bytes=100_000)
    assert len(found.archives) > 1
    unpack(found.archives[0], tmp_path / "whole")
    assert files_of(tmp_path / "whole") == files_of(tmp_path / "set")


def test_a_zip_knows_no_links(root: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="knows no links"):
        pack(root, tmp_path / "a.zip", links=True)


def test_labels_alone_and_what_is_of_this_machine(tmp_path: Path) -> None:
    root = tree(tmp_path / "set", files=3)
    for name in (".framepress/tmp/x", ".framepress/lock", ".framepress/versions/refs/1", ".git/config"):
        put(root, name, b"x")
    (root / "empty").mkdir()
    found = pack(root, tmp_path / "a.zip", images=False)
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        names = opened.namelist()
    assert not [name for name in names if name.endswith((".jpg", ".png")) or name.startswith(".git")]
    assert [name for name in names if name.startswith(".framepress")] == [SUMS]
    assert (found.images_left_out, found.empty_folders) == (3, 1)
    assert list(found.left_out) == [".framepress/versions", ".git"]
    pack(root, tmp_path / "b.zip", history=True)
    with zipfile.ZipFile(tmp_path / "b.zip") as opened:
        assert ".framepress/versions/refs/1" in opened.namelist()
