"""What only a folder can get wrong: links, permissions, full disks, file systems without hard links."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from framepress.errors import InputError, OutputError
from framepress.storage import folder as folder_module
from framepress.storage.folder import FolderOutput


def without_hard_links(monkeypatch, number=errno.EPERM):
    def link(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder_module.os, "link", link)


def test_making_an_output_touches_nothing(tmp_path):
    output = FolderOutput(tmp_path / "absent")
    assert list(output.list()) == []
    assert not output.exists("a.txt")
    with pytest.raises(InputError):
        output.read("a.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_root_is_made_with_its_parents_even_for_a_file_at_its_top(tmp_path):
    FolderOutput(tmp_path / "a" / "b").append("log").close()
    assert (tmp_path / "a" / "b" / "log").is_file()


def test_the_current_folder_may_change_afterwards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = FolderOutput("set")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    output.put("a.txt", b"a")
    assert (tmp_path / "set" / "a.txt").read_bytes() == b"a"


def test_names_of_one_temporary_are_one_file_on_disk(tmp_path):
    output = FolderOutput(tmp_path)
    staged = output.stage("coco/a.png", b"pixels")
    output.publish([staged, staged.at("yolo/a.png")])
    assert (tmp_path / "coco/a.png").samefile(tmp_path / "yolo/a.png")
    assert (tmp_path / "coco/a.png").stat().st_nlink == 2


def test_replacing_leaves_other_names_of_the_old_file_alone(tmp_path):
    output = FolderOutput(tmp_path / "set")
    (tmp_path / "mine.txt").write_bytes(b"old")
    output.link(tmp_path / "mine.txt", "a.txt")
    assert (tmp_path / "mine.txt").samefile(tmp_path / "set/a.txt")
    output.replace("a.txt", b"new")
    assert (tmp_path / "mine.txt").read_bytes() == b"old"


def test_linking_a_link_links_the_file_behind_it(tmp_path):
    (tmp_path / "real.png").write_bytes(b"pixels")
    (tmp_path / "short.png").symlink_to("real.png")
    FolderOutput(tmp_path / "set").link(tmp_path / "short.png", "a.png")
    assert not (tmp_path / "set/a.png").is_symlink()
    assert (tmp_path / "set/a.png").samefile(tmp_path / "real.png")


@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.ENOTSUP])
def test_without_hard_links_files_are_whole_and_never_overwritten(tmp_path, monkeypatch, number):
    without_hard_links(monkeypatch, number)
    output = FolderOutput(tmp_path / "set")
    staged = output.stage("coco/a.png", b"pixels")
    output.publish([staged, staged.at("yolo/a.png"), staged.at("kitti/a.png"), output.stage("b.txt", b"b")])
    with pytest.raises(OutputError, match="not overwritten"):
        output.put("b.txt", b"other")
    output.move("b.txt", "c.txt")
    with pytest.raises(OutputError, match="not overwritten"):
        output.move("c.txt", "coco/a.png")
    (tmp_path / "source").write_bytes(b"source")
    output.link(tmp_path / "source", "d.txt")
    assert {path: output.read(path) for path in output.list()} == {
        "c.txt": b"b",
        "coco/a.png": b"pixels",
        "d.txt": b"source",
        "kitti/a.png": b"pixels",
        "yolo/a.png": b"pixels",
    }
    assert list(output.list(".framepress")) == []


def test_without_hard_links_a_full_disk_leaves_no_empty_file(tmp_path, monkeypatch):
    without_hard_links(monkeypatch)
    output = FolderOutput(tmp_path)

    def replace(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder_module.os, "replace", replace)
    with pytest.raises(OutputError, match="No space left"):
        output.put("a.txt", b"a")
    assert list(output.list()) == []


def test_nothing_is_written_through_a_folder_that_is_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "images").symlink_to(tmp_path / "elsewhere")
    output = FolderOutput(tmp_path / "set")
    with pytest.raises(OutputError, match="images: is a symbolic link"):
        output.put("images/a.png", b"pixels")
    with pytest.raises(OutputError, match="images: is a symbolic link"):
        output.append("images/log")
    (tmp_path / "elsewhere" / "theirs.png").write_bytes(b"theirs")
    with pytest.raises(OutputError, match="symbolic link"):
        output.move("images/theirs.png", ".framepress/orphans/theirs.png")
    with pytest.raises(InputError, match="symbolic link"):
        output.read("images/theirs.png")
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["theirs.png"]
    assert list(output.list()) == ["images"]


def test_our_own_folder_may_not_be_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / ".framepress").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="symbolic link"):
        FolderOutput(tmp_path / "set").lock()
    with pytest.raises(OutputError, match="symbolic link"):
        FolderOutput(tmp_path / "set").put("a.txt", b"a")
    (tmp_path / "elsewhere" / "a").touch()
    with pytest.raises(OutputError, match="symbolic link"):
        FolderOutput(tmp_path / "set").remove(".framepress/a")
    assert [path.name for path in (tmp_path / "elsewhere").iterdir()] == ["a"]


def test_a_name_that_is_a_dangling_link_is_taken(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.txt").symlink_to(tmp_path / "victim")
    output = FolderOutput(tmp_path / "set")
    assert output.exists("a.txt")
    with pytest.raises(OutputError, match="not overwritten"):
        output.put("a.txt", b"a")
    with pytest.raises(OutputError, match="symbolic link"):
        output.append("a.txt")
    output.replace("a.txt", b"a")
    assert not (tmp_path / "victim").exists()
    assert not (tmp_path / "set" / "a.txt").is_symlink()


def test_sweeping_leaves_other_peoples_files_in_the_temporary_folder(tmp_path):
    output = FolderOutput(tmp_path)
    output.stage("a.txt", b"a")
    (tmp_path / ".framepress/tmp/notes.txt").write_bytes(b"mine")
    assert FolderOutput(tmp_path).sweep() == 1
    assert list(output.list(".framepress")) == [".framepress/tmp/notes.txt"]


def test_a_full_disk_is_named_and_damages_nothing(small_disk):
    output = FolderOutput(small_disk / "set")
    kept = []

    def fill():
        for number in range(100):
            output.put(f"images/{number}.png", bytes([number]) * 30_000)
            kept.append(number)

    with pytest.raises(OutputError, match=r"images/\d+\.png: cannot be \w+: No space left.*free some space"):
        fill()
    assert 10 < len(kept) < 100
    for number in kept:
        assert output.read(f"images/{number}.png") == bytes([number]) * 30_000
    assert len(list(output.list())) == len(kept)
    assert list(output.list(".framepress")) == []
    with pytest.raises(OutputError, match=r"big\.bin.*No space left"), output.file("big.bin") as stream:
        stream.write(bytes(1 << 21))
    assert list(output.list(".framepress")) == []


def test_a_line_that_does_not_fit_leaves_no_half_of_it(small_disk):
    output = FolderOutput(small_disk / "set")
    log = output.append("log.txt")
    line = b"x" * 9_999 + b"\n"

    def fill():
        for _ in range(200):
            log.write(line)

    with pytest.raises(OutputError, match=r"log\.txt.*No space left"):
        fill()
    log.close()
    content = output.read("log.txt")
    assert content == line * (len(content) // len(line))
    assert log.size == len(content) > 500_000


def test_a_short_write_is_completed(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, bytes(content[:7])))
    output = FolderOutput(tmp_path)
    content = bytes(range(256))
    output.put("a.bin", content)
    with output.file("b.bin") as stream:
        stream.write(content)
    log = output.append("c.bin")
    log.write(content)
    log.close()
    assert output.read("a.bin") == output.read("b.bin") == output.read("c.bin") == content


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EACCES, "permissions"),
        (errno.EROFS, "another target"),
        (errno.EIO, "check it"),
    ],
)
def test_what_the_system_refuses_is_told_with_a_way_out(tmp_path, monkeypatch, number, way_out):
    output = FolderOutput(tmp_path)
    output.put("there.txt", b"")

    def write(descriptor, content):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(OutputError) as caught:
        output.put("a.txt", b"a")
    for part in (str(tmp_path / "a.txt"), os.strerror(number), way_out):
        assert part in str(caught.value)
    monkeypatch.undo()
    assert list(output.list()) == ["there.txt"]
    assert list(output.list(".framepress")) == []


def test_a_name_that_is_too_long_is_told(tmp_path):
    output = FolderOutput(tmp_path)
    for path in ("x" * 300, "x" * 300 + "/a"):
        with pytest.raises(OutputError, match="component of 300 bytes, above 255"):
            output.put(path, b"")
    assert list(output.list(".framepress")) == []


def test_a_target_that_is_a_file_is_told(tmp_path):
    (tmp_path / "set").write_bytes(b"mine")
    with pytest.raises(OutputError, match="set"):
        FolderOutput(tmp_path / "set").put("a.txt", b"")
    with pytest.raises(OutputError, match="set"):
        FolderOutput(tmp_path / "set" / "below").lock()
    assert (tmp_path / "set").read_bytes() == b"mine"


@pytest.fixture
def locked_folder():
    """A folder in which this process may not write, root or not."""
    # Not in tmp_path, whose parents are closed to other users.
    with tempfile.TemporaryDirectory() as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent, "set")
        folder.mkdir(mode=0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no user ids")
def test_a_target_without_permission_is_told(locked_folder):
    output = FolderOutput(locked_folder)
    for write in (lambda: output.put("a.txt", b""), lambda: output.append("a.txt"), output.lock):
        with pytest.raises(OutputError, match=r"set.*Permission denied.*change its permissions"):
            write()


def test_a_read_only_file_system_is_told_and_can_be_read(tmp_path, small_disk):
    FolderOutput(small_disk / "set").put("a.txt", b"a")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    output = FolderOutput(small_disk / "set")
    assert output.read("a.txt") == b"a"
    for write in (lambda: output.put("b.txt", b""), lambda: output.append("c.txt"), output.lock):
        with pytest.raises(OutputError, match=r"Read-only file system.*another target"):
            write()


def test_a_reader_never_sees_half_of_a_replaced_file(tmp_path):
    output = FolderOutput(tmp_path)
    contents = [bytes([n]) * 200_000 for n in range(4)]
    output.replace("a.bin", contents[0])
    stop = threading.Event()

    def write():
        for _ in range(50):
            for content in contents:
                output.replace("a.bin", content)
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not stop.is_set():
        assert output.read("a.bin") in contents
    writer.join()
