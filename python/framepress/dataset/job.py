"""What a dataset was asked to be: formats, splits, classes, encoders, whose frames: `.framepress/dataset.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framepress import formats as registry
from framepress.core import LabelMap
from framepress.dataset.split import Split
from framepress.errors import JournalError, OptionError
from framepress.formats import Format, FormatWriter

__all__ = ["JOB_PATH", "Job"]

JOB_PATH = ".framepress/dataset.json"
_SCHEMA = {"schema": "framepress.dataset", "version": 1}


@dataclass(frozen=True)
class Job:
    """Two datasets with equal jobs and equal frames have equal bytes.

    Args:
        formats: name -> options as `named` makes them, in the order given.
        labels: None where classes grow in frame order.
        split: None where frames bring their own split, or none.
        unlisted: what happens to objects whose class is not in `labels`: `error` or `drop`.
        encoders: encoder -> the backend that made its bytes; pixels never differ between backends, bytes do.
        origin: what made the frames, JSON-able, where whoever gives them says so: a dataset has one.
    """

    formats: Mapping[str, Mapping[str, Any]]
    labels: LabelMap | None
    split: Split | None
    unlisted: str
    encoders: Mapping[str, str]
    origin: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.formats:
            raise OptionError("no format is asked for; name at least one")
        if self.unlisted not in ("error", "drop"):
            raise OptionError(f"unlisted={self.unlisted!r}: must be error or drop")
        try:
            plain = json.loads(json.dumps(self.origin, allow_nan=False)) == self.origin
        except (TypeError, ValueError):
            plain = False
        if not plain:
            raise OptionError(f"origin must be a plain JSON object, so that it can be compared later: {self.origin!r}")

    @staticmethod
    def named(formats: Mapping[str, Mapping[str, Any]] | Sequence[str]) -> dict[str, dict[str, Any]]:
        """Formats as name -> options, whichever way they were given: with their defaults, as JSON reads them back.

        Defaults are written down, so that a dataset is finished as it was begun when they change some day.

        Raises:
            OptionError: a format is unknown, or an option is no plain JSON value.
        """
        if isinstance(formats, str):
            formats = formats.split(",")
        if not isinstance(formats, Mapping):
            formats = {name: {} for name in formats}
        full = {name: {**registry.by_name(name).options(), **options} for name, options in formats.items()}
        try:
            plain: dict[str, dict[str, Any]] = json.loads(json.dumps(full, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise OptionError(f"options must be plain JSON values: {full!r}: {error}") from error
        return plain

    def editions(self) -> dict[str, tuple[Format, FormatWriter]]:
        """Format and writer of each edition; made anew, so that a bad option is found before anything is written."""
        found = {name: registry.by_name(name) for name in self.formats}
        return {name: (format, format.make_writer(self.formats[name])) for name, format in found.items()}

    def prefix(self, name: str) -> str:
        """The edition's folder: the dataset's root where there is only one."""
        return f"{name}/" if len(self.formats) > 1 else ""

    def to_json(self) -> bytes:
        document = {
            **_SCHEMA,
            "formats": {name: dict(options) for name, options in self.formats.items()},
            "labels": None if self.labels is None else self.labels.to_dict(),
            "split": None if self.split is None else {"parts": dict(self.split.parts), "seed": self.split.seed},
            "unlisted": self.unlisted,
            "encoders": dict(sorted(self.encoders.items())),
            **({} if self.origin is None else {"origin": dict(self.origin)}),
        }
        return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Job:
        """The inverse of `to_json`.

        Raises:
            JournalError: the file is damaged, or of a newer schema.
        """
        try:
            document = json.loads(content)
            if {key: document.get(key) for key in _SCHEMA} != _SCHEMA:
                raise ValueError(
                    f"schema {document.get('schema')!r} version {document.get('version')!r}, expected {_SCHEMA}"
                )
            split = document["split"]
            return cls(
                formats=document["formats"],
                labels=None if document["labels"] is None else LabelMap.from_dict(document["labels"]),
                split=None if split is None else Split(tuple(split["parts"].items()), split["seed"]),
                unlisted=document["unlisted"],
                encoders=document["encoders"],
                origin=document.get("origin"),
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OptionError) as error:
            raise JournalError(f"{where}/{JOB_PATH}: cannot be read as a dataset's description: {error}") from error
