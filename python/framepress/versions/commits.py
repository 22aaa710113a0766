"""A commit: what a version is, as one canonical JSON document whose sha256 is its name.

No clock and no host are in it, so equal data with an equal past has an equal name; when and by whom a line moved on is
in its refs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from framepress.errors import InputError

__all__ = ["Commit"]

_SCHEMA = {"schema": "framepress.commit", "version": 1}


@dataclass(frozen=True)
class Commit:
    """One version.

    Args:
        manifest: sha256 of the manifest's root.
        parents: sha256 of the commits before it; one, or none for the first.
        message: what the committer said.
        author: who, as they want to be named; "" for nobody.
        files: how many the manifest lists; `size`: theirs, added up [bytes].
        provenance: where the data came from, JSON-able; see `provenance.of`.
    """

    manifest: str
    parents: tuple[str, ...]
    message: str
    author: str = ""
    files: int = 0
    size: int = 0
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        document = {
            **_SCHEMA,
            "manifest": self.manifest,
            "parents": list(self.parents),
            "message": self.message,
            "author": self.author,
            "files": self.files,
            "size": self.size,
            "provenance": dict(self.provenance),
        }
        return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Commit:
        """The inverse of `to_json`.

        Raises:
            InputError: it is no commit, or one of a newer schema.
        """
        try:
            document = json.loads(content)
            if {key: document.get(key) for key in _SCHEMA} != _SCHEMA:
                raise ValueError(f"schema {document.get('schema')!r}, version {document.get('version')!r}")
            return cls(
                manifest=_id(document["manifest"]),
                parents=tuple(_id(parent) for parent in document["parents"]),
                message=_text(document["message"]),
                author=_text(document["author"]),
                files=int(document["files"]),
                size=int(document["size"]),
                provenance=dict(document["provenance"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
            raise InputError(f"{where}: is no commit that this framepress reads: {error}") from error


def _id(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise ValueError(f"{value!r} is no sha256")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value
