"""An independent reading of a stage of cubes, spheres and skinned meshes: rays of OpenCV against algebra in NumPy.

Nothing here is the package's: prims are posed by USD, lenses are OpenCV's, solids are slabs, quadrics and triangles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
cv2 = pytest.importorskip("cv2", reason="the witness of lenses is OpenCV")
from pxr import Usd, UsdGeom, UsdSkel  # noqa: E402

from framepress.core.arrays import Array  # noqa: E402

__all__ = ["INSCRIBED", "Eye", "Solid", "cast", "solids_of"]

INSCRIBED = 0.9976
"""Of a sphere's radius: a ball of so much lies inside the triangles that stand for it."""

_TO_CV = np.diag([1.0, -1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Eye:
    """A camera with its lens.

    Args:
        view: float64 (4, 4), world to camera in OpenCV's axes, row vectors.
        K: float64 (3, 3). model: "pinhole", "opencvPinhole", "opencvFisheye". coefficients: as OpenCV has them.
    """

    view: Array
    K: Array
    model: str
    coefficients: tuple[float, ...]
    size_wh: tuple[int, int]
    near: float = 0.01

    @property
    def origin(self) -> Array:
        return np.asarray(np.linalg.inv(self.view)[3, :3])

    @cached_property
    def rays(self) -> Array:
        """float64 (H, W, 3): unit directions of the pixels' centres in the camera's space."""
        width, height = self.size_wh
        u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        pixels = np.stack([u.ravel(), v.ravel()], axis=1)
        if self.model == "opencvFisheye":
            film = (pixels - self.K[:2, 2]) / self.K[[0, 1], [0, 1]]
            radius = np.hypot(*film.T)
            theta = self._angle(radius)
            sine = np.divide(np.sin(theta), radius, out=np.ones_like(radius), where=radius > 0)
            rays = np.c_[film * sine[:, None], np.cos(theta)]
        else:
            steps = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)
            undistorted = getattr(cv2, "undistortPointsIter", cv2.undistortPoints)  # OpenCV 4 has the first name
            film = undistorted(pixels[:, None], self.K, self._distortion, R=None, P=None, criteria=steps)[:, 0]
            rays = np.c_[film, np.ones(len(film))]
            assert np.abs(self.project_local(rays) - pixels).max() < 1e-6
        return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True)).reshape(height, width, 3)

    def _angle(self, radius: Array) -> Array:
        low, high = np.zeros_like(radius), np.full_like(radius, np.pi)
        for _ in range(60):
            middle = (low + high) / 2
            bent = middle * (1 + sum(k * middle ** (2 * n + 2) for n, k in enumerate(self.coefficients)))
            low, high = np.where(bent < radius, middle, low), np.where(bent < radius, high, middle)
        return low

    @property
    def _distortion(self) -> Array:
        return np.array(self.coefficients or np.zeros(12))

    def project(self, world: Array) -> Array:
        """World points (N, 3) to pixels (N, 2); NaN behind a lens that sees only what is before it."""
        return self.project_local(world @ self.view[:3, :3] + self.view[3, :3])

    def project_local(self, points: Array) -> Array:
        points = np.asarray(points, np.float64)
        if self.model == "opencvFisheye":
            x, y, z = points.T
            theta = np.arctan2(np.hypot(x, y), z)
            bent = theta * (1 + sum(k * theta ** (2 * n + 2) for n, k in enumerate(self.coefficients)))
            across = np.hypot(x, y)
            scale = np.divide(bent, across, out=np.zeros_like(bent), where=across > 0)
            return np.asarray(np.stack([x * scale, y * scale], axis=1) * self.K[[0, 1], [0, 1]] + self.K[:2, 2])
        pixels = np.full((len(points), 2), np.nan)
        ahead = points[:, 2] > 0
        if ahead.any():
            found, _ = cv2.projectPoints(points[ahead], np.zeros(3), np.zeros(3), self.K, self._distortion)
            pixels[ahead] = found[:, 0]
        return pixels

    @property
    def reach_is_depth(self) -> bool:
        """Whether `near` is a depth, not a distance."""
        return self.model != "opencvFisheye"


@dataclass(frozen=True, eq=False)
class Solid:
    """Args:
    path: of the leaf, an instancer's for its points.
    shape: "box" of edges 1, "ball" of radius 1, or triangles float64 (T, 3, 3).
    matrix: float64 (4, 4), local to world, row vectors.
    """

    path: str
    shape: str | Array
    matrix: Array
    instancer: str = ""

    @property
    def is_box(self) -> bool:
        return isinstance(self.shape, str) and self.shape == "box"

    @property
    def is_ball(self) -> bool:
        return isinstance(self.shape, str) and self.shape == "ball"

    def local(self, world: Array) -> Array:
        inverse = np.linalg.inv(self.matrix)
        return np.asarray(world @ inverse[:3, :3] + inverse[3, :3])

    def corners(self) -> Array:
        """float64 (N, 3), world: points whose hull is the solid's, of a ball very nearly."""
        if isinstance(self.shape, str):
            local = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
            assert self.shape == "box"
        else:
            local = self.shape.reshape(-1, 3)
        return np.asarray(local @ self.matrix[:3, :3] + self.matrix[3, :3])

    def hits(self, origin: Array, directions: Array, shrink: float = 1.0) -> list[Array]:
        """Distances (N,) at which rays from `origin` cross the surface, nearest first; inf = not."""
        inverse = np.linalg.inv(self.matrix)
        o, d = origin @ inverse[:3, :3] + inverse[3, :3], directions @ inverse[:3, :3]
        if not isinstance(self.shape, str):
            return _cross_triangles(self.shape, o, d)
        return _cross_box(o, d) if self.shape == "box" else _cross_ball(o, d, shrink)


def _cross_box(o: Array, d: Array) -> list[Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (-0.5 - o) / d, (0.5 - o) / d
    near, far = np.fmin(a, b).max(axis=1), np.fmax(a, b).min(axis=1)
    hit = near <= far
    return [np.where(hit, near, np.inf), np.where(hit, far, np.inf)]


def _cross_ball(o: Array, d: Array, radius: float) -> list[Array]:
    a, b, c = (d * d).sum(1), d @ o, o @ o - radius * radius
    root = np.sqrt(np.maximum(b * b - a * c, 0))
    hit = b * b >= a * c
    return [np.where(hit, (-b + sign * root) / a, np.inf) for sign in (-1, 1)]


def _cross_triangles(triangles: Array, o: Array, d: Array) -> list[Array]:
    found = []
    for a, b, c in triangles:
        e, f = b - a, c - a
        p = np.cross(d, f)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = 1 / (p @ e)
            u = (p @ (o - a)) * scale
            q = np.cross(o - a, e)
            v = (d @ q) * scale
            t = (f @ q) * scale
        found.append(np.where((u >= 0) & (v >= 0) & (u + v <= 1), t, np.inf))
    return list(np.sort(np.stack(found), axis=0))


def cast(solids: Sequence[Solid], eye: Eye, shrink: float = 1.0) -> tuple[Array, Array]:
    """Images of the solid that is nearest (-1 = none) and of its distance (+inf = none)."""
    rays = eye.rays.reshape(-1, 3)
    world = rays @ np.linalg.inv(eye.view)[:3, :3]
    ahead = rays[:, 2] if eye.reach_is_depth else np.ones(len(rays))
    which, nearest = np.full(len(rays), -1), np.full(len(rays), np.inf)
    for row, solid in enumerate(solids):
        for crossing in solid.hits(eye.origin, world, shrink):
            closer = (crossing * ahead >= eye.near) & (crossing < nearest)
            which[closer], nearest[closer] = row, crossing[closer]
    width, height = eye.size_wh
    return which.reshape(height, width), nearest.reshape(height, width)


def solids_of(stage: Usd.Stage, time: Usd.TimeCode) -> list[Solid]:
    """Every visible cube, sphere and skinned mesh, and every point of an instancer of cubes and spheres."""
    found = []
    inside_instancers: set[str] = set()
    for prim in stage.Traverse():
        if UsdGeom.Imageable(prim) and UsdGeom.Imageable(prim).ComputeVisibility(time) == "invisible":
            continue
        path = str(prim.GetPath())
        if prim.IsA(UsdGeom.PointInstancer):
            found += _points(stage, UsdGeom.PointInstancer(prim), time)
            inside_instancers.add(path + "/")
        elif not path.startswith(tuple(inside_instancers)):
            matrix = _world(prim, time)
            if prim.IsA(UsdGeom.Cube):
                found.append(Solid(path, "box", _scaled(matrix, UsdGeom.Cube(prim).GetSizeAttr().Get(time))))
            elif prim.IsA(UsdGeom.Sphere):
                found.append(Solid(path, "ball", _scaled(matrix, UsdGeom.Sphere(prim).GetRadiusAttr().Get(time))))
            elif prim.IsA(UsdGeom.Mesh):
                found.append(Solid(path, _skinned(prim, time), np.eye(4)))
    return found


def _world(prim: Usd.Prim, time: Usd.TimeCode) -> Array:
    return np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(time))


def _scaled(matrix: Array, size: float) -> Array:
    return np.asarray(np.diag([size, size, size, 1.0]) @ matrix)


def _points(stage: Usd.Stage, instancer: UsdGeom.PointInstancer, time: Usd.TimeCode) -> list[Solid]:
    world = _world(instancer.GetPrim(), time)
    poses = instancer.ComputeInstanceTransformsAtTime(time, time, UsdGeom.PointInstancer.IncludeProtoXform)
    targets = instancer.GetPrototypesRel().GetForwardedTargets()
    found = []
    for pose, chosen in zip(poses, instancer.GetProtoIndicesAttr().Get(time), strict=True):
        prim = stage.GetPrimAtPath(targets[chosen])
        shape, size = ("box", UsdGeom.Cube(prim).GetSizeAttr()) if prim.IsA(UsdGeom.Cube) else ("ball", None)
        size = size or UsdGeom.Sphere(prim).GetRadiusAttr()
        if UsdGeom.Imageable(prim).ComputeVisibility(time) != "invisible":
            matrix = _scaled(np.array(pose) @ world, size.Get(time))
            found.append(Solid(str(targets[chosen]), shape, matrix, str(instancer.GetPath())))
    return found


def _skinned(prim: Usd.Prim, time: Usd.TimeCode) -> Array:
    """Triangles (T, 3, 3) in the world, as UsdSkel itself skins them; faces are triangles already."""
    root = UsdSkel.Root.Find(prim)
    cache = UsdSkel.Cache()
    cache.Populate(root, Usd.PrimDefaultPredicate)
    query = cache.GetSkinningQuery(prim)
    skeleton = cache.GetSkelQuery(UsdSkel.BindingAPI(prim).GetInheritedSkeleton())
    points = UsdGeom.Mesh(prim).GetPointsAttr().Get(time)
    assert query.ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(time), points, time)
    to_world = _world(skeleton.GetPrim(), time)
    world = np.array(points) @ to_world[:3, :3] + to_world[3, :3]
    return np.asarray(world[np.array(UsdGeom.Mesh(prim).GetFaceVertexIndicesAttr().Get(time)).reshape(-1, 3)])
