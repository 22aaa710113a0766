"""DatasetWriter: order, bytes, errors, queue, resume; with the smallest format, so that a failure is the writer's."""

from __future__ import annotations

import gc
import json
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from plain_format import Writer, tree

from framepress.core import Camera, Channels, Frame, Label, LabelMap, Objects, View
from framepress.dataset.job import Job
from framepress.dataset.refinish import finish
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, InputError, LabelError, OptionError, OutputError
from framepress.storage.journal import Journal
from framepress.storage.transaction import FrameTransaction
from frames import many, mono

BOTH = {"plain": {"images": "png"}, "twin": {"images": "png"}}


@pytest.fixture(autouse=True)
def _calm() -> Iterator[None]:
    yield
    Writer.gate, Writer.seconds = None, {}


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    Writer.seconds = {frame.id: 0.02 for frame in list(many(12))[::3]}  # so that frames overtake each other
    for workers in (1, 8):
        with DatasetWriter(tmp_path / str(workers), BOTH, workers=workers) as writer:
            for frame in many(12):
                writer.add(frame)
    assert tree(tmp_path / "1") == tree(tmp_path / "8")
    listed = (tmp_path / "8/plain/list.txt").read_text().splitlines()[1:]
    assert [line.split()[0] for line in listed] == [frame.id for frame in many(12)]


def test_one_image_in_two_editions_is_one_file_on_disk(tmp_path: Path) -> None:
    frame = next(many(1, (320, 200)))
    with DatasetWriter(tmp_path / "set", BOTH) as writer:
        writer.add(frame)
    plain, twin = (tmp_path / "set" / name / "images" / f"{frame.id}.png" for name in BOTH)
    assert plain.stat().st_ino == twin.stat().st_ino


def test_one_edition_fills_the_root_and_several_a_folder_each(tmp_path: Path) -> None:
    for name, formats in (("one", ["plain"]), ("two", ["plain", "twin"])):
        with DatasetWriter(tmp_path / name, formats) as writer:
            writer.add(mono()[0])
    assert (tmp_path / "one/list.txt").exists()
    assert (tmp_path / "two/twin/list.txt").exists()


def test_masks_areas_and_boxes_come_from_the_instance_channel(tmp_path: Path) -> None:
    seen: list[Objects] = []

    class Spy(Writer):
        def add(self, frame, files):
            seen.append(frame.views[0].objects)
            return super().add(frame, files)

    pixels = np.zeros((5, 7), np.uint32)
    pixels[1:4, 2:6] = 4_000_000_000
    pixels[4, 6] = 9
    objects = Objects.build(["a", "b", "a"], id=[9, 4_000_000_000, 77])
    view = View(Camera(7, 5), channels=Channels({"instance": pixels}, (7, 5)), objects=objects)
    writer = DatasetWriter(tmp_path / "set", ["plain"])
    writer._editions = {"plain": (writer._editions["plain"][0], Spy())}
    writer.add(Frame("f", 0, (view,)))
    writer.close()
    (found,) = seen
    assert found.area.tolist()[:2] == [1, 12]
    assert found.box[:2].tolist() == [[6, 4, 7, 5], [2, 1, 6, 4]]
    assert found.mask[2] is None
    assert np.isnan(found.box[2]).all()


def test_classes_grow_in_frame_order_and_are_known_after_resuming(tmp_path: Path) -> None:
    frames = [frame_with(number, label) for number, label in enumerate(["pallet", "cone", "pallet", "Person"])]
    writer = DatasetWriter(tmp_path / "cut", ["plain"])
    for frame in frames[:2]:
        writer.add(frame)
    writer.abandon()
    for name, existing in (("cut", "resume"), ("whole", "error")):
        with DatasetWriter(tmp_path / name, ["plain"], existing=existing) as writer:
            for frame in frames:
                writer.add(frame)
        assert writer.labels.names == ("pallet", "cone", "Person")
    assert tree(tmp_path / "cut") == tree(tmp_path / "whole")
    assert (tmp_path / "cut/list.txt").read_text().startswith("pallet cone Person\n")


def test_classes_that_are_expected_come_before_those_that_frames_bring(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "open", ["plain"]) as writer:
        writer.add(frame_with(0, "cone"))
        writer.expect(LabelMap((Label("drum"), Label("Cone", colour=(1, 2, 3)), Label("Crate", colour=(1, 2, 3)))))
        writer.add(frame_with(1, "crate"))
        assert writer.labels.labels == (Label("cone"), Label("drum"), Label("Crate", colour=(1, 2, 3)))
    assert (tmp_path / "open/list.txt").read_text().startswith("cone drum Crate\n")
    with DatasetWriter(tmp_path / "open", ["plain"], existing="append") as writer:
        assert writer.labels.labels[2].colour == (1, 2, 3)
    with DatasetWriter(tmp_path / "closed", ["plain"], labels=LabelMap.of(["cone"])) as writer:
        writer.expect(LabelMap.of(["drum"]))
        assert writer.labels.names == ("cone",)


def test_an_unlisted_class_is_refused_by_name_or_dropped_and_counted(tmp_path: Path) -> None:
    frame = frame_with(0, "forklift")
    with DatasetWriter(tmp_path / "a", ["plain"], labels=LabelMap.of(["pallet"])) as writer:
        with pytest.raises(LabelError, match="frame 000000: class 'forklift' is not in the label map \\(pallet\\)"):
            writer.add(frame)
    with DatasetWriter(tmp_path / "b", ["plain"], labels=LabelMap.of(["pallet"]), unlisted="drop") as writer:
        writer.add(frame)
    report = writer.close().to_dict()
    assert report["objects"] == 0
    assert report["run"]["objects not in the label map"] == 1


def test_labels_match_without_case_and_are_written_as_the_map_spells_them(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"], labels=LabelMap.of(["Cone", "Pallet"])) as writer:
        writer.add(frame_with(0, "pallet"))
    assert (tmp_path / "a/all/000000.txt").read_text().startswith("Pallet 1 ")


def test_splits_keep_sequences_together_and_do_not_move_when_frames_are_added(tmp_path: Path) -> None:
    split = Split.parse("train=.5,val=.5", seed=3)
    few = {frame.id: split.of(frame) for frame in many(60)}
    more = {frame.id: split.of(frame) for frame in many(120)}
    assert few.items() <= more.items()
    by_sequence = {(frame.sequence, split.of(frame)) for frame in many(120)}
    assert len(by_sequence) == len({frame.sequence for frame in many(120)}) > 1
    drawn = [split.of_key(str(key)) for key in range(4000)]
    assert abs(drawn.count("train") / 4000 - 0.5) < 0.03
    with DatasetWriter(tmp_path / "a", ["plain"], split=split) as writer:
        for frame in many(3):
            writer.add(frame)
    assert {path.relative_to(tmp_path / "a").parts[0] for path in (tmp_path / "a").rglob("0*.txt")} <= {"train", "val"}


@pytest.mark.parametrize("text", ["train", "train=.5", "train=.5,train=.5", "a/b=1", "train=2,val=-1", "", "x=nan"])
def test_an_impossible_split_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(OptionError, match="split"):
        Split.parse(text)


def test_a_failed_frame_is_raised_at_the_next_call_and_nothing_after_it_is_written(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "a", {"plain": {"fail_on": "000003"}}, workers=3)
    given = 0
    with suppress(FrameError):
        for given in range(50):  # how far it came is what we look at
            writer.add(frame_with(given, "cone"))
    assert given >= 4
    for _ in range(2):
        with pytest.raises(FrameError, match="frame 000003: asked to fail"):
            writer.close()
    assert sorted(path.stem for path in (tmp_path / "a/all").iterdir()) == ["000000", "000001", "000002"]
    with DatasetWriter(tmp_path / "b", {"plain": {"fail_on": "x"}}) as whole:
        for number in range(6):
            whole.add(frame_with(number, "cone"))
    mended = json.loads((tmp_path / "a/.framepress/dataset.json").read_text())
    mended["formats"]["plain"]["fail_on"] = "x"
    (tmp_path / "a/.framepress/dataset.json").write_bytes((tmp_path / "b/.framepress/dataset.json").read_bytes())
    with DatasetWriter(tmp_path / "a", {"plain": {"fail_on": "x"}}, existing="resume") as writer:
        for number in range(6):
            writer.add(frame_with(number, "cone"))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_failures_are_counted_with_their_reason_where_asked_for(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", {"plain": {"fail_on": "000001"}}, on_error="count") as writer:
        for number in range(4):
            writer.add(frame_with(number, "cone"))
    report = writer.close()
    assert (report.frames, report.run["failed"], report.run["written"]) == (3, 1, 3)
    events = [json.loads(line) for line in (tmp_path / "a/.framepress/ledger.jsonl").read_text().splitlines()]
    assert {"kind": "failed", "frame": "000001", "reason": "ValueError: asked to fail"} in events


def test_a_missing_need_is_named(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "a", {"plain": {"needs": "depth"}})
    writer.add(frame_with(0, "cone"))
    with pytest.raises(FrameError, match="frame 000000: format plain needs depth"):
        writer.close()


def test_the_queue_waits_or_drops_when_full_and_both_are_counted(tmp_path: Path) -> None:
    Writer.gate = threading.Event()
    frames = [frame_with(number, "cone", (100, 40)) for number in range(5)]
    assert frames[0].nbytes() == 100 * 40 * 3
    with DatasetWriter(
        tmp_path / "a", ["plain"], workers=1, queue_bytes=2 * frames[0].nbytes(), on_full="drop"
    ) as writer:
        taken = [writer.add(frame) for frame in frames]
        Writer.gate.set()
    assert taken == [True, True, False, False, False]
    assert writer.close().run["dropped"] == 3
    Writer.gate.clear()
    with DatasetWriter(tmp_path / "b", ["plain"], workers=1, queue_bytes=2 * frames[0].nbytes()) as writer:
        threading.Timer(0.1, Writer.gate.set).start()
        taken = [writer.add(frame) for frame in frames]
    assert taken == [True] * 5
    assert writer.close().run["throttled"] >= 1
    assert writer.close().frames == 5


def test_a_frame_larger_than_the_queue_still_passes(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"], queue_bytes=1) as writer:
        for number in range(3):
            assert writer.add(frame_with(number, "cone"))
    assert writer.close().frames == 3


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"]) as writer:
        writer.add(frame_with(0, "cone"))
        with pytest.raises(InputError, match="frame 000000: the dataset has a frame of that id"):
            writer.add(frame_with(0, "cone"))


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for existing in ("error", "append", "resume"):
        with pytest.raises(OutputError, match=r"holds thesis\.tex and is not a dataset of ours"):
            DatasetWriter(tmp_path, ["plain"], existing=existing)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_option_that_differs_is_told_as_it_is_to_be_given(tmp_path: Path) -> None:
    """As for a dataset from before a default was another: `world_up` was z once."""

    def made(kitti: dict[str, str], existing: str, **more: dict[str, str]) -> None:
        with DatasetWriter(tmp_path / "a", {"kitti": kitti, "plain": {}, **more}, existing=existing):
            pass

    made({"world_up": "z", "tilt": "strict"}, "error")
    with pytest.raises(OptionError) as told:
        made({"tilt": "strict"}, "resume")
    assert str(told.value) == (
        f"{tmp_path / 'a'}: was made with another formats: {{'kitti': {{'world_up': 'z'}}}}, "
        "now {'kitti': {'world_up': 'auto'}}; use the same, or a new target"
    )
    with pytest.raises(OptionError, match=r"another formats: none, now \{'yolo': \{'task'"):
        made({"world_up": "z", "tilt": "strict"}, "resume", yolo={})
    made({"world_up": "z", "tilt": "strict"}, "resume")


def test_an_existing_dataset_needs_append_or_resume_and_the_same_job(tmp_path: Path) -> None:
    def written(first: int, **options) -> DatasetWriter:
        with DatasetWriter(tmp_path / "a", options.pop("formats", ["plain"]), **options) as writer:
            for number in range(first, first + 3):
                writer.add(frame_with(number, "cone"))
        return writer

    written(0)
    with pytest.raises(OutputError, match="holds a dataset already"):
        written(3)
    with pytest.raises(OptionError, match="was made with another formats"):
        written(3, formats={"plain": {"images": "png"}}, existing="append")
    with pytest.raises(OptionError, match=r"another labels: none, now 2 classes \(cone, car\); use the same"):
        written(3, labels=LabelMap.of(["cone", "car"]), existing="append")
    with pytest.raises(InputError, match="has a frame of that id"):
        written(2, existing="append")
    assert written(1, existing="resume").close().run == {"asked": 3, "skipped": 2, "written": 1}
    report = written(4, existing="append").close()
    assert report.frames == 7
    assert len((tmp_path / "a/list.txt").read_text().splitlines()) == 8


def test_formats_are_the_same_job_however_they_are_spelled(tmp_path: Path) -> None:
    spellings = [
        {"plain": {"images": "png"}, "twin": {}},
        {"twin": {}, "plain": {"images": "png", "fail_on": ""}},
        {"plain": {"images": "png", "needs": ""}, "twin": {"images": "none", "fail_on": "", "needs": ""}},
    ]
    for run, formats in enumerate(spellings):
        with DatasetWriter(tmp_path / "a", formats, existing="resume") as writer:
            for number in range(2 * run + 2):
                writer.add(frame_with(number, "cone"))
            if run < 2:
                writer.abandon()
    with DatasetWriter(tmp_path / "b", spellings[0]) as writer:
        for number in range(6):
            writer.add(frame_with(number, "cone"))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert Job.named("plain,twin") == Job.named(["plain", "twin"]) == Job.named({"plain": {}, "twin": {}})
    assert Job.named({"plain": {"needs": ("a", "b")}})["plain"]["needs"] == ["a", "b"]  # as a resumed run reads it


def test_an_error_in_the_block_leaves_a_dataset_that_can_be_resumed(tmp_path: Path) -> None:
    with suppress(KeyError), DatasetWriter(tmp_path / "a", ["plain"]) as writer:
        writer.add(frame_with(0, "cone"))
        raise KeyError("the script's own")
    assert not (tmp_path / "a/list.txt").exists()
    assert (tmp_path / "a/all/000000.txt").exists()


def test_lost_features_are_counted_by_frame(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"]) as writer:
        for frame in mono():
            writer.add(frame)
    lost = writer.close().to_dict()["editions"]["plain"]["lost"]
    assert lost["rgb"] == len(mono())
    assert "box" not in lost
    assert 0 < lost["keypoints"] < lost["rgb"]


def test_two_writers_cannot_have_one_dataset(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"]):
        with pytest.raises(OutputError, match="process"):
            DatasetWriter(tmp_path / "a", ["plain"], existing="append")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"formats": []}, "no format"),
        ({"formats": ["nope"]}, "no format is named 'nope'"),
        ({"formats": {"plain": {"images": {1, 2}}}}, "plain JSON values"),
        ({"formats": {"plain": {"colour": 1}}}, "format plain has no option 'colour'"),
        ({"on_full": "explode"}, "on_full='explode'"),
        ({"existing": "overwrite"}, "existing='overwrite'"),
        ({"unlisted": "guess"}, "unlisted='guess'"),
        ({"workers": -1}, "workers=-1"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_an_impossible_option_leaves_no_folder_behind(tmp_path: Path, options: dict, named: str) -> None:
    with pytest.raises(OptionError, match=named):
        DatasetWriter(tmp_path / "a", **{"formats": ["plain"], **options})
    assert not (tmp_path / "a").exists()


def frame_with(number: int, label: str, size_wh: tuple[int, int] = (12, 8)) -> Frame:
    width, height = size_wh
    rgb = np.full((height, width, 3), number, np.uint8)
    objects = Objects.build([label], box=[[1, 2, 5, 6]])
    view = View(Camera(width, height), channels=Channels({"rgb": rgb}, size_wh), objects=objects)
    return Frame(f"{number:06d}", number, (view,))


def test_a_writer_that_has_ended_takes_nothing_and_finishes_nothing(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "a", ["plain"])
    writer.add(frame_with(0, "cone"))
    writer.abandon()
    with pytest.raises(OptionError, match="frame 000001: the writer is closed"):
        writer.add(frame_with(1, "cone"))
    with pytest.raises(OptionError, match="existing=resume"):
        writer.close()
    assert not (tmp_path / "a/list.txt").exists()
    with DatasetWriter(tmp_path / "a", ["plain"], existing="resume") as writer:
        writer.abandon()  # the script's own wish, no error
    assert not (tmp_path / "a/list.txt").exists()


def test_closing_in_vain_is_not_repeated_without_the_lock(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "a", ["plain"])
    writer.add(frame_with(0, "cone"))
    (tmp_path / "a/list.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"list\.txt: exists already"):
        writer.close()
    (tmp_path / "a/list.txt").unlink()
    with pytest.raises(OptionError, match="framepress finish"):
        writer.close()
    assert finish(tmp_path / "a").frames == 1


def test_a_frame_given_twice_to_a_resumed_run_is_refused_however_fast_the_first_was(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"]) as writer:
        writer.add(frame_with(0, "cone"))
    with DatasetWriter(tmp_path / "a", ["plain"], existing="resume") as writer:
        assert [writer.add(frame_with(number, "cone")) for number in (0, 1)] == [False, True]
        writer._pool.drain()
        for number in (0, 1):
            with pytest.raises(InputError, match="has a frame of that id"):
                writer.add(frame_with(number, "cone"))


@pytest.mark.parametrize("on_error", ["raise", "count"])
def test_every_frame_asked_for_is_accounted_for(tmp_path: Path, on_error: str) -> None:
    Writer.gate = threading.Event()
    options = {"labels": LabelMap.of(["cone"]), "on_error": on_error, "on_full": "drop", "workers": 1}
    job = {"plain": {"fail_on": "000003"}}
    with DatasetWriter(tmp_path / "a", job, **options) as writer:
        Writer.gate.set()
        writer.add(frame_with(0, "cone"))
    Writer.gate.clear()
    writer = DatasetWriter(tmp_path / "a", job, existing="resume", **options, queue_bytes=8 * 36)
    with suppress(LabelError):
        writer.add(frame_with(12, "cube"))
    for number in (*range(6), 1, *range(6, 12)):
        with suppress(InputError):
            writer.add(frame_with(number, "cone", (4, 3)))
    Writer.gate.set()
    with suppress(FrameError):
        writer.close()
    last = (tmp_path / "a/.framepress/ledger.jsonl").read_text().splitlines()[-1]
    totals = json.loads(last)["totals"]
    assert totals == {
        "asked": 14,
        "skipped": 1,
        "refused": 2,
        "dropped": 3,
        "failed": 1,
        **({"written": 2, "not written": 5} if on_error == "raise" else {"written": 7}),
    }


def test_a_record_that_is_no_json_fails_before_any_of_its_files_is_visible(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "a", ["plain"], on_error="count") as writer:
        writer.add(frame_with(0, "cone").replaced(meta={"seed": np.float32(1)}))
        writer.add(frame_with(1, "cone"))
    assert writer.close().run["failed"] == 1
    assert sorted(path.stem for path in (tmp_path / "a/all").iterdir()) == ["000001"]
    assert not any((tmp_path / "a/.framepress/tmp").iterdir())


@pytest.mark.parametrize("refused", ["labels", "add"])
def test_a_frame_that_got_no_row_is_out_of_sight_when_the_run_goes_on(tmp_path: Path, monkeypatch, refused) -> None:
    append, calls = Journal.append, []

    def full_once(self, record, raw=None) -> None:
        if record["op"] == refused and not calls.append(record) and len(calls) == 1:
            raise OutputError("no space")
        append(self, record, raw)

    monkeypatch.setattr(Journal, "append", full_once)
    with DatasetWriter(tmp_path / "a", ["plain"], on_error="count") as writer:
        for number in range(3):
            writer.add(frame_with(number, "cone"))
    assert writer.close().run == {"asked": 3, "failed": 1, "written": 2}
    assert sorted(path.stem for path in (tmp_path / "a/all").iterdir()) == ["000001", "000002"]
    with DatasetWriter(tmp_path / "a", ["plain"], existing="resume") as writer:
        assert [writer.add(frame_with(number, "cone")) for number in range(3)] == [True, False, False]
    assert writer.close().frames == 3


def test_pressed_frames_that_wait_for_a_slower_one_hold_no_images(tmp_path: Path, monkeypatch) -> None:
    with DatasetWriter(tmp_path / "first", {"plain": {"images": "png"}}) as writer:
        writer.add(next(many(1, (200, 120))))  # brings in whatever encodes
    publish, slow = FrameTransaction.publish, threading.Event()
    monkeypatch.setattr(FrameTransaction, "publish", lambda files: slow.wait(20) and publish(files))
    temporaries = tmp_path / "a/.framepress/tmp"
    tracemalloc.start()
    try:
        with DatasetWriter(tmp_path / "a", {"plain": {"images": "png"}}, workers=2) as writer:
            for frame in many(30, (200, 120)):  # 70 kB of png each
                writer.add(frame)
                del frame
            deadline = time.monotonic() + 20
            while len(list(temporaries.iterdir())) < 60 and time.monotonic() < deadline:
                time.sleep(0.01)
            gc.collect()
            held = tracemalloc.get_traced_memory()[0]
            slow.set()
    finally:
        tracemalloc.stop()
        slow.set()
    assert held < 1_000_000
    assert writer.close().frames == 30


def test_a_disk_that_refuses_the_last_lines_keeps_neither_the_error_nor_the_lock(tmp_path: Path, monkeypatch) -> None:
    writer = DatasetWriter(tmp_path / "a", {"plain": {"fail_on": "000000"}})
    writer.add(frame_with(0, "cone"))

    def full(fields: dict) -> None:
        raise OutputError("no space")

    monkeypatch.setattr(writer._session.ledger, "_line", full)
    with pytest.raises(FrameError, match="frame 000000: asked to fail"):
        writer.close()
    DatasetWriter(tmp_path / "a", {"plain": {"fail_on": "000000"}}, existing="resume").close()


def test_a_dataset_states_the_origin_of_its_frames_and_takes_no_other(tmp_path: Path) -> None:
    def write(number: int, origin: dict[str, object] | None, **options: str) -> None:
        with DatasetWriter(tmp_path / "a", ["plain"], origin=origin, **options) as writer:
            writer.add(frame_with(number, "cone"))

    write(0, {"by": "a robot", "seed": 4})
    stated = json.loads((tmp_path / "a/.framepress/dataset.json").read_text())
    assert stated["origin"] == {"by": "a robot", "seed": 4}
    with pytest.raises(OptionError, match=r"another origin: \{'seed': 4\}, now \{'seed': 5\}; use the same"):
        write(1, {"by": "a robot", "seed": 5}, existing="resume")
    with pytest.raises(OptionError, match=r"another origin: .*, now none"):
        write(1, None, existing="append")
    write(1, {"by": "a robot", "seed": 4}, existing="append")
    with pytest.raises(OptionError, match="plain JSON"):
        DatasetWriter(tmp_path / "b", ["plain"], origin={"size": (4, 3)})
