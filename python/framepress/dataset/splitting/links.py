"""Which frames have something in common: the same sequence, scene, seed, asset, prim or field of `meta`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.dataset.index import Field, Index
from framepress.errors import OptionError

__all__ = ["FRAME", "KEYS", "Links", "known_links_of", "links_of"]

FRAME = "frame"
KEYS = ("sequence", "scene", "seed", "asset", "track", FRAME)
"""What frames may be grouped by, beside `meta.KEY`."""

_META = "meta."
_ASSETS = ("asset", "assets")
_SPAN = 1 << 20


@dataclass(frozen=True, eq=False)
class Links:
    """Which frames have which values of one key.

    Args:
        frame, value: int64 (N,), a pair each; `value` counts in `names`. A frame may be in no pair, or in several.
    """

    key: str
    frame: Array
    value: Array
    names: Sequence[str]


def links_of(index: Index, key: str) -> Links:
    """Which frames have which values of a key: none of a frame for which it is "" or not known.

    `seed` is one of its scene: equal numbers drew different things in two scenes. `asset` is `asset` and `assets` of
    `meta`, a text or a list of texts, and `asset` of objects' attributes. `track` is the prim path of objects.

    Raises:
        OptionError: the key is unknown.
    """
    if key in ("sequence", "scene"):
        return _column(index, key, {"sequence": index.sequences, "scene": index.scenes}[key])
    if key in _MADE:
        return _MADE[key](index)
    if key.startswith(_META) and len(key) > len(_META):
        return _field(index, key)
    raise OptionError(f"frames cannot be told apart by {key!r}; there are {', '.join(KEYS)} and meta.KEY")


def known_links_of(index: Index, key: str) -> Links:
    """The same.

    Raises:
        OptionError: no frame says anything of the key, too.
    """
    found = links_of(index, key)
    if index.frames.rows and not len(found.frame):
        known = f"; meta has {', '.join(index.meta) or 'nothing'}" if key.startswith(_META) else ""
        raise OptionError(f"no frame says anything of {key}{known}")
    return found


def _column(index: Index, key: str, names: Sequence[str]) -> Links:
    said = np.array([name != "" for name in names], bool)
    rows = np.flatnonzero(said[index.frames[key]]) if len(names) else np.empty(0, np.int64)
    return Links(key, rows, index.frames[key][rows].astype(np.int64), names)


def _frames(index: Index) -> Links:
    rows = np.arange(index.frames.rows)
    return Links(FRAME, rows, rows, index.frames.texts("id"))


def _seeds(index: Index) -> Links:
    seeds, count = _column(index, "seed", index.seeds), max(len(index.seeds), 1)
    pairs, value = np.unique(
        index.frames["scene"][seeds.frame].astype(np.int64) * count + seeds.value, return_inverse=True
    )
    names = [
        f"{index.scenes[scene]}/{index.seeds[seed]}" if index.scenes[scene] else index.seeds[seed]
        for scene, seed in zip((pairs // count).tolist(), (pairs % count).tolist(), strict=True)
    ]
    return Links("seed", seeds.frame, value.reshape(-1), names)


def _tracks(index: Index) -> Links:
    return _shown(index, "track", index.objects["track"], index.tracks)


def _shown(index: Index, key: str, codes: Array, names: Sequence[str]) -> Links:
    """Of a column of objects: the values that each frame shows, every pair once."""
    count, parts = max(len(names), 1), [np.empty(0, np.int64)]
    for start in range(0, len(codes), _SPAN):
        code = codes[start : start + _SPAN].astype(np.int64)
        frame = index.objects["frame"][start : start + _SPAN]
        parts.append(np.unique(frame[code >= 0] * count + code[code >= 0]))
    pairs = np.unique(np.concatenate(parts))
    return Links(key, pairs // count, pairs % count, names)


def _field(index: Index, key: str) -> Links:
    """A list is a value as a whole."""
    field = index.meta.get(key.removeprefix(_META))
    if field is None:
        return Links(key, np.empty(0, np.int64), np.empty(0, np.int64), ())
    codes, names = _values(field)
    rows = np.flatnonzero(codes >= 0)
    return Links(key, rows, codes[rows], names)


def _assets(index: Index) -> Links:
    found: dict[str, int] = {}
    frames, values = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for said in (_field(index, f"{_META}{name}") for name in _ASSETS):
        for position, text in enumerate(said.names):
            of = said.frame[said.value == position]
            for asset in _listed(text):
                frames.append(of)
                values.append(np.full(len(of), found.setdefault(asset, len(found)), np.int64))
    field = index.attributes.get(_ASSETS[0])
    if field is not None:
        shown = _shown(index, "asset", *_values(field))
        numbers = np.array([found.setdefault(name, len(found)) for name in shown.names], np.int64)
        frames.append(shown.frame)
        values.append(numbers[shown.value])
    count = max(len(found), 1)
    pairs = np.unique(np.concatenate(frames) * count + np.concatenate(values))
    return Links("asset", pairs // count, pairs % count, list(found))


def _values(field: Field) -> tuple[Array, list[str]]:
    """A field's values as int64 (rows,) codes, -1 = none, in texts; numbers as texts come after the others."""
    names = list(field.texts)
    rows = len(field.numbers if field.codes is None else field.codes)  # type: ignore[arg-type]  # one of them is there
    codes = np.full(rows, -1, np.int64) if field.codes is None else field.codes.astype(np.int64)
    if field.numbers is not None:
        told = np.flatnonzero(~np.isnan(field.numbers))
        numbers, places = np.unique(field.numbers[told], return_inverse=True)
        codes[told] = len(names) + places.reshape(-1)
        names += [str(bool(value)).lower() if field.boolean else f"{value:.17g}" for value in numbers.tolist()]
    return codes, names


def _listed(text: str) -> list[str]:
    """The texts of a list, as the index holds it (JSON); else the one text."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            return [text]
        if isinstance(found, list):
            return [str(item) for item in found if item is not None]
    return [text]


_MADE = {"seed": _seeds, "asset": _assets, "track": _tracks, FRAME: _frames}
