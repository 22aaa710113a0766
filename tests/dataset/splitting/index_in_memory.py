"""An index made of plain lists: what splits are planned over, without a dataset on the disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from framepress.core import LabelMap
from framepress.dataset.index import NO_TIME, Field, Index


class Table(dict):
    def __init__(self, rows: int, columns: Mapping[str, np.ndarray], texts: Mapping[str, Sequence[str]]) -> None:
        super().__init__(columns)
        self.rows, self._texts = rows, texts

    def texts(self, column: str) -> Sequence[str]:
        return self._texts[column]


def coded(names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Codes in the order of first appearance, and the list that they count in."""
    known = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return np.array([known[name] for name in names], np.int32), list(known)


def field(values: Sequence[Any]) -> Field:
    """A field of texts, None where a row has none."""
    codes, texts = coded(["" if value is None else value for value in values])
    none = texts.index("") if "" in texts else -2
    return Field(None, np.where(codes == none, -1, codes).astype(np.int32), cast(Any, texts), boolean=False)


def index_of(
    ids: Sequence[str],
    *,
    sequence: Sequence[str] | None = None,
    scene: Sequence[str] | None = None,
    seed: Sequence[str] | None = None,
    split: Sequence[str] | None = None,
    labels: Sequence[Sequence[str]] | None = None,
    assets: Sequence[Sequence[str]] | None = None,
    paths: Sequence[str] | None = None,
    index: Sequence[int] | None = None,
    meta: Mapping[str, Sequence[Any]] | None = None,
    classes: Sequence[str] | None = None,
) -> Index:
    """Args:
    labels: the classes of each frame's objects; `assets` the asset that each of them is made from.
    paths: one file a frame.
    meta: key -> a text or None a frame.
    """
    count, blank = len(ids), [""] * len(ids)
    columns: dict[str, np.ndarray] = {}
    lists: dict[str, list[str]] = {}
    for name, said in (("sequence", sequence), ("scene", scene), ("seed", seed), ("split", split)):
        columns[name], lists[f"{name}s"] = coded(blank if said is None else said)
    columns["index"] = np.arange(count) if index is None else np.array(index, np.int64)
    columns["time_ns"] = np.full(count, NO_TIME)
    shown = [[] for _ in ids] if labels is None else labels
    names = list(dict.fromkeys(label for row in shown for label in row)) if classes is None else list(classes)
    rows = [(frame, names.index(label)) for frame, row in enumerate(shown) for label in row]
    objects = np.array(rows, np.int64).reshape(-1, 2)
    attributes = {} if assets is None else {"asset": field([asset for row in assets for asset in row])}
    return cast(
        Index,
        SimpleNamespace(
            frames=Table(count, columns, {"id": list(ids)}),
            objects=Table(
                len(rows),
                {"frame": objects[:, 0], "label": objects[:, 1].astype(np.int32), "track": np.full(len(rows), -1)},
                {},
            ),
            files=Table(
                0 if paths is None else count,
                {"frame": np.arange(0 if paths is None else count)},
                {"path": [] if paths is None else list(paths)},
            ),
            labels=LabelMap.of(names),
            meta={key: field(values) for key, values in (meta or {}).items()},
            attributes=attributes,
            tracks=[],
            **lists,
        ),
    )
