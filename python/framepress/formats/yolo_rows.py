"""Label files of YOLO: rows of numbers between 0 and 1 as objects in pixels."""

from __future__ import annotations

import numpy as np

from framepress.core import LabelMap, Objects
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["objects_of"]

_TOLERANCE = 0.01  # of the image: Ultralytics takes a label file with more for corrupt
_ROUNDING = 1e-6  # of the image: six decimals, the fewest that common exporters write


def objects_of(
    text: str, labels: LabelMap, keypoints: tuple[int, int] | None, size_wh: tuple[int, int], where: str
) -> Objects:
    """The objects of a label file.

    Args:
        keypoints: points of an object, and 2 or 3 numbers for each; None for boxes and polygons.
        where: the file.

    Raises:
        InputError: a row that is not sound, with its line and the value.
    """
    rows = [
        (_row(line.split(), len(labels), keypoints, f"{where}:{number}"), number)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip()
    ]
    kinds = {row[0] for row, _ in rows}
    if len(kinds) > 1:
        first = rows[0][0][0]
        number = next(number for row, number in rows if row[0] != first)
        raise InputError(f"{where}:{number}: boxes and polygons in one file; Ultralytics would drop the image")
    scale = np.array(size_wh, np.float64)
    label: list[int] = []
    boxes: list[Array] = []
    polygons: list[list[Array] | None] = []
    marked: list[Array | None] = []
    for (kind, code, numbers, marks), number in rows:
        points = numbers.reshape(-1, 2)
        if kind == "box":
            points = np.stack((points[0] - points[1] / 2, points[0] + points[1] / 2))
        points = _snapped(points * scale, scale)
        box = np.clip((*points.min(0), *points.max(0)), 0, (*size_wh, *size_wh))
        if not (box[2:] > box[:2]).all():
            raise InputError(f"{where}:{number}: the object has no size inside the image")
        label.append(code)
        boxes.append(box)
        polygons.append([points] if kind == "polygon" else None)
        marked.append(None if marks is None else _keypoints(marks, scale))
    return Objects.build(
        (),
        classes=labels.names,
        label=label,
        box=np.array(boxes, np.float64).reshape(-1, 4),
        polygons=polygons,
        keypoints=marked,
    )


def _row(
    tokens: list[str], classes: int, keypoints: tuple[int, int] | None, where: str
) -> tuple[str, int, Array, Array | None]:
    """Kind, class, numbers of the shape and of the key points of one line."""
    count = len(tokens)
    posed = 5 + (keypoints[0] * keypoints[1] if keypoints else 0)
    polygon = not keypoints and count >= 7 and count % 2 == 1
    if count != posed and not polygon:
        expected = f"{posed}" if keypoints else "5 (class and box) or a class and at least 3 points"
        raise InputError(f"{where}: {count} numbers, expected {expected}")
    try:
        values = [float(token) for token in tokens]
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    if not values[0].is_integer() or not 0 <= values[0] < classes:
        raise InputError(f"{where}: class {tokens[0]} is not one of the {classes} in data.yaml (0 to {classes - 1})")
    shape = values[1 : count if polygon else 5]
    marks = np.array(values[5:]).reshape(keypoints) if keypoints else None
    placed = [] if marks is None else marks[:, :2].ravel().tolist()
    odd = next((value for value in (*shape, *placed) if not -_TOLERANCE <= value <= 1 + _TOLERANCE), None)
    if odd is not None:
        raise InputError(f"{where}: {odd} is outside of 0..1 (Ultralytics tolerates {_TOLERANCE})")
    if not polygon and min(shape[2:]) <= 0:
        raise InputError(f"{where}: a box of {shape[2]} x {shape[3]} has no size")
    if polygon:
        return "polygon", int(values[0]), np.array(shape), None
    if marks is not None and not np.isin(marks[:, 2:], (0, 1, 2)).all():
        raise InputError(f"{where}: visibility must be 0, 1 or 2, found {marks[:, 2].tolist()}")
    return "box", int(values[0]), np.array(shape), marks


def _keypoints(marks: Array, scale: Array) -> Array | None:
    """(K, 3); None where nothing is labelled. Without a third number a point at 0 0 is not labelled."""
    seen = marks[:, 2] if marks.shape[1] == 3 else 2.0 * (marks != 0).any(1)
    points = np.column_stack((marks[:, :2] * scale, seen))
    points[seen == 0] = 0
    return points if seen.any() else None


def _snapped(points: Array, scale: Array) -> Array:
    """Pixels (P, 2), moved to the whole, half or quarter pixel that the text's rounding allows."""
    whole = np.rint(4 * points) / 4
    return np.where(np.abs(points - whole) <= _ROUNDING * scale, whole, points)
