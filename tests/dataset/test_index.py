"""The index agrees with the frames it was made from, and is never used for a dataset that has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Frame, LabelMap
from framepress.dataset import index_cache
from framepress.dataset.convert import convert
from framepress.dataset.index import NO_TIME, Index
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import OutputError
from framepress.formats import Format
from frames import LABELS, many, mono, rig


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pressed(folder: Path, frames: list[Frame], formats: str = "native,coco") -> Dataset:
    with DatasetWriter(folder, formats.split(","), labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    return open_dataset(folder)


def indexes(cache: Path) -> list[Path]:
    return sorted(path.parent for path in cache.rglob("index.json"))


def test_the_columns_hold_what_the_frames_hold(tmp_path: Path) -> None:
    frames = [*mono(), *rig()]
    index = Index.of(pressed(tmp_path / "set", frames))
    views = [view for frame in frames for view in frame.views]

    assert index.frames.texts("id")[:] == [frame.id for frame in frames]
    assert index.frames["index"].tolist() == [frame.index for frame in frames]
    assert [index.sequences[code] for code in index.frames["sequence"]] == [frame.sequence for frame in frames]
    assert index.frames["time_ns"].tolist() == [frame.time_ns for frame in frames]
    assert index.frames["views"].tolist() == [len(frame.views) for frame in frames]
    assert [index.view_names[code] for code in index.views["name"]] == [view.name for view in views]
    assert index.views["width"].tolist() == [view.camera.width for view in views]
    assert index.views["objects"].tolist() == [len(view.objects) for view in views]
    for row, view in enumerate(views):
        first, count = int(index.views["first_object"][row]), len(view.objects)
        part = slice(first, first + count)
        assert index.objects["view"][part].tolist() == [row] * count
        assert index.objects["frame"][part].tolist() == [int(index.views["frame"][row])] * count
        assert [LABELS.names[code] for code in index.objects["label"][part]] == view.objects.labels
        tracks = [index.tracks[code] if code >= 0 else "" for code in index.objects["track"][part]]
        assert tracks == list(view.objects.track)
        assert index.objects["id"][part].tolist() == view.objects.id.tolist()
        np.testing.assert_array_equal(index.objects["box"][part], view.objects.box)
        np.testing.assert_array_equal(index.objects["box_full"][part], view.objects.box_full)
        np.testing.assert_array_equal(index.objects["crowd"][part], view.objects.crowd)
        np.testing.assert_array_equal(index.objects["box3d"][part], view.objects.box3d.known)


def test_areas_masks_and_distances_are_those_of_the_pixels_and_the_camera(tmp_path: Path) -> None:
    frames = mono()
    index = Index.of(pressed(tmp_path / "set", frames))
    row = 0
    for frame in frames:
        ids, pixels = np.unique(frame.view.channels["instance"], return_counts=True)
        seen = dict(zip(ids.tolist(), pixels.tolist(), strict=True))
        camera = frame.view.camera
        for thing in frame.view.objects:
            assert index.objects["mask"][row] == (thing.id in seen)
            if thing.id in seen:
                assert index.objects["area"][row] == seen[thing.id]
            if thing.box3d is not None:
                metres = np.linalg.norm(camera.to_camera(thing.box3d.center))
                assert index.objects["distance"][row] == pytest.approx(metres, rel=1e-6)
            else:
                assert np.isnan(index.objects["distance"][row])
            row += 1
    assert row == index.objects.rows


def test_a_box_is_as_far_turned_as_it_was_set_up_seen_from_the_camera(tmp_path: Path) -> None:
    """FRONT looks along the world's y axis, so that its x axis is the world's; counted from above, +y down."""
    index = Index.of(pressed(tmp_path / "set", mono()))
    turned = np.degrees(index.objects["yaw"][index.objects["box3d"]])
    np.testing.assert_allclose(turned, [-35, -80, -10, 20, -15, 0], atol=1e-4)
    assert np.isnan(index.objects["yaw"][~index.objects["box3d"]]).all()


def test_a_view_keeps_a_time_of_its_own(tmp_path: Path) -> None:
    frame = rig()[0]
    late = frame.replaced(views=(replace(frame.views[0], time_ns=123), replace(frame.views[1], time_ns=None)))
    assert Index.of(pressed(tmp_path / "set", [late])).views["time_ns"].tolist() == [123, NO_TIME]


def test_the_summary_counts_everything_and_is_plain_json(tmp_path: Path) -> None:
    frames = [*mono(), *rig()]
    index = Index.of(pressed(tmp_path / "set", frames))
    summary = index.summary()
    labels = Counter(label for frame in frames for view in frame.views for label in view.objects.labels)
    assert summary["classes"] == {name: labels[name] for name in LABELS.names}
    assert index.counts() == summary["classes"]
    assert summary["frames"] == 10
    assert summary["views"] == 13
    assert summary["sizes"] == {"80x52": 3, "96x64": 10}
    assert summary["sequences"] == 3
    assert summary["features"]["views"] == 3
    assert summary["features"]["signals"] == 7
    assert summary["features"]["rgb"] == 10
    assert json.loads(json.dumps(summary)) == summary


def test_the_files_are_those_on_the_disk_of_every_edition(tmp_path: Path) -> None:
    dataset = pressed(tmp_path / "set", mono())
    index = Index.of(dataset)
    for path, size in zip(index.files.texts("path"), index.files["size"], strict=True):
        assert (tmp_path / "set" / path).stat().st_size == size
    assert {index.editions[code] for code in index.files["edition"]} == {"native", "coco"}
    images = [path for path in index.files.texts("path") if path.startswith("coco/images/")]
    assert len(images) == len(mono())


def test_a_dataset_that_is_not_ours_is_indexed_through_its_reader(tmp_path: Path) -> None:
    pressed(tmp_path / "set", mono(), "coco")
    foreign = tmp_path / "foreign"
    (tmp_path / "set").rename(foreign)
    for path in sorted((foreign / ".framepress").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (foreign / ".framepress").rmdir()
    dataset = open_dataset(foreign)
    assert dataset.job is None
    index = Index.of(dataset)
    document = json.loads((foreign / "annotations/instances_default.json").read_text())
    assert index.frames.rows == len(document["images"])
    assert index.objects.rows == len(document["annotations"])
    x, y, width, height = document["annotations"][0]["bbox"]
    np.testing.assert_allclose(index.objects["box"][0], [x, y, x + width, y + height])
    for path, size in zip(index.files.texts("path"), index.files["size"], strict=True):
        assert (foreign / path).stat().st_size == size


def test_it_is_made_once_and_outside_the_dataset(tmp_path: Path, cache: Path) -> None:
    dataset = pressed(tmp_path / "set", mono())
    before = sorted((tmp_path / "set").rglob("*"))
    Index.of(dataset)
    made = indexes(cache)
    stamp = made[0].stat().st_ino
    Index.of(open_dataset(tmp_path / "set"))
    assert indexes(cache) == made
    assert made[0].stat().st_ino == stamp
    assert sorted((tmp_path / "set").rglob("*")) == before
    Index.of(dataset, rebuild=True)
    assert indexes(cache) == made
    assert made[0].stat().st_ino != stamp


def test_a_dataset_that_grew_is_indexed_anew_and_the_old_index_goes(tmp_path: Path, cache: Path) -> None:
    frames = list(many(6))
    first = Index.of(pressed(tmp_path / "set", frames[:4]))
    with DatasetWriter(tmp_path / "set", ["native", "coco"], labels=LABELS, existing="append") as writer:
        for frame in frames[4:]:
            writer.add(frame)
    second = Index.of(open_dataset(tmp_path / "set"))
    assert second.frames.texts("id")[:] == [frame.id for frame in frames]
    assert len(indexes(cache)) == 1
    assert first.frames.texts("id")[:] == [frame.id for frame in frames[:4]]  # still mapped, though its files are gone


def test_a_changed_annotation_of_a_foreign_dataset_is_noticed(tmp_path: Path) -> None:
    frames = mono()[:2]
    source = Foreign(tmp_path / "foreign", frames)
    assert Index.of(source.dataset()).frames.rows == 2
    source.frames.pop()
    assert Index.of(source.dataset()).frames.rows == 2  # nothing changed on the disk
    os.utime(tmp_path / "foreign/notes.json", ns=(1, 1))
    assert Index.of(source.dataset()).frames.rows == 1
    source.frames.clear()
    assert Index.of(source.dataset(boxes="clip")).frames.rows == 0  # read in another way


class Foreign:
    """A dataset of a format that is made up here."""

    def __init__(self, path: Path, frames: list[Frame]) -> None:
        path.mkdir()
        (path / "notes.json").write_text("{}")
        self.path, self.frames = path, frames

    def dataset(self, **options: object) -> Dataset:
        def read(path: Path, **options: object) -> Iterator[Frame]:
            yield from self.frames

        return Dataset(self.path, Format("made_up", "", frozenset(), read=read), options)


def test_classes_without_a_list_come_in_the_order_of_the_frames(tmp_path: Path) -> None:
    index = Index.of(Foreign(tmp_path / "foreign", mono()).dataset())
    used = dict.fromkeys(name for frame in mono() for name in frame.view.objects.classes)
    assert index.labels == LabelMap.of(used)


@pytest.mark.parametrize("damage", ["header", "version", "short column", "missing column", "lying rows"])
def test_a_damaged_index_is_made_again(tmp_path: Path, cache: Path, damage: str) -> None:
    dataset = pressed(tmp_path / "set", mono())
    want = Index.of(dataset).summary()
    (folder,) = indexes(cache)
    header = json.loads((folder / "index.json").read_text())
    if damage == "header":
        (folder / "index.json").write_text("{")
    elif damage == "version":
        (folder / "index.json").write_text(json.dumps({**header, "version": 99}))
    elif damage == "short column":
        (folder / "objects.label").write_bytes(b"\0")
    elif damage == "missing column":
        (folder / "frames.id.utf8").unlink()
    else:
        header["rows"]["objects"] += 1000
        (folder / "index.json").write_text(json.dumps(header))
    assert Index.of(dataset).summary() == want


def test_it_tells_how_many_frames_are_done(tmp_path: Path) -> None:
    told: list[int] = []
    dataset = pressed(tmp_path / "set", list(many(1100)), "native")
    Index.of(dataset, on_frames=told.append)
    assert told == [512, 1024, 1100]
    Index.of(dataset, on_frames=told.append)  # is there already
    source = Foreign(tmp_path / "foreign", list(many(600))).dataset()
    Index.of(source, on_frames=told.append)
    assert told == [512, 1024, 1100, 512, 600]


def test_an_interrupted_dataset_has_an_index_too(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "set", ["kitti"], labels=LABELS)
    for frame in mono()[:3]:
        writer.add(frame)
    writer.abandon()
    assert Index.of(open_dataset(tmp_path / "set")).frames.rows == 3


def test_a_dataset_without_frames_has_an_empty_index(tmp_path: Path) -> None:
    index = Index.of(pressed(tmp_path / "set", []))
    assert index.summary()["frames"] == 0
    assert index.objects["box"].shape == (0, 4)
    assert index.frames.texts("id")[:] == []


def test_time_that_is_not_known_is_marked(tmp_path: Path) -> None:
    index = Index.of(pressed(tmp_path / "set", [frame.replaced(time_ns=None) for frame in many(2)]))
    assert index.frames["time_ns"].tolist() == [NO_TIME, NO_TIME]


def test_builders_that_meet_leave_one_whole_index(tmp_path: Path, cache: Path) -> None:
    pressed(tmp_path / "set", list(many(40)))
    code = (
        "import sys\nfrom framepress.dataset.index import Index\nfrom framepress.dataset.opening import open_dataset\n"
        "for _ in range(8): print(Index.of(open_dataset(sys.argv[1]), rebuild=True).frames.rows)"
    )
    builders = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "set")], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    told = [builder.communicate(timeout=60)[0].split() for builder in builders]  # all have ended before one is judged
    assert [builder.returncode for builder in builders] == [0, 0, 0]
    assert told == [["40"] * 8] * 3
    (folder,) = indexes(cache)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # nobody left anything behind


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    source = Foreign(tmp_path / "foreign", mono())
    source.frames.append(None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        Index.of(source.dataset())
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_cache_that_cannot_be_written_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = pressed(tmp_path / "set", mono())
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="FRAMEPRESS_CACHE"):
        Index.of(dataset)


def test_a_cache_that_cannot_be_mapped_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError(19, "No such device")  # what file systems without mmap answer

    dataset = pressed(tmp_path / "set", list(many(2)))
    monkeypatch.setattr(np, "memmap", refuse)
    with pytest.raises(OutputError, match="cannot be read back; set FRAMEPRESS_CACHE"):
        Index.of(dataset)


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FRAMEPRESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert index_cache.cache_folder() == tmp_path / "framepress"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the XDG specification: relative paths are to be ignored
    assert index_cache.cache_folder() == Path.home() / ".cache/framepress"


def test_memory_stays_flat_over_the_frames(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        source = Foreign(tmp_path / f"foreign{count}", [])
        template = mono()[5]

        def read(path: Path) -> Iterator[Frame]:
            return (template.replaced(id=f"{n:06}", index=n) for n in range(count))

        tracemalloc.start()
        index = Index.of(Dataset(source.path, Format("made_up", "", frozenset(), read=read)))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert index.objects.rows == 16 * count
        return used

    small, large = peak(600), peak(3000)
    assert large < small + 500_000  # 2,400 frames more have 6 MB of columns


def test_a_converted_foreign_dataset_has_the_same_counts_as_its_source(tmp_path: Path) -> None:
    source = Foreign(tmp_path / "foreign", mono()).dataset()
    convert(source, tmp_path / "set", ["native"], labels=LABELS)
    theirs, ours = Index.of(source).counts(), Index.of(open_dataset(tmp_path / "set")).counts()
    assert {name: count for name, count in ours.items() if count} == theirs


def test_texts_are_the_same_one_by_one_in_runs_and_in_a_row(tmp_path: Path) -> None:
    frames = [frame.replaced(meta={"scene": "Straße €"[frame.index :]}) for frame in [*mono(), *rig()]]
    index = Index.of(pressed(tmp_path / "set", frames))
    for texts in (index.scenes, index.tracks, index.frames.texts("id")):
        alone = [texts[row] for row in range(len(texts))]
        assert list(texts) == texts[:] == alone
        for first, end in ((0, 1), (1, 3), (2, 2), (3, 99), (-3, -1)):
            assert texts[first:end] == alone[first:end]
        assert texts[::2] == alone[::2]
        assert texts[::-1] == alone[::-1]
    assert "ße €" in list(index.scenes)
