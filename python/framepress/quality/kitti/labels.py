"""A tolerant parse of label files: each line's fields as numbers, and each departure with its field."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FIELDS", "Fault", "ParsedLabels", "parsed_labels"]

FIELDS = (
    *("type", "truncated", "occluded", "alpha", "left", "top", "right", "bottom"),
    *("height", "width", "length", "x", "y", "z", "rotation_y", "score"),
)
_LEAST, _MOST = 15, 16
_NUMBERS = _MOST - 1
_NAN = float("nan")
_LARGEST = 3.4028234e38  # of a float32, which most readers keep
_MOST_FAULTY = 1000  # lines of one file; the rest of such a file is not looked at
_SHOWN = 60

_NUMBER_TEXT = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_INTEGER_TEXT = r"[+-]?[0-9]{1,9}"
_KIND_TEXT = r"[^\s\"'\x00-\x20\x7f\ufeff]+"
_NUMBER = re.compile(_NUMBER_TEXT)
_INTEGER = re.compile(_INTEGER_TEXT)
_KIND = re.compile(_KIND_TEXT)
_SOUND = re.compile(rf"{_KIND_TEXT} {_NUMBER_TEXT} {_INTEGER_TEXT}(?: {_NUMBER_TEXT}){{12,13}}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line: `field` is one of `FIELDS`, or "" for the line itself; `line` counts from 1."""

    code: str
    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ParsedLabels:
    """One file.

    Args:
        lines: of each row the number of its line, from 1.
        kinds: of each row the type.
        numbers: 15 of each row, one row after the other; NaN for one that cannot be had, or a score that is not there.
    """

    lines: Sequence[int]
    kinds: Sequence[str]
    numbers: array[float]
    faults: Sequence[Fault]


def parsed_labels(text: str) -> ParsedLabels:
    """All lines that have 15 or 16 fields, however they are separated; of others only what is wrong."""
    lines: list[int] = []
    kinds: list[str] = []
    numbers: array[float] = array("d")
    faults: list[Fault] = []
    faulty = 0
    given = text.split("\n")
    if given[-1] == "":
        given.pop()
    for number, line in enumerate(given, 1):
        line = line.removesuffix("\r")
        if _SOUND.fullmatch(line):
            kind, *fields = line.split(" ")
            values = list(map(float, fields))
            if max(map(abs, values)) > _LARGEST:
                values, found = _values(fields, number)
                faults += found
                faulty += 1
        else:
            kind, parsed, found = _looked_at(line, number)
            faults += found
            faulty += 1
            if faulty == _MOST_FAULTY:
                faults.append(Fault("KITTI-001", number, "", "is the 1000th faulty line; the rest was not looked at"))
                break
            if parsed is None:
                continue
            values = parsed
        if len(values) < _NUMBERS:
            values.append(_NAN)
        lines.append(number)
        kinds.append(kind)
        numbers.extend(values)
    return ParsedLabels(lines, kinds, numbers, faults)


def _looked_at(line: str, number: int) -> tuple[str, list[float] | None, list[Fault]]:
    """Type and numbers of a line that is not as it should be, None where it has not the fields, and why."""
    words = line.split()
    if not words:
        return "", None, [Fault("KITTI-002", number, "", "the line is blank")]
    faults = []
    if reason := _spacing(line):
        faults.append(Fault("KITTI-001", number, "", reason))
    begin = _end_of_type(words)
    kind, fields = " ".join(words[:begin]), words[begin:]
    if begin > 1:
        faults.append(Fault("KITTI-004", number, "type", f"the type {kind[:_SHOWN]!r} has a blank"))
    elif not _KIND.fullmatch(kind):
        faults.append(Fault("KITTI-004", number, "type", f"the type {kind[:_SHOWN]!r} has {_mark(kind)}"))
    if not _LEAST <= len(fields) + 1 <= _MOST:
        what = f"the line has {len(fields) + 1} fields, not 15 (16 with a score)"
        if len(fields) + 1 in (17, 18):
            what += "; lines of the tracking benchmark, which begin with frame and track, are another format"
        faults.append(Fault("KITTI-001", number, "", what))
        return kind, None, faults
    values, found = _values(fields, number)
    return kind, values, faults + found


def _spacing(line: str) -> str:
    if "\t" in line:
        return "fields are separated by a tab"
    if line != line.strip():
        return "the line begins or ends with a blank"
    if "  " in line:
        return "fields are separated by more than one blank"
    if any(char.isspace() and char != " " for char in line):
        return "fields are separated by a character that only some readers take for a blank"
    return ""


def _end_of_type(words: Sequence[str]) -> int:
    """How many words the type has: more than one where a full set of numbers follows a word that is none."""
    begin = 1
    while begin < len(words) - 14 and not _NUMBER.fullmatch(words[begin]):
        begin += 1
    return begin if begin > 1 and len(words) - begin in (_LEAST - 1, _MOST - 1) else 1


def _mark(kind: str) -> str:
    if '"' in kind or "'" in kind:
        return "a quote"
    return "a character that is not printed"


def _values(fields: Sequence[str], number: int) -> tuple[list[float], list[Fault]]:
    values, faults = [], []
    for name, text in zip(FIELDS[1:], fields, strict=False):
        code, reason = _wrong(name, text)
        if reason:
            faults.append(Fault(code, number, name, f"{name} is {text[:_SHOWN]!r}, {reason}"))
        values.append(float(text) if not reason or code == "KITTI-003" else _NAN)
    return values, faults


def _wrong(name: str, text: str) -> tuple[str, str]:
    """The code, and what is wrong, "" for nothing."""
    if not _NUMBER.fullmatch(text):
        try:
            value = float(text)
        except ValueError:
            return "KITTI-001", "which is no number"
        finite = value - value == 0
        return "KITTI-001", "which only Python takes for a number" if finite else "which is not finite"
    if abs(float(text)) > _LARGEST:
        return "KITTI-001", "which no 32-bit number can hold"
    if name == "occluded" and not _INTEGER.fullmatch(text):
        return "KITTI-003", "which is not written as a whole number"
    return "", ""
