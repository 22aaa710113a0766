"""A long run with everything that goes wrong in one: each frame is accounted for, and what is written is the scene's.

Frame n shows what the scene was at step n: cubes that wander, each with a class of its own, and ids drawn anew for
every frame and camera. What the labels must be is computed here from where the cubes stood, with nothing of the
package. The cubes are bright or dark as the bits of n are, so that a picture tells whose it is.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pxr import Gf
from staging import camera, cube, opened, product

from framepress.headless import rep
from framepress.headless.payloads.shot import Quirks
from framepress.replicator.writer import build_writer

WIDTH, HEIGHT = 64, 48
FOCAL_PX = 18.14756 / 20.955 * WIDTH
CLASSES = ("ant", "bee", "cat", "dog")
EYES = {"Left": (-0.5, -9.0, 0.3), "Right": (0.8, -11.0, -0.4)}
EMPTY_AT_FIRST = 2


def place(which: int, step: int) -> tuple[float, float, float]:
    """In a row, so that none hides another; no two steps are alike."""
    return (2.1 * which - 3.1, 0.4 * math.sin(0.7 * step + which), 1.6 * math.sin(0.013 * step * (which + 1) + which))


def box_of_cube(which: int, step: int, view: str) -> list[float]:
    """Edge pixels around the eight corners of a cube with edges of 1 m, for a camera that looks along +y."""
    corners = np.array(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5])).reshape(3, 8).T + place(which, step)
    x, depth, z = (corners - EYES[view]).T
    u, v = WIDTH / 2 + FOCAL_PX * x / depth, HEIGHT / 2 - FOCAL_PX * z / depth
    return [u.min(), v.min(), u.max(), v.max()]


class Mishaps:
    """What befalls a step: an unlisted class, a torn picture, boxes that do not come, a frame that was not drawn."""

    def __init__(self, steps: int) -> None:
        chosen = np.random.default_rng(5).permutation(np.arange(EMPTY_AT_FIRST, steps))[: 4 * (steps // 20)]
        parts = [set(part.tolist()) for part in np.array_split(chosen, 4)]
        self.unlisted, self.torn, self.boxless, self.empty = parts

    @property
    def all(self) -> set[int]:
        return self.unlisted | self.torn | self.boxless | self.empty | set(range(EMPTY_AT_FIRST))


def hurt(data: dict[str, Any], step: int, mishaps: Mishaps) -> dict[str, Any]:
    for values in data["renderProducts"].values():
        if step in mishaps.torn:
            values["rgb"] = {"data": values["rgb"]["data"][:-1]}
        if step in mishaps.boxless:
            del values["bounding_box_2d_tight"]
        if step in mishaps.empty:
            values["rgb"] = {"data": np.zeros((0,), np.uint8)}
    return data


def used_again(data: dict[str, Any]) -> None:
    """What Replicator does with its buffers at the next step."""
    for values in data["renderProducts"].values():
        for value in values.values():
            if isinstance(value, dict) and isinstance(value.get("data"), np.ndarray):
                value["data"][...] = np.zeros((), value["data"].dtype)


def run(folder: Path, steps: int, mishaps: Mishaps) -> Any:
    """The run: its writer, when all is done. It is stopped, and started again, four times on the way."""
    host = opened(quirks=Quirks(redraw=3, empty_frames=EMPTY_AT_FIRST))
    things = [cube(host.stage, f"/World/Thing{which}", name) for which, name in enumerate(CLASSES)]
    labels = [thing.GetPrim().GetAttribute("semantics:labels:class") for thing in things]
    colours = [thing.CreateDisplayColorAttr() for thing in things]
    places = [thing.GetPrim().GetAttribute("xformOp:translate") for thing in things]
    products = [
        product(camera(host.stage, f"/World/{name}", eye, (eye[0], 0, eye[2])), (WIDTH, HEIGHT), name)
        for name, eye in EYES.items()
    ]
    now = 0

    class Mishappen(build_writer(rep)):  # type: ignore[misc]
        def write(self, data: dict[str, Any]) -> None:
            super().write(hurt(data, now, mishaps))
            used_again(data)

    writer = Mishappen(
        output_dir=folder, formats="coco,yolo", channels="rgb", labels=CLASSES, on_error="count", workers=3
    )
    writer.attach(products)
    for now in range(steps):
        for which, attribute in enumerate(places):
            attribute.Set(place(which, now))
            colours[which].Set([Gf.Vec3f(0.9 if now >> which & 1 else 0.01)])
        labels[now % 4].Set(["zebra" if now in mishaps.unlisted else CLASSES[now % 4]])
        rep.orchestrator.step()
        labels[now % 4].Set([CLASSES[now % 4]])
        if now % (steps // 5) == steps // 10:
            rep.orchestrator.wait_until_complete()
    rep.orchestrator.wait_until_complete()
    assert not host.failures
    return writer


@pytest.mark.parametrize("steps", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_each_frame_is_accounted_for_and_no_label_is_wrong(tmp_path: Path, steps: int) -> None:
    mishaps = Mishaps(steps)
    run(tmp_path / "out", steps, mishaps)

    lines = [json.loads(line) for line in (tmp_path / "out/.framepress/ledger.jsonl").read_text().splitlines()]
    sessions = [Counter(line["totals"]) for line in lines if line["kind"] == "summary"]
    assert len(sessions) == 6
    totals = sum(sessions, Counter())
    lost = len(mishaps.all)
    assert totals["asked"] == steps
    assert totals["written"] == steps - lost
    assert totals["refused"] == len(mishaps.unlisted)
    assert totals["failed"] == len(mishaps.torn | mishaps.boxless)
    assert totals["frames without an image"] == len(mishaps.empty) + EMPTY_AT_FIRST
    told = {int(line["frame"]) for line in lines if line["kind"] == "failed"}
    assert told == mishaps.torn | mishaps.boxless

    document = json.loads((tmp_path / "out/coco/annotations/instances_default.json").read_text())
    names = {entry["id"]: entry["name"] for entry in document["categories"]}
    assert tuple(names.values()) == CLASSES
    images = {entry["id"]: Path(entry["file_name"]) for entry in document["images"]}
    seen = {(path.parent.name, int(path.stem)) for path in images.values()}
    assert seen == {(view, step) for step in set(range(steps)) - mishaps.all for view in EYES}
    pixels = {key: np.asarray(Image.open(tmp_path / "out/coco/images/default" / path)) for key, path in images.items()}
    count = 0
    for entry in document["annotations"]:
        path = images[entry["image_id"]]
        which = int(entry["track"].removeprefix("/World/Thing"))
        assert names[entry["category_id"]] == CLASSES[which]
        x, y, width, height = entry["bbox"]
        truth = np.array(box_of_cube(which, int(path.stem), path.parent.name))
        # A pixel belongs to what is seen at its centre: a side is moved by half a pixel at most.
        assert np.abs(truth - (x, y, x + width, y + height)).max() <= 0.5 + 1e-3, (path, entry)
        shade = pixels[entry["image_id"]][y + height // 2, x + width // 2].max()
        assert (shade > 128) == bool(int(path.stem) >> which & 1), (path, entry, shade)
        count += 1
    assert count == len(images) * len(CLASSES)
