"""Whichever way frames come to the index, its files have the same bytes; what is damaged is told whichever way."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.core import Boxes3D, Camera, Distortion, Frame, LabelMap, Objects, Rle, Signal, View
from framepress.core.features import features
from framepress.core.record import to_record
from framepress.dataset import index_files, index_journal
from framepress.dataset.index import Index
from framepress.dataset.index_block import Block
from framepress.dataset.index_lines import block_of_lines
from framepress.dataset.job import JOB_PATH, Job
from framepress.dataset.opening import Dataset, open_dataset
from framepress.errors import InputError, JournalError
from framepress.formats import Format
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal, encoded
from frames import imported, mono, rig

Fast = Callable[[Sequence[bytes]], Block | None]
CLASSES = ("car", "person", "Straßenbahn", "cone", "a b")
EDGES = (0.0, -0.0, 5e-324, 1.7976931348623157e308, -1e300, 0.1, 1 / 3, 1e-7, 123456789.123456789, 2.0**53 + 2)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def frame_of(rng: np.random.Generator, number: int) -> Frame:
    """A frame of any kind: what may be there is there half of the time."""

    def some(value: Any, nothing: Any = None) -> Any:
        return value if rng.random() < 0.5 else nothing

    names = ["", "left", "right_2"] if rng.random() < 0.3 else [some("front", "")]
    views = []
    for name in names:
        camera = Camera(
            int(rng.integers(1, 4000)),
            int(rng.integers(1, 4000)),
            K=some([[500.5, 0, 320], [0, 501.25, 200], [0, 0, 1]]),
            distortion=some(Distortion("opencv", (0.1, -0.2))),
            world_from_camera=some(_pose(rng)),
            near=some(0.5, Camera.near),
            far=some(90.0, Camera.far),
        )
        objects = _objects(rng, int(rng.integers(0, 6)))
        views.append(
            View(camera, name, objects=objects, names=some({3: "car", 12: "a b"}, {}), time_ns=some(number * 7))
        )
    return Frame(
        f"s{number % 3}/{number:05d}",
        number * int(some(1, 2**40)),
        tuple(views),
        sequence=some(f"Straße {number % 3}", ""),
        time_ns=some(-number),
        split=some("train", ""),
        signals=some({"arm": Signal(3, (0.5,), ("q",))}, {}),
        task=some("go", ""),
        text=some('„x“ \n\t\\"', ""),
        meta=some({"scene": some("Halle ß", 3), "seed": number, "w": {"rain": some(0.5, True)}, "tags": ["a", 1]}, {}),
    )


def _pose(rng: np.random.Generator) -> np.ndarray:
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    pose = np.eye(4)
    pose[:3, :3] = rotation * np.sign(np.linalg.det(rotation))
    pose[:3, 3] = rng.normal(size=3) * 10
    return pose


def _objects(rng: np.random.Generator, count: int) -> Objects:
    def held(blank: Any, make: Callable[[], Any]) -> list[Any] | None:
        share = rng.choice([0.0, 0.5, 1.0])
        return None if rng.random() < 0.3 else [make() if rng.random() < share else blank for _ in range(count)]

    def number() -> float:
        return float(rng.choice(EDGES)) if rng.random() < 0.3 else float(rng.normal())

    def box3d() -> Boxes3D | None:
        rows = held([np.nan] * 10, lambda: [*rng.normal(size=6), *np.array([1.0, 0, 0, 0])])
        array = np.array(rows, float).reshape(-1, 10) if rows else None
        return None if array is None else Boxes3D(array[:, :3], array[:, 3:6], array[:, 6:])

    columns = {
        "id": held(0, lambda: int(rng.choice([1, 2**31 + 5, 2**62]))),
        "track": held("", lambda: f"/World/Größe_{rng.integers(4)}"),
        "box": held([np.nan] * 4, lambda: [number() for _ in range(4)]),
        "box_full": held([np.nan] * 4, lambda: [number() for _ in range(4)]),
        "area": held(np.nan, number),
        "visibility": held(np.nan, number),
        "truncation": held(np.nan, number),
        "score": held(np.nan, number),
        "crowd": held(False, lambda: True),
        "source_id": held(None, lambda: rng.choice([7, "x"]).item()),
        "mask": held(None, lambda: Rle(4, 5, "k0")),
        "polygons": held(None, lambda: [rng.normal(size=(3, 2))] * int(rng.integers(3))),
        "keypoints": held(None, lambda: rng.normal(size=(2, 3))),
        "points": held(None, lambda: rng.normal(size=(int(rng.integers(3)), 2))),
        "polylines": held(None, lambda: [rng.normal(size=(3, 2))]),
        "attributes": held(None, lambda: {"note": "Größe", "n": {"deep": number()}, "ok": bool(rng.integers(2))}),
    }
    labels = [CLASSES[code] for code in rng.integers(0, len(CLASSES), count)]
    return Objects.build(labels, box3d=box3d(), **{name: rows for name, rows in columns.items() if rows is not None})


def record_of(frame: Frame, op: str = "add", **more: Any) -> dict[str, Any]:
    files = [[f"rgb/{frame.id}.png", 1234, "0" * 64]]
    return {
        "op": op,
        "frame": to_record(frame),
        "channels": ["rgb"],
        "editions": {"native": {"files": files, "row": {}}},
        **more,
    }


def written(folder: Path, records: Iterable[Any], labels: LabelMap | None = None) -> Dataset:
    """A dataset of ours with these records; bytes are lines as they are."""
    output = FolderOutput(folder)
    output.put(JOB_PATH, Job(Job.named(["native"]), labels, None, "error", {}).to_json())
    journal = Journal.create(output)
    for record in records:
        if isinstance(record, bytes):
            journal.append({"op": "line"}, record)
        else:
            journal.append(record, encoded(record))
    journal.close()
    return open_dataset(folder)


def columns(cache: Path) -> dict[str, bytes]:
    (header,) = cache.rglob("index.json")
    return {path.name: path.read_bytes() for path in sorted(header.parent.iterdir())}


def built(dataset: Dataset, cache: Path, fast: Fast | None, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The files of the index, made by this reader of lines."""
    reader = fast or (lambda lines: None)
    monkeypatch.setattr(index_journal, "_fast_reader", lambda: reader)
    Index.of(dataset, rebuild=True)
    return columns(cache)


class Counted:
    def __init__(self) -> None:
        self.taken = self.refused = 0

    def __call__(self, lines: Sequence[bytes]) -> Block | None:
        block = block_of_lines(lines)
        if block is None:
            self.refused += len(lines)
        else:
            self.taken += len(block.ids)
        return block


@pytest.mark.parametrize("seed", range(12))
def test_lines_taken_straight_give_the_bytes_that_their_frames_give(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    frames = [frame_of(rng, number) for number in range(60)]
    dataset = written(tmp_path / "set", map(record_of, frames))
    taken = Counted()
    fast = built(dataset, tmp_path / "cache", taken, monkeypatch)
    assert (taken.taken, taken.refused) == (60, 0)
    assert fast == built(dataset, tmp_path / "cache", None, monkeypatch)
    assert {"objects.score", "objects.box_full", "objects.yaw", "objects.crowd", "views.time_ns"} <= fast.keys()


@pytest.mark.parametrize("frames", [mono, rig, imported])
def test_frames_as_renderers_and_readers_give_them_are_taken_straight(
    frames: Callable[[], list[Frame]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Counted()
    dataset = written(tmp_path / "set", map(record_of, frames()))
    fast = built(dataset, tmp_path / "cache", taken, monkeypatch)
    assert taken.refused == 0
    assert fast == built(dataset, tmp_path / "cache", None, monkeypatch)


def test_frames_that_never_were_lines_give_the_same_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    frames = [frame_of(rng, number) for number in range(700)]
    dataset = written(tmp_path / "set", map(record_of, frames))
    ours = built(dataset, tmp_path / "cache", block_of_lines, monkeypatch)
    (tmp_path / "foreign").mkdir()

    def read(path: Path) -> Iterator[Frame]:
        return iter(frames)

    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "other"))
    Index.of(Dataset(tmp_path / "foreign", Format("made_up", "", frozenset(), read=read)))
    theirs = columns(tmp_path / "other")
    differing = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    # A foreign frame has no files here, nor the channel that the records name.
    assert differing <= {name for name in ours if name.startswith(("files.", "editions"))} | {
        "index.json",
        "frames.features",
    }


def test_features_are_those_of_the_frames(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    frames = [frame_of(rng, number) for number in range(80)]
    index = Index.of(written(tmp_path / "set", map(record_of, frames)))
    for bits, frame in zip(index.frames["features"].tolist(), frames, strict=True):
        held = {name for bit, name in enumerate(index.features) if bits >> bit & 1}
        assert held == features(frame) | {"rgb"}


def damaged(record: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    copy = json.loads(json.dumps(record))
    change(copy)
    return copy


def _table(record: dict[str, Any]) -> dict[str, Any]:
    return record["frame"]["views"][0]["objects"]


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no views": lambda record: record["frame"]["views"].clear(),
    "no index": lambda record: record["frame"].pop("index"),
    "negative index": lambda record: record["frame"].update(index=-1),
    "index beyond 64 bits": lambda record: record["frame"].update(index=2**63),
    "index that is no whole number": lambda record: record["frame"].update(index=1.5),
    "index that is true": lambda record: record["frame"].update(index=True),
    "time beyond 64 bits": lambda record: record["frame"].update(time_ns=-(2**63) - 1),
    "time that is none": lambda record: record["frame"].update(time_ns="soon"),
    "a view's time": lambda record: record["frame"]["views"][0].update(time_ns=1.5),
    "a view's name": lambda record: record["frame"]["views"][0].update(name="a/b"),
    "a view without name": lambda record: record["frame"]["views"][0].update(name=None),
    "two views of one name": lambda record: record["frame"]["views"].append(record["frame"]["views"][0]),
    "split": lambda record: record["frame"].update(split="../train"),
    "sequence": lambda record: record["frame"].update(sequence=5),
    "meta": lambda record: record["frame"].update(meta=["a"]),
    "width 0": lambda record: record["frame"]["views"][0].update(width=0),
    "width beyond 31 bits": lambda record: record["frame"]["views"][0].update(width=2**31),
    "near beyond far": lambda record: record["frame"]["views"][0]["camera"].update(near=5, far=4),
    "near unknown": lambda record: record["frame"]["views"][0]["camera"].update(near=None),
    "K of two rows": lambda record: record["frame"]["views"][0]["camera"]["K"].pop(),
    "a pose that is sheared": lambda record: record["frame"]["views"][0]["camera"]["world_from_camera"][0].__setitem__(
        1, 0.5
    ),
    "a pose that is mirrored": lambda record: record["frame"]["views"][0]["camera"].update(
        world_from_camera=np.diag([1.0, 1, -1, 1]).tolist()
    ),
    "a pose of three rows": lambda record: record["frame"]["views"][0]["camera"]["world_from_camera"].pop(),
    "a label beyond the classes": lambda record: _table(record)["label"].__setitem__(0, 99),
    "a negative label": lambda record: _table(record)["label"].__setitem__(0, -1),
    "a class that is no text": lambda record: record["frame"]["views"][0]["classes"].__setitem__(0, 7),
    "a class that cannot be one": lambda record: record["frame"]["views"][0]["classes"].__setitem__(0, "a\nb"),
    "a short column": lambda record: _table(record)["area"].pop(),
    "a long list of tracks": lambda record: _table(record)["track"].append("x"),
    "a short list of attributes": lambda record: _table(record).update(attributes=[{}]),
    "a track that is no text": lambda record: _table(record)["track"].__setitem__(0, 5),
    "a column nobody knows": lambda record: _table(record).update(colour=[1] * len(_table(record)["label"])),
    "an id beyond 64 bits": lambda record: _table(record)["id"].__setitem__(0, 2**64),
    "a box of three": lambda record: _table(record)["box"][0].pop(),
    "a box of text": lambda record: _table(record)["box"].__setitem__(0, "here"),
    "no column of boxes": lambda record: _table(record).update(box=None),
    "a number beyond float64": lambda record: _table(record)["box"].__setitem__(0, [10**400, 0, 1, 1]),
    "attributes that are a text": lambda record: _table(record).update(attributes=["x"] * len(_table(record)["label"])),
    "objects that are none": lambda record: record["frame"]["views"][0].update(objects=None),
    "no editions": lambda record: record.pop("editions"),
    "no channels": lambda record: record.pop("channels"),
    "a file without size": lambda record: record["editions"]["native"]["files"][0].__setitem__(1, None),
    "a file's size beyond 64 bits": lambda record: record["editions"]["native"]["files"][0].__setitem__(1, 2**70),
    "channels beyond count": lambda record: record["channels"].extend(f"c{number}" for number in range(70)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_damaged_record_is_told_with_its_frame_however_it_is_read(
    wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = mono()
    records = [record_of(frame) for frame in frames]
    records[0] = damaged(records[0], WRONG[wrong])
    dataset = written(tmp_path / "set", records, LabelMap.of(["car"]))
    for fast in (block_of_lines, None):
        with pytest.raises(InputError, match=frames[0].id):
            built(dataset, tmp_path / "cache", fast, monkeypatch)
    assert not list((tmp_path / "cache").rglob("index.json"))


ODD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "numbers as other types": lambda record: _table(record).update(label=[float(v) for v in _table(record)["label"]]),
    "an unknown number in a box": lambda record: _table(record)["box"][0].__setitem__(1, None),
    "columns that are null": lambda record: _table(record).update(id=None, track=None, attributes=None),
    "an empty table": lambda record: record["frame"]["views"][0].update(classes=[], objects={"label": []}),
    "whole numbers for others": lambda record: _table(record).update(area=[7] * len(_table(record)["label"])),
    "fields of a later release": lambda record: record["frame"].update(later={"a": [1]}),
    "a lens that is empty": lambda record: record["frame"]["views"][0].update(camera={"distortion": {}, "K": None}),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_record_in_other_words_is_taken_all_the_same(
    odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [record_of(frame) for frame in mono()]
    records[0] = damaged(records[0], ODD[odd])
    dataset = written(tmp_path / "set", records)
    fast = built(dataset, tmp_path / "cache", block_of_lines, monkeypatch)
    assert fast == built(dataset, tmp_path / "cache", None, monkeypatch)
    assert len(fast["frames.index"]) == 8 * len(records)


def test_what_is_taken_straight_is_never_more_than_frames_can_be_made_of() -> None:
    """Bytes of real lines are exchanged; a block must come from the frames as well, and be the same."""
    dice = random.Random(3)
    lines = [encoded(record_of(frame)) for frame in [*mono(), *rig()]]
    symbols = [bytes([value]) for value in b'0123456789-+.eE"[]{},:ntf\\ '] + [b"", b"null", b"1e999", b"NaN", b"\xff"]
    taken = 0
    for _ in range(4000):
        line = dice.choice(lines)
        for _ in range(dice.choice([1, 1, 2])):
            place = dice.randrange(len(line) - 1)
            line = line[:place] + dice.choice(symbols) + line[place + dice.choice([0, 1]) :]
        block = block_of_lines([line])
        if block is not None:
            taken += 1
            _assert_same(block, _slowly(line))
    assert taken > 300


def _slowly(line: bytes) -> Block:
    from framepress.storage.segments import Line, Segment

    return index_journal._judged([Line(Segment(0, True), 2, "add", "", line)])


def _assert_same(fast: Block, slow: Block) -> None:
    assert list(fast.ids) == list(slow.ids)
    assert list(fast.tracks or [""] * len(fast.label)) == list(slow.tracks)
    assert list(map(tuple, fast.classes)) == list(map(tuple, slow.classes))
    assert (fast.features, list(fast.files), fast.sequences) == (slow.features, list(slow.files), slow.sequences)
    for name in ("index", "time_ns", "views", "view_time_ns", "size_wh", "pose", "objects", "label"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    for name, column in fast.numbers.items():
        np.testing.assert_array_equal(column, slow.numbers[name])
    if fast.box3d is not None:
        np.testing.assert_array_equal(fast.box3d, slow.box3d)


@pytest.mark.parametrize("fast", [block_of_lines, None])
def test_replaced_and_removed_frames_count_once_and_where_they_first_were(
    fast: Fast | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = mono()[:5]
    records = [record_of(frame) for frame in frames]
    changed = frames[1].replaced(meta={"seed": "new"})
    more = [record_of(changed, "replace"), record_of(frames[3], "remove")]
    dataset = written(tmp_path / "set", [*records, *more])
    built(dataset, tmp_path / "cache", fast, monkeypatch)
    index = Index.of(dataset)
    assert index.frames.texts("id")[:] == [frame.id for frame in frames if frame is not frames[3]]
    assert index.seeds[index.frames["seed"][1]] == "new"


def test_a_frame_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    lines = [encoded(record_of(frame)) for frame in mono()]
    dataset = written(tmp_path / "set", [*lines, lines[0]])
    assert Index.of(dataset).frames.rows == len(lines)


def test_classes_keep_the_order_of_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = mono()[0], mono()[3]
    told = [{"op": "labels", "labels": LabelMap.of([name]).to_dict()} for name in ("zebra", "car")]
    usual = written(tmp_path / "usual", [*told, record_of(first), record_of(second)])
    late = written(tmp_path / "late", [record_of(first), record_of(second), *told])
    for dataset in (usual, late):
        assert Index.of(dataset).labels.names[:2] == ("zebra", "car")


def test_without_the_compiled_reader_the_index_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = written(tmp_path / "set", map(record_of, mono()))
    Index.of(dataset)
    want = columns(tmp_path / "cache")
    for name in ("framepress.dataset.index_lines", "framepress.dataset.index_record"):
        monkeypatch.delitem(__import__("sys").modules, name, raising=False)
    monkeypatch.setitem(__import__("sys").modules, "msgspec", None)
    Index.of(dataset, rebuild=True)
    assert columns(tmp_path / "cache") == want


@pytest.mark.parametrize("collide", [False, True])
def test_texts_beyond_the_memory_are_numbered_as_if_there_were_enough(
    collide: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)

    def frame(number: int) -> Frame:
        tracks = [f"/World/t{rng.integers(3000)}" if rng.random() < 0.9 else "" for _ in range(9)]
        said = [{"serial": f"n{rng.integers(900)}"} for _ in range(9)]
        objects = Objects.build(["car"] * 9, track=tracks, attributes=said)
        return Frame(f"{number:05d}", number, (View(Camera(9, 9), objects=objects),), meta={"who": f"{number % 77} ü"})

    dataset = written(tmp_path / "set", [record_of(frame(number)) for number in range(2000)])
    want = built(dataset, tmp_path / "cache", block_of_lines, monkeypatch)
    monkeypatch.setattr("framepress.dataset.index_build._MEMORY", 20_000)
    monkeypatch.setattr("framepress.dataset.index_fields._MEMORY", 5_000)
    if collide:
        monkeypatch.setattr(index_files, "_mark", lambda text: len(text) % 2)
    told: list[int] = []
    close = index_files.Vocabulary.close

    def closed(vocabulary: index_files.Vocabulary) -> Any:
        codes = close(vocabulary)
        told.append(0 if codes is None else len(codes) - vocabulary.rows)
        return codes

    monkeypatch.setattr(index_files.Vocabulary, "close", closed)
    assert built(dataset, tmp_path / "cache", block_of_lines, monkeypatch) == want
    assert sum(count > 100 for count in told) >= 2


def test_an_error_names_the_file_and_the_line_too(tmp_path: Path) -> None:
    records = [record_of(frame) for frame in mono()]
    records[2] = damaged(records[2], lambda record: record["frame"].update(index=-3))
    dataset = written(tmp_path / "set", records)
    with pytest.raises(JournalError, match=r"000000\.jsonl\.gz: line 4: frame 'a/0002': .*index -3"):
        Index.of(dataset)


def test_memory_stays_flat_over_the_lines(tmp_path: Path) -> None:
    record = record_of(mono()[5])

    def peak(count: int) -> int:
        numbered = ({**record, "frame": {**record["frame"], "id": f"{n:06}", "index": n}} for n in range(count))
        dataset = written(tmp_path / f"set{count}", numbered)
        tracemalloc.start()
        index = Index.of(dataset)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert index.objects.rows == 16 * count
        return used

    small, large = peak(600), peak(3000)
    assert large < small + 500_000  # 2,400 frames more have 4 MB of columns


def test_a_score_is_kept(tmp_path: Path) -> None:
    objects = Objects.build(["car", "car", "cone"], score=[0.25, np.nan, 1.0])
    frame = mono()[0]
    frame = frame.replaced(views=(replace(frame.view, objects=objects),))
    index = Index.of(written(tmp_path / "set", [record_of(frame)]))
    np.testing.assert_array_equal(index.objects["score"], np.array([0.25, np.nan, 1.0], np.float32))
    assert index.objects["score"].dtype == np.float32
