"""What each writable format promises, as data: one row a format and set of options. A new format is one more row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from framepress import formats
from framepress.core import Boxes3D, Frame, Objects, View


def shown(objects: Objects) -> Objects:
    """Most formats list what can be seen: objects with a visible box."""
    return objects.take(~np.isnan(objects.box[:, 0]))


def singles(objects: Objects) -> Objects:
    """What can be seen, without regions of many objects."""
    return shown(objects).take(~shown(objects).crowd)


def dont_care_last(objects: Objects) -> Objects:
    """KITTI's order; of a region of many objects only the place is kept."""
    regions = shown(objects).take(shown(objects).crowd)
    both = Objects.build(
        [*singles(objects).labels, *["DontCare"] * len(regions)],
        box=np.concatenate((singles(objects).box, regions.box)),
        truncation=np.append(singles(objects).truncation, np.full(len(regions), np.nan)),
    )
    blank = Boxes3D.unknown(len(regions))
    solid = singles(objects).box3d
    columns = [np.concatenate((getattr(solid, name), getattr(blank, name))) for name in ("center", "size", "rotation")]
    return both.with_columns(box3d=Boxes3D(*columns))


def by_id(frame: Frame, view: View) -> str:
    return f"{view.name}:{frame.id}"


def by_stem(frame: Frame, view: View) -> str:
    """For formats in which every image is a frame of its own."""
    return frame.stem(view)


def by_number(frame: Frame, view: View) -> str:
    """KITTI's six digits."""
    return f"{view.name}:{frame.index:06d}"


@dataclass(frozen=True)
class Case:
    """A format under some options, and what it says of itself beyond `carries`.

    Args:
        kept: the rows it keeps, in its order, as it names them.
        key: what a view is called after reading.
        tolerance: absolute, by column; 0 where not named.
        differs: features that these options keep in another form; the judge looks at them.
        left_out: the format's own counts that add up to the rows which it does not keep.
        knows_more: it derives columns that a frame leaves unknown.
        box3d_in_camera: the world is not kept: 3D boxes are compared as corners in camera axes, for level cameras.
    """

    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    kept: Callable[[Objects], Objects] = lambda objects: objects
    key: Callable[[Frame, View], str] = by_id
    tolerance: Mapping[str, float] = field(default_factory=dict)
    differs: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = ()
    knows_more: bool = False
    box3d_in_camera: bool = False

    @property
    def formats(self) -> dict[str, Mapping[str, Any]]:
        return {self.format: self.options}

    @property
    def carries(self) -> frozenset[str]:
        return formats.by_name(self.format).make_writer(self.options).carries - self.differs


HIDDEN = ("objects_hidden",)
CASES = {
    "native": Case("native"),
    "native-tiff": Case("native", {"depth": "tiff"}),
    "coco": Case("coco", kept=shown, left_out=HIDDEN),
    "coco-polygon": Case(
        "coco",
        {"segmentation": "polygon"},
        kept=shown,
        differs=frozenset({"mask", "polygons"}),
        left_out=HIDDEN,
    ),
    "yolo": Case("yolo", kept=singles, key=by_stem, tolerance={"box": 1e-5}, left_out=("crowds", *HIDDEN)),
    "yolo-segment": Case(
        "yolo",
        {"task": "segment"},
        kept=singles,
        key=by_stem,
        tolerance={"box": 1e-5},
        differs=frozenset({"mask"}),  # comes back as an outline
        left_out=("crowds", *HIDDEN),
    ),
    "kitti": Case(
        "kitti",
        kept=dont_care_last,
        key=by_number,
        tolerance={"camera": 1e-6, "truncation": 1e-4, "box3d": 1e-3},
        left_out=("hidden", "without_box"),
        knows_more=True,
        box3d_in_camera=True,
    ),
}
