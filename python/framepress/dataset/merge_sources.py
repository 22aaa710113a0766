"""Datasets of any readable format on their way into one: their names, classes, frames, and where they collide."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from framepress import formats as registry
from framepress.core import Frame, LabelMap, View, safe_name
from framepress.core.record import to_record
from framepress.dataset.index import Index
from framepress.dataset.labelling import Labelling
from framepress.dataset.opening import Dataset
from framepress.dataset.select.derive import as_read
from framepress.dataset.select.relabel import ClassMapping
from framepress.dataset.state import root_of
from framepress.errors import InputError, LabelError, OptionError
from framepress.formats.base import by_number

__all__ = ["Incoming", "colliding", "frames_of_all", "incoming", "refuse_different", "refuse_numbers"]


@dataclass(frozen=True)
class Incoming:
    """One source: its frames go by `name`/id where `renamed`; `mapping` gives its classes other names."""

    dataset: Dataset
    name: str
    renamed: bool
    mapping: ClassMapping | None

    @property
    def told(self) -> str:
        """What messages call it."""
        return str(root_of(self.dataset) or self.dataset.path)

    @cached_property
    def index(self) -> Index:
        return Index.of(as_read(self.dataset))

    @cached_property
    def labels(self) -> LabelMap:
        own = self.dataset.labels()
        return own if self.mapping is None else self.mapping.labels(own)

    def ids(self) -> Iterator[str]:
        return (self._renamed(id) for id in self.index.frames.texts("id"))

    def frames(self) -> Iterator[Frame]:
        stage = None if self.mapping is None else self.mapping.stage(self.dataset.labels())
        for frame in self.dataset.frames():
            if self.renamed:
                sequence = self._renamed(frame.sequence) if frame.sequence else ""
                meta = frame.meta if "source" in frame.meta else {**frame.meta, "source": self.name}
                frame = frame.replaced(id=self._renamed(frame.id), sequence=sequence, meta=meta)
            yield frame if stage is None else stage(frame)

    def _renamed(self, id: str) -> str:
        return f"{self.name}/{id}" if self.renamed else id

    @cached_property
    def key(self) -> tuple[str, int, str, str]:
        """What the sources are put in order by: of the name that frames get, and of frames; of no path."""
        frames = self.index.frames
        if not frames.rows:
            return (self.name if self.renamed else "", -1, "", "")
        ids = hashlib.sha256("\n".join(frames.texts("id")).encode()).hexdigest()
        return (self.name if self.renamed else "", int(frames["index"][0]), frames.texts("id")[0], ids)

    @property
    def ascending(self) -> bool:
        """Whether its frames come in the order of (index, id)."""
        keys = zip(self.index.frames["index"].tolist(), self.ids(), strict=True)
        return all(before <= after for before, after in pairwise(keys))


def incoming(
    sources: Sequence[Dataset],
    *,
    names: Sequence[str] | None,
    renamed: bool,
    mappings: Mapping[str, ClassMapping],
) -> list[Incoming]:
    """The sources, in an order that does not depend on theirs.

    Args:
        names: one a source; None for those of their folders, numbered in the order given where several have one.
        mappings: name of a source, or "" for all that have such classes -> class mapping.

    Raises:
        OptionError: a name that is none, or is not among the names.
        LabelError: a mapping names a class that is not there.
    """
    named = _folder_names(sources) if names is None else list(names)
    for name in named:
        if safe_name(name) != name or not name or named.count(name) > 1:
            raise OptionError(f"names {','.join(named)}: one of A-Z a-z 0-9 _ - for each source, all different")
    if len(named) != len(sources):
        raise OptionError(f"{len(named)} names for {len(sources)} sources: give one for each")
    chosen = _mappings(sources, named, mappings) if mappings else [None] * len(sources)
    found = [
        Incoming(dataset, name, renamed, mapping) for dataset, name, mapping in zip(sources, named, chosen, strict=True)
    ]
    return sorted(found, key=lambda source: source.key)


def _mappings(
    sources: Sequence[Dataset], names: Sequence[str], mappings: Mapping[str, ClassMapping]
) -> list[ClassMapping | None]:
    """What is for each source: its own pairs, and of those for all the ones whose class it has."""
    if unknown := sorted(mappings.keys() - {"", *names}):
        raise OptionError(f"class mapping for {unknown[0]!r}: the sources are {', '.join(names)}")
    common = mappings[""].pairs if "" in mappings else ()
    unused = {old.casefold() for old, _ in common}
    chosen: list[ClassMapping | None] = []
    for dataset, name in zip(sources, names, strict=True):
        labels = dataset.labels()
        own = mappings[name].pairs if name in mappings else ()
        said = {old.casefold() for old, _ in own}
        shared = tuple(pair for pair in common if pair[0] in labels and pair[0].casefold() not in said)
        unused -= {old.casefold() for old, _ in common if old in labels}
        chosen.append(ClassMapping((*own, *shared)) if own or shared else None)
    if unused:
        raise LabelError(f"class mapping: no source has a class {min(unused)!r}")
    return chosen


def _folder_names(sources: Sequence[Dataset]) -> list[str]:
    names: list[str] = []
    for dataset in sources:
        stem = safe_name((root_of(dataset) or dataset.path).resolve().stem) or "source"
        number = 1
        while (name := stem if number == 1 else f"{stem}-{number}") in names:
            number += 1
        names.append(name)
    return names


def colliding(sources: Sequence[Incoming]) -> dict[str, list[Incoming]]:
    """Frame id -> the sources that have it, for those that several have.

    Raises:
        InputError: one source has it twice.
    """
    holders: dict[str, Incoming] = {}
    found: dict[str, list[Incoming]] = {}
    for source in sources:
        for id in source.ids():
            known = len(holders)
            first = holders.setdefault(id, source)
            if len(holders) > known:
                continue
            if first is source or found.get(id, [first])[-1] is source:
                raise InputError(f"{source.told}: has two frames {id}; ids must be unique")
            found.setdefault(id, [first]).append(source)
    return found


def refuse_different(sources: Sequence[Incoming], ids: Collection[str], *, numbers: bool) -> None:
    """Frames of one id must hold the same: records (but for `source_id`) and decoded pixels.

    Args:
        numbers: whether they must have one index, too.

    Raises:
        InputError: they do not, with what differs.
    """
    labelling = Labelling(LabelMap(), grow=True)  # one order and spelling of classes, so that records can be compared
    first: dict[str, tuple[dict[str, str], Incoming]] = {}
    for source in sources:
        for frame in source.frames():
            if frame.id not in ids:
                continue
            parts = _parts(labelling.settle(frame if numbers else frame.replaced(index=0))[0])
            before, holder = first.setdefault(frame.id, (parts, source))
            if differing := sorted(key for key in before.keys() | parts if before.get(key) != parts.get(key)):
                raise InputError(
                    f"frame {frame.id} is another one in {holder.told} than in {source.told}: they differ in "
                    f"{', '.join(differing)}; let frames be renamed, or leave one of them out"
                )


def _parts(frame: Frame) -> dict[str, str]:
    """What a frame holds, digested part by part."""
    views = [_without_source_ids(view) for view in frame.views]
    record = to_record(frame.replaced(views=tuple(views)))
    parts: dict[str, Any] = {name: value for name, value in record.items() if name != "views"}
    for view, row in zip(views, record["views"], strict=True):
        where = f" of view {view.name}" if view.name else ""
        parts |= {name + where: value for name, value in row.items()}
        for channel in view.channels:
            array = np.ascontiguousarray(view.channels[channel])
            parts[channel + where] = [str(array.dtype), array.shape, hashlib.sha256(array.data).hexdigest()]
    return {name: hashlib.sha256(repr(value).encode()).hexdigest() for name, value in parts.items()}


def _without_source_ids(view: View) -> View:
    return view.replaced(objects=view.objects.with_columns(source_id=(None,) * len(view.objects)))


def refuse_numbers(sources: Sequence[Incoming], formats: Collection[str], skipped: Collection[str]) -> None:
    """Formats that name files by the frames' numbers need different ones.

    Args:
        skipped: ids of frames that are taken once.

    Raises:
        OptionError: two frames have one number.
    """
    numbered = [name for name in formats if registry.by_name(name).key is by_number]
    if not numbered:
        return
    holders: dict[int, str] = {}
    for source in sources:
        for number, id in zip(source.index.frames["index"].tolist(), source.ids(), strict=True):
            if holders.setdefault(number, id) != id and id not in skipped:
                raise OptionError(
                    f"frames {holders[number]} and {id} both have the index {number}, and {numbered[0]} names files by "
                    "it: number them anew (index=sequential)"
                )


def frames_of_all(
    sources: Sequence[Incoming], collisions: Mapping[str, Sequence[Incoming]], *, sequential: bool
) -> Iterator[Frame]:
    """Every frame once; a colliding one from the first source that has it.

    In the order of (index, id) where all sources are in that order, else, and where frames are numbered anew, source
    after source.
    """
    streams = [_once(source, collisions) for source in sources]
    if sequential:
        position = 0
        for stream in streams:
            for frame in stream:
                yield replace(frame, index=position)
                position += 1
    elif all(source.ascending for source in sources):
        yield from heapq.merge(*streams, key=lambda frame: (frame.index, frame.id))
    else:
        for stream in streams:
            yield from stream


def _once(source: Incoming, collisions: Mapping[str, Sequence[Incoming]]) -> Iterator[Frame]:
    return (frame for frame in source.frames() if collisions.get(frame.id, (source,))[0] is source)
