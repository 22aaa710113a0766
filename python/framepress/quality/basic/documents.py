"""Files of a recording, read tolerantly: the JSON beside the arrays, and the rows of boxes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from framepress.capture.semantics import RESERVED, id_of
from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.issue import Issue
from framepress.quality.not_finite import not_finite
from framepress.storage import npy
from framepress.storage.images_header import refuse_pointer

__all__ = ["FIELDS_2D", "FIELDS_3D", "Reader", "is_pointer", "labels_in"]

FIELDS_2D = ("semanticId", "x_min", "y_min", "x_max", "y_max")
FIELDS_3D = ("semanticId", "x_min", "y_min", "z_min", "x_max", "y_max", "z_max", "transform")
_MAY_NOT_BE_FINITE = re.compile(rb"NaN|Infinity|[eE]\+?[0-9]{3}|[0-9]{300}")
_SHORT, _KEPT = 4096, 4096
"""Maps and cameras are mostly the same in all frames: short documents that are sound are kept, so many of them."""
_LONGEST = 1 << 28
"""Bytes of one file; a million boxes have a quarter of that."""


@dataclass(eq=False)
class Reader:
    """Reads files; what keeps one from being read goes to `unread`, numbers that are none to `not_finite`, and rows
    that are no rows to `wrong_rows`. Empty files and git-lfs pointers are told by FILE-004."""

    unread: list[Issue]
    not_finite: list[Issue]
    wrong_rows: list[Issue]

    def __post_init__(self) -> None:
        self._sound: dict[bytes, Any] = {}

    def content(self, path: Path, name: str, frame: str) -> bytes | None:
        try:
            with open_file(path) as stream:
                content = stream.read(_LONGEST + 1)
        except (InputError, OSError) as error:
            self.unread.append(Issue(message=f"{name!r} cannot be read: {error}", file=name, frame=frame))
            return None
        if len(content) > _LONGEST:
            self.unread.append(Issue(message=f"{name!r} has more than {_LONGEST} bytes", file=name, frame=frame))
            return None
        return None if not content or is_pointer(content) else content

    def document(self, path: Path, name: str, frame: str, kind: type) -> Any:
        """A JSON document whose top is a `kind`; None where it is none."""
        content = self.content(path, name, frame)
        if content is None:
            return None
        known = self._sound.get(content)
        if isinstance(known, kind):
            return known
        twice: list[str] = []

        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            table = dict(pairs)
            if len(table) != len(pairs):
                twice.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            return table

        try:
            document = json.loads(content, object_pairs_hook=once)
        except (ValueError, RecursionError) as error:
            reason = "nests too deep" if isinstance(error, RecursionError) else f"is no JSON: {error}"
            self.unread.append(Issue(message=f"{name!r} {reason}", file=name, frame=frame))
            return None
        if not isinstance(document, kind):
            message = f"{name!r} holds a {type(document).__name__}, expected a {kind.__name__}"
            self.unread.append(Issue(message=message, file=name, frame=frame))
            return None
        for key in twice:
            message = f"{name!r} has the key {key!r:.80} twice, so that its value is ambiguous"
            self.unread.append(Issue(message=message, file=name, frame=frame, place=key[:80]))
        odd = list(not_finite(document)) if _MAY_NOT_BE_FINITE.search(content) else []
        for place, value in odd:
            self.not_finite.append(Issue(message=f"{place} is {value}", file=name, frame=frame, place=place))
        if not twice and not odd and len(content) <= _SHORT and len(self._sound) < _KEPT:
            self._sound[content] = document
        return document

    def rows(self, path: Path, name: str, frame: str) -> Array | None:
        """The rows of a box annotator; None where the file holds something else, which is noted."""
        content = self.content(path, name, frame)
        if content is None:
            return None
        try:
            found = npy.decode(content, repr(name)).reshape(-1)
        except (InputError, ValueError) as error:
            self.unread.append(Issue(message=str(error).partition(";")[0], file=name, frame=frame))
            return None
        if not found.dtype.names:
            if not found.size:
                return np.empty(0, [("semanticId", "<u4")])  # before the first image
            self.wrong_rows.append(Issue(message=f"the array is {found.dtype}, no rows", file=name, frame=frame))
            return None
        needed = FIELDS_3D if "3d" in name.rpartition("/")[2] else FIELDS_2D
        if message := _unfit(found.dtype, needed):
            self.wrong_rows.append(Issue(message=message, file=name, frame=frame))
            return None
        return found


def _unfit(rows: np.dtype[Any], needed: Sequence[str]) -> str:
    """Why these are no rows of boxes; "" where they are."""
    missing = [field for field in needed if field not in (rows.names or ())]
    if missing:
        return f"rows have no field {missing[0]!r}, but {', '.join(rows.names or ())}"
    if "transform" in needed and (rows["transform"].shape, rows["transform"].base.kind) != ((4, 4), "f"):
        return f"transform is {rows['transform']}, expected numbers of the shape (4, 4)"
    kinds = {"semanticId": "iu"} | dict.fromkeys(needed[1:], "f" if "transform" in needed else "iu")
    for field in (*needed, "occlusionRatio"):
        if field in (rows.names or ()) and field != "transform" and rows[field].kind not in kinds.get(field, "f"):
            return f"the field {field!r} is {rows[field]}"
    return ""


def is_pointer(content: bytes) -> bool:
    """Whether it is a git-lfs pointer."""
    try:
        refuse_pointer(content, "")
    except InputError:
        return True
    return False


def labels_in(document: dict[str, Any], taxonomy: str = "class") -> tuple[dict[int, str], list[str]]:
    """Id or packed colour -> labels as text, "" for none and for reserved words; keys that are neither."""
    found: dict[int, str] = {}
    odd = []
    for key, value in document.items():
        text = value.get(taxonomy, "") if isinstance(value, dict) else value
        try:
            number = id_of(key, "")
        except InputError:
            odd.append(key)
            continue
        known = isinstance(text, str) and text not in RESERVED
        found[number] = text.strip() if known else ""
    return found, odd
