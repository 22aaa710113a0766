"""`skeleton_data` as key points of the objects that the skeletons move.

The annotator delivers flat arrays with a `...Sizes` array each that cuts them into skeletons, and a text a
skeleton that is its list of joints written out. Pixels count from edges, as everywhere here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.policy import Policy
from framepress.core import Objects
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["with_keypoints"]

_HIDDEN, _VISIBLE = 1, 2


def with_keypoints(
    objects: Objects,
    row_of_path: Mapping[str, int | None],
    side: Mapping[str, Any],
    size_wh: tuple[int, int],
    policy: Policy,
    accounts: Accounts,
    where: str,
) -> Objects:
    """The objects with `keypoints` of their skeletons; counted: skeletons of no object, second ones of an object.

    A class of `policy.labels` that names key points gets those joints, by their last name or whole path and without
    case, in its order, and 0 for those that the skeleton lacks; another class gets all joints in the skeleton's order,
    or none where `policy.points` tells which have some. A joint outside the image, or without a pixel, is not labelled.

    Raises:
        InputError: arrays and sizes that contradict each other, or joints that are no list of names.
    """
    marks: list[Array | None] = list(objects.keypoints)
    names = objects.labels
    for path, joints, pixels, hidden in _skeletons(side, where):
        row = _row_of(path, row_of_path)
        if row is None:
            accounts.add("skeletons: of nothing that is an object here", example=path)
        elif marks[row] is not None:
            accounts.add("skeletons: second ones of an object", example=path)
        elif not (chosen := _named(names[row], policy)) and policy.points is not None:
            accounts.add("skeletons: of a class without key points", example=path)
        else:
            accounts.add("skeletons: joined")
            marks[row] = _chosen(_points(pixels, hidden, size_wh), joints, chosen)
    return objects.with_columns(keypoints=tuple(marks))


def _skeletons(side: Mapping[str, Any], where: str) -> list[tuple[str, list[str], Array, Array]]:
    """(prim path, joints, pixels (J, 2), hidden (J,)) of each."""
    paths = [str(path) for path in side.get("skelPath", ())]
    joints = _joint_names(side.get("skeletonJoints", ()), where)
    pixels = _cut(side, "translations2d", len(paths), where)
    hidden = _cut(side, "jointOcclusions", len(paths), where)
    if len(joints) != len(paths):
        raise InputError(f"{where}: skeleton_data: {len(joints)} skeletonJoints for {len(paths)} skeletons")
    for path, names, points, flags in zip(paths, joints, pixels, hidden, strict=True):
        if not len(names) == len(points) == len(flags):
            raise InputError(
                f"{where}: skeleton_data: {path}: {len(names)} joints, {len(points)} pixels and {len(flags)} "
                "occlusions; they belong to different frames"
            )
    return list(zip(paths, joints, pixels, hidden, strict=True))


def _joint_names(texts: Sequence[Any], where: str) -> list[list[str]]:
    found = []
    for text in texts:
        try:
            names = ast.literal_eval(text) if isinstance(text, str) else list(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
            raise InputError(f"{where}: skeleton_data: skeletonJoints holds no list: {text[:80]!r}") from error
        if not isinstance(names, list | tuple):
            raise InputError(f"{where}: skeleton_data: skeletonJoints holds {names!r}, expected a list of names")
        found.append([str(name) for name in names])
    return found


def _cut(side: Mapping[str, Any], key: str, count: int, where: str) -> list[Array]:
    flat = np.asarray(side.get(key, ()))
    width = 2 if key == "translations2d" else 1
    sizes = np.asarray(side.get(f"{key}Sizes", ()), np.int64).ravel()
    if len(sizes) != count or (sizes < 0).any() or int(sizes.sum()) * width != flat.size:
        raise InputError(
            f"{where}: skeleton_data: {key} holds {flat.size} values, {key}Sizes says {sizes.tolist()} of {width} for "
            f"{count} skeletons"
        )
    rows = flat.reshape(-1, 2) if width == 2 else flat.ravel()
    return np.split(rows, np.cumsum(sizes)[:-1]) if count else []


def _row_of(path: str, row_of_path: Mapping[str, int | None]) -> int | None:
    """Of the nearest prim at or above the skeleton that is an object, or part of one."""
    while path:
        if path in row_of_path:
            return row_of_path[path]
        path = path.rpartition("/")[0]
    return None


def _points(pixels: Array, hidden: Array, size_wh: tuple[int, int]) -> Array:
    """float64 (J, 3)."""
    with np.errstate(invalid="ignore"):  # NaN: the lens does not see it
        inside = ((pixels >= 0) & (pixels <= size_wh)).all(1)
    points = np.zeros((len(pixels), 3))
    points[inside, :2] = pixels[inside]
    points[inside, 2] = np.where(hidden[inside].astype(bool), _HIDDEN, _VISIBLE)
    return points


def _named(label: str, policy: Policy) -> tuple[str, ...]:
    """The key points of a class."""
    labels = policy.points if policy.labels is None else policy.labels
    code = None if labels is None else labels.find(label)
    return () if labels is None or code is None else labels.labels[code].keypoints


def _chosen(points: Array, joints: list[str], wanted: Sequence[str]) -> Array:
    """(K, 3): the joints that the class names, in its order; all where it names none."""
    if not wanted:
        return points
    place = {name.rpartition("/")[2].casefold(): row for row, name in reversed(list(enumerate(joints)))}
    place.update({name.casefold(): row for row, name in enumerate(joints)})
    chosen = np.zeros((len(wanted), 3))
    for row, name in enumerate(wanted):
        if name.casefold() in place:
            chosen[row] = points[place[name.casefold()]]
    return chosen
