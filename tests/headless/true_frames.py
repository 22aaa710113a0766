"""Frames of known scenes through known lenses: what the stand-in says of each, beside what is true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Usd, UsdGeom

from framepress.core.arrays import Array
from headless.staging import camera, opened, product, seen, with_lens
from headless.true_scenes import SCENES, moved_on
from headless.witness_of_solids import INSCRIBED, Eye, Solid, cast, solids_of

__all__ = ["LENSES", "SIZE", "Take", "take"]

SIZE = (192, 108)
CAMERA = "/World/Camera"
NOW = Usd.TimeCode.Default()

BARREL = {"k1": -0.12, "k2": 0.02, "p1": 0.004, "p2": -0.003, "k3": 0.001, "k4": 0.01, "s1": 0.003, "s4": -0.002}
BENT = {"k1": 0.02, "k2": -0.004, "k3": 0.001, "k4": -0.0002}
LENSES: Mapping[str, Mapping[str, float]] = {
    "pinhole": {},
    "opencvPinhole": {"fx": 310.0, "fy": 300.0, "cx": 190.0, "cy": 110.0, **BARREL},
    "opencvFisheye": {"fx": 140.0, "fy": 136.0, "cx": 195.0, "cy": 105.0, **BENT},
}
"""Model -> its values for an image of twice the size."""

_COEFFICIENTS = {
    "pinhole": (),
    "opencvPinhole": ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4"),
    "opencvFisheye": ("k1", "k2", "k3", "k4"),
}
_ANNOTATORS = (
    "distance_to_camera",
    "distance_to_image_plane",
    "normals",
    "motion_vectors",
    "semantic_segmentation",
    "instance_segmentation_fast",
    "instance_id_segmentation_fast",
    "bounding_box_2d_tight_fast",
    "bounding_box_2d_loose_fast",
    "bounding_box_3d_fast",
    "bounding_box_3d_360",
    "occlusion",
    "camera_params",
    "pointcloud",
    "skeleton_data",
)


@dataclass(frozen=True, eq=False)
class Take:
    """The second of two frames, between which things and camera moved.

    Args:
        payload: annotator -> its value, flat.
        solids, eye: what stood there; the former ones, row by row the same solids.
        labelled: path -> the labels of a labelled prim and of those above it.
        alone: path of a labelled prim -> bool (H, W), its pixels while nothing else was visible: of all below it, and
            of its own leaves only.
    """

    stage: Usd.Stage
    payload: Mapping[str, Any]
    solids: list[Solid]
    eye: Eye
    former_solids: list[Solid]
    former_eye: Eye
    labelled: Mapping[str, frozenset[str]]
    alone: Mapping[str, tuple[Array, Array]]

    def owner(self, path: str) -> str | None:
        """The nearest labelled prim at or above a path."""
        return _owner(path, self.labelled)

    @property
    def owners(self) -> list[str | None]:
        return [self.owner(solid.path) for solid in self.solids]

    @cached_property
    def cast(self) -> tuple[Array, Array]:
        """Images of the solid's row (-1 = nothing) and of its distance (+inf), as the witness casts them."""
        return cast(self.solids, self.eye)

    @cached_property
    def certain(self) -> Array:
        """bool (H, W): pixels that do not depend on how fine the triangles of a sphere are."""
        return np.asarray(self.cast[0] == cast(self.solids, self.eye, INSCRIBED)[0])

    def shows(self, row: int) -> Array:
        """bool (H, W): pixels that certainly show a solid."""
        return np.asarray(self.certain & (self.cast[0] == row))

    def mask(self, path: str, *, below: bool = True) -> Array:
        """bool (H, W): pixels of a labelled prim, with those of the labelled prims below it or without."""
        return pixels_of(self.payload["instance_segmentation_fast"], path, below)

    def has_children(self, path: str) -> bool:
        return any(other.startswith(path + "/") for other in self.labelled)


def pixels_of(instances: Mapping[str, Any], path: str, below: bool) -> Array:
    """bool (H, W), from a value of instance_segmentation_fast."""
    ids = [
        number
        for number, name in instances["idToLabels"].items()
        if name == path or (below and name.startswith(path + "/"))
    ]
    return np.isin(instances["data"], ids)


@cache
def take(scene: str, model: str) -> Take:
    rng = np.random.default_rng([7, list(SCENES).index(scene), list(LENSES).index(model)])
    stage = opened().stage
    SCENES[scene](stage, rng)
    _camera(stage, model, rng)
    seen_by = product(CAMERA, SIZE)
    seen(seen_by, "motion_vectors")
    former = solids_of(stage, NOW), eye_of(stage, model)
    moved_on(stage, rng)
    payload = seen(seen_by, *_ANNOTATORS, params={"pointcloud": {"includeUnlabelled": False}})
    labelled = _labels(stage)
    solids, eye = solids_of(stage, NOW), eye_of(stage, model)
    alone = {path: _alone(stage, seen_by, path, [solid.path for solid in solids]) for path in labelled}
    return Take(stage, payload, solids, eye, *former, labelled, alone)


def _camera(stage: Usd.Stage, model: str, rng: np.random.Generator) -> None:
    eye, target = rng.uniform((-1, -4.2, 0.2), (1, -3.4, 1.2)), rng.uniform(-0.4, 0.4, 3)
    if model == "opencvFisheye":  # sees so much that all would be small
        eye *= 0.75
    prim = camera(stage, CAMERA, eye, target, offset=(1.5, -0.8) if model == "pinhole" else (0.0, 0.0))
    if model != "pinhole":
        with_lens(prim, model, (2 * SIZE[0], 2 * SIZE[1]), **LENSES[model])


def eye_of(stage: Usd.Stage, model: str) -> Eye:
    prim = UsdGeom.Camera.Get(stage, CAMERA)
    width, height = SIZE
    if model == "pinhole":
        aperture = prim.GetHorizontalApertureAttr().Get()
        focal, px = prim.GetFocalLengthAttr().Get() * width / aperture, width / aperture
        fx = fy = focal
        # The aperture's window is moved, so that the axis goes the other way; rows go down.
        cx = width / 2 - prim.GetHorizontalApertureOffsetAttr().Get() * px
        cy = height / 2 + prim.GetVerticalApertureOffsetAttr().Get() * px
    else:
        fx, fy, cx, cy = (_lens_value(prim, model, name) / 2 for name in ("fx", "fy", "cx", "cy"))
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    coefficients = tuple(_lens_value(prim, model, name) for name in _COEFFICIENTS[model])
    world = np.array(prim.ComputeLocalToWorldTransform(NOW))
    near = float(prim.GetClippingRangeAttr().Get()[0])
    return Eye(np.linalg.inv(world) @ np.diag([1.0, -1.0, -1.0, 1.0]), K, model, coefficients, SIZE, near)


def _lens_value(prim: UsdGeom.Camera, model: str, name: str) -> float:
    attribute = prim.GetPrim().GetAttribute(f"omni:lensdistortion:{model}:{name}")
    return float(attribute.Get()) if attribute else 0.0


def _labels(stage: Usd.Stage) -> dict[str, frozenset[str]]:
    own = {
        str(prim.GetPath()): frozenset(prim.GetAttribute("semantics:labels:class").Get())
        for prim in stage.Traverse()
        if prim.GetAttribute("semantics:labels:class")
    }
    return {
        path: frozenset().union(*(labels for above, labels in own.items() if f"{path}/".startswith(f"{above}/")))
        for path in own
    }


def _alone(stage: Usd.Stage, seen_by: Any, path: str, leaves: list[str]) -> tuple[Array, Array]:
    """Pixels of a labelled prim with everything else hidden; and with the labelled prims below it hidden too."""
    owners = {leaf: _owner(leaf, labels) for labels in [_labels(stage)] for leaf in dict.fromkeys(leaves)}
    subtree = {leaf for leaf in owners if f"{leaf}/".startswith(f"{path}/")}
    own = {leaf for leaf, owner in owners.items() if owner == path}
    whole = _drawn_with(stage, seen_by, path, subtree, owners)
    return whole, whole if own == subtree else _drawn_with(stage, seen_by, path, own, owners)


def _owner(leaf: str, labels: Mapping[str, Any]) -> str | None:
    return max((path for path in labels if f"{leaf}/".startswith(f"{path}/")), key=len, default=None)


def _drawn_with(stage: Usd.Stage, seen_by: Any, path: str, shown: set[str], leaves: Mapping[str, Any]) -> Array:
    layer = stage.GetSessionLayer()
    with Usd.EditContext(stage, layer):
        for leaf in leaves:
            visibility = UsdGeom.Imageable(stage.GetPrimAtPath(leaf)).CreateVisibilityAttr()
            visibility.Set("inherited" if leaf in shown else "invisible")
        pixels = pixels_of(seen(seen_by, "instance_segmentation_fast")["instance_segmentation_fast"], path, True)
        for leaf in leaves:
            stage.GetPrimAtPath(leaf).RemoveProperty("visibility")
    return pixels
