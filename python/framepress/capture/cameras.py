"""`camera_params` as a `Camera`: row vectors, OpenGL axes and scene units end here.

Replicator's matrices act on row vectors, p_camera = [x y z 1] @ cameraViewTransform; the camera looks along -z with y
up; lengths are scene units. A `Camera` has column vectors, x right, y down, z forward, metres.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.core import Camera, Distortion
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = [
    "camera_of",
    "intrinsics_from_aperture",
    "intrinsics_from_projection",
    "lens_of",
    "metres_per_unit",
    "world_from_camera",
]

PINHOLES = ("", "pinhole", "generalizedprojection")
"""Models that `cameraProjection` describes, in lower case."""

K_TOLERANCE_PX = 0.01
_STRETCH = 1e-3


def camera_of(
    params: Mapping[str, Any],
    size_wh: tuple[int, int],
    accounts: Accounts,
    where: str,
    offset_signs: tuple[int, int] = (1, 1),
) -> Camera:
    """The camera of a `camera_params` payload.

    `K` comes from the projection matrix and is compared with the aperture formula; a difference is counted. For a lens
    that the projection matrix does not describe (`cameraModel` other than a pinhole) `K` is None, so that whatever
    needs a pinhole refuses; `distortion` is set where the payload holds the lens's parameters. `offset_signs`: of
    P[2, 0] and P[2, 1], other than 1 where a probe of the host has found them mirrored.

    Raises:
        InputError: a matrix is missing, not finite or not a camera's, or the resolution is not the product's.
    """
    try:
        return _camera_of(params, size_wh, accounts, where, offset_signs)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise InputError(f"{where}: these are no camera parameters: {error}; record them again") from error


def _camera_of(
    params: Mapping[str, Any], size_wh: tuple[int, int], accounts: Accounts, where: str, offset_signs: tuple[int, int]
) -> Camera:
    width, height = size_wh
    stated = params.get("renderProductResolution")
    if stated is not None and tuple(int(side) for side in stated) != size_wh:
        raise InputError(
            f"{where}: renderProductResolution {tuple(stated)} but the product is {size_wh} (width, height); "
            "the parameters belong to another camera"
        )
    scale = metres_per_unit(params, accounts, where)
    near, far = (float(distance) * scale for distance in params.get("cameraNearFar", (0.05 / scale, np.inf)))
    if not 0 <= near < far:
        raise InputError(f"{where}: cameraNearFar {params['cameraNearFar']}; expected 0 <= near < far")
    return Camera(
        width,
        height,
        K=_intrinsics(params, size_wh, accounts, where, offset_signs),
        distortion=lens_of(params),
        world_from_camera=world_from_camera(_matrix(params, "cameraViewTransform", where), scale, accounts, where),
        near=near,
        far=far,
    )


def metres_per_unit(params: Mapping[str, Any], accounts: Accounts, where: str) -> float:
    """Metres in one scene unit; 1 (counted) where the payload does not say.

    Raises:
        InputError: not a positive number.
    """
    if "metersPerSceneUnit" not in params:
        accounts.add("no metersPerSceneUnit: 1 taken")
        return 1.0
    scale = float(params["metersPerSceneUnit"])
    if not 0 < scale < np.inf:
        raise InputError(f"{where}: metersPerSceneUnit {scale}; must be a positive number")
    # It passes through float32, where 0.01 becomes 0.009999999776: the shortest decimal is what the stage says.
    single = np.float32(scale)
    return float(str(single)) if float(single) == scale else scale


def intrinsics_from_projection(projection: Array, size_wh: tuple[int, int]) -> Array:
    """K in the edge convention from a row-vector OpenGL projection (4, 4) whose [2, 3] is -1.

    Pixels are u = (x_ndc + 1) W / 2 and v = (1 - y_ndc) H / 2.
    """
    width, height = size_wh
    return np.array(
        [
            [projection[0, 0] * width / 2, 0, width / 2 * (1 - projection[2, 0])],
            [0, projection[1, 1] * height / 2, height / 2 * (1 + projection[2, 1])],
            [0, 0, 1],
        ]
    )


def intrinsics_from_aperture(params: Mapping[str, Any], size_wh: tuple[int, int]) -> Array:
    """K in the edge convention from focal length and horizontal aperture.

    Pixels are square: the vertical aperture does not follow the resolution and is not used.
    """
    width, height = size_wh
    pixels_per_unit = width / float(params["cameraAperture"][0])
    focal = float(params["cameraFocalLength"]) * pixels_per_unit
    offset_x, offset_y = (float(part) for part in params.get("cameraApertureOffset", (0.0, 0.0)))
    centre_x, centre_y = width / 2 - offset_x * pixels_per_unit, height / 2 + offset_y * pixels_per_unit
    return np.array([[focal, 0, centre_x], [0, focal, centre_y], [0, 0, 1]])


def _intrinsics(
    params: Mapping[str, Any], size_wh: tuple[int, int], accounts: Accounts, where: str, offset_signs: tuple[int, int]
) -> Array | None:
    model = str(params.get("cameraModel", ""))
    if model.casefold() not in PINHOLES:
        accounts.add("camera: lens is no pinhole, K not derived", example=f"{where}: {model}")
        return None
    by_aperture = None
    if "cameraAperture" in params and "cameraFocalLength" in params and float(params["cameraAperture"][0]) > 0:
        by_aperture = intrinsics_from_aperture(params, size_wh)
    if "cameraProjection" not in params:
        return by_aperture
    projection = _matrix(params, "cameraProjection", where)
    if projection[3, 3] == 1 and projection[2, 3] == 0:
        accounts.add("camera: orthographic, K not derived", example=where)
        return None
    if abs(projection[2, 3] + 1) > 1e-6 or projection[0, 0] <= 0 or projection[1, 1] <= 0:
        raise InputError(
            f"{where}: cameraProjection is no row-vector perspective projection: {projection.tolist()}; "
            "is it transposed?"
        )
    K = intrinsics_from_projection(projection * _signs(offset_signs), size_wh)
    if by_aperture is not None:
        difference = float(np.abs(K - by_aperture).max())
        if difference > K_TOLERANCE_PX:
            accounts.add(
                "camera: projection and aperture disagree, projection taken", example=f"{where}: {difference:.3f} px"
            )
    return K


def _signs(of_offset: tuple[int, int]) -> Array:
    """(4, 4), 1 but for the entries of a projection that shift the principal point."""
    signs = np.ones((4, 4))
    signs[2, :2] = of_offset
    return signs


def lens_of(params: Mapping[str, Any]) -> Distortion | None:
    """The lens where the payload says all of it: None for a pinhole, and for a model whose coefficients are not sent.

    `ftheta` (cameraModel `fisheyePolynomial`): nominal width, height, optical centre x, y [nominal px, edges], then the
    polynomial's coefficients a, b, c, ...: angle [rad] = a + b r + c r^2 + ... of the radius r [nominal px].
    """
    if str(params.get("cameraModel", "")).casefold() != "fisheyepolynomial":
        return None
    polynomial = [float(part) for part in params.get("cameraFisheyePolynomial", ())]
    if not any(polynomial):
        return None
    nominal = [float(params.get(f"cameraFisheyeNominal{side}", 0)) for side in ("Width", "Height")]
    centre = [float(part) for part in params.get("cameraFisheyeOpticalCentre", (0, 0))]
    return Distortion("ftheta", (*nominal, *centre, *polynomial))


def world_from_camera(view: Array, scale: float, accounts: Accounts, where: str) -> Array:
    """The camera's pose (4, 4): column vectors, OpenCV axes, metres.

    Args:
        view: `cameraViewTransform` (4, 4), world to camera, row vectors, scene units.
        scale: metres per scene unit, applied to the composed translation; the rotation has no unit.

    Raises:
        InputError: the matrix cannot be inverted, or is no rotation with one scale for all axes.
    """
    try:
        inverse = np.linalg.inv(view)  # row-vector camera to world: rows are the camera's axes, the last its position
    except np.linalg.LinAlgError as error:
        raise InputError(f"{where}: cameraViewTransform cannot be inverted: {view.tolist()}") from error
    axes = inverse[:3, :3] * np.array([[1.0], [-1.0], [-1.0]])  # OpenGL to OpenCV: y down, z forward
    lengths = np.linalg.norm(axes, axis=1, keepdims=True)
    if np.abs(lengths - 1).max() > 1e-4:  # a camera below a scaled prim; one scale for all axes turns no ray
        accounts.add("camera: pose has a scale, removed", example=where)
        axes = axes / lengths
    skew = np.abs(axes @ axes.T - np.eye(3)).max()
    if np.ptp(lengths) > _STRETCH * lengths.max() or skew > _STRETCH or np.linalg.det(axes) < 0:
        raise InputError(
            f"{where}: cameraViewTransform stretches, shears or mirrors, so that K does not tell where points are: "
            f"{view.tolist()}; take the scale from the prims above the camera"
        )
    pose = np.eye(4)
    pose[:3, :3] = axes.T
    pose[:3, 3] = inverse[3, :3] * scale
    return pose


def _matrix(params: Mapping[str, Any], name: str, where: str) -> Array:
    if name not in params:
        raise InputError(f"{where}: {name} is missing; capture camera_params whole")
    values = np.asarray(params[name], np.float64)
    if values.size != 16 or not np.isfinite(values).all():
        raise InputError(f"{where}: {name} must be 16 finite numbers, got {np.ravel(values).tolist()}")
    return values.reshape(4, 4)
