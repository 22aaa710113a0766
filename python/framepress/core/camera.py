"""A camera: intrinsics in the edge pixel convention, pose in OpenCV axes (x right, y down, z forward), metres.

Pinhole maths after Hartley and Zisserman, "Multiple View Geometry", ch. 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from framepress.core.arrays import Array, frozen
from framepress.errors import InputError

__all__ = ["Camera", "Distortion", "rigid"]


@dataclass(frozen=True, slots=True)
class Distortion:
    """A lens model by its common name (`opencv`, `opencv_fisheye`, `ftheta`), coefficients in that model's order."""

    model: str
    coefficients: tuple[float, ...]


def rigid(poses: Array) -> Array:
    """bool (...): which of the poses, float64 (..., 4, 4), turn and move and do nothing else (within 1e-3)."""
    rotation, finite = poses[..., :3, :3], np.isfinite(poses).all((-2, -1))
    with np.errstate(invalid="ignore", over="ignore"):  # of those that are not finite, or huge
        square = np.isclose(rotation @ np.swapaxes(rotation, -2, -1), np.eye(3), atol=1e-3).all((-2, -1))
        mirrored = np.linalg.det(rotation) < 0
        last_row = np.isclose(poses[..., 3, :], (0, 0, 0, 1)).all(-1)
    return np.asarray(finite & square & ~mirrored & last_row)


@dataclass(frozen=True, eq=False)
class Camera:
    """What turned the world into pixels; `K` or `world_from_camera` is None where it is not known.

    Args:
        width, height: image size [px].
        K: float64 (3, 3); the principal point of an ideal camera is (width / 2, height / 2): edge convention.
        distortion: None for an ideal pinhole.
        world_from_camera: float64 (4, 4), rigid; camera axes x right, y down, z forward; translation [m].
        near, far: clip distances [m].

    Raises:
        InputError: a size below 1, a non-finite number, clip distances that are none, or a pose that is not rigid
            (within 1e-3).
    """

    width: int
    height: int
    K: Array | None = None
    distortion: Distortion | None = None
    world_from_camera: Array | None = None
    near: float = 0.05
    far: float = float("inf")

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InputError(f"camera: size {self.width} x {self.height} px; both must be at least 1")
        clips = (self.near, self.far)
        if not all(isinstance(clip, Real) for clip in clips) or not 0 <= self.near < self.far:
            raise InputError(f"camera: near and far are {self.near!r} and {self.far!r} [m]; expected 0 <= near < far")
        if self.K is not None:
            object.__setattr__(self, "K", frozen(self.K, np.float64, (3, 3)))
            if not np.isfinite(self.K).all():
                raise InputError(f"camera: K holds a number that is not finite: {self.K.tolist()}")
        if self.world_from_camera is not None:
            pose = frozen(self.world_from_camera, np.float64, (4, 4))
            object.__setattr__(self, "world_from_camera", pose)
            if not rigid(pose):
                raise InputError(f"camera: world_from_camera is not a rigid transform: {pose.tolist()}")

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def camera_from_world(self) -> Array:
        """float64 (4, 4), the inverse of `world_from_camera`.

        Raises:
            InputError: the pose is not known.
        """
        if self.world_from_camera is None:
            raise InputError("camera: the pose is not known (world_from_camera is None)")
        inverse = np.eye(4)
        inverse[:3, :3] = self.world_from_camera[:3, :3].T
        inverse[:3, 3] = -inverse[:3, :3] @ self.world_from_camera[:3, 3]
        return inverse

    def pinhole(self) -> Array:
        """`K`, where it alone says how points become pixels.

        Raises:
            InputError: K is not known, or the lens is distorted.
        """
        if self.K is None:
            raise InputError("camera: the intrinsics are not known (K is None)")
        if self.distortion is not None:
            raise InputError(f"camera: a {self.distortion.model} lens cannot be used as a pinhole; undistort first")
        return self.K

    def to_camera(self, world: Array) -> Array:
        """World points (N, 3) [m] in camera axes (N, 3) [m]."""
        pose = self.camera_from_world
        return np.asarray(world @ pose[:3, :3].T + pose[:3, 3])

    def project(self, world: Array) -> Array:
        """World points (N, 3) [m] to edge pixels (N, 2); NaN for points at or behind the camera plane."""
        return self.project_camera(self.to_camera(np.asarray(world, np.float64)))

    def project_camera(self, points: Array) -> Array:
        """Points in camera axes (N, 3) [m] to edge pixels (N, 2); NaN at or behind the camera plane."""
        homogeneous = np.asarray(points, np.float64) @ self.pinhole().T
        depth = np.where(homogeneous[:, 2:] > 0, homogeneous[:, 2:], np.nan)
        return np.asarray(homogeneous[:, :2] / depth)

    def rays(self) -> Array:
        """Direction through each pixel centre, float64 (H, W, 3), camera axes, z = 1 (so ray * depth is the point)."""
        inverse = np.linalg.inv(self.pinhole())
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return np.asarray(np.stack((u, v, np.ones_like(u)), axis=-1) @ inverse.T)

    def unproject(self, depth: Array) -> Array:
        """Depth image (H, W) [m] to world points (H, W, 3) [m]; +inf stays non-finite."""
        if self.world_from_camera is None:
            raise InputError("camera: the pose is not known (world_from_camera is None)")
        with np.errstate(invalid="ignore"):  # inf * 0 and inf - inf: no point was hit there
            points = self.rays() * np.asarray(depth, np.float64)[..., None]
            return np.asarray(points @ self.world_from_camera[:3, :3].T + self.world_from_camera[:3, 3])

    def depth_from_range(self, distance: Array) -> Array:
        """Distance from the camera centre (H, W) [m] to depth along the optical axis, float32 (H, W) [m]."""
        return np.asarray(np.asarray(distance, np.float64) / np.linalg.norm(self.rays(), axis=-1), np.float32)
