"""The rows of one view as its `Objects`.

Which rows: tight 2D boxes (what is visible) where they were captured, else the instance map's prims, else loose boxes,
else 3D rows in view. The other annotators add their columns, joined by prim path.

`box_full` is the loose box where it stays clear of the image's border, since that is exact; else the projected 3D box
(its corners enclose the object, so it is never too small, and it may leave the image); else the loose box as it is.
`truncation` is 0 for the first, measured on the projected 3D box for the second, and not known for the third.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.boxes3d import corners_world, full_boxes, oriented, truncations, usable_rows
from framepress.capture.nested import Geometry, owners
from framepress.capture.policy import Policy
from framepress.capture.rows import Rows, edge_boxes, visibility_of, visible_boxes, without_sentinels
from framepress.capture.semantics import Classes
from framepress.core import Boxes3D, Camera, Objects
from framepress.core.arrays import Array

__all__ = ["Table", "Tables", "table_of"]


@dataclass(frozen=True, eq=False)
class Tables:
    """One view's box annotators, None where not captured; `solid` are the 3D rows."""

    tight: Rows | None = None
    loose: Rows | None = None
    solid: Rows | None = None

    @property
    def base(self) -> Rows | None:
        """Whose rows become objects."""
        return next((rows for rows in (self.tight, self.loose, self.solid) if rows is not None), None)

    def labels(self) -> dict[str, tuple[str, ...]]:
        """Path -> labels over all rows."""
        found: dict[str, tuple[str, ...]] = {}
        for rows in (self.solid, self.loose, self.tight):
            if rows is not None:
                found.update(zip(rows.keys, rows.labels, strict=True))
        return found

    def checked(self, accounts: Accounts) -> Tables:
        """Without rows that are no entity or no box; counted."""
        base = self.base
        tight, loose = (
            rows
            and without_sentinels(rows, accounts, "dropped: no entity" if rows is base else "loose rows: no entity")
            for rows in (self.tight, self.loose)
        )
        counter = "dropped: no finite 3d box" if self.solid is base else "3d rows: no finite box"
        return Tables(tight, loose, self.solid and usable_rows(self.solid, accounts, counter))


@dataclass(frozen=True, eq=False)
class Table:
    """`objects` (ids not yet set), and for each labelled path the object's row, None where it was dropped."""

    objects: Objects
    row_of_path: Mapping[str, int | None]


def table_of(tables: Tables, camera: Camera, scale: float, policy: Policy, accounts: Accounts, where: str) -> Table:
    """The objects of one view.

    Args:
        camera: where its K or pose is not known, nothing is projected.
        scale: metres per scene unit.

    Raises:
        InputError, LabelError: as `rows.visible_boxes` and `semantics.Classes`.
    """
    if tables.base is None:
        return Table(Objects.empty(), {})
    accounts.add("rows", len(tables.base))
    tables = tables.checked(accounts)
    base = tables.base
    assert base is not None
    classes = Classes(tables.labels(), policy, accounts, where)
    if base is tables.solid:
        base = _in_view(base, camera, scale, accounts)
    base = _labelled(base, classes, policy, accounts)
    class_of = {key: str(classes.of(key)) for key in base.keys}
    owner: dict[str, str | None] = {key: key for key in class_of}
    if base.named and classes.nested():
        class_of = classes.all()
        owner = owners(base.keys, class_of, Geometry(tables.solid, scale), policy, accounts)
    tracks = list(dict.fromkeys(top for key in base.keys if (top := owner[key]) is not None))
    accounts.add("objects", len(tracks))
    row_of_track = {track: row for row, track in enumerate(tracks)}
    row_of_path = {path: row_of_track.get(top) if top is not None else None for path, top in owner.items()}
    columns = _Columns(tables, base, camera, scale, row_of_path, tracks, accounts)
    full, truncation, boxes3d = columns.whole()
    objects = Objects.build(
        [class_of[track] for track in tracks],
        track=tracks if base.named else None,
        box=columns.visible(),
        box_full=full,
        truncation=truncation,
        box3d=boxes3d,
        visibility=columns.visibility(),
    )
    return Table(objects, row_of_path)


def _labelled(base: Rows, classes: Classes, policy: Policy, accounts: Accounts) -> Rows:
    keep = np.array([classes.of(key) is not None for key in base.keys], bool)
    for row in np.flatnonzero(~keep).tolist():
        accounts.add(f"dropped: no label of type {policy.taxonomy}", example=base.keys[row])
    return base.take(keep)


def _in_view(solid: Rows, camera: Camera, scale: float, accounts: Accounts) -> Rows:
    """3D rows, which cover the whole stage, without those that do not meet the image."""
    if not _projects(camera) or not len(solid):
        return solid
    width, height = camera.size_wh
    full = full_boxes(corners_world(solid.records, scale), camera)
    seen = (full[:, 0] < width) & (full[:, 1] < height) & (full[:, 2] > 0) & (full[:, 3] > 0)
    accounts.add("dropped: not in view", int((~seen).sum()))
    return solid.take(seen)


def _projects(camera: Camera) -> bool:
    return camera.K is not None and camera.distortion is None and camera.world_from_camera is not None


@dataclass(frozen=True, eq=False)
class _Columns:
    tables: Tables
    base: Rows
    camera: Camera
    scale: float
    row_of_path: Mapping[str, int | None]
    tracks: list[str]
    accounts: Accounts

    def _targets(self, rows: Rows) -> tuple[Array, Array]:
        """(rows that belong to an object, the object's row for each)."""
        pairs = [(row, at) for row, key in enumerate(rows.keys) if (at := self.row_of_path.get(key)) is not None]
        table = np.array(pairs, np.intp).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _united(self, rows: Rows, box: Array) -> Array:
        """float64 (M, 4): for each object the bounds of its rows' boxes; NaN where it has no row."""
        held, target = self._targets(rows)
        if len(set(target.tolist())) == len(target):  # nothing was merged
            united = np.full((len(self.tracks), 4), np.nan)
            united[target] = box[held]
            return united
        united = np.tile([np.inf, np.inf, -np.inf, -np.inf], (len(self.tracks), 1))
        np.minimum.at(united[:, :2], target, box[held, :2])
        np.maximum.at(united[:, 2:], target, box[held, 2:])
        return np.asarray(np.where(np.isinf(united[:, :1]), np.nan, united))

    def visible(self) -> Array | None:
        """`box`, from tight rows only: no other row says what is visible."""
        if self.tables.tight is None:
            return None
        return self._united(self.base, visible_boxes(self.base, self.camera.size_wh, self.accounts))

    def visibility(self) -> Array:
        """Of the object's own row; parts that were merged into it have ratios that do not add up."""
        found = np.full(len(self.tracks), np.nan)
        own = [self.base.row_of.get(track, -1) for track in self.tracks]
        has = np.array(own, np.intp) >= 0
        found[has] = visibility_of(self.base.records)[np.array(own, np.intp)[has]]
        self.accounts.add("occlusion unknown", int(np.isnan(found).sum()))
        return found

    def whole(self) -> tuple[Array, Array, Boxes3D]:
        """`box_full`, `truncation` and `box3d`."""
        boxes3d, projected = self._solid()
        loose = np.full((len(self.tracks), 4), np.nan)
        if self.tables.loose is not None and len(self.tables.loose):
            loose = self._united(self.tables.loose, edge_boxes(self.tables.loose.records))
            self._account(self.tables.loose, "loose rows")
        width, height = self.camera.size_wh
        clear = (loose[:, :2] > 0).all(1) & (loose[:, 2:] < (width, height)).all(1)
        by_3d = ~clear & ~np.isnan(projected[:, 0])
        full = np.where(by_3d[:, None], projected, loose)
        truncation = np.where(clear, 0.0, truncations(projected, self.camera.size_wh))
        self.accounts.add("box_full: loose box", int(clear.sum()))
        self.accounts.add("box_full: projected 3d box", int(by_3d.sum()))
        self.accounts.add("box_full: loose box at the border", int((~clear & ~by_3d & ~np.isnan(loose[:, 0])).sum()))
        return full, truncation, boxes3d

    def _solid(self) -> tuple[Boxes3D, Array]:
        count, solid = len(self.tracks), self.tables.solid
        center, size, rotation, projected = (np.full((count, width), np.nan) for width in (3, 3, 4, 4))
        if solid is not None and len(solid):
            if self.base is not solid:
                self._account(solid, "3d rows")
            own = np.array([solid.row_of.get(track, -1) for track in self.tracks], np.intp)
            has = own >= 0
            self.accounts.add("objects without a 3d row", int((~has).sum()))
            records = solid.records[own[has]]
            boxes = oriented(records, self.scale, self.accounts)
            center[has], size[has], rotation[has] = boxes.center, boxes.size, boxes.rotation
            if _projects(self.camera):
                projected[has] = full_boxes(corners_world(records, self.scale), self.camera)
            else:
                self.accounts.add("3d boxes not projected: no pinhole camera", int(has.sum()))
        return Boxes3D(center, size, rotation), projected

    def _account(self, rows: Rows, name: str) -> None:
        """What became of the rows of an annotator that only adds columns."""
        held, _ = self._targets(rows)
        own = len(set(rows.keys) & set(self.tracks))
        self.accounts.add(name, len(rows))
        self.accounts.add(f"{name}: joined", own)
        self.accounts.add(f"{name}: parts of a joined one", len(held) - own)
        self.accounts.add(f"{name}: of nothing that is an object here", len(rows) - len(held))
