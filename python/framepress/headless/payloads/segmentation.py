"""Id maps: `semantic_segmentation`, `instance_segmentation`, `instance_id_segmentation`, uint32 (H, W).

0 is BACKGROUND, 1 UNLABELLED, what is visible follows from 2 on. With `colorize` a pixel's four bytes are r, g, b, a
and the maps are keyed by colours. Each map is one look-up a pixel, by the placement seen there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.payloads import colours
from framepress.headless.payloads.labelled import Labels
from framepress.headless.payloads.shot import Ask, Value

__all__ = ["instance", "instance_id", "instance_ids", "semantic", "semantic_ids"]

_RESERVED = ("BACKGROUND", "UNLABELLED")


@dataclass(frozen=True, eq=False)
class _Legend:
    """Pixel values, uint32 (2 + M,), of the two reserved entries and of M subjects, and their keys in the maps."""

    values: Array
    keys: list[Any]


def semantic(ask: Ask) -> Value:
    """One id a set of labels: prims of the same labels share it."""
    shown, kinds = _visible_kinds(ask)
    legend = _legend(ask, [_text(labels) for labels in kinds], "semantic", _mapped(ask, kinds))
    value_of_kind = np.ones(len(ask.labelled.kinds), np.uint32)
    value_of_kind[shown] = legend.values[2:]
    values = np.concatenate([legend.values[:2], value_of_kind[ask.labelled.kind]])
    former = ask.shot.former
    if ask.quirks.stale_semantics and former is not None:
        last = replace(ask, shot=former)
        if (_visible(last) > 0).sum() == (_visible(ask) > 0).sum():
            return Value(_painted(ask, values), semantic(replace(last, shot=replace(former, former=None))).info)
    return Value(_painted(ask, values), {"idToLabels": _entries(legend, _semantics(kinds))})


def instance(ask: Ask) -> Value:
    """One id a prim, the lowest one with labels."""
    known = ask.labelled
    shown = np.flatnonzero(_visible(ask) > 0).tolist()
    paths = [known.paths[prim] for prim in shown]
    legend = _legend(ask, paths, "instance")
    values = np.ones(2 + len(known), np.uint32)
    values[:2] = legend.values[:2]
    values[np.array(shown, np.int64) + 2] = legend.values[2:]
    semantics = _semantics([known.kinds[known.kind[prim]] for prim in shown])
    info = {"idToLabels": _entries(legend, [*_RESERVED, *paths]), "idToSemantics": _entries(legend, semantics)}
    return Value(_painted(ask, values), info)


def instance_id(ask: Ask) -> Value:
    """One id a leaf geometry, labelled or not. Filters have no say."""
    scene, seen_there = ask.shot.scene, ask.shot.buffers.placement
    seen = np.zeros(len(scene.placements) + 1, bool)  # the last one stands for row -1, nothing hit
    flat = seen_there.reshape(-1)
    # Of equal neighbours the first is enough; there are few others.
    seen[flat[:1]] = seen[flat[1:][flat[1:] != flat[:-1]]] = True
    shown = np.flatnonzero(seen[:-1])
    paths = [scene.placements[row].path for row in shown.tolist()]
    legend = _legend(ask, paths, "instance id")
    table = np.zeros(len(seen), np.uint32)
    table[shown] = legend.values[2:]
    labels = _entries(legend, [*_RESERVED, *paths])
    if ask.release >= (6, 0):
        labels = {key: "INVALID" if text == "BACKGROUND" else text for key, text in labels.items()}
        del labels[legend.keys[1]]
    return Value(np.take(table, seen_there, mode="wrap"), {"idToLabels": labels})


def semantic_ids(ask: Ask) -> Array:
    """uint32 (2 + K,): the uncoloured id of each slot in `semantic_segmentation`."""
    shown, kinds = _visible_kinds(ask)
    found = np.ones(len(ask.labelled.kinds), np.uint32)
    found[shown] = ask.numbers(len(kinds), 2, "semantic")
    return np.concatenate([np.array([0, 1], np.uint32), found[ask.labelled.kind]])


def instance_ids(ask: Ask) -> Array:
    """uint32 (2 + K,): the uncoloured id of each slot in `instance_segmentation`."""
    shown = np.flatnonzero(_visible(ask) > 0)
    found = np.ones(2 + len(ask.labelled), np.uint32)
    found[0] = 0
    found[shown + 2] = ask.numbers(len(shown), 2, "instance")
    return found


def _visible(ask: Ask) -> Array:
    return ask.labelled.summed(ask.shot.buffers.visible_count)


def _visible_kinds(ask: Ask) -> tuple[Array, list[Labels]]:
    shown = np.unique(ask.labelled.kind[_visible(ask) > 0])
    return shown, [ask.labelled.kinds[kind] for kind in shown.tolist()]


def _painted(ask: Ask, values: Array) -> Array:
    """uint32 (H, W) of a value a slot. Row -1 wraps round to the table's last entry, which is that of nothing hit."""
    return np.take(values[ask.labelled.slot], ask.shot.buffers.placement, mode="wrap")


def _legend(
    ask: Ask, texts: Sequence[str], purpose: str, given: Sequence[colours.Colour | None] | None = None
) -> _Legend:
    if not ask.params.get("colorize", False):
        values = np.concatenate([np.array([0, 1], np.uint32), ask.numbers(len(texts), 2, purpose)])
        return _Legend(values, [ask.key(number) for number in values.tolist()])
    taken = [colour for colour in given or () if colour is not None]
    drawn = colours.colours(texts, ask.salt, taken)
    chosen = [colour if own is None else own for own, colour in zip(given or [None] * len(texts), drawn, strict=True)]
    paints = [colours.BACKGROUND, colours.UNLABELLED, *chosen]
    _check_distinct(ask, paints, [*_RESERVED, *texts])
    return _Legend(colours.packed(paints), [ask.key(paint) for paint in paints])


def _check_distinct(ask: Ask, paints: Sequence[colours.Colour], texts: Sequence[str]) -> None:
    first: dict[colours.Colour, str] = {}
    for paint, text in zip(paints, texts, strict=True):
        if first.setdefault(paint, text) != text:
            raise OptionError(
                f"{ask.name}: mapping gives the colour {paint} to both {first[paint]} and {text}, which idToLabels "
                "cannot tell apart; give each its own"
            )


def _mapped(ask: Ask, kinds: Sequence[Labels]) -> list[colours.Colour | None]:
    """The colours that the parameter `mapping` gives: JSON, "type:label" -> [r, g, b, a] or [r, g, b]."""
    text = ask.params.get("mapping")
    if not text:
        return [None] * len(kinds)
    try:
        table = json.loads(text) if isinstance(text, str) else dict(text)
        wanted = {key.lower(): _colour(parts) for key, parts in table.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise OptionError(
            f'{ask.name}: mapping {text!r} is not read ({error}); expected JSON like {{"class:car": [255, 0, 0, 255]}}'
        ) from error
    return [
        next((wanted[key] for kind, label in labels.items() if (key := f"{kind}:{label}".lower()) in wanted), None)
        for labels in kinds
    ]


def _colour(parts: Sequence[int]) -> colours.Colour:
    red, green, blue, alpha = (*map(int, parts), 255)[:4]
    if not all(0 <= part <= 255 for part in (red, green, blue, alpha)):
        raise ValueError(f"a colour has parts of 0..255, not {list(parts)}")
    return red, green, blue, alpha


def _text(labels: Labels) -> str:
    return ";".join(f"{kind}:{text}" for kind, text in labels.items())


def _semantics(kinds: Sequence[Labels]) -> list[dict[str, str]]:
    return [*({"class": text} for text in _RESERVED), *(dict(labels) for labels in kinds)]


def _entries(legend: _Legend, entries: Sequence[Any]) -> dict[Any, Any]:
    return dict(zip(legend.keys, entries, strict=True))
