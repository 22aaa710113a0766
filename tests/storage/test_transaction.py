from __future__ import annotations

import hashlib
import io
import json
import os
import threading

import pytest

from framepress.errors import OutputError
from framepress.storage.folder import FolderOutput
from framepress.storage.transaction import INTENTS, FrameTransaction, Intents

PIXELS = bytes(range(256)) * 40


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def intents_of(output):
    return [json.loads(line) for line in output.read(INTENTS).splitlines()]


def temporaries(output):
    return output.sweep()


def test_files_of_all_editions_become_visible_together(output):
    transaction = FrameTransaction(output, Intents(output), "a/1")
    coco, yolo = transaction.files("coco/"), transaction.files("yolo/")
    coco.put("images/a/1.png", PIXELS)
    yolo.put("labels/a/1.txt", b"0 0.5 0.5 1 1\n")
    with yolo.file("depth/a/1.tiff") as stream:
        stream.write(PIXELS)
        stream.write(b"more")
    assert list(output.list()) == []
    assert transaction.publish() == {
        "coco/": [("coco/images/a/1.png", 10240, sha256(PIXELS))],
        "yolo/": [
            ("yolo/labels/a/1.txt", 14, sha256(b"0 0.5 0.5 1 1\n")),
            ("yolo/depth/a/1.tiff", 10244, sha256(PIXELS + b"more")),
        ],
    }
    assert output.read("yolo/depth/a/1.tiff") == PIXELS + b"more"
    assert intents_of(output) == [
        {"frame": "a/1", "files": ["coco/images/a/1.png", "yolo/labels/a/1.txt", "yolo/depth/a/1.tiff"]}
    ]
    assert temporaries(output) == 0


def test_entries_are_json_as_the_journal_wants_them(output):
    transaction = FrameTransaction(output, Intents(output), "1")
    transaction.files("").put("1.txt", b"x")
    transaction.files("unused/")
    assert json.loads(json.dumps(transaction.publish())) == {"": [["1.txt", 1, sha256(b"x")]], "unused/": []}


def test_an_image_in_three_editions_is_one_file_and_a_label_file_is_not(tmp_path):
    output = FolderOutput(tmp_path)
    transaction = FrameTransaction(output, Intents(output), "1")
    equal = bytes(bytearray(PIXELS))
    assert equal is not PIXELS
    for prefix, content in (("coco/", PIXELS), ("yolo/", PIXELS), ("kitti/", equal)):
        transaction.files(prefix).put("1.png", content)
        transaction.files(prefix).put("1.txt", b"")
    entries = transaction.publish()
    assert {entry.sha256 for rows in entries.values() for entry in rows} == {sha256(PIXELS), sha256(b"")}
    assert (tmp_path / "coco/1.png").stat().st_nlink == 3
    assert (tmp_path / "coco/1.png").samefile(tmp_path / "kitti/1.png")
    assert (tmp_path / "coco/1.txt").stat().st_nlink == 1
    (tmp_path / "coco/1.txt").write_bytes(b"edited")
    assert (tmp_path / "yolo/1.txt").read_bytes() == b""


def test_an_image_is_hashed_and_written_once(tmp_path, monkeypatch):
    written = []
    output = FolderOutput(tmp_path)
    real = output.stage
    monkeypatch.setattr(output, "stage", lambda path, content: written.append(path) or real(path, content))
    transaction = FrameTransaction(output, Intents(output), "1")
    for prefix in ("coco/", "yolo/", "kitti/"):
        transaction.files(prefix).put("1.png", PIXELS)
    transaction.publish()
    assert written == ["coco/1.png"]


def test_contents_that_share_an_address_in_turn_are_not_confused(output):
    transaction = FrameTransaction(output, Intents(output), "1")
    for number in range(200):  # each is freed before the next is made, often at the same address
        transaction.files("").put(f"{number}.bin", str(number).encode() * (3000 if number % 2 else 2))
    for entry in transaction.publish()[""]:
        content = str(int(entry.path[:-4])).encode()
        assert output.read(entry.path) in (content * 3000, content * 2)
        assert entry.sha256 == sha256(output.read(entry.path))


def test_a_taken_name_withdraws_the_whole_frame_and_tells_which(output):
    output.put("yolo/1.txt", b"mine")
    intents = Intents(output)
    transaction = FrameTransaction(output, intents, "cam/1")
    transaction.files("coco/").put("1.png", PIXELS)
    transaction.files("yolo/").put("1.txt", b"ours")
    with pytest.raises(OutputError, match=r"frame cam/1: yolo/1\.txt exists already"):
        transaction.publish()
    assert {path: output.read(path) for path in output.list()} == {"yolo/1.txt": b"mine"}
    assert intents_of(output) == [], "a file of others must never look announced"
    assert temporaries(output) == 0


def test_a_name_taken_at_the_last_moment_is_withdrawn_in_the_log_too(output, monkeypatch):
    intents = Intents(output)
    transaction = FrameTransaction(output, intents, "1")
    transaction.files("").put("1.png", PIXELS)
    transaction.files("").put("1.txt", b"ours")
    real = intents.announce

    def announce(frame_id, paths):
        real(frame_id, paths)
        output.put("1.txt", b"mine")

    monkeypatch.setattr(intents, "announce", announce)
    with pytest.raises(OutputError, match=r"frame 1: .*1\.txt"):
        transaction.publish()
    assert list(output.list()) == ["1.txt"]
    assert intents_of(output) == [{"frame": "1", "files": ["1.png", "1.txt"]}, {"withdrawn": "1"}]


def test_a_log_that_cannot_be_written_publishes_nothing(output, monkeypatch):
    intents = Intents(output)

    def full(content):
        raise OutputError("No space left on device")

    monkeypatch.setattr(intents._file, "write", full)
    with FrameTransaction(output, intents, "1") as transaction:
        transaction.files("").put("1.txt", b"x")
        with pytest.raises(OutputError, match="frame 1: No space left"):
            transaction.publish()
    assert list(output.list()) == []
    assert temporaries(output) == 0


def test_leaving_the_block_without_publishing_drops_everything(output):
    with FrameTransaction(output, Intents(output), "1") as transaction:
        transaction.files("").put("1.txt", b"x")
    assert list(output.list()) == []
    assert temporaries(output) == 0


def test_a_stream_that_fails_is_not_part_of_the_frame(output):
    transaction = FrameTransaction(output, Intents(output), "1")

    def fail():
        with transaction.files("").file("1.bin") as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    transaction.files("").put("1.bin", b"whole")
    transaction.publish()
    assert output.read("1.bin") == b"whole"


def test_text_can_be_written_through_a_stream(output):
    transaction = FrameTransaction(output, Intents(output), "1")
    with transaction.files("").file("1.txt") as stream, io.TextIOWrapper(stream, encoding="utf-8", newline="") as text:
        text.write("ä\n")
    assert transaction.publish()[""] == [("1.txt", 3, sha256("ä\n".encode()))]


@pytest.mark.parametrize("path", ["../1.txt", "/1.txt", "a//1.txt", "con/1.txt"])
def test_an_unsafe_name_is_refused_at_once(output, path):
    transaction = FrameTransaction(output, Intents(output), "1")
    with pytest.raises(OutputError, match="path"):
        transaction.files("coco/" if path != "/1.txt" else "").put(path, b"")
    with pytest.raises(OutputError, match="path"), transaction.files("").file(path):
        pass


def test_one_name_twice_in_a_frame_is_refused_at_once(output):
    transaction = FrameTransaction(output, Intents(output), "1")
    transaction.files("a/").put("1.txt", b"")
    with pytest.raises(OutputError, match=r"frame 1: a/1\.txt is written twice"):
        transaction.files("").put("a/1.txt", b"")


def test_trimming_keeps_what_is_not_settled(output):
    intents = Intents(output)
    for number in range(5):
        intents.announce(str(number), [f"{number}.txt"])
    intents.settle("0")
    intents.settle("3")
    intents.withdraw("4")
    intents.trim()
    assert [line["frame"] for line in intents_of(output)] == ["1", "2"]
    intents.announce("5", [])
    intents.settle("1")
    intents.trim()
    intents.close()
    assert [line["frame"] for line in intents_of(output)] == ["2", "5"]


def test_eight_workers_press_two_hundred_frames(output):
    intents = Intents(output)
    contents = {n: os.urandom(5000 + n) for n in range(200)}
    todo = iter(contents.items())
    guard = threading.Lock()
    rows = {}
    failed = []

    def work():
        while True:
            with guard:
                number, content = next(todo, (None, b""))
            if number is None:
                return
            try:
                with FrameTransaction(output, intents, str(number)) as transaction:
                    transaction.files("coco/").put(f"{number % 7}/{number}.png", content)
                    transaction.files("yolo/").put(f"{number % 5}/{number}.png", content)
                    rows[number] = transaction.publish()
            except OutputError as error:
                failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    for number, content in contents.items():
        for entries in rows[number].values():
            assert [(output.read(path), size, digest) for path, size, digest in entries] == [
                (content, len(content), sha256(content))
            ]
    assert sorted(int(line["frame"]) for line in intents_of(output)) == sorted(contents)
