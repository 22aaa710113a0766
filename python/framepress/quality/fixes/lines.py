"""What can be put right in files of one object a line: YOLO's and KITTI's."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from framepress.core.files import read_file
from framepress.quality.fixes.change import Change
from framepress.quality.kitti.angles import alpha_follows_from_rotation_y

__all__ = ["KITTI", "YOLO", "kitti_changes", "yolo_changes"]

Lines = list[str]
Fix = Callable[[Lines], tuple[Lines, int]]
_OFFICIAL = 15  # fields of a KITTI line; a 16th is a score
_DECIMALS = 7  # readers keep float32: rows that differ beyond are one row to them
_SLACK = alpha_follows_from_rotation_y.thresholds


def yolo_changes(root: Path, codes: Collection[str]) -> Iterator[Change]:
    """The files of a YOLO dataset that fixes of these codes change, or leave out."""
    yield from _changed(root, root.glob("labels/**/*.txt"), _YOLO, codes)
    if "YOLO-011" in codes:
        for stale in sorted(root.glob("**/*.cache")):
            yield Change(stale.relative_to(root).as_posix(), None, Counter({"YOLO-011": 1}))


def kitti_changes(root: Path, codes: Collection[str]) -> Iterator[Change]:
    """The files of a KITTI dataset that fixes of these codes change."""
    yield from _changed(root, root.glob("**/label_2/*.txt"), _KITTI, codes)


def _changed(root: Path, files: Iterable[Path], fixes: Mapping[str, Fix], codes: Collection[str]) -> Iterator[Change]:
    for file in sorted(file for file in files if not file.is_symlink()):  # a copy holds nothing from elsewhere
        try:
            lines = read_file(file).decode("utf-8").split("\n")
        except UnicodeDecodeError:
            continue  # no text: there is nothing to go by
        if not lines[-1]:  # what follows the last line's end
            lines.pop()
        made: Counter[str] = Counter()
        for code, fix in fixes.items():
            if code in codes:
                lines, count = fix(lines)
                made[code] += count
        if +made:
            content = "".join(f"{line}\n" for line in lines).encode()
            yield Change(file.relative_to(root).as_posix(), content, +made)


def _each_once(lines: Lines) -> tuple[Lines, int]:
    """YOLO-010: rows that are there already, in whichever digits."""
    kept: dict[tuple[object, ...], str] = {}
    for line in lines:
        words = line.split()
        try:
            kept.setdefault(tuple(round(float(word), _DECIMALS) for word in words), line)
        except ValueError:
            kept.setdefault(tuple(words), line)
    return list(kept.values()), len(lines) - len(kept)


def _single_blanks(lines: Lines) -> tuple[Lines, int]:
    """KITTI-001: fields are one blank apart."""
    return _each(lines, lambda line: re.sub(r"[ \t]+", " ", line.strip(" \t")))


def _no_blank_lines(lines: Lines) -> tuple[Lines, int]:
    """KITTI-002."""
    kept = [line for line in lines if line.strip()]
    return kept, len(lines) - len(kept)


def _whole_occlusion(lines: Lines) -> tuple[Lines, int]:
    """KITTI-003: `0.0` is 0."""
    return _each(lines, lambda line: re.sub(r"^(\S+ \S+ -?\d)\.0+(?= )", r"\1", line))


def _wrapped_angles(lines: Lines) -> tuple[Lines, int]:
    """KITTI-009: an angle outside of -pi to pi is the same one inside; -10 stands for unknown."""

    def wrapped(line: str) -> str:
        fields = line.split(" ")
        if len(fields) < _OFFICIAL:
            return line
        for place in (3, 14):
            try:
                angle = float(fields[place])
            except ValueError:
                return line
            if math.isfinite(angle) and math.pi < abs(angle) < 3 * math.pi and angle != -10:
                fields[place] = f"{math.remainder(angle, math.tau):.6f}"
        return " ".join(fields)

    return _each(lines, wrapped)


def _alpha_again(lines: Lines) -> tuple[Lines, int]:
    """KITTI-008: the observation angle follows from rotation_y and the location."""

    def told(line: str) -> str:
        fields = line.split(" ")
        try:
            alpha, x, z, yaw = (float(fields[place]) for place in (3, 11, 13, 14))
        except (ValueError, IndexError):
            return line
        if yaw == -10 or -1000 in (x, z) or not all(map(math.isfinite, (alpha, x, z, yaw))):
            return line
        right = math.remainder(yaw - math.atan2(x, z), math.tau)
        slack = _SLACK["tolerance_rad"] + _SLACK["rounding_m"] / max(math.hypot(x, z), 1e-9)
        if abs(math.remainder(right - alpha, math.tau)) <= slack:
            return line
        fields[3] = f"{right:.6f}"
        return " ".join(fields)

    return _each(lines, told)


def _dont_care_last(lines: Lines) -> tuple[Lines, int]:
    """KITTI-015: readers number the objects from the first line on."""
    kept = sorted(lines, key=lambda line: line.startswith("DontCare "))
    return kept, sum(before != after for before, after in zip(lines, kept, strict=True))


def _each(lines: Lines, change: Callable[[str], str]) -> tuple[Lines, int]:
    changed = [change(line) for line in lines]
    return changed, sum(before != after for before, after in zip(lines, changed, strict=True))


# In these orders: fields are where they belong before they are read.
_YOLO: dict[str, Fix] = {"YOLO-010": _each_once}
_KITTI: dict[str, Fix] = {
    "KITTI-002": _no_blank_lines,
    "KITTI-001": _single_blanks,
    "KITTI-003": _whole_occlusion,
    "KITTI-009": _wrapped_angles,
    "KITTI-008": _alpha_again,
    "KITTI-015": _dont_care_last,
}
YOLO, KITTI = frozenset({*_YOLO, "YOLO-011"}), frozenset(_KITTI)
