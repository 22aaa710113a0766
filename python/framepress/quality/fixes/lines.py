"""What can be put right in files of one object a line: YOLO's and KITTI's."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from framepress.core.files import read_file
from framepress.quality.fixes.change import Change

__all__ = ["KITTI", "YOLO", "kitti_changes", "yolo_changes"]

Lines = list[str]
Fix = Callable[[Lines], tuple[Lines, int]]
_OFFICIAL = 15  # fields of a KITTI line; a 16th is a score
_REACH = 0.01  # of a picture's side: Ultralytics lets it pass


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
            lines = read_file(file).decode("utf-8").removesuffix("\n").split("\n")
        except UnicodeDecodeError:
            continue  # no text: there is nothing to go by
        lines = [] if lines == [""] else lines
        made: Counter[str] = Counter()
        for code, fix in fixes.items():
            if code in codes:
                lines, count = fix(lines)
                made[code] += count
        if +made:
            content = "".join(f"{line}\n" for line in lines).encode()
            yield Change(file.relative_to(root).as_posix(), content, +made)


def _each_once(lines: Lines) -> tuple[Lines, int]:
    """YOLO-010: rows that are there already."""
    kept = list(dict.fromkeys(lines))
    return kept, len(lines) - len(kept)


def _drawn_in(lines: Lines) -> tuple[Lines, int]:
    """YOLO-004: coordinates of polygons that leave the picture by no more than readers let pass."""

    def clipped(line: str) -> str:
        tokens = line.split()
        if len(tokens) < 7 or len(tokens) % 2 == 0:  # a box may not be clipped side by side
            return line
        try:
            values = [float(token) for token in tokens[1:]]
        except ValueError:
            return line
        if not all(math.isfinite(value) and -_REACH <= value <= 1 + _REACH for value in values):
            return line
        near = [_within(token, value) for token, value in zip(tokens[1:], values, strict=True)]
        return line if near == tokens[1:] else " ".join([tokens[0], *near])

    return _each(lines, clipped)


def _within(token: str, value: float) -> str:
    return "0" if value < 0 else "1" if value > 1 else token


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
        if abs(math.remainder(right - alpha, math.tau)) <= 0.02:
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
_YOLO: dict[str, Fix] = {"YOLO-010": _each_once, "YOLO-004": _drawn_in}
_KITTI: dict[str, Fix] = {
    "KITTI-002": _no_blank_lines,
    "KITTI-001": _single_blanks,
    "KITTI-003": _whole_occlusion,
    "KITTI-009": _wrapped_angles,
    "KITTI-008": _alpha_again,
    "KITTI-015": _dont_care_last,
}
YOLO, KITTI = frozenset({*_YOLO, "YOLO-011"}), frozenset(_KITTI)
