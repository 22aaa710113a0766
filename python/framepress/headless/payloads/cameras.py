"""`camera_params`: a dict without an array, in Replicator's conventions.

Row vectors, the camera looks along -z with y up, depth is reversed in `cameraProjection` (1 at near, 0 at far).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.payloads.shot import Ask, Value
from framepress.headless.scene import LensModel, SceneCamera
from framepress.headless.usd.lenses import pinhole_lens, projection_matrix

__all__ = ["camera_params"]

_MODELS: dict[LensModel, str] = {
    "pinhole": "pinhole",
    "opencvPinhole": "pinholeOpenCV",
    "opencvFisheye": "fisheyeOpenCV",
}
_ATTRIBUTES = (
    "focalLength",
    "horizontalAperture",
    "verticalAperture",
    "horizontalApertureOffset",
    "verticalApertureOffset",
    "focusDistance",
    "fStop",
)


def camera_params(ask: Ask) -> Value:
    """The camera's own attributes, its pose and its lens.

    `cameraProjection` describes the ideal lens of focal length and aperture, whatever the model. An OpenCV lens has its
    centre in `cameraFisheyeOpticalCentre` and, from 5.1 on, its focal lengths in `cameraOpenCVFx` and `Fy`, all for an
    image of the nominal size, which is the product's; its coefficients are in no payload.

    Raises:
        InputError: the camera's attributes are incomplete.
    """
    camera, scene = ask.shot.camera, ask.shot.scene
    lens = camera.lens
    attributes = _attributes(camera)
    distorted, fisheye = lens.model != "pinhole", lens.model == "opencvFisheye"
    ideal = pinhole_lens(attributes, (lens.width, lens.height), lens.near, lens.far) if distorted else lens
    info: dict[str, Any] = {
        "cameraAperture": _single(attributes["horizontalAperture"], attributes["verticalAperture"]),
        "cameraApertureOffset": _single(attributes["horizontalApertureOffset"], attributes["verticalApertureOffset"]),
        "cameraFisheyeLensP": _single(),
        "cameraFisheyeLensS": _single(),
        "cameraFisheyeMaxFOV": math.degrees(2 * lens.max_theta) if fisheye else 0.0,
        "cameraFisheyeNominalHeight": lens.height if distorted else 0,
        "cameraFisheyeNominalWidth": lens.width if distorted else 0,
        "cameraFisheyeOpticalCentre": _single(lens.cx, lens.cy) if distorted else _single(0, 0),
        "cameraFisheyePolynomial": np.zeros(6 if ask.release >= (6, 0) else 5, np.float32),
        "cameraFocalLength": attributes["focalLength"],
        "cameraFocusDistance": attributes["focusDistance"],
        "cameraFStop": attributes["fStop"],
        "cameraModel": _MODELS[lens.model],
        "cameraNearFar": _single(lens.near, lens.far),
        "cameraProjection": projection_matrix(ideal).reshape(16),
        "cameraViewTransform": np.array(camera.view, np.float64).reshape(16),
        "metersPerSceneUnit": float(np.float32(scene.meters_per_unit)),
        "renderProductResolution": np.array([lens.width, lens.height], np.int32),
    }
    if ask.release >= (5, 1):
        info["cameraOpenCVFx"] = lens.fx if distorted else 0.0
        info["cameraOpenCVFy"] = lens.fy if distorted else 0.0
    return Value(None, info)


def _attributes(camera: SceneCamera) -> dict[str, float]:
    missing = [name for name in _ATTRIBUTES if name not in camera.attributes]
    if missing:
        raise InputError(
            f"camera {camera.path}: {', '.join(missing)} not given; camera_params repeats these attributes"
        )
    return {name: float(camera.attributes[name]) for name in _ATTRIBUTES}


def _single(*numbers: float) -> Array:
    return np.array(numbers, np.float32)
