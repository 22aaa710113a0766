from __future__ import annotations

import hashlib
import subprocess
from contextlib import suppress

import pytest

from framepress.errors import InputError, JournalError, OutputError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.recover import recover
from framepress.storage.transaction import INTENTS, FrameTransaction, Intents

PIXELS = bytes(range(256)) * 20


def press(output, intents, journal, id, commit=True):
    with FrameTransaction(output, intents, id) as transaction:
        transaction.files("coco/").put(f"images/{id}.png", PIXELS + id.encode())
        transaction.files("yolo/").put(f"images/{id}.png", PIXELS + id.encode())
        transaction.files("yolo/").put(f"labels/{id}.txt", b"")
        files = transaction.publish()
    if commit:
        editions = {prefix.rstrip("/"): {"files": entries} for prefix, entries in files.items()}
        journal.append({"op": "add", "frame": {"id": id}, "editions": editions})
        intents.settle(id)


def paths(id):
    return [f"coco/images/{id}.png", f"yolo/images/{id}.png", f"yolo/labels/{id}.txt"]


def crashed(output, committed, published, **options):
    """A dataset whose writer stopped after these frames; without sealing."""
    journal, intents = Journal.create(output, **options), Intents(output)
    for id in [*committed, *published]:
        press(output, intents, journal, id, commit=id in committed)
    return journal


def test_what_no_row_names_is_moved_to_the_orphans_and_kept(output):
    crashed(output, ["a", "b"], ["c"])
    output.stage("x.png", PIXELS)
    output.put("coco/README.md", b"mine")
    recovery = recover(output, Journal.open(output))
    assert recovery.swept == 1
    assert recovery.orphans == {path: f".framepress/orphans/{path}" for path in paths("c")}
    assert recovery.lost == ()
    assert sorted(output.list()) == sorted(["coco/README.md", *paths("a"), *paths("b")])
    assert output.read(".framepress/orphans/coco/images/c.png") == PIXELS + b"c"
    assert output.read(INTENTS) == b""


def test_a_second_recovery_finds_nothing(output):
    crashed(output, ["a"], ["b"])
    recover(output, Journal.open(output))
    recovery = recover(output, Journal.open(output))
    assert (recovery.swept, recovery.orphans, recovery.lost) == (0, {}, ())


def test_the_frame_can_be_made_again_and_crash_again(output):
    crashed(output, ["a"], ["b"])
    for number in range(3):
        journal = Journal.open(output)
        recovery = recover(output, journal)
        suffix = "" if number == 0 else f"~{number + 1}"
        assert recovery.orphans == {path: f".framepress/orphans/{path}{suffix}" for path in paths("b")}
        press(output, Intents(output), journal, "b", commit=False)


def test_files_of_sealed_segments_are_named_by_them(output):
    crashed(output, ["a", "b", "c", "d"], ["e"], segment_bytes=300)
    assert len(list(output.list(".framepress/journal"))) > 2
    assert list(recover(output, Journal.open(output)).orphans) == paths("e")


def test_a_file_that_was_not_announced_is_never_touched(output):
    crashed(output, ["a"], [])
    for path in paths("b"):
        output.put(path, b"mine")
    assert recover(output, Journal.open(output)).orphans == {}
    assert all(output.read(path) == b"mine" for path in paths("b"))


def test_a_withdrawn_frame_leaves_the_owner_of_the_name_alone(output):
    crashed(output, ["a"], [])
    intents = Intents(output)
    intents.announce("b", paths("b"))
    intents.withdraw("b")
    output.put(paths("b")[0], b"mine")
    assert recover(output, Journal.open(output)).orphans == {}


def test_a_torn_last_intent_announced_nothing(output):
    crashed(output, ["a"], [])
    file = output.append(INTENTS)
    file.write(b'{"frame":"b","files":["coco/images/b.png"]}\n{"frame":"c","files":["coco/im')
    file.close()
    output.put("coco/images/b.png", b"ours")
    assert list(recover(output, Journal.open(output)).orphans) == ["coco/images/b.png"]


def test_a_torn_line_alone_is_cleared_away_before_the_next_is_written(output):
    crashed(output, ["a"], [])
    output.replace(INTENTS, b'{"frame":"b","fil')
    recover(output, Journal.open(output))
    intents = Intents(output)
    intents.announce("c", paths("c"))
    intents.close()
    assert recover(output, Journal.open(output)).orphans == {}
    assert output.read(INTENTS) == b""


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b'{"frame":"b"}\n', b"17\n"])
def test_a_damaged_log_names_its_line_and_moves_nothing(output, line):
    crashed(output, ["a"], [])
    file = output.append(INTENTS)
    file.write(line + b'{"frame":"b","files":[]}\n')
    file.close()
    with pytest.raises(JournalError, match=r"intents\.jsonl: line 2"):
        recover(output, Journal.open(output))
    assert sorted(output.list()) == sorted(paths("a"))


def test_an_intent_that_points_outside_is_refused(output, tmp_path):
    crashed(output, ["a"], [])
    (tmp_path / "victim").write_bytes(b"mine")
    file = output.append(INTENTS)
    file.write(b'{"frame":"b","files":["../victim"]}\n')
    file.close()
    with pytest.raises(InputError, match=r"\.\./victim"):
        recover(output, Journal.open(output))
    assert (tmp_path / "victim").read_bytes() == b"mine"


@pytest.mark.parametrize("damage", ["missing", "empty", "shorter"])
def test_a_frame_whose_files_a_power_cut_took_is_removed_to_be_made_again(tmp_path, damage):
    output = FolderOutput(tmp_path)
    crashed(output, ["a", "b", "c"], [])
    file = tmp_path / "coco/images/b.png"
    content = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(b"" if damage == "empty" else content[:-1])
    journal = Journal.open(output)
    recovery = recover(output, journal)
    assert recovery.lost == ("b",)
    assert list(recovery.orphans) == [path for path in paths("b") if damage != "missing" or "coco" not in path]
    assert journal.ids == {"a", "c"}
    press(output, Intents(output), journal, "b")
    assert [row["frame"]["id"] for row in journal.records()] == ["a", "b", "c"]
    assert recover(output, Journal.open(output)).lost == ()


def test_sealed_segments_are_durable_and_not_looked_into(tmp_path):
    output = FolderOutput(tmp_path)
    crashed(output, ["a"], []).close()
    (tmp_path / "coco/images/a.png").unlink()
    journal = Journal.open(output)
    assert recover(output, journal).lost == ()
    assert journal.ids == {"a"}


def test_a_recovery_that_stops_half_way_is_completed_by_the_next(tmp_path, monkeypatch):
    output = FolderOutput(tmp_path)
    crashed(output, ["a"], ["b", "c"])
    real, moved = output.move, []

    def move(source, path):
        if len(moved) == 4:
            raise KeyboardInterrupt
        moved.append(source)
        real(source, path)

    monkeypatch.setattr(output, "move", move)
    with pytest.raises(KeyboardInterrupt):
        recover(output, Journal.open(output))
    monkeypatch.undo()
    assert len(recover(output, Journal.open(output)).orphans) == 2
    assert sorted(output.list()) == sorted(paths("a"))


def test_a_disk_that_fills_up_keeps_every_committed_frame_and_the_run_can_go_on(small_disk):
    output = FolderOutput(small_disk / "set")
    journal, intents = Journal.create(output, segment_bytes=4000, on_seal=lambda path: intents.trim()), Intents(output)

    def press_all():
        for number in range(400):
            if f"{number:03}" not in journal.ids:
                press(output, intents, journal, f"{number:03}")

    with pytest.raises(OutputError, match=r"No space left.*free some space"):
        press_all()
    done = len(journal.ids)
    assert 20 < done < 400
    with suppress(OutputError):  # there may be no room for the sealed segment either
        journal.close()
    intents.close()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    journal = Journal.open(output)
    assert len(journal.ids) == done
    recover(output, journal)
    for record in journal.records():
        for edition in record["editions"].values():
            for path, size, sha256 in edition["files"]:
                assert (output.size(path), hashlib.sha256(output.read(path)).hexdigest()) == (size, sha256)
    intents = Intents(output)
    press_all()
    assert [row["frame"]["id"] for row in journal.records()] == [f"{number:03}" for number in range(400)]
    assert len(list(output.list())) == 3 * 400
