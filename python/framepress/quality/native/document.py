"""Rules for `dataset.json` and the lines of the shards, as documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from framepress.core import CHANNELS
from framepress.formats.native import CONVENTIONS
from framepress.formats.native_read import DATASET, SCHEMA, VERSION
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.native.table import NativeLook
from framepress.quality.rule import FILE, rule

__all__ = [
    "classes_in_use_are_listed",
    "counts_are_those_of_the_records",
    "numbers_are_finite",
    "records_are_frames",
    "sidecar_states_its_conventions",
    "the_schema_is_known",
]


@rule(
    "JSN-001",
    FILE,
    ERROR,
    stage="format",
    format="native",
    breaks="a reader of another version takes fields for what they are not",
    remedy="read it with the release that wrote it, and write it again",
)
def the_schema_is_known(native: NativeLook) -> Iterator[Issue]:
    """dataset.json states the schema and a version that is known, and each name in it once."""
    for name, known in (("schema", SCHEMA), ("version", VERSION)):
        found = native.document.get(name)
        if found != known or type(found) is not type(known):
            message = (
                f"{name} is {found!r:.60}, known is {known!r}" if name in native.document else f"no {name} is stated"
            )
            yield Issue(message=message, file=DATASET, place=name)
    yield from native.faults


@rule(
    "JSN-002",
    FILE,
    ERROR,
    stage="format",
    format="native",
    breaks="NaN and Infinity are no JSON: other languages refuse the file, pycocotools scores a NaN box as 1",
    remedy="write null for what is not known",
)
def numbers_are_finite(native: NativeLook) -> Iterator[Issue]:
    """No number is NaN or infinite; what is not known is null."""
    yield from native.lines.odd.not_finite


@rule(
    "JSN-006",
    FILE,
    ERROR,
    stage="format",
    format="native",
    breaks="the reader refuses the dataset at this line",
    remedy="write the record again; docs/native.md is its schema",
)
def records_are_frames(native: NativeLook) -> Iterator[Issue]:
    """Every line is the record of a frame: fields of their kinds, columns of one length, views with names of their own.

    Labels count in the view's classes, images have a size, `near` lies before `far`.
    """
    yield from native.lines.odd.wrong
    views = native.table.views
    for side in ("width", "height"):
        for row in np.flatnonzero(views[side] < 1).tolist():
            yield native.of_view(row, f"{side} is {views[side][row]} px", side)
    near, far = native.lenses[:, 25], native.lenses[:, 26]
    for row in np.flatnonzero(~((near >= 0) & (near < far))).tolist():
        yield native.of_view(row, f"near is {near[row]:g} m, far {far[row]:g} m", "camera.near")
    pairs = views["frame"].astype(np.int64) * (len(native.table.view_names) + 1) + views["name"]
    _, first = np.unique(pairs, return_index=True)
    for row in np.setdiff1d(np.arange(len(pairs)), first).tolist():
        yield native.of_view(row, "two views of the frame have this name", "name")
    for frame in np.setdiff1d(np.arange(native.table.frames.rows), views["frame"]).tolist():
        yield _of_frame(native, frame, "the frame has no view", "views")
    for frame in np.flatnonzero(native.table.frames["index"] < 0).tolist():
        yield _of_frame(native, frame, f"index is {native.table.frames['index'][frame]}", "index")


def _of_frame(native: NativeLook, frame: int, message: str, place: str) -> Issue:
    shard, line = native.lines.places[frame]
    file = native.shards[shard].path
    return Issue(message=message, file=file, line=line, place=place, frame=native.lines.ids[frame])


@rule(
    "JSN-008",
    FILE,
    WARNING,
    stage="format",
    format="native",
    breaks="programs that size their tables or bars by dataset.json come out short",
    remedy="run `framepress finish`, or write dataset.json again",
)
def counts_are_those_of_the_records(native: NativeLook) -> Iterator[Issue]:
    """dataset.json's `frames`, `splits` and `channels` are what the records add up to.

    Asked only where every shard and every line could be read.
    """
    if native.unread or native.lines.odd.wrong or any(shard.message for shard in native.shards):
        return
    table, document = native.table, native.document
    if document.get("frames") != table.frames.rows:
        message = f"frames is {document.get('frames')!r:.40}, the records are {table.frames.rows}"
        yield Issue(message=message, file=DATASET, place="frames")
    splits = Counter(table.splits[code] for code in table.frames["split"].tolist())
    if document.get("splits") != dict(splits):
        message = f"splits is {document.get('splits')!r:.80}, the records have {dict(sorted(splits.items()))}"
        yield Issue(message=message, file=DATASET, place="splits")
    encoders: dict[str, set[str]] = {}
    for file in native.lines.files:
        encoders.setdefault(file.channel, set()).add(file.said.encoder)
    stated = document.get("channels")
    channels = stated if isinstance(stated, dict) else {}
    for name in sorted({*channels, *encoders}):
        found = channels.get(name)
        row = found if isinstance(found, dict) else {}
        listed, used = row.get("encoders"), sorted(encoders.get(name, ()))
        if listed != used:
            message = f"the encoders of {name!r:.40} are {listed!r:.60}, the records have {used}"
            yield Issue(message=message, file=DATASET, place=f"channels.{name}")
        elif name in CHANNELS and row.get("dtype") != CHANNELS[name].dtype:
            message = f"the dtype of {name!r} is {row.get('dtype')!r:.40}, the format has {CHANNELS[name].dtype}"
            yield Issue(message=message, file=DATASET, place=f"channels.{name}.dtype")


@rule(
    "JSN-009",
    FILE,
    ERROR,
    stage="annotation",
    format="native",
    breaks="editions that are pressed from it have no number for the class",
    remedy="add the class to the list, or correct the record",
)
def classes_in_use_are_listed(native: NativeLook) -> Iterator[Issue]:
    """Every class that a record uses is in the list of dataset.json, in the same spelling; told once a class."""
    if not isinstance(native.document.get("classes"), list):
        yield Issue(message="there is no list of classes", file=DATASET, place="classes")
        return
    _, listed = native.classes()
    for name, where in native.lines.used.items():
        if name not in listed:
            yield replace(where, message=f"the class {name!r:.80} is not in the list of {DATASET}", place="classes")


@rule(
    "GEN-011",
    FILE,
    WARNING,
    stage="format",
    format="native",
    breaks="who reads the files later must guess units, axes and which pixel a coordinate means",
    remedy="run `framepress finish`, which writes dataset.json again",
)
def sidecar_states_its_conventions(native: NativeLook) -> Iterator[Issue]:
    """dataset.json states conventions for boxes, cameras, lengths, masks and time, and they are those of the format."""
    stated = native.document.get("conventions")
    found = stated if isinstance(stated, dict) else {}
    for name, words in CONVENTIONS.items():
        if found.get(name) != words:
            what = f"is {found[name]!r:.80}, this format has {words!r}" if name in found else "is not stated"
            yield Issue(message=f"the convention of {name!r} {what}", file=DATASET, place=f"conventions.{name}")
