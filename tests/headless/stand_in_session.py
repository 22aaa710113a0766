"""A session whose frames are drawn by hand (`fake_shot`): what Replicator's contract says can be tested without a
renderer. The picture's first pixel is the index of the frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import fake_shot
from pxr import UsdGeom

from framepress.headless import host as hosts
from framepress.headless import rep
from framepress.headless.buffers import Passes
from framepress.headless.host import Host
from framepress.headless.payloads import Shot

SIZE = (fake_shot.WIDTH, fake_shot.HEIGHT)
CAMERA = "/World/Camera"
RELEASES = hosts.RELEASES


class HandDrawn:
    """Remembers what was asked for, frame by frame."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Passes]] = []

    def capture(self, host: Host, products: Mapping[str, Any], wanted: Mapping[str, Passes]) -> dict[str, Shot]:
        self.asked.append(dict(wanted))
        return {path: self._shot(host, passes) for path, passes in wanted.items()}

    def _shot(self, host: Host, passes: Passes) -> Shot:
        buffers = fake_shot.buffers()
        buffers.rgba[0, 0] = host.frame
        buffers = replace(
            buffers,
            rgba=buffers.rgba if passes.rgb else None,
            normals=buffers.normals if passes.normals else None,
            motion=buffers.motion if passes.motion else None,
        )
        filters = host.semantic_filters.get("instance_mapping", "*:*")
        return fake_shot.shot(
            buffers=buffers, frame=host.frame, reference_time=host.reference_time, semantic_filter=filters
        )


def opened(release: hosts.Release = "5.1", **options: Any) -> Host:
    """A new session with a camera on its stage."""
    host = hosts.reset(release=release, studio=HandDrawn(), **options)
    UsdGeom.Camera.Define(host.stage, CAMERA)
    return host


def product(name: str | None = None) -> Any:
    return rep.create.render_product(CAMERA, SIZE, name=name, force_new=True)


class Recorder(rep.Writer):
    """Keeps what it is told; `fails` names the frames at which it raises."""

    def __init__(
        self,
        annotators: tuple[Any, ...] = ("rgb",),
        data_structure: str = "renderProduct",
        fails: tuple[int, ...] = (),
        backend: Any = None,
    ) -> None:
        self.version = "1.2.3"
        self.annotators = list(annotators)
        self.data_structure = data_structure
        self.backend = backend
        self.fails = fails
        self.calls = 0
        self.payloads: list[dict[str, Any]] = []
        self.final = 0

    def write(self, data: dict[str, Any]) -> None:
        self.calls += 1
        if self.calls - 1 in self.fails:
            raise KeyError("not there")
        self.payloads.append(data)

    def on_final_frame(self) -> None:
        self.final += 1
