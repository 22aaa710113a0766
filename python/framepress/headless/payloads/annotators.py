"""Every annotator by name: what it needs from the renderer, and its value.

Names may end in `_fast` where Replicator has both; these have int and tuple keys in their maps, the others text.
Some are a buffer as it was rendered:

| annotator               | array             | nothing hit                                   |
|-------------------------|-------------------|-----------------------------------------------|
| rgb                     | uint8 (H, W, 4)   | -                                             |
| distance_to_camera      | float32 (H, W)    | +inf; scene units from the camera's centre    |
| distance_to_image_plane | float32 (H, W)    | +inf; scene units along the optical axis      |
| normals                 | float32 (H, W, 4) | 0; world axes, the fourth component unused    |
| motion_vectors          | float32 (H, W, 4) | 0; px, left and up positive, the last two 0   |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from framepress.errors import OptionError
from framepress.headless.buffers import Passes
from framepress.headless.payloads import boxes, boxes3d, segmentation
from framepress.headless.payloads.cameras import camera_params
from framepress.headless.payloads.points import pointcloud
from framepress.headless.payloads.shot import Ask, Quirks, Shot, Value, release_of
from framepress.headless.payloads.skeletons import skeleton_data

__all__ = ["NAMES", "nothing", "passes_for", "value"]

_FILTERS = ("semanticTypes", "semanticFilter")
_NO_PARAMETERS: Mapping[str, Any] = {}
_DEFAULT = Quirks()


@dataclass(frozen=True)
class _Annotator:
    """`squeezed`: the host drops axes of length 1. `fast`: which keys the maps have; None = as the name says.

    `dtype` is the array's (None = it has none), `beside` what stands beside an array without an element.
    """

    compute: Callable[[Ask], Value]
    passes: Passes = field(default_factory=Passes)
    parameters: tuple[str, ...] = ()
    squeezed: bool = False
    fast: bool | None = None
    dtype: Any = None
    beside: Mapping[str, Callable[[], Any]] = field(default_factory=dict)


def _image(attribute: str, dtype: Any = np.float32, **passes: bool) -> _Annotator:
    return _Annotator(lambda ask: Value(ask.buffer(attribute)), Passes(**passes), squeezed=True, dtype=dtype)


def _map(compute: Callable[[Ask], Value], parameters: tuple[str, ...], *maps: str) -> _Annotator:
    beside = dict.fromkeys(maps, dict)
    return _Annotator(compute, Passes(), ("colorize", *parameters), squeezed=True, dtype=np.uint32, beside=beside)


def _rows(compute: Callable[[Ask], Value], dtype: np.dtype[Any], fast: bool | None = None) -> _Annotator:
    beside: dict[str, Callable[[], Any]] = {
        "bboxIds": partial(np.empty, 0, np.uint32),
        "idToLabels": dict,
        "primPaths": list,
    }
    return _Annotator(compute, Passes(amodal=True), _FILTERS, fast=fast, dtype=dtype, beside=beside)


def _prim_paths(ask: Ask) -> Value:
    return Value(None, {"primPaths": list(ask.labelled.paths)})


def _reference_time(ask: Ask) -> Value:
    if ask.shot.reference_time is None:
        raise OptionError(f"{ask.name}: the frame has no reference_time")
    numerator, denominator = ask.shot.reference_time
    return Value(None, {"referenceTimeNumerator": int(numerator), "referenceTimeDenominator": int(denominator)})


_BOTH = {
    "semantic_segmentation": _map(segmentation.semantic, ("mapping", *_FILTERS), "idToLabels"),
    "instance_segmentation": _map(segmentation.instance, _FILTERS, "idToLabels", "idToSemantics"),
    "instance_id_segmentation": _map(segmentation.instance_id, _FILTERS, "idToLabels"),
    "bounding_box_2d_tight": _rows(boxes.tight, boxes.BOX_2D),
    "bounding_box_2d_loose": _rows(boxes.loose, boxes.BOX_2D),
    "bounding_box_3d": _rows(boxes3d.in_view, boxes3d.BOX_3D),
}
_RGB, _MOTION, _CAMERA = _image("rgba", np.uint8, rgb=True), _image("motion", motion=True), _Annotator(camera_params)
_POINTS = _Annotator(
    pointcloud,
    Passes(rgb=True, normals=True),
    ("includeUnlabelled", *_FILTERS),
    True,
    dtype=np.float32,
    beside={
        "pointNormals": partial(np.empty, 0, np.float32),
        **dict.fromkeys(("pointRgb", "pointSemantic", "pointInstance"), partial(np.empty, 0, np.uint8)),
    },
)
_ANNOTATORS: Mapping[str, _Annotator] = {
    "rgb": _RGB,
    "LdrColor": _RGB,
    "distance_to_camera": _image("distance"),
    "distance_to_image_plane": _image("depth"),
    "normals": _image("normals", normals=True),
    "motion_vectors": _MOTION,
    "MotionVectors": _MOTION,
    **_BOTH,
    **{f"{name}_fast": replace(annotator, fast=True) for name, annotator in _BOTH.items()},
    "bounding_box_3d_360": _rows(boxes3d.everywhere, boxes3d.BOX_3D, fast=True),
    "occlusion": replace(_rows(boxes.occlusion, boxes.OCCLUSION, fast=True), beside={}),
    "camera_params": _CAMERA,
    "CameraParams": _CAMERA,
    "pointcloud": _POINTS,
    "skeleton_data": _Annotator(skeleton_data, Passes(), ("useSkelJoints", *_FILTERS)),
    "primPaths": _Annotator(_prim_paths, Passes(), _FILTERS),
    "ReferenceTime": _Annotator(_reference_time),
}
NAMES: tuple[str, ...] = tuple(_ANNOTATORS)
"""The names that `value` knows."""

_NOT_RENDERED: Mapping[str, str] = {
    **dict.fromkeys(("HdrColor",), "the stand-in has no linear image, only the tone-mapped rgb"),
    **dict.fromkeys(
        (
            "SmoothNormal BumpNormal AmbientOcclusion Motion2d DiffuseAlbedo SpecularAlbedo Roughness DirectDiffuse "
            "DirectSpecular Reflections IndirectDiffuse DepthLinearized EmissionAndForegroundMask CrossCorrespondence "
            "cross_correspondence"
        ).split(),
        "the stand-in has no such buffer of the RTX renderer",
    ),
    **dict.fromkeys(
        (
            "RtxSensorCpu RtxSensorGpu RtxSensorMetadata GenericModelOutput DepthSensorDistance DepthSensorImager "
            "DepthSensorPointCloudPosition DepthSensorPointCloudColor"
        ).split(),
        "the stand-in simulates no sensor but cameras",
    ),
}


def value(
    name: str,
    shot: Shot,
    params: Mapping[str, Any] = _NO_PARAMETERS,
    *,
    release: str = "5.1",
    quirks: Quirks = _DEFAULT,
) -> Value:
    """What an annotator delivers for one camera's frame.

    Args:
        params: the annotator's `init_params`; those that are None count as not given.
        release: of Isaac Sim: "4.5", "5.0", "5.1" or "6.0".

    Raises:
        OptionError: no such annotator, parameter or release; a filter that cannot be read; a buffer that was not
            rendered.
    """
    annotator = _annotator(name)
    given = _checked(name, annotator, params)
    ask = Ask(name, shot, given, release_of(release), quirks, bool(annotator.fast))
    made = annotator.compute(ask)
    if shot.frame < quirks.empty_frames:
        return _emptied(made)
    if quirks.squeeze and annotator.squeezed and made.data is not None:
        return Value(np.squeeze(made.data), made.info)
    return made


def nothing(name: str) -> Value:
    """What an annotator delivers of a camera that was not drawn: an array of shape (0,) and empty maps beside it; of
    one without an array, no keys.

    Raises:
        OptionError: no such annotator.
    """
    annotator = _annotator(name)
    if annotator.dtype is None:
        return Value(None)
    return Value(np.empty(0, annotator.dtype), {key: make() for key, make in annotator.beside.items()})


def passes_for(name: str, params: Mapping[str, Any] = _NO_PARAMETERS) -> Passes:
    """What has to be rendered for an annotator.

    Raises:
        OptionError: no such annotator or parameter.
    """
    annotator = _annotator(name)
    _checked(name, annotator, params)
    return annotator.passes


def _annotator(name: str) -> _Annotator:
    if name in _ANNOTATORS:
        return _ANNOTATORS[name]
    if name in _NOT_RENDERED or name.startswith("Pt"):
        why = _NOT_RENDERED.get(name, "the stand-in does not trace paths")
        raise OptionError(f"annotator {name!r}: {why}; there are {', '.join(NAMES)}")
    raise OptionError(f"no annotator {name!r}; there are {', '.join(NAMES)}")


def _checked(name: str, annotator: _Annotator, params: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: entry for key, entry in params.items() if entry is not None}
    unknown = [key for key in given if key not in annotator.parameters]
    if unknown:
        have = f"it has {', '.join(annotator.parameters)}" if annotator.parameters else "it has none"
        raise OptionError(f"annotator {name!r}: no parameter {unknown[0]!r}; {have}")
    return given


def _emptied(made: Value) -> Value:
    """As before the first image: no element in any array or map. What has no array is there from the start."""
    if made.data is None:
        return made
    info = {
        key: entry.reshape(-1)[:0] if isinstance(entry, np.ndarray) else type(entry)()
        for key, entry in made.info.items()
    }
    return Value(made.data.reshape(-1)[:0], info)
