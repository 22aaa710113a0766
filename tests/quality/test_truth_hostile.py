"""Whatever a frame holds, truth rules end in findings: no crash, no warning, no endless loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from framepress.core import Boxes3D, Camera, Channels, Frame, Objects, View
from framepress.quality.truth.sight import lattice_step
from framepress.quality.truth.writing import TruthCheck
from quality.truth_found import found_in

ODD = (0.0, -1.0, 1.0, 7.5, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan)


def numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Plausible ones with a few that are not."""
    found = rng.uniform(-5, 60, shape)
    odd = rng.random(shape) < 0.15
    found[odd] = rng.choice(ODD, odd.sum())
    return found


def rigid(rng: np.random.Generator) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    pose[:3, :3] *= np.sign(np.linalg.det(pose[:3, :3]))
    pose[:3, 3] = rng.uniform(-5, 5, 3)
    return pose


def view(rng: np.random.Generator) -> View:
    width, height = (int(side) for side in rng.choice([1, 2, 7, 40, 97], 2))
    K = [None, np.zeros((3, 3)), rng.normal(size=(3, 3)), np.diag([50.0, 50, 1])][rng.integers(4)]
    pose = rigid(rng) if rng.random() < 0.7 else None
    near, far = [(0.1, 100.0), (0.0, 1e-3), (1e-9, np.inf)][rng.integers(3)]
    camera = Camera(width, height, K, None, pose, near, far)
    count, kinds = int(rng.integers(0, 9)), 3
    ids = rng.choice([0, 1, 2, 3, 5, 2**31, 2**32 - 1], count)
    tracks = rng.choice(["", "/", "//", "/A", "/A/B", "/A/B/C", "A/B", "/ä/ö"], count)
    objects = Objects.build(
        [str(rng.choice(["car", "Car,wheel", ",", "x"])) for _ in range(count)],
        id=ids,
        track=[str(track) for track in tracks],
        **{name: numbers(rng, count, 4) for name in ("box", "box_full")},
        **{name: numbers(rng, count) for name in ("area", "visibility", "truncation")},
        box3d=Boxes3D(numbers(rng, count, 3), numbers(rng, count, 3), numbers(rng, count, 4)),
        keypoints=[numbers(rng, kinds, 3) if rng.random() < 0.5 else None for _ in range(count)],
    )
    shape = (height, width)
    made: dict[str, Any] = {
        "rgb": rng.integers(0, 255, (*shape, 3), np.uint8),
        "depth": numbers(rng, *shape).clip(-1e30, 1e30).astype(np.float32),
        "range": numbers(rng, *shape).clip(-1e30, 1e30).astype(np.float32),
        "semantic": rng.choice([0, 1, 2, 2**32 - 1], shape).astype(np.uint32),
        "instance": rng.choice([0, 1, 2, 3, 4, 2**31, 2**32 - 1], shape).astype(np.uint32),
        "normal": numbers(rng, *shape, 3).clip(-1e15, 1e15).astype(np.float32),
        "flow": numbers(rng, *shape, 2).clip(-1e30, 1e30).astype(np.float32),
    }
    channels = {name: array for name, array in made.items() if rng.random() < 0.8}
    return View(camera, "front", Channels(channels, camera.size_wh), objects, {1: "car", 2: "wheel,car"})


@pytest.mark.parametrize("seed", range(200))
def test_no_frame_ends_a_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = (Frame(str(index), index, (view(rng),), "s", time_ns=index % 2) for index in range(2))
    again = second.replaced(id="2", index=2)
    found = found_in([first, second, again])
    assert all(issue.message and issue.frame in "012" for _, issue in found)
    check = TruthCheck(1)
    for frame in (first, second, again):
        check(frame)()


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 3_000_000), (3_000_000, 1), (2, 99_999), (640, 480), (1280, 720), (3840, 2160)]
)
def test_the_lattice_has_its_points_in_every_column_and_line_of_any_size(size: tuple[int, int]) -> None:
    width, height = size
    step = lattice_step(width, height)
    index = np.arange(0, width * height, step)
    assert 1000 < len(index) <= 20_000 or step == 1
    if width > 1:
        assert len(np.unique(index % width)) == min(width, len(index))


def test_a_map_of_noise_takes_no_longer_than_its_pixels() -> None:
    """Every pixel an instance of its own: one finding, not one a pixel."""
    ids = np.arange(1, 200 * 300 + 1, dtype=np.uint32).reshape(200, 300)
    noise = View(Camera(300, 200), channels=Channels({"instance": ids}, (300, 200)))
    assert [code for code, _ in found_in([Frame("0", 0, (noise,))])] == ["TRU-006"]
