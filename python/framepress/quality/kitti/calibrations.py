"""A tolerant parse of calibration files: the matrices that can be had, by key, and what is wrong with the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from framepress.core.arrays import Array
from framepress.formats.kitti_text import CALIBRATION

__all__ = ["Calibration", "parsed_calibration"]

_NUMBER_TEXT = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER = re.compile(_NUMBER_TEXT)
_SOUND = re.compile(rf"(?: {_NUMBER_TEXT})+[ \t]*")
_RIGID = 1e-3
_SHOWN = 40
_MOST_LINES = 100


@dataclass(frozen=True, eq=False)
class Calibration:
    """One file: finite matrices by key, and (line or None, key, what is wrong)."""

    matrices: Mapping[str, Array]
    faults: Sequence[tuple[int | None, str, str]]


def parsed_calibration(text: str) -> Calibration:
    """By key, so that a wrong order does not hide the numbers; the order is one of the things that are told."""
    matrices: dict[str, Array] = {}
    faults: list[tuple[int | None, str, str]] = []
    order: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines[:_MOST_LINES], 1):
        if not line.strip():
            if any(rest.strip() for rest in lines[number:]):
                faults.append((number, "", "a blank line stands among the keys"))
            continue
        key, colon, numbers = line.partition(":")
        if not colon or key not in CALIBRATION:
            word = (key.split() or [""])[0][:_SHOWN]
            faults.append((number, word, f"{word!r} is none of {', '.join(CALIBRATION)} with a colon behind it"))
            order.append("")
        elif key in order:
            faults.append((number, key, f"{key} is there twice"))
        else:
            order.append(key)
            matrix, reason = _matrix(key, numbers)
            if reason:
                faults.append((number, key, reason))
            else:
                matrices[key] = matrix
    faults += _order(order)
    return Calibration(matrices, faults)


def _matrix(key: str, text: str) -> tuple[Array, str]:
    """The matrix, and what is wrong with it."""
    numbers, reason = _numbers(text)
    rows, columns = CALIBRATION[key]
    if not reason and numbers.size != rows * columns:
        reason = f"has {numbers.size} numbers, not {rows * columns}"
    if reason:
        return np.zeros((rows, columns)), f"{key} {reason}"
    matrix = numbers.reshape(rows, columns)
    return matrix, _senseless(key, matrix)


@lru_cache(maxsize=64)  # most files of a dataset, and most keys of a file, have the same numbers
def _numbers(text: str) -> tuple[Array, str]:
    """float64 (N,), and what is wrong with the text."""
    fields = text.split()
    if not _SOUND.fullmatch(text):
        bad = next((field for field in fields if not _NUMBER.fullmatch(field)), None)
        if bad is not None:
            return np.zeros(0), f"has {bad[:_SHOWN]!r}, which is no finite number"
        return np.zeros(0), "has numbers that are not separated by one blank each" if fields else "has no numbers"
    numbers = np.array(fields, np.float64)
    if not (np.abs(numbers) < np.finfo(np.float32).max).all():
        return np.zeros(0), "has a number that no 32-bit number can hold"
    numbers.flags.writeable = False
    return numbers, ""


def _senseless(key: str, matrix: Array) -> str:
    if key.startswith("P") and key != "P2":
        return ""
    square = matrix[:, :3]
    determinant = float(np.linalg.det(square))
    if key == "P2":
        return "" if determinant > 0 else f"P2 does not project: its determinant is {determinant:.6g}"
    error = float(np.abs(square @ square.T - np.eye(3)).max())
    if error > _RIGID:
        return f"{key} is no rotation: its rows are off being orthonormal by {error:.3g}"
    return f"{key} is a mirror image: its determinant is {determinant:.3g}" if determinant < 0 else ""


def _order(order: Sequence[str]) -> list[tuple[int | None, str, str]]:
    missing = [key for key in CALIBRATION if key not in order]
    if missing:
        return [(None, missing[0], f"no line for {', '.join(missing)}")]
    found = [key for key in order if key]
    if found != list(CALIBRATION):
        return [(None, "", f"the keys are in the order {' '.join(found)}, not {' '.join(CALIBRATION)}")]
    return []
