"""`skeleton_data`: every skeleton's joints, flat, a dict without an array; `...Sizes` cut it into skeletons.

World positions are scene units, rotations quaternions w x y z, `translations2d` pixels [edges]. The lists of texts
have one text a skeleton, which is a Python list written out: Isaac Sim's own format.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from framepress.capture.boxes3d import quaternions
from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.payloads.shot import Ask, Value
from framepress.headless.scene import Skeleton
from framepress.headless.usd.lenses import project

__all__ = ["skeleton_data"]

_SIZED = {
    "globalTranslations": ("global_translations", 3, np.float32),
    "jointOcclusions": ("joint_occlusions", 0, np.bool_),
    "localRotations": ("local_rotations", 4, np.float32),
    "restGlobalTranslations": ("rest_global_translations", 3, np.float32),
    "restLocalRotations": ("rest_local_rotations", 4, np.float32),
    "restLocalTranslations": ("rest_local_translations", 3, np.float32),
    "skeletonParents": ("skeleton_parents", 0, np.int32),
    "translations2d": ("translations_2d", 2, np.float32),
}
"""Key -> the name in `skeletonData`, components a joint (0 = a number), dtype."""

_TOUCHING = 1e-3
"""A joint on a surface is not behind it: the part of its distance by which the surface must be nearer."""


def skeleton_data(ask: Ask) -> Value:
    """The skeletons of the stage in their pose of this frame, whether or not in view.

    A joint is occluded where the pixel that it falls on shows something nearer that is no part of its character (the
    SkelRoot's prims, and the labelled prim that these belong to). `occlusionTypes` is what: its labels in the type
    `class`, or all of them; UNLABELLED; "None" where nothing is. A joint outside the image is not occluded, one that
    the lens does not see has NaN for pixels. A skeleton is in view if all of its joints are.

    Raises:
        OptionError: `useSkelJoints`.
    """
    if ask.params.get("useSkelJoints", False):
        raise OptionError(
            f"{ask.name}: useSkelJoints reads joints that are prims, which the stand-in has not; leave it out: joints "
            "come from UsdSkel"
        )
    skeletons = [_skeleton(ask, skeleton) for skeleton in ask.shot.scene.skeletons]
    info: dict[str, Any] = {
        "animationVariant": ["None"] * len(skeletons),
        "assetPath": ["None"] * len(skeletons),
        "inView": np.array([one["in_view"] for one in skeletons], np.bool_),
        "numSkeletons": len(skeletons),
        "occlusionTypes": [str(one["occlusion_types"]) for one in skeletons],
        "occlusionTypesSizes": _sizes(skeletons, "occlusion_types"),
        "skeletonJoints": [str(one["skeleton_joints"]) for one in skeletons],
        "skelName": [one["skel_name"] for one in skeletons],
        "skelPath": [one["skel_path"] for one in skeletons],
        "skeletonData": json.dumps([{key: _plain(entry) for key, entry in one.items()} for one in skeletons]),
    }
    for key, (name, components, dtype) in _SIZED.items():
        empty = np.empty((0, components) if components else 0)
        info[key] = np.concatenate([empty, *(one[name] for one in skeletons)]).astype(dtype)
        info[f"{key}Sizes"] = _sizes(skeletons, name)
    return Value(None, info)


def _sizes(skeletons: Sequence[dict[str, Any]], name: str) -> Array:
    return np.array([len(one[name]) for one in skeletons], np.int32)


def _plain(entry: Any) -> Any:
    return entry.tolist() if isinstance(entry, np.ndarray) else entry


def _skeleton(ask: Ask, skeleton: Skeleton) -> dict[str, Any]:
    world = skeleton.matrices[:, 3, :3]
    view, lens = ask.shot.camera.view, ask.shot.camera.lens
    seen_from_camera = (world @ view[:3, :3] + view[3, :3]) * (1, -1, -1)
    pixels = project(lens, seen_from_camera)
    with np.errstate(invalid="ignore"):  # NaN: not seen by the lens, so not in view
        inside = (pixels >= 0).all(1) & (pixels <= (lens.width, lens.height)).all(1)
    occluded, types = _occlusions(ask, skeleton, pixels, np.linalg.norm(seen_from_camera, axis=1))
    return {
        "skel_name": skeleton.path.rpartition("/")[2],
        "skel_path": skeleton.path,
        "asset_path": "None",
        "animation_variant": "None",
        "skeleton_joints": list(skeleton.joints),
        "skeleton_parents": skeleton.parents,
        "rest_global_translations": _rest_in_world(skeleton),
        "rest_local_rotations": _rotations(skeleton.rest_local),
        "rest_local_translations": skeleton.rest_local[:, 3, :3],
        "global_translations": world,
        "local_rotations": _rotations(skeleton.local),
        "translations_2d": pixels,
        "in_view": bool(inside.all()),
        "joint_occlusions": occluded,
        "occlusion_types": types,
    }


def _occlusions(ask: Ask, skeleton: Skeleton, pixels: Array, distance: Array) -> tuple[Array, list[str]]:
    buffers, lens = ask.shot.buffers, ask.shot.camera.lens
    occluded, types = np.zeros(len(pixels), np.bool_), ["None"] * len(pixels)
    for joint, (u, v) in enumerate(pixels.tolist()):
        if not (0 <= u < lens.width and 0 <= v < lens.height):
            continue
        row, column = int(v), int(u)
        placement = int(buffers.placement[row, column])
        nearer = buffers.distance[row, column] < distance[joint] * (1 - _TOUCHING)
        if placement >= 0 and nearer and not _is_part(ask, skeleton, placement):
            occluded[joint], types[joint] = True, _name(ask, placement)
    return occluded, types


def _is_part(ask: Ask, skeleton: Skeleton, placement: int) -> bool:
    leaf = ask.shot.scene.placements[placement]
    if leaf.path == skeleton.root or leaf.path.startswith(skeleton.root + "/"):
        return True
    entity = leaf.entity
    while entity >= 0:
        if entity == skeleton.entity:
            return True
        entity = ask.shot.scene.entities[entity].parent
    return False


def _name(ask: Ask, placement: int) -> str:
    known = ask.labelled
    prim = int(known.slot[placement]) - 2
    if prim < 0:
        return "UNLABELLED"
    labels = known.kinds[known.kind[prim]]
    return labels.get("class") or ";".join(labels.values())


def _rest_in_world(skeleton: Skeleton) -> Array:
    """float64 (J, 3): the joints' places were they at rest, under the character's present pose in the world."""
    if not len(skeleton.parents):
        return np.empty((0, 3))
    root = int(np.flatnonzero(skeleton.parents < 0)[0])
    # Not the inverse: a character may be scaled away.
    world_of_skeleton = np.linalg.pinv(skeleton.local[root]) @ skeleton.matrices[root]
    found = np.empty((len(skeleton.parents), 4, 4))
    for joint, parent in enumerate(skeleton.parents.tolist()):  # parents come first, as UsdSkel demands
        found[joint] = skeleton.rest_local[joint] @ (world_of_skeleton if parent < 0 else found[parent])
    return found[:, 3, :3]


def _rotations(matrices: Array) -> Array:
    """float64 (N, 4) w x y z, w >= 0, of row-vector matrices, their scale left out."""
    axes = matrices[:, :3, :3]
    lengths = np.linalg.norm(axes, axis=2, keepdims=True)
    axes = np.divide(axes, lengths, out=np.zeros_like(axes), where=lengths > 0)
    axes = np.where(np.linalg.det(axes)[:, None, None] < 0, -axes, axes)  # a mirror is no rotation
    return quaternions(np.swapaxes(axes, 1, 2))
