"""What one camera's rendering leaves: arrays, H rows of W pixels, of N placements and E entities (`scene`)."""

from __future__ import annotations

from dataclasses import dataclass

from framepress.core.arrays import Array

__all__ = ["Buffers", "Passes"]


@dataclass(frozen=True, slots=True)
class Passes:
    """Which of the buffers are asked for; ids and both distances always come."""

    rgb: bool = False
    normals: bool = False
    motion: bool = False
    amodal: bool = False
    samples: int = 8
    """Of RGB at silhouettes, 1 = no anti-aliasing; ids are never filtered."""

    def __or__(self, other: Passes) -> Passes:
        return Passes(
            self.rgb or other.rgb,
            self.normals or other.normals,
            self.motion or other.motion,
            self.amodal or other.amodal,
            max(self.samples, other.samples),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """None where a pass was not asked for. The arrays belong to the caller: the next frame does not touch them.

    Args:
        placement: int32 (H, W), row of the leaf at the pixel's centre; -1 = nothing hit.
        entity: int32 (H, W), `Placement.entity` of it; -1 = unlabelled or nothing.
        depth: float32 (H, W), along the optical axis, scene units; +inf = nothing hit.
        distance: float32 (H, W), from the camera's centre, scene units; +inf = nothing hit.
        rgba: uint8 (H, W, 4), tone mapped, alpha 255.
        normals: float32 (H, W, 4), world, unit, towards the camera's side; the fourth 0, all 0 = nothing hit.
        motion: float32 (H, W, 4), pixel of the surface point in the previous frame minus this pixel's, left and up
            positive; the last two 0.
        visible_count: int64 (E,), pixels whose `entity` it is.
        visible_box: int32 (E, 4), x_min, y_min, x_max, y_max of those pixels, inclusive; x_max < x_min where there
            are none.
        amodal_count: int64 (E,), pixel centres inside the frame that the entity's own leaves would cover alone.
        amodal_box: int32 (E, 4), their inclusive box; x_max < x_min where there are none.
    """

    placement: Array
    entity: Array
    depth: Array
    distance: Array
    rgba: Array | None
    normals: Array | None
    motion: Array | None
    visible_count: Array
    visible_box: Array
    amodal_count: Array | None
    amodal_box: Array | None
