"""Which of Replicator's annotators the formats of a run need: those, and no others, are rendered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from framepress.core import CHANNELS
from framepress.errors import OptionError

__all__ = ["ANNOTATORS", "DEFAULT_CHANNELS", "channels_of", "wanted"]

Asked = Mapping[str, Mapping[str, Any]]
"""Annotator -> its `init_params`."""

_PLAIN: Mapping[str, Any] = {}
_IDS: Mapping[str, Any] = {"colorize": False}

ANNOTATORS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "rgb": ("rgb", _PLAIN),
    "depth": ("distance_to_image_plane", _PLAIN),
    "range": ("distance_to_camera", _PLAIN),
    "semantic": ("semantic_segmentation", _IDS),
    "instance": ("instance_segmentation_fast", _IDS),
    "normal": ("normals", _PLAIN),
    "flow": ("motion_vectors", _PLAIN),
    "points": ("pointcloud", _PLAIN),
    "mask": ("instance_segmentation_fast", _IDS),
    "box": ("bounding_box_2d_tight", _PLAIN),
    "box_full": ("bounding_box_2d_loose", _PLAIN),
    "truncation": ("bounding_box_2d_loose", _PLAIN),
    "box3d": ("bounding_box_3d", _PLAIN),
    "keypoints": ("skeleton_data", _PLAIN),
}
"""Feature (`core.features`) -> the annotator that it comes from, and its init parameters."""

_LABELLED = ("bounding_box", "instance_segmentation", "semantic_segmentation")
_ALWAYS = ("box", "box_full", "box3d")  # small, and what occlusion, truncation and nesting are told from

DEFAULT_CHANNELS = ("rgb", "depth", "semantic", "instance")
"""What a format that could keep every channel keeps if nothing is asked."""


def channels_of(text: str | Iterable[str] | None) -> tuple[str, ...]:
    """The channels asked for, in the order of the table of channels; None = `DEFAULT_CHANNELS`.

    Raises:
        OptionError: a name that is no channel.
    """
    if text is None:
        return DEFAULT_CHANNELS
    names = [part.strip() for part in text.split(",")] if isinstance(text, str) else list(text)
    unknown = [name for name in names if name not in CHANNELS]
    if unknown:
        raise OptionError(f"channels: {unknown[0]!r} is none of {', '.join(CHANNELS)}")
    return tuple(name for name in CHANNELS if name in names)


def wanted(formats: Iterable[Iterable[str]], channels: Iterable[str], keypoints: bool, semantic_filter: str) -> Asked:
    """Annotator -> init parameters.

    Args:
        formats: of every format that is written, the features that it keeps or needs.
        channels: those that are asked for whether or not a format keeps all; others only as a format needs them.
        keypoints: whether they are asked for, where a format keeps them.
        semantic_filter: the labels that make a prim an object, such as "class:*": others neither become rows nor cut
            holes into the masks of what is around them.
    """
    chosen = set(channels)
    kept = {feature for features in formats for feature in features}
    features = {name for name in ANNOTATORS if name in kept and (name not in CHANNELS or name in chosen)}
    features |= set(_ALWAYS)
    if not keypoints:
        features.discard("keypoints")
    found = {ANNOTATORS[name][0]: dict(ANNOTATORS[name][1]) for name in ANNOTATORS if name in features}
    for annotator, params in found.items():
        if annotator.startswith(_LABELLED):  # the others have no filter of their own: it would change everybody's
            params["semanticFilter"] = semantic_filter
    return {**found, "camera_params": {}}
