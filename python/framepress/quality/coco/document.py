"""A COCO file as the lists of its entries, each still the bytes of the file; what keeps readers from that is told.

`json` writes NaN and Infinity, which are no JSON. Each is found with its place, then read as `NOT_FINITE`, so that all
the rest of the file is still looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from framepress.core.arrays import Array
from framepress.core.files import read_file
from framepress.errors import InputError
from framepress.quality.issue import Issue
from framepress.storage.images_header import refuse_pointer

__all__ = ["FAR", "LISTS", "NOT_FINITE", "Document", "document"]

LISTS = ("images", "annotations", "categories", "licenses")
NOT_FINITE = 2.0**1023
"""Stands for a number that is none; no coordinate of an image comes near it."""
FAR = 1e150
"""Coordinates beyond are taken for this: as wrong as they are, and products of them stay finite."""

_BOM = b"\xef\xbb\xbf"
_CONSTANT = re.compile(rb"(?<=[:,\[\s])(?:NaN|-?Infinity)(?=[\s,\]}])")
_BYTE = re.compile(r"\(byte (\d+)\)")
_NAME_AND_COLON = re.compile(rb'\s*[{,]\s*"(?:[^"\\]|\\.)*"\s*:\s*')
_LIST_NAME = re.compile(rb'"(images|annotations|categories|licenses)"\s*:')
_END = re.compile(rb"\s*\}\s*")


@dataclass(frozen=True, eq=False)
class Document:
    """What one file holds.

    Args:
        lists: of the names in `LISTS` those that are lists of anything.
        faults: of the outermost object: what keeps readers from finding the lists.
        not_finite: one issue for each number that is none.
    """

    lists: Mapping[str, list[msgspec.Raw]]
    faults: list[Issue] = field(default_factory=list)
    not_finite: list[Issue] = field(default_factory=list)


def document(path: Path, name: str) -> Document:
    """Take in a file. Memory: the file, and some 60 bytes an entry.

    Args:
        name: of the file, for issues.

    Raises:
        InputError: it cannot be read, or is no JSON for another reason than numbers that are none; the message has
            the line and the byte.
    """
    content = read_file(path)
    refuse_pointer(content, name)
    if (plain := _plain_lists(content)) is not None:
        return Document(plain)
    faults = []
    if content.startswith(_BOM):
        content = content[len(_BOM) :]
        faults.append(Issue(message="the file begins with a byte order mark, which json.load refuses", file=name))
    constants: list[tuple[int, bytes]] = []
    try:
        try:
            found = _OBJECT.decode(content)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            content, constants = _without_constants(content)
            found = _OBJECT.decode(content)
    except msgspec.ValidationError:
        message = "the document is no object; a bare list is what COCO's result files are"
        return Document({}, [*faults, Issue(message=message, file=name)])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: {_reason(error, content)}; write or copy it again") from error
    lists = {}
    for key in LISTS:
        try:
            if key in found:
                lists[key] = _LIST.decode(found[key])
            elif key != "licenses":
                faults.append(Issue(message=f"there is no list {key!r}", file=name, place=key))
        except msgspec.ValidationError:
            kind = "an object" if bytes(found[key]).startswith(b"{") else "a single value"
            faults.append(Issue(message=f"{key!r} is {kind}, not a list", file=name, place=key))
    faults += [
        Issue(message=f"the name {key!r} is there twice in one object; readers keep the last", file=name, place=key)
        for key in _twice(content, found)
    ]
    return Document(lists, faults, _constants_told(content, lists, constants, name))


class _Lists(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw]
    categories: list[msgspec.Raw]
    licenses: list[msgspec.Raw] = []


_LISTS = msgspec.json.Decoder(_Lists)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def _plain_lists(content: bytes) -> dict[str, list[msgspec.Raw]] | None:
    """The lists in one pass, where nothing is odd and none is empty; None where it takes a closer look."""
    try:
        found = _LISTS.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    lists = {name: value for name in LISTS if (value := getattr(found, name))}
    if not {"images", "annotations", "categories"} <= lists.keys():
        return None
    spans = sorted(
        (_offset(content, value[0]), _offset(content, value[-1]) + len(value[-1])) for value in lists.values()
    )
    between = [
        content[a:b]
        for a, b in zip([0, *(end for _, end in spans)], [*(start for start, _ in spans), None], strict=True)
    ]
    names = _LIST_NAME.findall(b"".join(between))
    return lists if len(set(names)) == len(names) else None


def _reason(error: Exception, content: bytes) -> str:
    """Why the content as a whole is no JSON, with line and byte."""
    if isinstance(error, RecursionError):
        return "nests lists or objects too deep to be read"
    at = _BYTE.search(str(error))
    if isinstance(error, UnicodeDecodeError) or not at:
        lines = content.count(b"\n") + 1
        return f"{error} (the file has {lines} lines, {len(content)} bytes)"
    line = content.count(b"\n", 0, int(at[1])) + 1
    return f"line {line}: {error}"


def _without_constants(content: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The content with `NOT_FINITE` for each NaN and Infinity outside of texts; where they are then, and what."""
    found = list(_CONSTANT.finditer(content))
    if not found:
        return content, []
    inside = _inside_texts(content, np.array([match.start() for match in found]))
    pieces, places, done, length = [], [], 0, 0
    substitute = repr(NOT_FINITE).encode()
    for match, in_text in zip(found, inside.tolist(), strict=True):
        if not in_text:
            pieces += [content[done : match.start()], substitute]
            length += match.start() - done
            places.append((length, match[0]))
            done, length = match.end(), length + len(substitute)
    pieces.append(content[done:])
    return b"".join(pieces), places


def _inside_texts(content: bytes, places: Array) -> Array:
    """Whether an odd number of quotes that are no part of a text lies before each place."""
    characters = np.frombuffer(content, np.uint8)
    quotes = np.flatnonzero(characters == ord('"'))
    behind = quotes[(quotes > 0) & (characters[quotes - 1] == ord("\\"))]
    escaped = [place for place in behind.tolist() if _backslashes_before(content, place) % 2]
    quotes = np.setdiff1d(quotes, np.array(escaped, quotes.dtype), assume_unique=True)
    odd: Array = np.searchsorted(quotes, places) % 2 == 1
    return odd


def _backslashes_before(content: bytes, at: int) -> int:
    count = 0
    while count < at and content[at - 1 - count] == ord("\\"):
        count += 1
    return count


def _offset(content: bytes, part: msgspec.Raw) -> int:
    """Where in the content a part of it begins."""
    whole, piece = np.frombuffer(content, np.uint8), np.frombuffer(part, np.uint8)
    return int(piece.ctypes.data) - int(whole.ctypes.data)


def _twice(content: bytes, found: Mapping[str, msgspec.Raw]) -> Iterator[str]:
    """Names of the outermost object whose earlier value was dropped: it lies between the values that were kept."""
    places = sorted((_offset(content, value), len(value), name) for name, value in found.items())
    done = 0
    for start, length, name in places:
        between = content[done:start]
        if not _NAME_AND_COLON.fullmatch(between):
            yield next((key for key in found if f'"{key}"'.encode() in between), name)
        done = start + length
    if places and not _END.fullmatch(content, done):
        yield places[-1][2]


def _constants_told(
    content: bytes, lists: Mapping[str, list[msgspec.Raw]], constants: list[tuple[int, bytes]], name: str
) -> list[Issue]:
    if not constants:
        return []
    begins = {key: np.array([_offset(content, entry) for entry in entries]) for key, entries in lists.items()}
    issues = []
    line, counted = 1, 0
    for at, text in constants:
        place = ""
        for key, starts in begins.items():
            row = int(np.searchsorted(starts, at, side="right")) - 1
            if row >= 0 and at < starts[row] + len(lists[key][row]):
                place = f"{key}[{row}]"
        line, counted = line + content.count(b"\n", counted, at), at
        issues.append(Issue(message=f"{text.decode()} stands for a number", file=name, line=line, place=place))
    return issues
