"""Real frames of Isaac Sim's recorder, checked against the raw files with other arithmetic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framepress.capture.accounts import Accounts
from framepress.core import Frame
from framepress.formats import basic

ROWS = {"_out_sdrec_mess": (291, 1415), "_out_sdrec_fallRight": (567, 1985), "_out_sdrec_adjacentClose": (417, 1990)}


@pytest.fixture(params=ROWS)
def folder(request: pytest.FixtureRequest, shared: Path) -> Path:
    return shared / "basicwriter-palletstability" / request.param


def only_frame(folder: Path) -> tuple[Frame, Accounts]:
    accounts: dict[str, Accounts] = {}
    (frame,) = basic.read(folder, on_accounts=accounts.__setitem__)
    return frame, accounts["0000"]


def raw(folder: Path, name: str) -> Any:
    path = folder / name
    return np.load(path) if path.suffix == ".npy" else json.loads(path.read_text())


def test_every_row_is_accounted_for(folder: Path) -> None:
    frame, accounts = only_frame(folder)
    rows, solid = ROWS[folder.name]
    assert accounts.unaccounted == 0
    assert accounts.counts["rows"] == accounts.counts["objects"] == len(frame.view.objects) == rows
    parts = [count for name, count in accounts.counts.items() if name.startswith("3d rows: ")]
    assert accounts.counts["3d rows"] == sum(parts) == solid


def test_the_class_is_that_of_the_same_prim_in_either_file(folder: Path) -> None:
    objects = only_frame(folder)[0].view.objects
    for kind in ("2d_tight", "3d"):
        labels = raw(folder, f"bounding_box_{kind}_labels_0000.json")
        ids = raw(folder, f"bounding_box_{kind}_0000.npy")["semanticId"]
        paths = raw(folder, f"bounding_box_{kind}_prim_paths_0000.json")
        stored = {path: labels[str(number)]["class"] for path, number in zip(paths, ids, strict=True)}
        shared = [(track, label) for track, label in zip(objects.track, objects.labels, strict=True) if track in stored]
        assert len(shared) >= len(objects) - 1
        assert all(stored[track] == label for track, label in shared)


def projected_by_hand(folder: Path) -> dict[str, tuple[np.ndarray, bool]]:
    """Path -> (bounds of the 3D row's corners in the image, whether all are in front), straight from the files."""
    params = raw(folder, "camera_params_0000.json")
    view, projection = (np.reshape(params[f"camera{name}"], (4, 4)) for name in ("ViewTransform", "Projection"))
    width, height = params["renderProductResolution"]
    found = {}
    paths = raw(folder, "bounding_box_3d_prim_paths_0000.json")
    for path, row in zip(paths, raw(folder, "bounding_box_3d_0000.npy"), strict=True):
        corners = [[row[f"{axis}_{side}"] for axis, side in zip("xyz", sides, strict=True)] for sides in CORNERS]
        clip = np.c_[np.array(corners, float), np.ones(8)] @ row["transform"].astype(float) @ view @ projection
        pixels = np.c_[(clip[:, 0] / clip[:, 3] + 1) / 2 * width, (1 - clip[:, 1] / clip[:, 3]) / 2 * height]
        found[path] = np.r_[pixels.min(0), pixels.max(0)], bool((clip[:, 3] > 0.01).all())
    return found


CORNERS = [(x, y, z) for x in ("min", "max") for y in ("min", "max") for z in ("min", "max")]


def test_full_boxes_are_the_projected_3d_boxes_and_hold_the_visible_ones(folder: Path) -> None:
    objects = only_frame(folder)[0].view.objects
    by_hand = projected_by_hand(folder)
    compared = inside = 0
    for thing in objects:
        bounds, in_front = by_hand.get(thing.track, (None, False))
        if bounds is None or not in_front:
            continue
        compared += 1
        np.testing.assert_allclose(thing.box_full, bounds, atol=1e-6)
        if thing.visibility == 1 and thing.truncation == 0:
            inside += 1
            assert (thing.box[:2] >= thing.box_full[:2] - 0.5).all()
            assert (thing.box[2:] <= thing.box_full[2:] + 0.5).all()
    assert compared > 250
    assert inside > 10


def test_pixels_of_the_floor_lie_on_it(folder: Path) -> None:
    # The stage's floor is z = 0: range, lens, pose and axes must all be right for a pixel to land there.
    view = only_frame(folder)[0].view
    distance = view.channels["range"]
    world = view.camera.unproject(view.camera.depth_from_range(distance))
    assert abs(np.median(world[-20:, 300:980, 2])) < 0.02


def test_depth_from_range_is_the_textbook_formula(folder: Path) -> None:
    view = only_frame(folder)[0].view
    distance, depth = view.channels["range"], view.camera.depth_from_range(view.channels["range"])
    for row, column in ((0, 0), (359, 640), (100, 520), (719, 1279)):
        x, y = (column + 0.5 - 640) / 1108.512, (row + 0.5 - 360) / 1108.512
        assert depth[row, column] == pytest.approx(distance[row, column] / np.sqrt(1 + x * x + y * y), rel=1e-5)
