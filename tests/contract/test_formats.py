"""The contract of a format: each line of it for each writable format. A new format adds one row to `format_cases`."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from agreement import assert_agree
from format_cases import CASES, Case
from format_judges import JUDGES
from PIL import Image

import frames as fixtures
from framepress import formats
from framepress.core import Channels, Frame
from framepress.dataset.merge import merge
from framepress.dataset.refinish import finish
from framepress.dataset.report import Report
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FramepressError
from things import camera_at, flat, view_of

HALVES = Split.parse("train=.5,val=.5", seed=3)
WRITABLE = [name for name in formats.names() if formats.by_name(name).writer is not None]
READABLE = [name for name in formats.names() if formats.by_name(name).looks_like is not None]


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def press(case: Case, target: Path, frames: Sequence[Frame] | Iterator[Frame], **options: object) -> Report:
    with DatasetWriter(target, case.formats, **{"labels": fixtures.LABELS, **options}) as writer:
        for frame in frames:
            writer.add(frame)
    return writer.close()


def read(case: Case, folder: Path) -> list[Frame]:
    reader = formats.by_name(case.format).read
    assert reader is not None
    return list(reader(folder))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that has to be equal; the run's own notes (ledger, temporaries, lock) are no part of the dataset."""
    own = (".framepress/journal/", ".framepress/dataset.json")
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if name.startswith(own) or not name.startswith(".framepress/")
    }


def test_every_writable_format_is_under_contract_and_has_a_judge() -> None:
    assert {case.format for case in CASES.values()} == set(WRITABLE) == set(JUDGES)


# ------------------------------------------------------------------------------------------------- what comes back
@pytest.mark.parametrize("fixture", ["mono", "rig", "imported"])
def test_what_a_format_carries_comes_back(case: Case, fixture: str, tmp_path: Path) -> None:
    frames = getattr(fixtures, fixture)()
    if fixture == "imported":
        frames = with_cameras_if_needed(case, frames)
    press(case, tmp_path / "d", frames)
    assert_agree(case, frames, read(case, tmp_path / "d"))


def with_cameras_if_needed(case: Case, frames: list[Frame]) -> list[Frame]:
    """Frames of another dataset have no intrinsics; a format that needs them says so (see the test of needs)."""
    if "camera" not in needs(case):
        return frames
    return [frame.replaced(views=(frame.view.replaced(camera=fixtures.FRONT),)) for frame in frames]


def test_splits_and_classes_come_back(case: Case, tmp_path: Path) -> None:
    frames = [frame.replaced(split=HALVES.of(frame)) for frame in fixtures.mono()]
    assert {frame.split for frame in frames} == {"train", "val"}
    press(case, tmp_path / "d", frames, split=HALVES)
    found = {case.key(frame, frame.view): frame.split for frame in read(case, tmp_path / "d")}
    assert found == {case.key(frame, frame.view): frame.split for frame in frames}
    read_labels = formats.by_name(case.format).read_labels
    assert read_labels is not None
    names = [name for name in read_labels(tmp_path / "d").names if name != "DontCare"]
    assert tuple(names) == fixtures.LABELS.names


def test_frames_without_objects_stay_frames(case: Case, tmp_path: Path) -> None:
    frames = [frame for frame in fixtures.mono() if not len(frame.view.objects)]
    report = press(case, tmp_path / "d", frames)
    found = read(case, tmp_path / "d")
    assert len(found) == len(frames) == report.frames == 2
    assert_agree(case, frames, found)


def test_a_dataset_without_frames_can_be_finished_and_read(case: Case, tmp_path: Path) -> None:
    assert press(case, tmp_path / "d", []).frames == 0
    assert not (tmp_path / "d" / "training").exists() or read(case, tmp_path / "d") == []


def test_equal_stems_in_two_sequences_do_not_collide(case: Case, tmp_path: Path) -> None:
    frames = [frame for frame in fixtures.mono() if frame.id.endswith("/0000")]
    assert len(frames) == 2
    press(case, tmp_path / "d", frames)
    first, second = sorted(read(case, tmp_path / "d"), key=lambda frame: frame.index)
    for found, frame in ((first, frames[0]), (second, frames[1])):
        np.testing.assert_array_equal(found.view.channels["rgb"], frame.view.channels["rgb"])


def test_boxes_areas_and_masks_that_the_table_lacks_come_from_the_pixels(case: Case, tmp_path: Path) -> None:
    frames = fixtures.mono()
    press(case, tmp_path / "d", [with_areas_and_boxes(frame, np.zeros(len(frame.view.objects))) for frame in frames])
    seen = [with_areas_and_boxes(frame, ~np.isnan(frame.view.objects.box[:, 0])) for frame in frames]
    assert_agree(case, seen, read(case, tmp_path / "d"))


def with_areas_and_boxes(frame: Frame, kept: np.ndarray) -> Frame:
    """A copy in which only the rows `kept`, bool (N,), know their box and area."""
    objects, blank = frame.view.objects, np.where(kept, 0.0, np.nan)
    known = objects.with_columns(box=objects.box + blank[:, None], area=objects.area + blank)
    return frame.replaced(views=(frame.view.replaced(objects=known),))


@pytest.mark.parametrize("size_wh", [(100, 12), (12, 100)], ids=["wide", "tall"])
def test_images_that_are_not_square_keep_rows_and_columns_apart(
    case: Case, size_wh: tuple[int, int], tmp_path: Path
) -> None:
    camera = camera_at(size_wh, 50.0, (0.0, 0.0, 1.0))
    long = (2, 1, 90, 7) if size_wh[0] > size_wh[1] else (1, 2, 7, 90)
    frame = Frame("only", 0, (view_of(camera, [flat("car", 9, camera, [long], depth_m=3)], seed=1),))
    press(case, tmp_path / "d", [frame])
    (found,) = read(case, tmp_path / "d")
    assert found.view.channels["rgb"].shape == (size_wh[1], size_wh[0], 3)
    assert_agree(case, [frame], [found])


def test_ids_that_differ_only_above_16_24_or_31_bits_are_different_objects(case: Case, tmp_path: Path) -> None:
    ids = (5, 5 + 2**16, 5 + 2**24, 5 + 2**31)
    camera = fixtures.FRONT
    things = [flat("cone", id, camera, [(10 * k, 5, 10 * k + 9, 20 + k)], depth_m=3) for k, id in enumerate(ids)]
    frame = Frame("only", 0, (view_of(camera, things),))
    press(case, tmp_path / "d", [frame])
    (found,) = read(case, tmp_path / "d")
    assert_agree(case, [frame], [found])
    assert len({tuple(box) for box in np.rint(found.view.objects.box).tolist()}) == len(ids)


# ----------------------------------------------------------------------------------------------- the same bytes
def test_one_and_eight_workers_give_the_same_bytes(case: Case, tmp_path: Path) -> None:
    for workers in (1, 8):
        press(case, tmp_path / str(workers), fixtures.many(40), labels=None, workers=workers, split=HALVES)
    assert contents(tmp_path / "1") == contents(tmp_path / "8")


def run_press(target: Path, *arguments: str, env: dict[str, str] | None = None) -> int:
    """`press.py` in a process of its own; its exit status."""
    script = Path(__file__).with_name("press.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(env or {})}
    return subprocess.run([sys.executable, str(script), str(target), *arguments], env=environment).returncode


@pytest.mark.parametrize("position", [4, 7])
@pytest.mark.parametrize("name", list(CASES))
def test_a_killed_run_resumes_to_the_same_bytes(name: str, position: int, tmp_path: Path) -> None:
    assert run_press(tmp_path / "killed", name, "--kill-at", str(position)) == -signal.SIGKILL
    case, frames = CASES[name], fixtures.mono()
    press(case, tmp_path / "killed" / name, frames, existing="resume")
    press(case, tmp_path / "whole", frames)
    assert contents(tmp_path / "killed" / name) == contents(tmp_path / "whole")


def test_finishing_twice_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    press(case, tmp_path / "d", fixtures.mono(), split=HALVES)
    before = contents(tmp_path / "d")
    finish(tmp_path / "d")
    assert contents(tmp_path / "d") == before


def test_two_halves_merged_are_one_run(case: Case, tmp_path: Path) -> None:
    frames = fixtures.mono()
    press(case, tmp_path / "whole", frames)
    press(case, tmp_path / "first", frames[:3])
    press(case, tmp_path / "second", frames[3:])
    merge([tmp_path / "second", tmp_path / "first"], tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")


def test_no_clock_user_or_host_is_in_any_file(tmp_path: Path) -> None:
    """Two processes that differ in all of these, in hash seed and in place, write the same bytes."""
    here = {"PYTHONHASHSEED": "1", "USER": "somebody", "LOGNAME": "somebody", "TZ": "UTC"}
    there = {"PYTHONHASHSEED": "2", "USER": "another", "LOGNAME": "another", "TZ": "Asia/Tokyo"}
    assert run_press(tmp_path / "somewhere", *CASES, "--clock", "1700000000", env=here) == 0
    assert run_press(tmp_path / "else" / "where", *CASES, "--clock", "1900000000.5", env=there) == 0
    for name in CASES:
        assert contents(tmp_path / "somewhere" / name) == contents(tmp_path / "else" / "where" / name), name


# --------------------------------------------------------------------------------------------------- what is said
def needs(case: Case) -> frozenset[str]:
    return formats.by_name(case.format).make_writer(case.options).needs


@pytest.mark.parametrize(
    ("name", "need"), [(name, need) for name, case in CASES.items() for need in sorted(needs(case))]
)
def test_a_missing_need_is_named_with_the_frame(name: str, need: str, tmp_path: Path) -> None:
    frame = fixtures.mono()[0]
    view = frame.view
    if need == "camera":
        bare = view.replaced(camera=fixtures.imported()[0].view.camera)
    else:
        assert need in view.channels
        bare = view.replaced(channels=view.channels.replaced(**{need: None}))
    with pytest.raises(FramepressError, match=rf"frame a/0000.*\b{need}\b"):
        press(CASES[name], tmp_path / "d", [frame.replaced(views=(bare,))])


# How many of the frames of `mono` hold a feature, counted by hand from its text.
HOLDERS = {"signals": 7, "task": 7, "text": 7, "meta": 7, "sequence": 7, "time": 7, "pose": 7, "depth": 7}
HOLDERS |= {"crowd": 1, "keypoints": 1, "source_id": 1, "box3d": 3, "track": 5, "label": 5, "box_full": 5}


def test_losses_are_reported_and_nothing_that_is_carried_is_called_lost(case: Case, tmp_path: Path) -> None:
    report = press(case, tmp_path / "d", fixtures.mono()).to_dict()
    lost = report["editions"][case.format]["lost"]
    carries = case.carries | case.differs
    assert not carries & lost.keys()
    assert {name: lost[name] for name in HOLDERS if name not in carries} == {
        name: count for name, count in HOLDERS.items() if name not in carries
    }
    json.dumps(report, allow_nan=False)


def test_every_object_that_is_left_out_is_counted(case: Case, tmp_path: Path) -> None:
    frames = fixtures.mono()
    counts = press(case, tmp_path / "d", frames).to_dict()["editions"][case.format]["counts"]
    given = sum(len(frame.view.objects) for frame in frames)
    kept = sum(len(case.kept(frame.view.objects)) for frame in frames)
    assert sum(counts.get(name, 0) for name in case.left_out) == given - kept
    assert given == 29


def test_only_its_own_reader_recognises_a_dataset(case: Case, capture: Path, tmp_path: Path) -> None:
    press(case, tmp_path / "d", fixtures.mono())
    recognised = {name for name in READABLE if formats.by_name(name).looks_like(tmp_path / "d")}
    assert recognised == {case.format}
    assert not formats.by_name(case.format).looks_like(capture)
    assert formats.detect(tmp_path / "d").name == case.format


@pytest.mark.parametrize("count", [100, pytest.param(500, marks=pytest.mark.slow)])
def test_memory_does_not_grow_with_the_number_of_frames(case: Case, count: int, tmp_path: Path) -> None:
    """Of a frame of 23 kB (4 kB as PNG) less than 1 kB stays."""
    held = []
    tracemalloc.start()  # and stopped without other threads: CPython before 3.12.9 crashes on the race
    with DatasetWriter(tmp_path / "d", case.formats, labels=fixtures.LABELS, workers=1, queue_bytes=50_000) as writer:
        for index, frame in enumerate(fresh_frames(count)):
            writer.add(frame)
            if index % 10 == 0:
                gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    # The least of some moments, because frames are in flight at most of them.
    assert min(held[-20:]) - min(held[20:40]) < (count - 40) * 1_000 + 60_000


def test_memory_of_finishing_does_not_grow_with_the_number_of_frames(case: Case, tmp_path: Path) -> None:
    """A frame's values take 10 kB; what may grow is a name a frame, and buffers until they are full."""
    base, peaks = list(fixtures.many(10)), []
    for count in (20, 140):
        named = (base[index % 10].replaced(id=f"s/{index:04d}", index=index) for index in range(count))
        press(case, tmp_path / str(count), named)
        tracemalloc.start()
        finish(tmp_path / str(count))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 600_000


def fresh_frames(count: int) -> Iterator[Frame]:
    """Small frames that share no array."""
    base = list(fixtures.many(10))
    for index in range(count):
        view = base[index % 10].view
        channels = {name: view.channels[name].copy() for name in view.channels}
        yield Frame(f"s/{index:04d}", index, (view.replaced(channels=Channels(channels, view.camera.size_wh)),))


# ------------------------------------------------------------------------------------------------------- judges
@pytest.mark.parametrize("fixture", ["mono", "rig"])
def test_a_reader_that_shares_no_code_agrees(case: Case, fixture: str, tmp_path: Path) -> None:
    frames = getattr(fixtures, fixture)()
    press(case, tmp_path / "d", frames)
    JUDGES[case.format](tmp_path / "d", frames)


def test_several_formats_lie_side_by_side_and_are_what_each_would_be_alone(tmp_path: Path) -> None:
    frames = fixtures.rig()
    with DatasetWriter(tmp_path / "all", WRITABLE, labels=fixtures.LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    for name in WRITABLE:
        press(Case(name), tmp_path / name, frames)
        alone = {path: content for path, content in contents(tmp_path / name).items() if not path.startswith(".")}
        together = contents(tmp_path / "all")
        assert {path: together[f"{name}/{path}"] for path in alone} == alone
        assert {path.split("/")[0] for path in together} == {*WRITABLE, ".framepress"}


def test_one_image_is_one_file_however_many_formats_hold_it(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "d", WRITABLE, labels=fixtures.LABELS) as writer:
        for frame in fixtures.mono():
            writer.add(frame)
    for frame in fixtures.mono():
        pixels = frame.view.channels["rgb"].tobytes()
        files = [path for path in (tmp_path / "d").rglob("*.png") if colours(path) == pixels]
        assert len(files) == len(WRITABLE)
        assert len({path.stat().st_ino for path in files}) == 1


def colours(path: Path) -> bytes | None:
    """The pixels of a colour image; None for depth and id maps."""
    with Image.open(path) as image:
        return image.tobytes() if image.mode == "RGB" else None
