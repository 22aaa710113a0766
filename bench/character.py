"""A person who walks on the spot, for `stage.py`: a tube a bone, each skinned to the joints at its two ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from authoring import Point, bind, label, mesh_of, placed
from pxr import Gf, UsdSkel, Vt
from surfaces import Surface, grid

FRAMES = 48

JOINTS: dict[str, tuple[str, Point]] = {
    "pelvis": ("", (0, 0, 0.95)),
    "spine": ("pelvis", (0, 0, 1.2)),
    "neck": ("spine", (0, 0, 1.5)),
    "head": ("neck", (0, 0, 1.68)),
    **{
        f"{side}_{name}": (above if above in ("spine", "pelvis") else f"{side}_{above}", (sign * x, y, z))
        for side, sign in (("left", 1), ("right", -1))
        for name, above, x, y, z in (
            ("shoulder", "spine", 0.2, 0, 1.45),
            ("elbow", "shoulder", 0.45, 0, 1.4),
            ("wrist", "elbow", 0.7, 0, 1.35),
            ("hip", "pelvis", 0.11, 0, 0.92),
            ("knee", "hip", 0.13, 0.02, 0.5),
            ("ankle", "knee", 0.13, 0, 0.08),
            ("toe", "ankle", 0.13, -0.18, 0.03),
        )
    },
}
"""Name -> (parent, place at rest [m])."""
SWING = {"hip": 0.5, "knee": 0.3, "shoulder": 0.6, "elbow": 0.4}  # rad


def write_character(stage: Any, looks: Any) -> None:
    """/World/Person: SkelRoot, Skeleton, Walk and Body, in a material."""
    names = list(JOINTS)
    parents = [names.index(JOINTS[name][0]) if JOINTS[name][0] else -1 for name in names]
    places = np.array([JOINTS[name][1] for name in names], float)
    local = places - np.array([places[parent] if parent >= 0 else (0, 0, 0) for parent in parents])
    paths: list[str] = []
    for name, parent in zip(names, parents, strict=True):
        paths.append(f"{paths[parent]}/{name}" if parent >= 0 else name)
    root = UsdSkel.Root.Define(stage, "/World/Person")
    placed(root, (2.6, -8.0, 0), (0, 0, 15))
    label(root.GetPrim(), "person")
    skeleton = UsdSkel.Skeleton.Define(stage, "/World/Person/Skeleton")
    skeleton.CreateJointsAttr(paths)
    skeleton.CreateBindTransformsAttr([shift(row) for row in places.tolist()])
    skeleton.CreateRestTransformsAttr([shift(row) for row in local.tolist()])
    animation = walk(stage, paths, local)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    bind(body(stage, skeleton, places, parents), looks)


def shift(place: Point) -> Any:
    return Gf.Matrix4d(1).SetTranslate(Gf.Vec3d(*place))


def body(stage: Any, skeleton: Any, places: Any, parents: Sequence[int]) -> Any:
    """The skinned mesh."""
    bones = [(parent, joint) for joint, parent in enumerate(parents) if parent >= 0]
    parts = [grid(bone(places[parent], places[joint]), 20, 14) for parent, joint in bones]
    count = len(parts[0][0])
    quads = np.concatenate([part[1] + count * k for k, part in enumerate(parts)])
    points, uvs, normals = (np.concatenate([part[k] for part in parts]) for k in (0, 2, 3))
    mesh = mesh_of(stage, "/World/Person/Body", points, quads, uvs, normals)
    joints = np.repeat(np.array(bones, np.int32), count, axis=0)
    far = np.clip(uvs[:, 0] * 1.4 - 0.7, 0, 0.5)
    weights = np.stack([1 - far, far], axis=1).astype(np.float32)
    skin = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    skin.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    skin.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    skin.CreateJointIndicesPrimvar(False, 2).Set(Vt.IntArray.FromNumpy(joints.reshape(-1)))
    skin.CreateJointWeightsPrimvar(False, 2).Set(Vt.FloatArray.FromNumpy(weights.reshape(-1)))
    return mesh


def bone(start: Any, end: Any) -> Surface:
    """A spindle from joint to joint; u runs along it."""
    way = end - start
    aside = np.cross(way, (0.3, 0.9, 0.2))
    aside /= np.linalg.norm(aside)
    above = np.cross(way / np.linalg.norm(way), aside)

    def at(u: Any, v: Any) -> Any:
        around, thick = 2 * np.pi * v[..., None], 0.075 * np.sqrt(np.sin(np.pi * u))[..., None]
        return start + (1.2 * u[..., None] - 0.1) * way + thick * (np.cos(around) * aside + np.sin(around) * above)

    return at


def walk(stage: Any, paths: Sequence[str], local: Any) -> Any:
    animation = UsdSkel.Animation.Define(stage, "/World/Person/Walk")
    animation.CreateJointsAttr(paths)
    animation.CreateScalesAttr([Gf.Vec3h(1)] * len(paths))
    animation.CreateTranslationsAttr([Gf.Vec3f(*row) for row in local.tolist()])
    turns = animation.CreateRotationsAttr()
    for frame in range(0, FRAMES + 1, 4):
        phase = math.sin(2 * math.pi * frame / FRAMES)
        row = []
        for path in paths:
            side, _, name = path.rpartition("/")[2].partition("_")
            half = SWING.get(name, 0) * phase * (1 if side == "left" else -1) / 2
            axis = (1, 0, 0) if name in ("hip", "knee") else (0, 1, 0)
            row.append(Gf.Quatf(math.cos(half), *(math.sin(half) * part for part in axis)))
        turns.Set(row, frame)
    return animation
