"""Datumaro's reading of a COCO, YOLO or KITTI folder: python judge_datumaro.py ROOT {coco,yolo,kitti}

Datumaro rounds every coordinate to two decimals and skips what it cannot parse with a log line only, so `skipped` holds
those lines and a test must look at them. It does not read KITTI's 3D fields.
"""

from __future__ import annotations

import argparse
import logging
from importlib.metadata import version
from pathlib import Path

from answer import answer, refusal, runs


class _Complaints(logging.Handler):
    """Keeps what a reader logs at warning level and above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def describe(root: Path, layout: str) -> dict[str, object]:
    from datumaro import AnnotationType, Dataset

    complaints = _Complaints()
    logging.getLogger().addHandler(complaints)
    document: dict[str, object] = {
        "reader": f"datumaro {version('datumaro')}",
        "refused": None,
        "labels": [],
        "items": [],
    }
    try:
        dataset = Dataset.import_from(str(root), layout)
        names = [category.name for category in dataset.categories()[AnnotationType.label]]
        document["labels"] = names
        document["items"] = sorted((_item(item, names, root) for item in dataset), key=lambda item: item["path"] or "")
    except Exception as error:  # whatever the reader raises is its verdict
        document["refused"] = refusal(error)
    return {**document, "skipped": complaints.lines}


def _item(item, names: list[str], root: Path) -> dict[str, object]:
    path = getattr(item.media, "path", None)
    pixels = item.media.data if path else None
    return {
        "id": item.id,
        "subset": item.subset,
        "path": Path(path).relative_to(root).as_posix() if path else None,
        "attributes": dict(item.attributes),
        "size_wh": [item.media.size[1], item.media.size[0]] if path else None,
        "decoded_wh": None if pixels is None else [pixels.shape[1], pixels.shape[0]],
        "annotations": [_annotation(annotation, names) for annotation in item.annotations],
    }


def _annotation(annotation, names: list[str]) -> dict[str, object]:
    """One shape as Datumaro holds it; a COCO object becomes several of one `group`."""
    said = {
        "type": annotation.type.name,
        "id": annotation.id,
        "group": annotation.group,
        "label": None if annotation.label is None else names[annotation.label],
        "attributes": dict(annotation.attributes),
        "box_xywh": list(annotation.get_bbox()),
        "area": annotation.get_area(),
    }
    if annotation.type.name == "mask":
        said["mask_runs"] = runs(annotation.image)
    else:
        said["points"] = list(annotation.points)
    if annotation.type.name == "points":
        said["visibility"] = [flag.value for flag in annotation.visibility]
    return said


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("layout", choices=("coco", "yolo", "kitti"))
    options = parser.parse_args()
    answer(lambda: describe(options.root.resolve(), options.layout))
