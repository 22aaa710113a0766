"""What a KITTI dataset says, as columns: a row a frame of a camera (a sample), and a row a label line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from framepress.core import safe_name
from framepress.core.arrays import Array
from framepress.formats.kitti_text import DONT_CARE
from framepress.quality.columns import Columns
from framepress.quality.issue import Issue
from framepress.quality.kitti.calibrations import Calibration
from framepress.quality.kitti.labels import Fault
from framepress.quality.kitti.sidecar import Sidecar
from framepress.quality.look import ImageFile

__all__ = ["KittiLook", "Lines", "Listed", "Samples", "SplitList", "Tree"]


@dataclass(frozen=True, eq=False)
class SplitList:
    """`ImageSets/<name>.txt`: its lines as they are."""

    name: str
    file: str
    lines: Sequence[str]


@dataclass(frozen=True, eq=False)
class Listed:
    """The files of one folder: stem -> name.

    Args:
        doubled: names whose stem another file has.
        strays: names of files of another kind.
    """

    there: bool
    names: Mapping[str, str] = field(default_factory=dict)
    doubled: Sequence[str] = ()
    strays: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Tree:
    """One camera's `training` folder.

    Args:
        view: its name, "" at the root.
        prefix: of the folder, relative to the dataset, with a slash at the end.
        lists: of `ImageSets`; `elsewhere` tells whether `testing` is there, which `test.txt` numbers.
    """

    view: str
    prefix: str
    labels: Listed
    images: Listed
    calib: Listed
    velodyne: Listed
    lists: Sequence[SplitList]
    elsewhere: bool


@dataclass(frozen=True, eq=False)
class Samples:
    """One frame of one camera, by tree and number.

    Args:
        tree: int64, of `KittiLook.trees`.
        stem: texts; label, image, calib: names of files, "" where there is none.
        size: int64 (N, 2): width and height of the image [px], 0 where they are not known.
        calibration: int64, of `KittiLook.calibrations`, -1 for none.
    """

    tree: Array
    stem: Sequence[str]
    label: Sequence[str]
    image: Sequence[str]
    calib: Sequence[str]
    size: Array
    calibration: Array


@dataclass(frozen=True, eq=False)
class Lines:
    """Label lines that have 15 or 16 fields, in the order of samples.

    Args:
        sample, line: int64: of `Samples`, and in the file, from 1.
        kind: types.
        numbers: float64 (N, 15), the fields as written; NaN for one that cannot be had.
    """

    sample: Array
    line: Array
    kind: Sequence[str]
    numbers: Array

    @property
    def truncated(self) -> Array:
        return np.asarray(self.numbers[:, 0])

    @property
    def occluded(self) -> Array:
        return np.asarray(self.numbers[:, 1])

    @property
    def alpha(self) -> Array:
        return np.asarray(self.numbers[:, 2])

    @property
    def box(self) -> Array:
        """float64 (N, 4): left top right bottom [px], as written."""
        return np.asarray(self.numbers[:, 3:7])

    @property
    def hwl(self) -> Array:
        return np.asarray(self.numbers[:, 7:10])

    @property
    def location(self) -> Array:
        return np.asarray(self.numbers[:, 10:13])

    @property
    def rotation_y(self) -> Array:
        return np.asarray(self.numbers[:, 13])

    @cached_property
    def ignored(self) -> Array:
        """bool (N,): DontCare regions."""
        return np.array([kind == DONT_CARE for kind in self.kind], np.bool_)

    @cached_property
    def solid(self) -> Array:
        """bool (N,): lines that state a 3D box; of the others, all three dimensions are 0 or less."""
        return np.asarray(~self.ignored & np.isfinite(self.numbers[:, 7:14]).all(1) & (self.hwl > 0).all(1))

    @cached_property
    def sound_angle(self) -> Array:
        """bool (N,): rotation_y is an angle in radians."""
        return np.asarray(np.abs(self.rotation_y) <= np.pi + 0.01)


@dataclass(frozen=True, eq=False)
class KittiLook:
    """All of a KITTI dataset; a `look.Look`."""

    root: Path
    unread: Sequence[Issue]
    sidecar: Sidecar
    trees: Sequence[Tree]
    samples: Samples
    lines: Lines
    faults: Sequence[tuple[int, Fault]]
    """Sample and fault, in the order of samples and lines."""
    calibrations: Sequence[Calibration]
    listed: Sequence[ImageFile]
    gathered: Columns | None

    def images(self) -> Sequence[ImageFile]:
        return self.listed

    def columns(self) -> Columns | None:
        return self.gathered

    @cached_property
    def projections(self) -> Array:
        """float64 (calibrations + 1, 3, 4): P2 of each, NaN where it has none; the last is for no calibration: NaN."""
        blank = np.full((3, 4), np.nan)
        return np.stack([*(found.matrices.get("P2", blank) for found in self.calibrations), blank])

    def issue(self, row: int, message: str, place: str) -> Issue:
        """Of a line, which is the object's number; `place` is a field."""
        sample = int(self.lines.sample[row])
        box = self.lines.box[row].tolist()
        shift = 0.0 if self.sidecar.edge else 1.0
        edges = (box[0], box[1], box[2] + shift, box[3] + shift)
        return self.of_sample(
            sample,
            message,
            file=self.label_file(sample),
            line=int(self.lines.line[row]),
            place=place,
            box=edges if np.isfinite(box).all() else None,
            object=int(self.lines.line[row]),
        )

    def of_sample(
        self,
        sample: int,
        message: str,
        *,
        file: str,
        line: int | None = None,
        place: str = "",
        object: int | None = None,
        box: tuple[float, float, float, float] | None = None,
    ) -> Issue:
        samples = self.samples
        tree = self.trees[int(samples.tree[sample])]
        image = samples.image[sample]
        return Issue(
            message=message,
            file=file,
            line=line,
            place=place,
            frame=safe_name(samples.stem[sample]),
            view=safe_name(tree.view),
            image=f"{tree.prefix}image_2/{image}" if image else "",
            object=object,
            box=box,
        )

    def label_file(self, sample: int) -> str:
        return f"{self._prefix(sample)}label_2/{self.samples.label[sample]}"

    def calib_file(self, sample: int) -> str:
        return f"{self._prefix(sample)}calib/{self.samples.calib[sample] or self.samples.stem[sample] + '.txt'}"

    def velodyne_file(self, sample: int) -> str:
        return f"{self._prefix(sample)}velodyne/{self.samples.stem[sample]}.bin"

    def _prefix(self, sample: int) -> str:
        return self.trees[int(self.samples.tree[sample])].prefix
