"""How 2D boxes lie in the projected 3D boxes, as written and as they may have been meant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.kitti.projection import Solids, bounds, gap_px
from framepress.quality.kitti.table import KittiLook

__all__ = ["Fit", "comparable", "misfits", "shown_whole"]

_ANY_TILT = np.pi / 2
_WHOLE = 0.01  # of truncated, below which an object is not cut


def comparable(kitti: KittiLook) -> Array:
    """Rows that state a 3D box in front of a camera with a P2, and a 2D box: those that can be compared."""
    lines = kitti.lines
    known = ~np.isnan(kitti.projections[:, 0, 0])[kitti.samples.calibration[lines.sample]]
    sound = lines.solid & lines.sound_angle & (lines.location[:, 2] > 0) & np.isfinite(lines.box).all(1)
    ordered = (lines.box[:, 2:] >= lines.box[:, :2]).all(1)
    return np.flatnonzero(sound & known & ordered)


def shown_whole(kitti: KittiLook) -> Array:
    """Those of the `comparable` rows that nothing hides and no border cuts."""
    rows = comparable(kitti)
    occluded, truncated = kitti.lines.occluded[rows], kitti.lines.truncated[rows]
    return np.asarray(rows[(occluded == 0) & (np.abs(truncated) < _WHOLE)])


@dataclass(frozen=True, eq=False)
class Fit:
    """The 2D and 3D boxes of some rows, and what is tolerated between them.

    Args:
        size: (N, 2) width and height of the images [px], 0 where they are not known.
        projection: (N, 3, 4), P2.
        tolerance: (N, 4) [px], of each edge.
    """

    rows: Array
    box: Array
    solids: Solids
    size: Array
    projection: Array
    tolerance: Array

    @classmethod
    def of(cls, kitti: KittiLook, rows: Array, tolerance_px: float = 0.0, tolerance_part: float = 0.0) -> Fit:
        lines = kitti.lines
        samples = lines.sample[rows]
        box = lines.box[rows]
        sides = (box[:, 2:] - box[:, :2])[:, [0, 1, 0, 1]]
        return cls(
            rows,
            box,
            Solids(lines.hwl[rows], lines.location[rows], lines.rotation_y[rows]),
            kitti.samples.size[samples],
            np.asarray(kitti.projections[kitti.samples.calibration[samples]]),
            tolerance_px + tolerance_part * sides,
        )

    def take(self, chosen: Array) -> Fit:
        return Fit(
            self.rows[chosen],
            self.box[chosen],
            self.solids.take(chosen),
            self.size[chosen],
            self.projection[chosen],
            self.tolerance[chosen],
        )

    def bounds(self, solids: Solids, tilt: float = 0.0) -> Array:
        """float64 (N, 4) [px]: as projected, not cut."""
        return bounds(solids.corners(tilt), self.projection)

    def fits(self, solids: Solids, tilt: float) -> Array:
        """bool (N,): whether boxes, tilted up to `tilt` [rad], contain the 2D boxes."""
        return np.asarray((gap_px(self.box, self.bounds(solids, tilt)) <= self.tolerance).all(1))

    def overlap(self, solids: Solids) -> Array:
        """float64 (N,): intersection over union of the 2D boxes and the projected ones, cut at the image."""
        limit = np.where(self.size > 0, self.size, np.inf)[:, [0, 1, 0, 1]]
        around = np.clip(self.bounds(solids), 0, limit)
        low, high = np.maximum(self.box[:, :2], around[:, :2]), np.minimum(self.box[:, 2:], around[:, 2:])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        union = _area(self.box) + _area(around) - common
        return np.where(union > 0, common / np.where(union > 0, union, 1), 0)


def _area(box: Array) -> Array:
    return np.asarray(np.prod(box[:, 2:] - box[:, :2], axis=1))


def misfits(kitti: KittiLook, tilt_deg: float, tolerance_px: float, tolerance_part: float) -> tuple[Fit, Array]:
    """The rows that do not fit as written, and bool (N,) which of them width and length exchanged explain.

    Boxes that our own writer counts as tilted above 5 degrees need not fit (`Sidecar.tilted`): where no more rows than
    that count would fit with some tilt, those are left out.
    """
    tilt = float(np.radians(tilt_deg))
    fit = Fit.of(kitti, comparable(kitti), tolerance_px, tolerance_part)
    off = fit.take(np.flatnonzero(~fit.fits(fit.solids, tilt)))
    if counted := kitti.sidecar.tilted:
        excused = off.fits(off.solids, _ANY_TILT)
        if excused.sum() <= counted:
            off = off.take(np.flatnonzero(~excused))
    swapped, solids = off.solids.swapped(), off.solids
    others = (solids, solids.lowered(0.5), solids.turned(-solids.rotation_y))
    better = off.overlap(swapped) > np.max([off.overlap(other) for other in others], axis=0, initial=0)
    return off, off.fits(swapped, tilt) & better
