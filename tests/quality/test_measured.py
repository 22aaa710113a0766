"""What is measured of frames agrees with numpy, Pillow and trigonometry on the same arrays."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageStat

from framepress.core import Boxes3D, Camera, Channels, Frame, Objects, View
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import InputError
from framepress.quality.report.statistics_document import dataset_statistics
from framepress.quality.sample import sampled
from framepress.quality.scores.measured import measured
from frames import LABELS, many, mono, rig


def coloured(seed: int, count: int = 7) -> list[Frame]:
    """Frames of two sizes with noise of different ranges, in two splits."""
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(count):
        width, height = ((30, 20), (17, 41))[index % 2]
        pixels = rng.integers(0, (256, 90, 3), (height, width, 3)).astype(np.uint8)
        view = View(Camera(width, height), channels=Channels({"rgb": pixels}, (width, height)))
        frames.append(Frame(f"f{index}", index, (view,), split=("train", "val")[index % 3 == 0]))
    return frames


@pytest.mark.parametrize("workers", [1, 5])
def test_mean_and_deviation_are_those_of_numpy_over_all_pixels(workers: int) -> None:
    frames = coloured(1)
    found = measured(frames, workers=workers)["pixels"]
    for name, chosen in (("", frames), ("train", [f for f in frames if f.split == "train"])):
        told = found["splits"][name] if name else found
        pixels = np.concatenate([frame.view.channels["rgb"].reshape(-1, 3) for frame in chosen])
        assert told["pixels"] == len(pixels)
        np.testing.assert_allclose(told["mean"], (pixels / 255).mean(0), rtol=1e-12)
        np.testing.assert_allclose(told["std"], (pixels / 255).std(0), rtol=1e-12)
        np.testing.assert_allclose(told["mean_255"], pixels.mean(0), rtol=1e-12)
        np.testing.assert_allclose(told["std_255"], pixels.std(0), rtol=1e-12)
        assert told["levels"] == [np.bincount(pixels[:, channel], minlength=256).tolist() for channel in range(3)]
    assert list(found["splits"]) == ["train", "val"]


def test_mean_and_deviation_of_one_image_are_pillow_s() -> None:
    frame = coloured(2)[1]
    found, stat = measured([frame])["pixels"], ImageStat.Stat(Image.fromarray(frame.view.channels["rgb"]))
    np.testing.assert_allclose(found["mean_255"], stat.mean, rtol=1e-12)
    np.testing.assert_allclose(found["std_255"], stat.stddev, rtol=1e-12)


def test_a_picture_of_one_colour_deviates_by_nothing() -> None:
    pixels = np.full((5, 9, 3), (7, 0, 255), np.uint8)
    view = View(Camera(9, 5), channels=Channels({"rgb": pixels}, (9, 5)))
    found = measured([Frame("one", 0, (view,))])["pixels"]
    assert (found["mean_255"], found["std_255"]) == ([7, 0, 255], [0, 0, 0])


def with_depth(index: int, metres: np.ndarray, name: str = "depth") -> Frame:
    size = (metres.shape[1], metres.shape[0])
    return Frame(f"d{index}", index, (View(Camera(*size), channels=Channels({name: metres}, size)),))


def test_depth_is_counted_as_numpy_counts_it() -> None:
    rng = np.random.default_rng(4)
    maps = [np.exp(rng.uniform(-6, 9, (23, 37))).astype(np.float32) for _ in range(5)]
    maps[0].flat[:6] = (np.inf, np.nan, -1, 0, 2**-6, 4096)
    maps[1].flat[:5] = (1, 1.25, np.nextafter(np.float32(1.25), np.float32(0)), 8192, np.inf)
    (found,) = [measured([with_depth(i, depth) for i, depth in enumerate(maps)])["depth"]["depth"]]
    values = np.concatenate([depth.ravel() for depth in maps]).astype(np.float64)
    known = values[np.isfinite(values) & (values >= 0)]
    told = found["histogram"]
    assert found["pixels"] == values.size
    assert found["nothing_hit"] == np.isposinf(values).sum() == 2
    assert found["invalid"] == np.isnan(values).sum() + (values < 0).sum() == 2
    assert found["share_nothing_hit"] == 2 / values.size
    assert told["counts"] == np.histogram(known, told["edges"])[0].tolist()
    assert (told["below"], told["above"]) == ((known < 2**-6).sum(), (known > 4096).sum())
    assert (told["minimum"], told["maximum"]) == (known.min(), known.max())
    assert told["mean"] == pytest.approx(known.mean(), rel=1e-12)


def test_a_map_of_nothing_has_no_range() -> None:
    found = measured([with_depth(0, np.full((3, 4), np.inf, np.float32), "range")])["depth"]
    assert list(found) == ["range"]
    assert found["range"]["share_nothing_hit"] == 1
    assert found["range"]["histogram"]["mean"] is None


def looking_at_origin(azimuth_deg: float, elevation_deg: float, distance: float) -> np.ndarray:
    """A level camera there, that looks at the origin; the world's z is up."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    place = distance * np.array(
        [math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)]
    )
    ahead = -place / distance
    right = np.cross(ahead, (0, 0, 1))
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack((right, np.cross(ahead, right), ahead), axis=1)
    pose[:3, 3] = place
    return pose


def turned(axis: str, degrees: float) -> list[float]:
    half = math.radians(degrees) / 2
    return [math.cos(half), *(math.sin(half) * (name == axis) for name in "xyz")]


@pytest.mark.parametrize(
    ("azimuth", "elevation", "heading", "seen"),
    [(25, 15, 0, (25, 15)), (-140, 62, 0, (-140, 62)), (25, -5, 40, (-15, -5)), (170, 5, -50, (-140, 5))],
)
def test_a_viewpoint_is_where_the_camera_was_put(
    azimuth: float, elevation: float, heading: float, seen: tuple[float, float]
) -> None:
    camera = Camera(40, 30, world_from_camera=looking_at_origin(azimuth, elevation, 7.0))
    box = Boxes3D(np.zeros((1, 3)), np.ones((1, 3)), np.array([turned("z", heading)]))
    found = measured([Frame("a", 0, (View(camera, objects=Objects.build(["car"], box3d=box)),))])["viewpoints"]
    assert found["objects"] == 1
    for name, value in zip(("azimuth_deg", "elevation_deg"), seen, strict=True):
        assert found["histograms"][name]["mean"] == pytest.approx(value, abs=1e-5)
    steep = abs(elevation) > 64
    assert steep or found["histograms"]["roll_deg"]["mean"] == pytest.approx(0, abs=1e-5)


def test_an_object_that_leans_to_the_right_of_the_image_is_turned_clockwise() -> None:
    camera = Camera(40, 30, world_from_camera=looking_at_origin(180, 0, 5.0))  # looks along +x, its right is -y
    box = Boxes3D(np.zeros((1, 3)), np.ones((1, 3)), np.array([turned("x", 30)]))  # up leans towards -y
    found = measured([Frame("a", 0, (View(camera, objects=Objects.build(["car"], box3d=box)),))])["viewpoints"]
    assert found["histograms"]["roll_deg"]["mean"] == pytest.approx(30, abs=1e-5)


def test_objects_without_a_box_or_a_camera_s_place_have_no_viewpoint() -> None:
    box = Boxes3D(np.zeros((1, 3)), np.ones((1, 3)), np.array([turned("z", 0)]))
    views = (
        View(Camera(4, 3), name="a", objects=Objects.build(["car"], box3d=box)),
        View(Camera(4, 3, world_from_camera=looking_at_origin(0, 0, 2)), name="b", objects=Objects.build(["car"])),
    )
    found = measured([Frame("a", 0, views)])
    assert found["viewpoints"]["objects"] == 0
    assert [each["unknown"] for each in found["viewpoints"]["histograms"].values()] == [2, 2, 2]
    assert found["pixels"] is None
    assert found["depth"] == {}


def test_a_file_that_cannot_be_decoded_ends_it_with_its_name(tmp_path: Path) -> None:
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS) as writer:
        for frame in many(4):
            writer.add(frame)
    broken = sorted((tmp_path / "set/rgb").rglob("*.png"))[2]
    broken.write_bytes(broken.read_bytes()[:-20] + bytes(20))
    with pytest.raises(InputError, match=broken.name):
        measured(open_dataset(tmp_path / "set").frames(), workers=2)


def test_a_dataset_is_measured_whole_or_by_a_sample_of_its_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    frames = [*mono(), *rig()]
    with DatasetWriter(tmp_path / "set", ["native"], labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    dataset = open_dataset(tmp_path / "set")
    assert dataset_statistics(dataset)["measured"] is None
    whole = dataset_statistics(dataset, pixels=True)["measured"]
    part = dataset_statistics(dataset, pixels=True, sample=4)["measured"]
    assert (whole["frames"], whole["sampled"]) == (10, None)
    assert (part["frames"], part["sampled"]) == (4, 10)
    chosen = sampled([frame.id for frame in frames], 4)
    pixels = [view.channels["rgb"].reshape(-1, 3) for frame in frames if frame.id in chosen for view in frame.views]
    np.testing.assert_allclose(part["pixels"]["mean_255"], np.concatenate(pixels).mean(0), rtol=1e-12)
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole


def test_memory_does_not_grow_with_the_number_of_frames() -> None:
    """A frame's pixels take 14 kB."""
    peaks = []
    for count in (30, 150):
        tracemalloc.start()
        assert measured(coloured_anew(count), workers=2)["frames"] == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 120 * 14_000 / 4


def coloured_anew(count: int) -> Iterator[Frame]:
    """Frames that share no array, one at a time."""
    for index in range(count):
        size = (80, 60)
        channels = Channels({"rgb": np.full((60, 80, 3), index, np.uint8)}, size)
        yield Frame(f"f{index}", index, (View(Camera(*size), channels=channels),))
