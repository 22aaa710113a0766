"""Readers that share no code with us and install in seconds: pycocotools, faster-coco-eval, supervision, cv2, tifffile.

All answer in the edge pixel convention's numbers as the reader holds them, unconverted; masks are bool (H, W).
"""

from __future__ import annotations

import contextlib
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

Scorer = Literal["pycocotools", "faster-coco-eval"]


@dataclass(frozen=True)
class Seen:
    """One object as supervision holds it."""

    label: str
    box_xyxy: tuple[float, float, float, float]
    mask: np.ndarray | None


def coco_self_score(json_path: Path, iou_type: Literal["bbox", "segm"], scorer: Scorer = "pycocotools") -> float:
    """COCO's AP (IoU .50 to .95, all sizes) of the ground truth scored against itself.

    A sound file scores 1.0, up to rounding. Below means that the scorer loses or confuses objects; -1, COCO's custom,
    that there is nothing to score. The limit of detections an image is raised, so crowded scenes count in full. Raises
    what the scorer raises: KeyError, IndexError and the like on a broken file.
    """
    coco_class, eval_class = _scorer(scorer)
    with _quiet():
        truth = coco_class(str(json_path))
        annotations = truth.dataset["annotations"]  # as written: the reader's own index hides ids that repeat
        if not annotations:
            return -1.0
        found = truth.loadRes([_as_detection(truth, annotation, iou_type) for annotation in annotations])
        evaluation = eval_class(truth, found, iou_type)
        evaluation.params.maxDets = [1, 10, max(100, len(annotations))]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]  # IoU, recall, class, size, limit
    scored = precision[precision > -1]
    return float(scored.mean()) if scored.size else -1.0


def _scorer(scorer: Scorer) -> tuple[Any, Any]:
    if scorer == "pycocotools":
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval

        return COCO, COCOeval
    from faster_coco_eval import COCO, COCOeval_faster

    return COCO, COCOeval_faster


def _as_detection(truth: Any, annotation: dict[str, Any], iou_type: str) -> dict[str, Any]:
    shape = {"bbox": annotation["bbox"]} if iou_type == "bbox" else {"segmentation": truth.annToRLE(annotation)}
    return {"image_id": annotation["image_id"], "category_id": annotation["category_id"], "score": 1.0, **shape}


def coco_masks(json_path: Path) -> dict[int, np.ndarray]:
    """Annotation id -> mask, as pycocotools rasterises it. Annotations without a segmentation are left out.

    Raises ValueError where the runs of an RLE do not add up to its size: pycocotools would decode such a one into, or
    out of, uninitialised memory.
    """
    from pycocotools.coco import COCO

    for annotation in json.loads(json_path.read_text())["annotations"]:
        segmentation = annotation.get("segmentation")
        if isinstance(segmentation, dict):
            height, width = segmentation["size"]
            covered = _run_total(segmentation["counts"])
            if covered != height * width:
                raise ValueError(
                    f"{json_path}: annotation {annotation['id']}: RLE covers {covered} of {height * width} px"
                )
    with _quiet():
        truth = COCO(str(json_path))
        annotations = truth.loadAnns(truth.getAnnIds())
        return {a["id"]: truth.annToMask(a).astype(bool) for a in annotations if a.get("segmentation")}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress on stdout, and no warning about how pycocotools 2.0.11 hands its arrays to numpy 2."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        yield


def _run_total(counts: list[int] | str) -> int:
    """The sum of COCO run lengths: text holds 5-bit groups, low first, and from the fourth run on differences."""
    if isinstance(counts, list):
        return sum(counts)
    runs: list[int] = []
    value = shift = 0
    for group in (ord(character) - 48 for character in counts):
        value |= (group & 0x1F) << shift
        shift += 5
        if group & 0x20:
            continue
        if group & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return sum(runs)


def supervision_coco(images_dir: Path, json_path: Path, *, with_masks: bool = True) -> dict[str, list[Seen]]:
    """Image path relative to `images_dir` -> objects, in the file's order. Polygons are filled by cv2, which adds a
    row and a column to those on pixel edges; RLE comes back exact."""
    import supervision

    read = supervision.DetectionDataset.from_coco(
        images_directory_path=str(images_dir), annotations_path=str(json_path), force_masks=with_masks
    )
    return _seen(read, images_dir)


def supervision_yolo(
    images_dir: Path, labels_dir: Path, data_yaml: Path, *, with_masks: bool = False
) -> dict[str, list[Seen]]:
    """Image path relative to `images_dir` -> objects, in the file's order. `with_masks` fills polygons as cv2 does."""
    import supervision

    read = supervision.DetectionDataset.from_yolo(
        images_directory_path=str(images_dir),
        annotations_directory_path=str(labels_dir),
        data_yaml_path=str(data_yaml),
        force_masks=with_masks,
    )
    return _seen(read, images_dir)


def _seen(read: Any, images_dir: Path) -> dict[str, list[Seen]]:
    return {
        Path(path).relative_to(images_dir).as_posix(): [
            Seen(
                label=read.classes[found.class_id[i]],
                box_xyxy=tuple(float(edge) for edge in found.xyxy[i]),
                mask=None if found.mask is None else np.asarray(found.mask[i], bool),
            )
            for i in range(len(found))
        ]
        for path, found in read.annotations.items()
    }


def pixels_by_cv2(path: Path) -> np.ndarray:
    """Decoded pixels, depth and channel count kept, colours as RGB or RGBA. Raises ValueError if cv2 cannot read it."""
    import cv2

    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ValueError(f"{path}: cv2 cannot read this image")
    if pixels.ndim == 2:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def pixels_by_tifffile(path: Path) -> np.ndarray:
    """Decoded pixels of a TIFF, dtype kept."""
    import tifffile

    return tifffile.imread(path)
