"""Frames that are true, with all their channels: of the stand-in, of a made recording, and painted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.core import Frame, LabelMap
from framepress.formats import basic

__all__ = ["SIZE", "recording", "session", "stand_in"]

SIZE = (192, 108)
CAMERA = "/World/Camera"
LABELS = LabelMap.of("crate box bin floor bolt wheel cabin car rubble plank brick ball room beam puppet".split())
ANNOTATORS = (
    "rgb",
    "camera_params",
    "distance_to_camera",
    "distance_to_image_plane",
    "normals",
    "motion_vectors",
    "semantic_segmentation",
    "instance_segmentation_fast",
    "bounding_box_2d_tight",
    "bounding_box_2d_loose",
    "bounding_box_3d",
    "skeleton_data",
)


@cache
def stand_in(scene: str, lens: str, count: int = 1) -> tuple[Frame, ...]:
    """A scene of `headless.true_scenes` through a lens of `headless.true_frames`; from frame to frame all moves on."""
    from pxr import Gf, UsdGeom

    from headless.staging import camera, opened, with_lens
    from headless.true_frames import LENSES
    from headless.true_scenes import SCENES

    stage, rng = opened().stage, np.random.default_rng([11, list(SCENES).index(scene)])
    SCENES[scene](stage, rng)
    seen_by = camera(stage, CAMERA, (0.5, -4.2, 0.7), (0, 0, 0))
    if lens != "pinhole":
        with_lens(seen_by, lens, (2 * SIZE[0], 2 * SIZE[1]), **LENSES[lens])
    things = [prim for prim in stage.Traverse() if prim.GetName().split("_")[0] in ("Cube", "Ball", "Car", "Before")]
    starts = [np.array(UsdGeom.XformCommonAPI(prim).GetXformVectors(0)[0]) for prim in things]
    ways = rng.uniform(-0.15, 0.15, (len(things), 3))

    def at(step: int) -> None:
        for prim, start, way in zip(things, starts, ways, strict=True):
            UsdGeom.XformCommonAPI(prim).SetTranslate(Gf.Vec3d(*(start + step * way).tolist()))

    return tuple(session(stage, CAMERA, SIZE, at, count))


def session(
    stage: Any, camera: str, size: tuple[int, int], before: Callable[[int], None] = lambda step: None, count: int = 1
) -> list[Frame]:
    """Frames of a stage; `before` each of them something may be done to it."""
    from headless.staging import opened, product

    host = opened(stage)
    payloads = _listening(product(camera, size), count, before)
    assert not host.failures
    return [_frame(payload, f"run/{index:04d}", index) for index, payload in enumerate(payloads)]


def _listening(render_product: Any, count: int, before: Callable[[int], None]) -> list[dict[str, Any]]:
    from framepress.headless import rep

    class Listener(rep.Writer):  # type: ignore[misc]
        def __init__(self) -> None:
            self.data_structure = "renderProduct"
            self.annotators = list(ANNOTATORS)
            self.payloads: list[dict[str, Any]] = []

        def write(self, data: dict[str, Any]) -> None:
            self.payloads.append(data)

    listener = Listener()
    listener.attach(render_product)
    for index in range(count):
        before(index)
        rep.orchestrator.step()
    return listener.payloads


def _frame(payload: dict[str, Any], frame_id: str, index: int) -> Frame:
    frame, accounts = frame_from_payload(
        payload, frame_id=frame_id, index=index, sequence="run", policy=Policy(labels=LABELS)
    )
    assert frame is not None
    assert accounts.unaccounted == 0
    return frame


def recording(folder: Path, frames: int = 6, size: tuple[int, int] = (320, 180)) -> Iterator[Frame]:
    """What `data/make_capture.py` writes, read."""
    from make_capture import write_capture

    write_capture(folder, frames, size)
    return basic.read(folder, sequence="recording")
