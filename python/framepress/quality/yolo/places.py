"""Rules for where images and label files are."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from framepress.formats.yolo_names import label_path
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule
from framepress.quality.yolo.tree import FILE as IS_FILE
from framepress.quality.yolo.view import YoloLook

__all__ = [
    "caches_are_newer_than_labels",
    "label_files_belong_to_an_image",
    "label_files_belong_to_one_image",
    "labels_are_where_readers_look",
    "lists_name_images_that_are_there",
]


@rule(
    "YOLO-008",
    FILE,
    ERROR,
    stage="structure",
    format="yolo",
    breaks="all readers take the images for backgrounds, and train on none of their objects",
    remedy="put label files where the last folder `images` of an image's path is replaced by `labels`",
)
def labels_are_where_readers_look(yolo: YoloLook) -> Iterator[Issue]:
    """A label file lies where its image's does with the last folder `images` replaced by `labels`.

    Told once for each pair of folders: images without labels, and label files of the same names elsewhere.
    """
    orphans = {PurePosixPath(path).stem: path for path in reversed(yolo.layout.orphans)}
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    images = yolo.layout.images
    for image, label in zip(images, yolo.layout.label_of, strict=True):
        found = orphans.get(PurePosixPath(image).stem) if label < 0 else None
        if found is not None:
            pairs[_folder(image), _folder(found)].append(image)
    for (folder, place), there in sorted(pairs.items()):
        words = f"images of {folder} whose labels are in {place}: {len(there)}"
        yield Issue(message=f"{words}; expected: {label_path(there[0])}", file=there[0], image=there[0])
    if images and not yolo.layout.labels and not pairs:
        words = f"no image of {len(images)} has a label file; expected: {label_path(images[0])}"
        yield Issue(message=words, file=images[0], image=images[0])


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "the folder of data.yaml"


@rule(
    "YOLO-011",
    FILE,
    WARNING,
    stage="integrity",
    format="yolo",
    breaks="older Ultralytics compares sizes of files only, and trains on the labels that were there before",
    remedy="remove labels/*.cache after labels are written again",
)
def caches_are_newer_than_labels(yolo: YoloLook) -> Iterator[Issue]:
    """A `labels/<split>.cache` is not older than the label files that it holds."""
    newest: dict[str, tuple[int, str]] = {}
    for name, time in zip(yolo.layout.labels, yolo.times.tolist(), strict=True):
        folder = name.rpartition("/")[0]
        newest[folder] = max(newest.get(folder, (0, "")), (time, name))
    for folder, (time, name) in sorted(newest.items()):
        cache = str(PurePosixPath(folder).with_suffix(".cache")) if folder else ""
        if cache and yolo.layout.tree.kind(cache) == IS_FILE:
            made = os.stat(yolo.root / cache).st_mtime_ns
            if made < time:
                words = f"the cache is {(time - made) / 1e9:.1f} s older than {name}"
                yield Issue(message=words, file=cache)


@rule(
    "YOLO-015",
    FILE,
    WARNING,
    stage="structure",
    format="yolo",
    breaks="no reader reads it: its objects are lost, or its image is",
    remedy="put the image back, or remove the label file",
)
def label_files_belong_to_an_image(yolo: YoloLook) -> Iterator[Issue]:
    """Every label file in a folder `labels` has an image, listed or not.

    One whose image has no labels, because it lies elsewhere, is told as that.
    """
    unlabelled = {
        PurePosixPath(image).stem
        for image, label in zip(yolo.layout.images, yolo.layout.label_of, strict=True)
        if label < 0
    }
    for path in yolo.layout.orphans:
        if PurePosixPath(path).stem not in unlabelled:
            yield Issue(message="no image leads to this label file", file=path)


@rule(
    "YOLO-016",
    FILE,
    ERROR,
    stage="structure",
    format="yolo",
    breaks="all readers give both images the same objects",
    remedy="give each image a name of its own without the extension",
)
def label_files_belong_to_one_image(yolo: YoloLook) -> Iterator[Issue]:
    """No two images lead to one label file: names differ in more than the extension."""
    label_of = np.array(yolo.layout.label_of, np.int64)
    shared = [label for label, count in Counter(label_of[label_of >= 0].tolist()).items() if count > 1]
    images = yolo.layout.images
    for label in sorted(shared):
        first, *others = np.flatnonzero(label_of == label).tolist()
        for other in others:
            yield yolo.of_file(label, f"{images[first]} and {images[other]} both lead to it")


@rule(
    "YOLO-017",
    FILE,
    ERROR,
    stage="structure",
    format="yolo",
    breaks="Ultralytics drops what is not there as corrupt; an image in two splits is trained on and judged by",
    remedy="list the images that are there, each in one split, once",
)
def lists_name_images_that_are_there(yolo: YoloLook) -> Iterator[Issue]:
    """A list names image files of the dataset, each once, and no image is in two splits; val may be all of train."""
    yield from yolo.layout.missing
