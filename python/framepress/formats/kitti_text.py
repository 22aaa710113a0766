"""KITTI's text files: label lines and calibration, as values and back.

A label line: type truncated occluded alpha left top right bottom height width length x y z rotation_y [score].
A calibration file: P0 P1 P2 P3 (3 x 4) R0_rect (3 x 3) Tr_velo_to_cam Tr_imu_to_velo (3 x 4), in this order because
some readers go by position, then an empty line.
Source: the README of KITTI's object development kit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = [
    "CALIBRATION",
    "DONT_CARE",
    "LabelTable",
    "calibration_text",
    "label_text",
    "parse_calibration",
    "parse_labels",
    "type_of",
    "type_to_name",
]

DONT_CARE = "DontCare"
CALIBRATION = {
    "P0": (3, 4),
    "P1": (3, 4),
    "P2": (3, 4),
    "P3": (3, 4),
    "R0_rect": (3, 3),
    "Tr_velo_to_cam": (3, 4),
    "Tr_imu_to_velo": (3, 4),
}

_UNKNOWN_3D = "-1 -1 -1 -1000 -1000 -1000 -10"
_UNKNOWN_ANGLE = -10.0
_LARGEST_ANGLE = 3.141592  # pi to six digits would be rounded up, out of the range that evaluators state
_NOT_IN_A_TYPE = re.compile(r"""[\s"'%\x00-\x20\x7f]""")
_RIGID = 1e-3


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The fields of N label lines; NaN where a line says "unknown".

    Args:
        types: N texts.
        truncated, alpha, rotation_y, score: float64 (N,).
        occluded: int (N,), -1..3.
        box: float64 (N, 4) [px], left top right bottom as in the file.
        hwl, location: float64 (N, 3) [m].
    """

    types: tuple[str, ...]
    truncated: Array
    occluded: Array
    alpha: Array
    box: Array
    hwl: Array
    location: Array
    rotation_y: Array
    score: Array


def type_of(name: str) -> str:
    """A class name as KITTI's type: blanks, quotes, `%` and control characters become %XX (UTF-8), the rest stays.

    Readers split lines at blanks and some parse quotes; `%` is escaped so that two names never become one.
    """
    return _NOT_IN_A_TYPE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)


def type_to_name(text: str) -> str:
    """The inverse of `type_of`."""
    if "%" not in text:
        return text
    raw = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), text.encode())
    return raw.decode("utf-8", errors="replace")


def label_text(table: LabelTable) -> str:
    """The label file: one line an object, "" for none.

    Boxes have 4 decimals, everything else 6 (`kitti_geometry.WRITTEN_DIGITS`); no -0.
    """
    angles = np.round(np.stack((table.alpha, table.rotation_y), axis=1), 6)
    angles = np.where(np.abs(angles) >= _LARGEST_ANGLE, _LARGEST_ANGLE, angles) + 0.0
    boxes = np.round(table.box, 4) + 0.0
    solids = np.round(np.concatenate((table.hwl, table.location), axis=1), 6) + 0.0
    lines = []
    for row, kind in enumerate(table.types):
        truncated, score, (alpha, rotation_y) = table.truncated[row], table.score[row], angles[row].tolist()
        lines.append(
            " ".join(
                (
                    kind,
                    "-1" if math.isnan(truncated) else f"{truncated:.6f}",
                    f"{table.occluded[row]:d}",
                    "-10" if math.isnan(alpha) else f"{alpha:.6f}",
                    "{:.4f} {:.4f} {:.4f} {:.4f}".format(*boxes[row].tolist()),
                    _UNKNOWN_3D
                    if math.isnan(rotation_y)
                    else "{:.6f} {:.6f} {:.6f} {:.6f} {:.6f} {:.6f} {:.6f}".format(*solids[row].tolist(), rotation_y),
                    *(() if math.isnan(score) else (f"{score:.6f}",)),
                )
            )
        )
    return "".join(line + "\n" for line in lines)


def parse_labels(text: str, where: str) -> LabelTable:
    """The fields of a label file.

    Raises:
        InputError: a line that KITTI's readers refuse or misread, with its rule (KITTI-001 ...), file and line.
    """
    rows = []
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        rows.append(_parsed(line.rstrip("\r"), f"{where}:{number}"))
    values = np.array([numbers for _, numbers in rows], np.float64).reshape(-1, 15)
    values[:, 13][values[:, 13] == _UNKNOWN_ANGLE] = np.nan
    values[:, 2][values[:, 2] == _UNKNOWN_ANGLE] = np.nan
    values[:, 0][values[:, 0] == -1] = np.nan
    values[(values[:, 7:10] <= 0).all(axis=1), 7:14] = np.nan
    return LabelTable(
        types=tuple(kind for kind, _ in rows),
        truncated=values[:, 0],
        occluded=values[:, 1].astype(np.int64),
        alpha=values[:, 2],
        box=values[:, 3:7],
        hwl=values[:, 7:10],
        location=values[:, 10:13],
        rotation_y=values[:, 13],
        score=values[:, 14],
    )


def _parsed(line: str, where: str) -> tuple[str, list[float]]:
    """Type and 15 numbers, NaN for a score that is not there."""
    if not line.strip():
        raise InputError(f"{where}: KITTI-002: a blank line, which readers fail on; delete it")
    fields = line.split(" ")
    if len(fields) not in (15, 16) or "" in fields or "\t" in line:
        raise InputError(
            f"{where}: KITTI-001: expected 15 fields (16 with a score) with single blanks between, got "
            f"{len(line.split())}: {line[:120]!r}; is there a blank in the type (KITTI-004)?"
        )
    if _NOT_IN_A_TYPE.search(fields[0].replace("%", "")):
        raise InputError(f"{where}: KITTI-004: the type {fields[0]!r} has a quote; rename the class")
    try:
        numbers = [float(field) for field in fields[1:]]
    except ValueError as error:
        raise InputError(
            f"{where}: KITTI-001: {error}; fields 2 to {len(fields)} must be numbers, a type has no blank (KITTI-004)"
        ) from error
    if not re.fullmatch(r"[+-]?[0-9]+", fields[2]):
        raise InputError(f"{where}: KITTI-003: occluded is {fields[2]!r}, must be a whole number from -1 to 3")
    if not all(map(math.isfinite, numbers)):
        raise InputError(f"{where}: GEN-004: a number that is not finite: {line[:120]!r}; write the unknown values")
    truncated, occluded = numbers[:2]
    if not (0 <= truncated <= 1 or truncated == -1) or occluded not in (-1, 0, 1, 2, 3):
        raise InputError(
            f"{where}: KITTI-010: truncated {fields[1]} must be 0 to 1 (-1: unknown), occluded {fields[2]} -1 to 3"
        )
    left, top, right, bottom = numbers[3:7]
    if right < left or bottom < top:
        raise InputError(f"{where}: KITTI-011: the box {' '.join(fields[4:8])} ends before it begins")
    signs = {side > 0 for side in numbers[7:10]}
    if len(signs) > 1:
        raise InputError(
            f"{where}: KITTI-006: height width length are {' '.join(fields[8:11])}; all above 0, or all -1 for unknown"
        )
    return fields[0], [*numbers, *((math.nan,) if len(fields) == 15 else ())]


def calibration_text(matrices: Mapping[str, Array]) -> str:
    """The calibration file of the seven matrices of `CALIBRATION`."""
    lines = (
        f"{name}: " + " ".join(f"{value + 0.0:.12e}" for value in matrices[name].ravel().tolist()) + "\n"
        for name in CALIBRATION
    )
    return "".join(lines) + "\n"


def parse_calibration(text: str, where: str) -> dict[str, Array]:
    """Name -> matrix, for the names of `CALIBRATION` that the file has; others are passed over.

    Raises:
        InputError: no P2, a wrong number of numbers, one not finite, or a rotation that is none (KITTI-012).
    """
    found: dict[str, Array] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, numbers = line.partition(":")
        if not colon or name not in CALIBRATION:
            continue
        shape = CALIBRATION[name]
        try:
            values = np.array([float(field) for field in numbers.split()])
            found[name] = values.reshape(shape)
        except ValueError as error:
            raise InputError(
                f"{where}:{number}: KITTI-012: {name} needs {shape[0] * shape[1]} numbers, got {len(numbers.split())}: "
                f"{error}"
            ) from error
        if not np.isfinite(values).all():
            raise InputError(f"{where}:{number}: KITTI-012: {name} has a number that is not finite")
        if not name.startswith("P"):
            _check_rotation(found[name][:, :3], f"{where}:{number}: KITTI-012: {name}")
    if "P2" not in found:
        raise InputError(f"{where}: KITTI-012: no line `P2:` with 12 numbers; is this a calibration of another format?")
    return found


def _check_rotation(rotation: Array, where: str) -> None:
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=_RIGID) or np.linalg.det(rotation) < 0:
        raise InputError(f"{where} is not a rotation: {np.round(rotation, 6).tolist()}")
