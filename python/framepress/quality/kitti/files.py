"""Rules for which files there are, and for lists of frames."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.kitti.table import KittiLook, SplitList, Tree
from framepress.quality.rule import FILE, rule

__all__ = ["image_sets_name_frames", "images_have_labels", "names_sort_as_numbers"]

_NUMBER = re.compile(r"[0-9]+")
_SIX_DIGITS = re.compile(r"[0-9]{6}")


@rule(
    "KITTI-005",
    FILE,
    ERROR,
    stage="structure",
    format="kitti",
    breaks="torchvision: FileNotFoundError, and it cuts names at the first dot",
    remedy="write an empty label file for an image without objects, names without dots, one image a name",
)
def images_have_labels(kitti: KittiLook) -> Iterator[Issue]:
    """Each image in training has a label file with its stem and the reverse; stems have no dot, and are there once.

    Where there is no `image_2` at all, images are not missed. In `image_2` there is nothing else, because torchvision
    takes whatever it lists there for images.
    """
    samples = kitti.samples
    for sample, (stem, label, image) in enumerate(zip(samples.stem, samples.label, samples.image, strict=True)):
        tree = kitti.trees[int(samples.tree[sample])]
        if not label:
            file = f"{tree.prefix}image_2/{image}"
            yield kitti.of_sample(sample, f"{image} has no label file label_2/{stem}.txt", file=file)
        elif not image and tree.images.names:
            yield kitti.of_sample(sample, f"{label} has no image in image_2", file=kitti.label_file(sample))
        if "." in stem:
            file = kitti.label_file(sample) if label else f"{tree.prefix}image_2/{image}"
            yield kitti.of_sample(sample, f"the name {label or image!r} has a second dot", file=file)
    for tree in kitti.trees:
        for folder, listed in (("image_2", tree.images), ("label_2", tree.labels)):
            for name in listed.doubled:
                other = listed.names[name.rpartition(".")[0]]
                yield Issue(message=f"{other} and {name} have one stem", file=f"{tree.prefix}{folder}/{name}")
        for name in tree.images.strays:
            yield Issue(message=f"{name} is no image, and is taken for one", file=f"{tree.prefix}image_2/{name}")


@rule(
    "KITTI-017",
    FILE,
    WARNING,
    stage="dataset",
    format="kitti",
    breaks="loaders fail at the first name that is not there; a frame in two lists is trained and tested on",
    remedy="list each frame once, with the six digits of its files, in one list (and in trainval)",
)
def image_sets_name_frames(kitti: KittiLook) -> Iterator[Issue]:
    """Each line of an `ImageSets` file is the six digits of a frame in training; no frame is listed twice.

    `trainval.txt` may repeat what other lists name; `test.txt` numbers the folder `testing` where there is one.
    """
    for tree in kitti.trees:
        first: dict[str, tuple[str, int]] = {}
        for listed in sorted(tree.lists, key=lambda listed: listed.name):
            if not (listed.name == "test" and tree.elsewhere):
                yield from _of_list(tree, listed, {} if listed.name == "trainval" else first)


def _of_list(tree: Tree, listed: SplitList, first: dict[str, tuple[str, int]]) -> Iterator[Issue]:
    """Args: first: file and line that named a stem before; added to."""
    for number, line in enumerate(listed.lines, 1):
        message = _astray(tree, line)
        if not message and line in first:
            file, where = first[line]
            message = f"{line} is in line {where} of {file} too"
        first.setdefault(line, (listed.file.rpartition("/")[2], number))
        if message:
            known = line.strip() in tree.labels.names
            yield Issue(message=message, file=listed.file, line=number, frame=line.strip() if known else "")


def _astray(tree: Tree, line: str) -> str:
    shown = ascii(line[:40])
    if not line.strip():
        return "the line is blank"
    if line.strip() not in tree.labels.names:
        padded = f"; {line.strip():0>6} is" if f"{line.strip():0>6}" in tree.labels.names else ""
        return f"{shown} has no file in label_2{padded}"
    return "" if _SIX_DIGITS.fullmatch(line) else f"{shown} is not six digits"


@rule(
    "KITTI-018",
    FILE,
    WARNING,
    stage="structure",
    format="kitti",
    breaks="torchvision lists a folder as the file system does, others by name: 10 comes before 2",
    remedy="pad the numbers with zeros to one length, six digits",
)
def names_sort_as_numbers(kitti: KittiLook) -> Iterator[Issue]:
    """Where file names are numbers, all have one length, so that sorting names gives the order of the frames."""
    samples = kitti.samples
    for number, tree in enumerate(kitti.trees):
        rows = np.flatnonzero(samples.tree == number).tolist()
        if rows and (pair := _unsorted([samples.stem[row] for row in rows])):
            message = f"by name {pair[0]} comes before {pair[1]}, by number after it"
            row = next(row for row in rows if samples.stem[row] == pair[0])
            file = kitti.label_file(row) if samples.label[row] else f"{tree.prefix}image_2/{samples.image[row]}"
            yield kitti.of_sample(row, message, file=file)


def _unsorted(stems: Sequence[str]) -> tuple[str, str] | None:
    """The first two neighbours by name that stand otherwise by number; None where all agree, or are no numbers."""
    if not all(map(_NUMBER.fullmatch, stems)):
        return None
    ordered = sorted(stems)
    numbers = [stem.lstrip("0") for stem in ordered]
    for first, second, one, other in zip(ordered, ordered[1:], numbers, numbers[1:], strict=False):
        if (len(one), one) > (len(other), other):
            return first, second
    return None
