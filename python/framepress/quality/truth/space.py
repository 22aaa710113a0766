"""The camera and the 3D boxes against what is seen, object by object and by vote."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core import Frame
from framepress.quality.issue import ERROR, Issue
from framepress.quality.rule import FRAME, rule
from framepress.quality.truth.solids import Fit, SolidSight

__all__ = ["boxes3d_fit_the_pixels", "the_camera_fits_the_objects"]

_VOTERS = 3


@rule(
    "TRU-020",
    FRAME,
    ERROR,
    stage="truth",
    breaks="3D detectors, pose estimators, depth fusion: every 3D label of the view is false",
    remedy="take camera_params of the same frame and render product; matrices act on row vectors; undistort images, or "
    "keep the lens's coefficients with them",
)
def the_camera_fits_the_objects(frame: Frame, *, share: float = 0.3, least: int = 2) -> Iterator[Issue]:
    """The camera puts the 3D boxes where the objects are seen.

    Each object votes: its projected 3D box encloses its visible box, its distance is between the box's ends, its
    pixels, unprojected, lie in the box. If more than a `share` of three or more objects, and `least` of them, misfit,
    it is the camera, and not told of single objects. Votes go by margins so narrow that one object alone proves
    nothing, where the 2D boxes come with an instance map; without one they may be drawn by hand, and are given more.
    Hartley and Zisserman, "Multiple View Geometry", ch. 6, clipped at the near plane.
    """
    for view in frame.views:
        sight = SolidSight(view)
        if not len(sight.objects):
            continue
        fit = sight.fit
        if _by_camera(fit, share, least):
            wrong, judged = int((fit.misfit | fit.leans).sum()), int(fit.judged.sum())
            row = int(np.argmax(fit.telling))
            yield sight.told(
                frame, f"{wrong} of {judged} objects are not where it puts them: {_why(sight, fit, row)}", "camera"
            )


@rule(
    "TRU-021",
    FRAME,
    ERROR,
    stage="truth",
    breaks="3D detectors, pose estimators",
    remedy="join 2D rows, 3D rows and masks by prim path; take all annotators from one frame",
)
def boxes3d_fit_the_pixels(frame: Frame, *, share: float = 0.3, least: int = 2) -> Iterator[Issue]:
    """An object's 3D box is where its pixels and its distance are.

    As TRU-020, which tells of the view where so many objects misfit that it is the camera.
    """
    for view in frame.views:
        sight = SolidSight(view)
        if not len(sight.objects):
            continue
        fit = sight.fit
        if not _by_camera(fit, share, least):
            for row in np.flatnonzero(fit.misfit).tolist():
                yield sight.issue(frame, row, _why(sight, fit, row), "box3d")


def _by_camera(fit: Fit, share: float, least: int) -> bool:
    wrong, judged = int(((fit.misfit | fit.leans) & fit.judged).sum()), int(fit.judged.sum())
    return judged >= _VOTERS and wrong >= least and wrong > share * judged


def _why(sight: SolidSight, fit: Fit, row: int) -> str:
    """What sticks out, most telling first."""
    name = sight.objects.track[row] or f"object {int(sight.objects.id[row]) or row}"
    if fit.sticks_out_px[row] == np.inf:
        return f"the 3D box of {name} is behind the camera, though it is seen"
    if fit.sticks_out_px[row] > 0:
        box = sight.bounds[row] if np.isnan(sight.box[row, 0]) else sight.box[row]
        numbers = [", ".join(f"{side:.1f}" for side in sides.tolist()) for sides in (box, fit.projected[row])]
        return f"{name} is seen at {numbers[0]}, its 3D box at {numbers[1]} px"
    if fit.beyond[row] > fit.outside[row]:
        near, far = fit.reach[row].tolist()
        return f"{fit.beyond[row]:.0%} of the pixels of {name} are not {near:.2f} to {far:.2f} m away, as its 3D box is"
    return f"{fit.outside[row]:.0%} of the pixels of {name} lie outside its 3D box"
