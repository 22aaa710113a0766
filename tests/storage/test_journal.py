from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pytest

from framepress.errors import InputError, JournalError, OutputError
from framepress.storage import segments as segment_files
from framepress.storage.journal import JOURNAL, Journal
from framepress.storage.memory import MemoryOutput


def record(id, op="add", **fields):
    return {"op": op, "frame": {"id": id, **fields}}


def filled(output, ids, **options):
    journal = Journal.create(output, **options)
    for id in ids:
        journal.append(record(id, index=len(journal.ids)))
    return journal


def ids(journal):
    return [row["frame"]["id"] for row in journal.records() if "frame" in row]


def segments(output):
    return [path.removeprefix(JOURNAL) for path in output.list(".framepress/journal")]


def overwrite(output, name, content):
    output.replace(JOURNAL + name, content)


FIRST = f"{JOURNAL}000000.jsonl"


def test_records_come_back_as_they_were_with_their_keys_in_order(output):
    rows = [
        record("a/1", text="ä 日本 \u2028 \n", K=[[0.1, 1e-300], [1e22, 2**60]], nothing=None),
        {"op": "labels", "names": ["z", "a"]},
        {"frame": {"index": 3, "id": "a/2"}, "op": "add"},
    ]
    journal = Journal.create(output)
    for row in rows:
        journal.append(row)
    assert [json.dumps(row) for row in journal.records()] == [json.dumps(row) for row in rows]
    journal.close()
    assert [json.dumps(row) for row in Journal.open(output).records()] == [json.dumps(row) for row in rows]
    assert Journal.open(output).ids == {"a/1", "a/2"}


def test_a_segment_is_plain_json_lines_with_a_header(output):
    journal = filled(output, ["a", "b"])
    lines = output.read(FIRST).split(b"\n")
    assert json.loads(lines[0]) == {"schema": "framepress.journal", "version": 1, "segment": 0}
    assert lines[1] == b'{"op":"add","frame":{"id":"a","index":0}}'
    assert lines[3:] == [b""]
    journal.close()
    assert segments(output) == ["000000.jsonl.gz"]
    assert gzip.decompress(output.read(FIRST + ".gz")) == b"\n".join(lines)


def test_a_sealed_segment_holds_no_clock_and_no_name():
    contents = []
    for _ in range(2):
        output = MemoryOutput()
        filled(output, ["a", "b"]).close()
        contents.append(output.read(FIRST + ".gz"))
    assert contents[0] == contents[1]
    # RFC 1952: flags 0 (no name), modification time 0.
    assert contents[0][3:8] == bytes(5)


def test_segments_are_sealed_at_their_size_and_no_record_is_split(output):
    sealed = []
    journal = filled(output, [f"{n:04}" for n in range(100)], segment_bytes=1000, on_seal=sealed.append)
    journal.close()
    names = segments(output)
    assert names == [f"{n:06}.jsonl.gz" for n in range(len(names))]
    assert sealed == [JOURNAL + name for name in names]
    sizes = [len(gzip.decompress(output.read(JOURNAL + name))) for name in names]
    assert all(900 < size <= 1000 for size in sizes[:-1])
    assert ids(Journal.open(output)) == [f"{n:04}" for n in range(100)]


def test_a_record_larger_than_a_segment_has_one_of_its_own(output):
    filled(output, ["a", "b" * 500, "c"], segment_bytes=100).close()
    assert ids(Journal.open(output)) == ["a", "b" * 500, "c"]
    assert len(segments(output)) == 3


def test_a_journal_goes_on_where_it_ended(output):
    filled(output, ["a", "b"]).close()
    journal = Journal.open(output)
    assert segments(output) == ["000000.jsonl.gz"], "opening alone writes nothing"
    journal.append(record("c"))
    journal.close()
    journal.close()
    assert segments(output) == ["000000.jsonl.gz", "000001.jsonl.gz"]
    assert ids(Journal.open(output)) == ["a", "b", "c"]


@pytest.mark.parametrize("sealed", [[], ["x", "y"]])
def test_a_segment_that_has_only_its_header_yet_goes_on_like_any_other(output, sealed):
    filled(output, sealed).close()
    if sealed:
        file = output.append(f"{JOURNAL}000001.jsonl")  # stopped between the header and the first record
        file.write(b'{"schema":"framepress.journal","version":1,"segment":1}\n')
        file.close()
    journal = Journal.open(output)
    journal.append(record("a", index=1))
    journal.append(record("a", op="replace", index=2))
    assert [row["frame"] for row in journal.records()][-1] == {"id": "a", "index": 2}
    journal.close()
    assert ids(journal) == [*sealed, "a"]
    assert segments(output)[-1].endswith(".gz")


def test_a_journal_of_one_record_after_reopening_is_sealed(output):
    Journal.create(output).close(seal=False)
    journal = Journal.open(output)
    journal.append(record("a"))
    journal.close()
    assert ids(journal) == ["a"]


def test_the_last_record_of_a_frame_wins_at_the_place_of_its_first(output):
    journal = filled(output, ["a", "b", "c", "d"], segment_bytes=100)
    journal.append({"op": "labels", "n": 1})
    journal.append(record("b", "replace", index=10))
    journal.append(record("c", "remove"))
    journal.append(record("d", "remove"))
    journal.append(record("b", "replace", index=11))
    journal.append(record("e"))
    journal.append(record("d", index=12))

    def check(journal):
        rows = list(journal.records())
        assert [row.get("frame", row) for row in rows] == [
            {"id": "a", "index": 0},
            {"id": "b", "index": 11},
            {"id": "d", "index": 12},
            {"op": "labels", "n": 1},
            {"id": "e"},
        ]
        assert journal.ids == {"a", "b", "d", "e"}

    check(journal)
    journal.close()
    check(Journal.open(output))


def test_records_follow_a_random_history(output):
    rng = np.random.default_rng(7)
    journal = Journal.create(output, segment_bytes=700)
    frames: dict[str, int | None] = {}
    for step in range(400):
        id = f"f{rng.integers(30)}"
        if frames.get(id) is None:
            op = "add"
        else:
            op = str(rng.choice(["replace", "remove"]))
        frames[id] = None if op == "remove" else step
        journal.append(record(id, op, step=step))
        if rng.random() < 0.02:
            journal.close()
            journal = Journal.open(output, segment_bytes=700)
        if rng.random() < 0.01:
            journal.compact()
            frames = {id: step for id, step in frames.items() if step is not None}
    expected = [(id, step) for id, step in frames.items() if step is not None]
    assert [(row["frame"]["id"], row["frame"]["step"]) for row in journal.records()] == expected
    assert journal.ids == {id for id, _ in expected}


def test_reading_goes_on_beside_appending(output):
    journal = filled(output, ["a", "b"], segment_bytes=150)
    reader = journal.records()
    assert next(reader)["frame"]["id"] == "a"
    for id in "cdefgh":
        journal.append(record(id))
    assert [row["frame"]["id"] for row in reader] == ["b"]


def test_what_is_no_json_is_refused_and_leaves_nothing(output):
    journal = filled(output, ["a"])
    before = output.read(FIRST)
    for value in (math.nan, math.inf, np.float32(1), np.zeros(2), {1, 2}, b"x", "\ud800"):
        with pytest.raises(InputError, match="frame b: its record is not JSON"):
            journal.append(record("b", value=value))
    assert output.read(FIRST) == before
    journal.append(record("b"))
    assert ids(journal) == ["a", "b"]


def test_a_frame_is_added_once_and_only_what_is_there_is_changed(output):
    journal = filled(output, ["a"])
    with pytest.raises(OutputError, match="frame a: add"):
        journal.append(record("a"))
    for op in ("replace", "remove"):
        with pytest.raises(OutputError, match=f"frame b: {op}"):
            journal.append(record("b", op))
    assert ids(journal) == ["a"]


def test_there_is_one_journal_a_dataset(output):
    filled(output, ["a"]).close()
    with pytest.raises(OutputError, match="append or resume"):
        Journal.create(output)
    with pytest.raises(JournalError, match="no journal"):
        Journal.open(MemoryOutput())


@pytest.mark.parametrize("cut", range(1, 45))
def test_a_torn_last_line_is_cut_wherever_it_broke(output, cut):
    filled(output, ["a", "b"]).sync()
    whole = output.read(FIRST)
    last = len(whole.splitlines(keepends=True)[-1])
    overwrite(output, "000000.jsonl", whole[:-cut])
    expected = ["a", "b"][: 1 if cut <= last else 0]
    passive = Journal.open(output, repair=False)
    assert ids(passive) == expected
    assert output.read(FIRST) == whole[:-cut], "a reader repairs nothing"
    journal = Journal.open(output)
    assert ids(journal) == expected
    for id in ["a", "b"][len(expected) :]:
        journal.append(record(id, index=len(journal.ids)))
    assert output.read(FIRST) == whole, "going on gives the bytes of a run without a crash"


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"not json\n", b"[1]\n", b'{"op":"add"', b"\xff\xfe\n", b"17\n"])
def test_a_last_line_that_is_no_record_is_cut(output, tail):
    filled(output, ["a"]).sync()
    whole = output.read(FIRST)
    overwrite(output, "000000.jsonl", whole + tail)
    assert ids(Journal.open(output)) == ["a"]
    assert output.read(FIRST) == whole


@pytest.mark.parametrize("size", [0, 1, 30])
def test_a_segment_that_broke_off_in_its_header_starts_anew(output, size):
    filled(output, ["a"]).close()
    journal = Journal.open(output)
    journal.append(record("b"))
    overwrite(output, "000001.jsonl", output.read(f"{JOURNAL}000001.jsonl")[:size])
    assert ids(Journal.open(output, repair=False)) == ["a"]
    journal = Journal.open(output)
    assert ids(journal) == ["a"]
    journal.append(record("b"))
    journal.close()
    assert ids(Journal.open(output)) == ["a", "b"]


def test_damage_before_the_last_line_names_segment_and_line(output):
    filled(output, ["a", "b", "c"]).sync()
    lines = output.read(FIRST).splitlines(keepends=True)
    for damage in (b'{"op":"add"\n', b"\0" * 20 + b"\n", b'{"op":"add","frame":{}}\n'):
        overwrite(output, "000000.jsonl", b"".join([*lines[:2], damage, *lines[3:]]))
        with pytest.raises(JournalError, match=r"000000\.jsonl: line 3: damaged"):
            Journal.open(output)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"schema":"framepress.journal","version":2,"segment":0}\n', "version 2"),
        (b'{"schema":"framepress.journal","version":1,"segment":5}\n', "line 1"),
        (b'{"schema":"other","version":1,"segment":0}\n', "line 1"),
        (b"\n", "line 1"),
    ],
)
def test_a_foreign_header_is_refused(output, line, message):
    filled(output, ["a"]).sync()
    rest = output.read(FIRST).splitlines(keepends=True)[1]
    overwrite(output, "000000.jsonl", line + rest)
    with pytest.raises(JournalError, match=message):
        Journal.open(output)


def test_a_damaged_sealed_segment_is_named(output):
    filled(output, [f"{n}" for n in range(200)], segment_bytes=2000).close()
    path = f"{JOURNAL}000001.jsonl.gz"
    whole = output.read(path)
    for content in (whole[:-9], whole[: len(whole) // 2], b"", whole[:50] + b"\xff" * 20 + whole[70:], b"x" * 100):
        output.replace(path, content)
        with pytest.raises(JournalError, match=r"000001\.jsonl\.gz"):
            Journal.open(output)


def test_a_line_without_an_end_is_not_taken_in_whole(output, monkeypatch):
    journal = filled(output, ["a"])
    monkeypatch.setattr(segment_files, "LONGEST", 4096)
    with pytest.raises(InputError, match=r"frame b: its record has \d+ bytes, the journal keeps 4095 at most"):
        journal.append(record("b", value="x" * 4096))
    journal.append(record("c", value="x" * 3000))
    journal.close()
    assert ids(Journal.open(output)) == ["a", "c"]
    path = f"{JOURNAL}000000.jsonl.gz"
    output.replace(path, gzip.compress(gzip.decompress(output.read(path)) + b" " * 10_000))
    with pytest.raises(JournalError, match=r"000000\.jsonl\.gz: damaged: a line of 4096 bytes"):
        Journal.open(output)


def test_a_missing_segment_is_named(output):
    filled(output, [f"{n}" for n in range(200)], segment_bytes=2000).close()
    output.remove(f"{JOURNAL}000001.jsonl.gz")
    with pytest.raises(JournalError, match="segment 000001 is missing"):
        Journal.open(output)


def test_a_growing_segment_before_a_later_one_is_refused(output):
    filled(output, [f"{n}" for n in range(200)], segment_bytes=2000).close()
    content = gzip.decompress(output.read(f"{JOURNAL}000001.jsonl.gz"))
    output.remove(f"{JOURNAL}000001.jsonl.gz")
    output.put(f"{JOURNAL}000001.jsonl", content)
    with pytest.raises(JournalError, match=r"000001\.jsonl: is not sealed"):
        Journal.open(output)


def test_a_seal_that_was_interrupted_is_completed(output):
    filled(output, ["a", "b"]).sync()
    growing = output.read(FIRST)
    output.put(FIRST + ".gz", gzip.compress(growing))
    assert ids(Journal.open(output, repair=False)) == ["a", "b"]
    assert segments(output) == ["000000.jsonl", "000000.jsonl.gz"]
    journal = Journal.open(output)
    assert segments(output) == ["000000.jsonl.gz"]
    journal.append(record("c"))
    journal.close()
    assert ids(Journal.open(output)) == ["a", "b", "c"]


@pytest.mark.parametrize("broken", ["torn", "shorter"])
def test_a_sealed_form_that_lacks_records_gives_way_to_the_growing_one(output, broken):
    filled(output, ["a", "b"]).sync()
    growing = output.read(FIRST)
    fewer = b"".join(growing.splitlines(keepends=True)[:-1])
    output.put(FIRST + ".gz", gzip.compress(fewer) if broken == "shorter" else gzip.compress(growing)[:-4])
    assert ids(Journal.open(output)) == ["a", "b"]
    assert segments(output) == ["000000.jsonl"]


class Refusing:
    """An output whose n-th call of some methods fails, as on a full disk."""

    METHODS = ("publish", "replace", "remove", "sync", "stage_file", "append")

    def __init__(self, output, at):
        self._output = output
        self.left = at

    def __getattr__(self, name):
        value = getattr(self._output, name)
        if name not in self.METHODS:
            return value

        def call(*args, **kwargs):
            self.left -= 1
            if self.left < 0:
                raise OutputError("the disk is full")
            return value(*args, **kwargs)

        return call


@pytest.mark.parametrize("at", range(12))
def test_a_seal_that_the_disk_refuses_loses_nothing(output, at):
    refusing = Refusing(output, 1000)
    journal = filled(refusing, ["a", "b"])
    refusing.left = at
    try:
        journal.append({"op": "labels"})
        journal.seal()
        journal.append(record("c"))
    except OutputError:
        refusing.left = 1000
        if "c" not in journal.ids:
            journal.append(record("c"))
    refusing.left = 1000
    journal.append(record("d"))
    journal.close()
    assert ids(Journal.open(output)) == ["a", "b", "c", "d"]


def test_compacting_keeps_what_is_valid_and_drops_the_rest(output):
    journal = filled(output, [f"{n:03}" for n in range(50)], segment_bytes=500)
    for n in range(0, 50, 2):
        journal.append(record(f"{n:03}", "remove"))
    journal.append(record("001", "replace", new=True))
    before = list(journal.records())
    journal.compact()
    after = list(journal.records())
    assert after == [{**row, "op": "add"} for row in before]
    journal.append(record("new"))
    journal.close()
    reopened = Journal.open(output)
    assert list(reopened.records()) == [*after, record("new")]
    assert not any(line.op == "remove" for line in reopened.lines())
    assert segments(output)[0] != "000000.jsonl.gz"
    reopened.compact()
    assert ids(reopened) == [*[f"{n:03}" for n in range(1, 50, 2)], "new"]


def test_an_empty_journal_can_be_compacted_and_filled(output):
    journal = filled(output, ["a"])
    journal.append(record("a", "remove"))
    journal.compact()
    journal.compact()
    assert list(Journal.open(output).records()) == []
    journal.append(record("a"))
    journal.close()
    assert ids(Journal.open(output)) == ["a"]


@pytest.mark.parametrize("at", range(40))
def test_a_compaction_may_stop_anywhere(output, at):
    """Every call that changes the disk is made to fail once; the journal is then the old or the new one, as a whole."""
    refusing = Refusing(output, 1000)
    journal = filled(refusing, [f"{n}" for n in range(20)], segment_bytes=200)
    for n in range(0, 20, 3):
        journal.append(record(f"{n}", "remove"))
    expected = ids(journal)
    refusing.left = at
    try:
        journal.compact()
    except OutputError:
        pass
    assert ids(Journal.open(output, repair=False)) == expected
    reopened = Journal.open(output, segment_bytes=200)
    assert ids(reopened) == expected
    reopened.append(record("new"))
    reopened.close()
    assert ids(Journal.open(output)) == [*expected, "new"]


def test_foreign_files_in_the_journal_folder_are_let_be(output):
    filled(output, ["a"]).close()
    output.put(f"{JOURNAL}notes.txt", b"mine")
    output.put(f"{JOURNAL}1.jsonl", b"mine")
    assert ids(Journal.open(output)) == ["a"]
    assert "notes.txt" in segments(output)


def test_a_flush_follows_the_clock_and_changes_no_byte(monkeypatch):
    class Counting(MemoryOutput):
        synced = 0

        def sync(self):
            self.synced += 1

    contents = []
    for seconds in (None, 0.0):
        output = Counting()
        journal = filled(output, ["a", "b", "c"], sync_seconds=seconds)
        assert output.synced == (0 if seconds is None else 3)
        journal.close()
        contents.append(output.files)
    assert contents[0] == contents[1]
