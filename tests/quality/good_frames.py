"""Frames that are true, with all their channels: of the stand-in, of a made recording, and painted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.core import Frame, LabelMap
from framepress.formats import basic

__all__ = ["recording", "session", "stand_in"]

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
def stand_in(scene: str, lens: str) -> Frame:
    """A scene of `headless.true_scenes` through a lens of `headless.true_frames`."""
    from headless.staging import opened, product
    from headless.true_frames import CAMERA, SIZE, take

    known = take(scene, lens)
    host = opened(known.stage)
    payloads = _listening(product(CAMERA, SIZE), 1)
    assert not host.failures
    return _frame(payloads[0], f"{scene}_{lens}", 0)


def session(stage: Any, camera: str, size: tuple[int, int], moves: list[Any]) -> list[Frame]:
    """A frame after each of `moves`, which are functions of the stage."""
    from headless.staging import opened, product

    opened(stage)
    payloads = _listening(product(camera, size), len(moves), lambda index: moves[index](stage))
    return [_frame(payload, f"run/{index:04d}", index) for index, payload in enumerate(payloads)]


def _listening(render_product: Any, count: int, before: Any = lambda index: None) -> list[dict[str, Any]]:
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
