"""A worker of 1.75 m with a skeleton, walking: helmet, vest, dark trousers. Faces +y, the origin between the feet."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdSkel, Vt

from scenery.authoring import bind, floats, new_stage, save
from scenery.looks import define_looks
from scenery.mesh import Array, turned

__all__ = ["CYCLE", "STRIDE", "write_person"]

CYCLE = 24  # frames of two steps
STRIDE = 1.32  # metres in a cycle
SIDES = {"L": -1.0, "R": 1.0}
SEGMENTS = 16

# Joint -> (parent, where it is at rest).
JOINTS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "Hips": ("", (0.0, 0.0, 0.95)),
    "Spine": ("Hips", (0.0, 0.0, 1.07)),
    "Chest": ("Spine", (0.0, -0.005, 1.26)),
    "Neck": ("Chest", (0.0, 0.0, 1.475)),
    "Head": ("Neck", (0.0, 0.01, 1.55)),
}
for _side, _sign in SIDES.items():
    JOINTS |= {
        f"{_side}_Arm": ("Chest", (_sign * 0.185, 0.0, 1.41)),
        f"{_side}_Forearm": (f"{_side}_Arm", (_sign * 0.24, -0.01, 1.135)),
        f"{_side}_Hand": (f"{_side}_Forearm", (_sign * 0.275, 0.02, 0.885)),
        f"{_side}_Thigh": ("Hips", (_sign * 0.092, 0.0, 0.92)),
        f"{_side}_Shin": (f"{_side}_Thigh", (_sign * 0.1, 0.005, 0.495)),
        f"{_side}_Foot": (f"{_side}_Shin", (_sign * 0.1, -0.015, 0.085)),
    }
NAMES = list(JOINTS)


def joint_path(name: str) -> str:
    """ "Hips/Spine/Chest"."""
    parent = JOINTS[name][0]
    return f"{joint_path(parent)}/{name}" if parent else name


@dataclass
class Skin:
    """Points with what holds them, and the faces between."""

    points: list[Array] = field(default_factory=list)
    weights: list[dict[str, float]] = field(default_factory=list)
    uvs: list[tuple[float, float]] = field(default_factory=list)
    faces: list[list[int]] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)

    def ring(self, middle: Array, across: Array, along: Array, weights: dict[str, float], v: float) -> list[int]:
        first = len(self.points)
        for k in range(SEGMENTS):
            angle = 2 * pi * k / SEGMENTS
            self.points.append(np.asarray(middle) + cos(angle) * np.asarray(across) + sin(angle) * np.asarray(along))
            self.weights.append(weights)
            self.uvs.append((k / SEGMENTS * 2, v))
        return list(range(first, first + SEGMENTS))

    def band(self, low: list[int], high: list[int], look: str) -> None:
        for k in range(SEGMENTS):
            n = (k + 1) % SEGMENTS
            self.faces.append([low[k], low[n], high[n], high[k]])
            self.looks.append(look)

    def lid(self, ring: list[int], look: str, *, up: bool) -> None:
        self.faces.append(ring if up else ring[::-1])
        self.looks.append(look)

    def stack(self, rings: list[list[int]], looks: list[str]) -> None:
        """Bands between rings, from the lowest up, closed at both ends."""
        self.lid(rings[0], looks[0], up=False)
        for low, high, look in zip(rings[:-1], rings[1:], looks, strict=True):
            self.band(low, high, look)
        self.lid(rings[-1], looks[-1], up=True)


def _level(skin: Skin, z: float, a: float, b: float, y: float, weights: dict[str, float], x: float = 0.0) -> list[int]:
    return skin.ring(np.array([x, y, z]), np.array([a, 0, 0]), np.array([0, b, 0]), weights, z * 3)


def _torso(skin: Skin) -> None:
    hips, spine, chest = {"Hips": 1.0}, {"Spine": 1.0}, {"Chest": 1.0}
    low, high = {"Hips": 0.5, "Spine": 0.5}, {"Spine": 0.5, "Chest": 0.5}
    rows = [
        (0.84, 0.128, 0.098, -0.01, hips, "denim"),
        (0.9, 0.166, 0.115, -0.012, hips, "denim"),
        (0.955, 0.17, 0.116, -0.012, hips, "hi_vis"),
        (1.03, 0.168, 0.116, -0.004, low, "hi_vis"),
        (1.07, 0.166, 0.116, 0.0, {"Hips": 0.25, "Spine": 0.75}, "reflective"),
        (1.12, 0.166, 0.118, 0.002, spine, "hi_vis"),
        (1.2, 0.174, 0.124, 0.002, high, "reflective"),
        (1.25, 0.18, 0.126, 0.0, {"Spine": 0.3, "Chest": 0.7}, "hi_vis"),
        (1.34, 0.19, 0.122, -0.004, chest, "hi_vis"),
        (1.41, 0.18, 0.106, -0.008, chest, "hi_vis"),
        (1.45, 0.135, 0.086, -0.01, chest, "navy"),
        (1.475, 0.07, 0.066, -0.006, chest, "navy"),
        (1.5, 0.058, 0.06, 0.0, {"Chest": 0.5, "Neck": 0.5}, "skin"),
        (1.57, 0.054, 0.058, 0.006, {"Neck": 0.6, "Head": 0.4}, "skin"),
    ]
    rings = [_level(skin, *row[:5]) for row in rows]
    skin.stack(rings, [row[5] for row in rows[:-1]])


def _head(skin: Skin) -> None:
    hold = {"Head": 1.0}
    face = [
        (1.525, 0.035, 0.045, 0.03),
        (1.54, 0.05, 0.066, 0.022),
        (1.58, 0.065, 0.088, 0.016),
        (1.63, 0.073, 0.096, 0.012),
    ]
    face += [(1.67, 0.074, 0.097, 0.01), (1.69, 0.073, 0.096, 0.008)]
    skin.stack([_level(skin, z, a, b, y, hold) for z, a, b, y in face], ["skin"] * 3 + ["hair"] * 2)
    nose = [(1.605, 0.014, 0.012, 0.108), (1.625, 0.011, 0.012, 0.105), (1.65, 0.006, 0.006, 0.1)]
    skin.stack([_level(skin, z, a, b, y, hold) for z, a, b, y in nose], ["skin"] * 2)
    helmet = [
        (1.655, 0.1, 0.125, 0.008),
        (1.665, 0.108, 0.14, 0.02),
        (1.672, 0.098, 0.118, 0.006),
        (1.7, 0.096, 0.116, 0.002),
    ]
    helmet += [(1.735, 0.086, 0.104, 0.0), (1.762, 0.062, 0.076, 0.0), (1.775, 0.026, 0.034, 0.0)]
    skin.stack([_level(skin, z, a, b, y, hold) for z, a, b, y in helmet], ["helmet"] * 6)


def _arm(skin: Skin, side: str) -> None:
    """From the wrist up to the shoulder, then the hand."""
    arm, forearm, hand = (f"{side}_{name}" for name in ("Arm", "Forearm", "Hand"))
    shoulder, elbow, wrist = (np.array(JOINTS[name][1]) for name in (arm, forearm, hand))
    top = shoulder + np.array([-SIDES[side] * 0.02, 0, 0.045])
    middle, end = {arm: 0.5, forearm: 0.5}, {forearm: 0.5, hand: 0.5}
    rows = [
        (wrist, 0.033, end, "navy"),
        (wrist * 0.85 + elbow * 0.15, 0.036, {forearm: 1.0}, "navy"),
        (wrist * 0.4 + elbow * 0.6, 0.047, {forearm: 1.0}, "navy"),
        (wrist * 0.12 + elbow * 0.88, 0.046, {forearm: 0.75, arm: 0.25}, "navy"),
        (elbow, 0.047, middle, "navy"),
        (elbow * 0.86 + shoulder * 0.14, 0.049, {forearm: 0.2, arm: 0.8}, "navy"),
        (elbow * 0.45 + shoulder * 0.55, 0.056, {arm: 1.0}, "navy"),
        (elbow * 0.12 + shoulder * 0.88, 0.066, {arm: 0.9, "Chest": 0.1}, "navy"),
        (shoulder * 0.6 + top * 0.4, 0.064, {arm: 0.7, "Chest": 0.3}, "navy"),
        (top, 0.036, {arm: 0.5, "Chest": 0.5}, "navy"),
    ]
    rings = [skin.ring(at, np.array([r, 0, 0]), np.array([0, r, 0]), w, float(at[2]) * 3) for at, r, w, _ in rows]
    skin.stack(rings, [row[3] for row in rows[:-1]])
    palm = [
        (-0.175, 0.012, 0.02),
        (-0.15, 0.018, 0.034),
        (-0.09, 0.021, 0.043),
        (-0.04, 0.022, 0.038),
        (0.0, 0.026, 0.03),
        (0.02, 0.024, 0.026),
    ]
    hold = {hand: 1.0}
    rings = [
        skin.ring(wrist + np.array([0, 0.02 - 0.14 * z, z]), np.array([a, 0, 0]), np.array([0, b, 0]), hold, z)
        for z, a, b in palm
    ]
    skin.stack(rings, ["skin"] * 5)


def _leg(skin: Skin, side: str) -> None:
    """From the boot's shaft up to the hip, then the boot."""
    thigh, shin, foot = (f"{side}_{name}" for name in ("Thigh", "Shin", "Foot"))
    hip, knee, ankle = (np.array(JOINTS[name][1]) for name in (thigh, shin, foot))
    inner = np.array([-SIDES[side] * 0.004, -0.01, -0.03])
    rows = [
        (ankle + np.array([0, 0, 0.03]), 0.052, 0.06, {shin: 0.6, foot: 0.4}),
        (ankle * 0.8 + knee * 0.2, 0.056, 0.064, {shin: 1.0}),
        (ankle * 0.35 + knee * 0.65 + np.array([0, -0.012, 0]), 0.063, 0.072, {shin: 1.0}),
        (ankle * 0.1 + knee * 0.9, 0.06, 0.066, {shin: 0.8, thigh: 0.2}),
        (knee, 0.062, 0.067, {shin: 0.5, thigh: 0.5}),
        (knee * 0.88 + hip * 0.12, 0.066, 0.071, {shin: 0.2, thigh: 0.8}),
        (knee * 0.5 + hip * 0.5, 0.077, 0.084, {thigh: 1.0}),
        (knee * 0.15 + hip * 0.85 + inner, 0.086, 0.098, {thigh: 0.85, "Hips": 0.15}),
        (hip + inner * 0.5, 0.084, 0.1, {thigh: 0.5, "Hips": 0.5}),
    ]
    rings = [skin.ring(at, np.array([a, 0, 0]), np.array([0, b, 0]), w, float(at[2]) * 3) for at, a, b, w in rows]
    skin.stack(rings, ["denim"] * (len(rows) - 1))
    hold, x = {foot: 1.0}, float(ankle[0])
    sole = [
        (0.0, 0.047, 0.135, 0.05),
        (0.022, 0.05, 0.14, 0.05),
        (0.045, 0.05, 0.134, 0.046),
        (0.075, 0.047, 0.105, 0.022),
    ]
    sole += [(0.105, 0.046, 0.072, -0.01), (0.16, 0.05, 0.062, -0.015)]
    skin.stack([_level(skin, z, a, b, y, hold, x) for z, a, b, y in sole], ["rubber", *["boot"] * 4])


def _skin() -> Skin:
    skin = Skin()
    _torso(skin)
    _head(skin)
    for side in SIDES:
        _arm(skin, side)
        _leg(skin, side)
    return skin


def _normals(skin: Skin) -> Array:
    """Of the faces around a point, by their areas; lids are left out, so that edges of sleeves stay round."""
    points, total = np.array(skin.points), np.zeros((len(skin.points), 3))
    for face in skin.faces:
        if len(face) == 4:
            a, b, c, d = points[face]
            total[face] += np.cross(c - a, d - b)
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True))


def _swing(phase: float, side: str) -> dict[str, Array]:
    """Turns of one side's joints at a phase of the cycle, in [0, 1)."""
    turn = 2 * pi * (phase + (0.0 if side == "L" else 0.5))
    swing, lifted = sin(turn), max(0.0, cos(turn + 0.35))
    hip, knee = 4 + 24 * swing, 6 + 52 * lifted * lifted
    return {
        f"{side}_Thigh": turned("x", hip),
        f"{side}_Shin": turned("x", -knee),
        f"{side}_Foot": turned("x", 0.45 * (knee - hip)),
        f"{side}_Arm": turned("x", -22 * swing) @ turned("y", SIDES[side] * 3),
        f"{side}_Forearm": turned("x", 24 - 12 * swing),
    }


def _pose(phase: float) -> dict[str, Array]:
    """Joint -> local matrix (row vectors), with the lower foot on the floor."""
    turn = 2 * pi * phase
    turns = _swing(phase, "L") | _swing(phase, "R")
    turns |= {
        "Hips": turned("z", -5 * sin(turn)),
        "Spine": turned("x", -3) @ turned("z", 5 * sin(turn)),
        "Chest": turned("z", 6 * sin(turn)),
        "Head": turned("z", -6 * sin(turn)),
    }
    local = {}
    for name, (parent, at) in JOINTS.items():
        matrix = turns.get(name, np.eye(4)).copy()
        matrix[3, :3] = np.subtract(at, JOINTS[parent][1] if parent else (0, 0, 0))
        local[name] = matrix
    lowest = min(
        float((np.array([*np.subtract(point, JOINTS[f"{side}_Foot"][1]), 1.0]) @ _world(local, f"{side}_Foot"))[2])
        for side in SIDES
        for point in ((SIDES[side] * 0.1, -0.085, 0.0), (SIDES[side] * 0.1, 0.185, 0.0))
    )
    local["Hips"][3, 2] -= lowest
    return local


def _world(local: dict[str, Array], name: str) -> Array:
    parent = JOINTS[name][0]
    return local[name] @ _world(local, parent) if parent else local[name]


def _quaternion(matrix: Array) -> Gf.Quatf:
    turn = Gf.Matrix3d(*matrix[:3, :3].reshape(-1).tolist()).ExtractRotation().GetQuat()
    real, imaginary = floats(np.array(turn.GetReal())), floats(np.array(turn.GetImaginary()))
    return Gf.Quatf(float(real), *imaginary.tolist())


def _matrix(matrix: Array) -> Gf.Matrix4d:
    return Gf.Matrix4d(*(np.round(matrix, 6) + 0.0).reshape(-1).tolist())


def write_person(file: Path) -> None:
    """A SkelRoot with its mesh, its skeleton and the walk, time codes 0 to CYCLE."""
    stage = new_stage(file, "/Person")
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(CYCLE)
    root = UsdSkel.Root.Define(stage, "/Person")
    skeleton = UsdSkel.Skeleton.Define(stage, "/Person/Skeleton")
    skeleton.CreateJointsAttr([joint_path(name) for name in NAMES])
    rest = {name: np.eye(4) for name in NAMES}
    for name, (parent, at) in JOINTS.items():
        rest[name][3, :3] = np.subtract(at, JOINTS[parent][1] if parent else (0, 0, 0))
    skeleton.CreateRestTransformsAttr([_matrix(rest[name]) for name in NAMES])
    skeleton.CreateBindTransformsAttr([_matrix(_world(rest, name)) for name in NAMES])
    _write_mesh(stage, _skin())
    _write_walk(stage)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets(["/Person/Walk"])
    root.CreateExtentAttr([Gf.Vec3f(-0.4, -0.5, 0.0), Gf.Vec3f(0.4, 0.5, 1.8)])
    save(stage)


def _write_mesh(stage: Usd.Stage, skin: Skin) -> None:
    mesh = UsdGeom.Mesh.Define(stage, "/Person/Body")
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    points = floats(np.array(skin.points))
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(floats(_normals(skin))))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateFaceVertexCountsAttr([len(face) for face in skin.faces])
    mesh.CreateFaceVertexIndicesAttr([index for face in skin.faces for index in face])
    mesh.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.stack([points.min(0), points.max(0)])))
    primvars = UsdGeom.PrimvarsAPI(mesh)
    coordinates = primvars.CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
    coordinates.Set(Vt.Vec2fArray.FromNumpy(floats(np.array(skin.uvs))))
    bind(mesh, skin.looks, define_looks(stage, "/Person/Looks", skin.looks, "../textures"))
    UsdGeom.Scope.Define(stage, "/Person/Looks")
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets(["/Person/Skeleton"])
    rows = [[*weights.items(), ("Hips", 0.0)][:2] for weights in skin.weights]
    binding.CreateJointIndicesPrimvar(False, 2).Set([NAMES.index(name) for row in rows for name, _ in row])
    binding.CreateJointWeightsPrimvar(False, 2).Set([weight for row in rows for _, weight in row])


def _write_walk(stage: Usd.Stage) -> None:
    walk = UsdSkel.Animation.Define(stage, "/Person/Walk")
    walk.CreateJointsAttr([joint_path(name) for name in NAMES])
    places, turns = walk.CreateTranslationsAttr(), walk.CreateRotationsAttr()
    walk.CreateScalesAttr([Gf.Vec3h(1, 1, 1)] * len(NAMES))
    for frame in range(CYCLE + 1):
        local = _pose(frame % CYCLE / CYCLE)
        places.Set(Vt.Vec3fArray.FromNumpy(floats(np.array([local[name][3, :3] for name in NAMES]))), frame)
        turns.Set([_quaternion(local[name]) for name in NAMES], frame)
