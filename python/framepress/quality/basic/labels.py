"""Rules for classes: from semantic ids to labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.quality.basic.gathered import NO_ENTITY
from framepress.quality.basic.table import BasicLook
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = ["labels_are_single", "prims_keep_their_class", "rows_have_a_class", "semantic_ids_have_labels"]


@rule(
    "CAP-004",
    FILE,
    ERROR,
    stage="annotation",
    format="basic",
    breaks="KeyError; or with the map of another frame or annotator, another class without a word",
    remedy="copy the labels file of this very frame and annotator: ids differ between all of them",
)
def semantic_ids_have_labels(basic: BasicLook) -> Iterator[Issue]:
    """Every row's semanticId is in the labels file of its own annotator and frame."""
    for kind, boxes in basic.boxes.items():
        real = (boxes.label == -1) & (boxes.box[:, 0] != NO_ENTITY if boxes.box.shape[1] else True)
        for row in np.flatnonzero(real).tolist():
            yield basic.of_row(kind, row, f"semanticId {boxes.semantic[row]} has no label", "semanticId")


@rule(
    "CAP-007",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    breaks="objects without a class are in no edition",
    remedy="add class semantics to the prims, or filter by semantic type so that they get no row",
)
def rows_have_a_class(basic: BasicLook, *, most_share: float = 0.05) -> Iterator[Issue]:
    """Rows have a label of the type `class`; one issue for each annotator where more than `most_share` have none."""
    for kind, boxes in basic.boxes.items():
        bare = boxes.label == 0
        count = int(bare.sum())
        if count > most_share * len(boxes):
            message = f"{count} of {len(boxes)} rows have no label of the type 'class'"
            yield basic.of_row(kind, int(bare.argmax()), message, "semanticId")


@rule(
    "CAP-012",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    breaks="'rack,rack_shelf' becomes a class of its own; the order of the parts is that of the alphabet",
    remedy="give a list of classes, of which the first that fits is taken; or take labels off the parent",
)
def labels_are_single(basic: BasicLook) -> Iterator[Issue]:
    """No label is several, joined by commas: a prim's own and those that it inherits. One issue for each such label."""
    told: set[int] = set()
    for kind, boxes in basic.boxes.items():
        codes, first = np.unique(boxes.label, return_index=True)
        for code, row in zip(codes.tolist(), first.tolist(), strict=True):
            if code > 0 and "," in basic.labels[code] and code not in told:
                told.add(code)
                yield basic.of_row(kind, row, f"the label is {basic.labels[code]!r}", "semanticId")


@rule(
    "CAP-024",
    FILE,
    WARNING,
    stage="annotation",
    format="basic",
    breaks="a track changes its class on the way; 2D and 3D boxes of one prim are of different classes",
    remedy="copy the labels file of this frame again; label prims once, before the first frame",
)
def prims_keep_their_class(basic: BasicLook) -> Iterator[Issue]:
    """A prim has one class, in all annotators and all frames. One issue for each prim, where it first changes."""
    classes: dict[int, int] = {}
    told: set[int] = set()
    for kind, boxes in basic.boxes.items():
        known = np.flatnonzero((boxes.path >= 0) & (boxes.label > 0))
        pairs, first = np.unique(np.stack([boxes.path[known], boxes.label[known]]), axis=1, return_index=True)
        for at in np.argsort(first).tolist():
            path, label = pairs[:, at].tolist()
            other = classes.setdefault(path, label)
            if other != label and path not in told:
                told.add(path)
                message = f"the class is {basic.labels[label]!r} here, {basic.labels[other]!r} elsewhere"
                yield basic.of_row(kind, int(known[first[at]]), message, "semanticId")
