"""Rules for the pixels of segmentations and distances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from framepress.quality.basic.measured import measured
from framepress.quality.basic.table import BasicLook, seen_by
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = [
    "distances_are_in_scene_units",
    "distances_are_measured",
    "distances_meet_something",
    "images_have_the_products_size",
    "pixels_have_classes",
    "pixels_have_entries",
]

Frames = frozenset[str] | None


@rule(
    "CAP-005",
    FILE,
    ERROR,
    stage="annotation",
    format="basic",
    decodes=True,
    breaks="the reader refuses the image; another one gives the pixels to no class, or to the wrong one",
    remedy="copy picture and map of one frame together; do not resize or compress the picture",
)
def pixels_have_entries(basic: BasicLook, frames: Frames = None) -> Iterator[Issue]:
    """Every pixel of a segmentation has an entry in the map of its frame."""
    for number, found in enumerate(measured(basic, frames)):
        for kind, pixels in found.pixels.items() if found else ():
            if pixels.missing:
                message = f"{pixels.missing} pixels have no entry in the map; the first is {pixels.first}"
                yield basic.of_shot(number, message, kind)


@rule(
    "CAP-015",
    FILE,
    ERROR,
    stage="image",
    format="basic",
    decodes=True,
    breaks="points, 3D boxes and ranges made of it lie in the camera",
    remedy="render the frame again; render some frames before the first one is written",
)
def distances_are_measured(basic: BasicLook, frames: Frames = None, *, most_zero: float = 0.99) -> Iterator[Issue]:
    """Distances are above 0, or infinite where nothing was hit: not all 0, none negative, none NaN."""
    for number, found in enumerate(measured(basic, frames)):
        for kind, distances in found.distances.items() if found else ():
            if distances.zero > most_zero:
                yield basic.of_shot(number, f"{distances.zero:.1%} of the pixels are 0", kind)
            if distances.odd:
                yield basic.of_shot(number, f"{distances.odd:.3%} of the pixels are NaN or negative", kind)


@rule(
    "CAP-016",
    FILE,
    WARNING,
    stage="image",
    format="basic",
    decodes=True,
    breaks="the frame teaches nothing of distance",
    remedy="check where the camera looks, and that the stage was loaded before the first frame",
)
def distances_meet_something(basic: BasicLook, frames: Frames = None) -> Iterator[Issue]:
    """Some pixel of each frame hits something: not all distances are infinite."""
    for number, found in enumerate(measured(basic, frames)):
        for kind, distances in found.distances.items() if found else ():
            if distances.infinite == 1:
                yield basic.of_shot(number, "all pixels are infinite: nothing was hit", kind)


@rule(
    "CAP-017",
    FILE,
    ERROR,
    stage="truth",
    format="basic",
    decodes=True,
    breaks="depth in millimetres or centimetres read as metres puts everything 1000 or 100 times too far",
    remedy="store distances as they were delivered, in scene units, and scale once, on reading",
)
def distances_are_in_scene_units(
    basic: BasicLook, frames: Frames = None, *, most_factor: float = 5.0, slack: float = 2.0
) -> Iterator[Issue]:
    """Distances are in the units of the camera and the 3D boxes: objects are as far as their boxes, within a factor.

    Compared are the middle of each tight box that is at most a fifth hidden and the centre of the 3D box of its prim:
    the median over a frame's objects.

    Args:
        most_factor: between the two; a box's surface may be nearer than its centre, hardly five times.
        slack: by which finite distances may lie outside of `cameraNearFar`.
    """
    for number, found in enumerate(measured(basic, frames)):
        for kind, distances in found.distances.items() if found else ():
            ratio = distances.ratio
            if ratio > most_factor or ratio < 1 / most_factor:
                message = f"distances are {ratio:.4g} times those of the 3D boxes (median over the frame's objects)"
                yield basic.of_shot(number, message, kind)
                continue
            near, far = _clips(basic.shots[number].params or {})
            if distances.most > far * slack or distances.least < near / slack:
                message = (
                    f"distances are {distances.least:.4g} to {distances.most:.4g}, the camera sees {near:g} to {far:g}"
                )
                yield basic.of_shot(number, message, kind)


def _clips(params: Mapping[str, Any]) -> tuple[float, float]:
    """Near and far [scene units]; 0 and infinity where they are not two numbers."""
    given = params.get("cameraNearFar")
    if isinstance(given, list) and len(given) == 2 and all(type(clip) in (int, float) for clip in given):
        return float(given[0]), float(given[1])
    return 0.0, np.inf


@rule(
    "CAP-020",
    FILE,
    ERROR,
    stage="image",
    format="basic",
    decodes=True,
    breaks="boxes and pixels of different images are laid over each other",
    remedy="copy the files of one recording together; record again at one resolution",
)
def images_have_the_products_size(basic: BasicLook, frames: Frames = None) -> Iterator[Issue]:
    """Images, id maps and distances can be decoded, and have the size that camera_params states."""
    for number, found in enumerate(measured(basic, frames)):
        for kind, message in found.wrong.items() if found else ():
            yield basic.of_shot(number, message, kind)


@rule(
    "CAP-021",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    decodes=True,
    breaks="training: nearly all of the image is background",
    remedy="label what shall be learned; check the semantic filter",
)
def pixels_have_classes(basic: BasicLook, frames: Frames = None, *, most_share: float = 0.999) -> Iterator[Issue]:
    """Some pixels of a recording's semantic segmentation have a class; told once where hardly any has.

    Args:
        most_share: of all pixels of a camera that may be BACKGROUND or UNLABELLED.
    """
    shares: dict[str, list[tuple[int, float]]] = {}
    for number, found in enumerate(measured(basic, frames)):
        if found and "semantic_segmentation" in found.pixels:
            share = found.pixels["semantic_segmentation"].unlabelled
            shares.setdefault(basic.shots[number].camera, []).append((number, share))
    for camera, found_shares in shares.items():
        mean = sum(share for _, share in found_shares) / len(found_shares)
        if mean > most_share:
            message = f"{mean:.2%} of the pixels{seen_by(camera)} have no class, in {len(found_shares)} frames"
            yield basic.of_shot(found_shares[0][0], message, "semantic_segmentation")
