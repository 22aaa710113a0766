"""Ultralytics' own scan of a YOLO folder: python judge_ultralytics.py ROOT {detect,segment,pose}

For every split of data.yaml: the counts and messages of the scan that precedes training, and each image's boxes and
polygons as the trainer would hold them. Polygons are also rasterised twice, because a test wants both facts:
`drawn_runs` fills the stored points, `trained_runs` comes out of the training pipeline, which resamples them first.
Ultralytics writes caches beside the labels, may repair images in place and may fetch fonts: it gets a copy of the
dataset, a settings folder of its own and no network.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
from answer import answer, refusal, runs

SPLITS = ("train", "val", "test")


def describe(root: Path, task: str) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        settings = scratch / "settings"
        os.environ.update(YOLO_CONFIG_DIR=str(settings), YOLO_OFFLINE="1", MPLBACKEND="Agg")
        for font in ("Arial.ttf", "Arial.Unicode.ttf"):  # looked for here, else downloaded; never drawn with
            (settings / "Ultralytics").mkdir(parents=True, exist_ok=True)
            (settings / "Ultralytics" / font).touch()
        copy = scratch / "dataset"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns("*.cache"))
        return _scan(copy, task)


def _scan(root: Path, task: str) -> dict[str, object]:
    from ultralytics.data.utils import check_det_dataset

    document: dict[str, object] = {
        "reader": f"ultralytics {version('ultralytics')}",
        "refused": None,
        "names": {},
        "splits": {},
    }
    try:
        configured = check_det_dataset(str(root / "data.yaml"), autodownload=False)
    except Exception as error:  # whatever the reader raises is its verdict
        return {**document, "refused": _relative(refusal(error), root)}
    document["names"] = {str(number): name for number, name in configured["names"].items()}
    document["splits"] = {name: _split(root, name, task, configured) for name in SPLITS if configured.get(name)}
    return document


def _split(root: Path, name: str, task: str, configured: dict) -> dict[str, object]:
    from ultralytics.data.dataset import YOLODataset

    tally: dict[str, object] = {}

    class Scanned(YOLODataset):
        """Keeps the counts and messages that the reader itself drops once it has logged them."""

        def _load_or_scan_cache(self, cache_path: Path, cache_hash: str) -> tuple[dict, bool]:
            cache, loaded = super()._load_or_scan_cache(cache_path, cache_hash)
            tally.update(zip(("found", "missing", "empty", "corrupt", "total"), cache["results"], strict=True))
            tally["messages"] = [_relative(message, root) for message in cache["msgs"]]
            return cache, loaded

    try:
        dataset = Scanned(img_path=configured[name], data=configured, task=task, augment=False, prefix=f"{name}: ")
        images = [_image(dataset, i, root) for i in range(len(dataset.labels))]
    except Exception as error:  # whatever the reader raises is its verdict
        return {"refused": _relative(refusal(error), root), **tally, "images": []}
    return {"refused": None, **tally, "images": images}


def _image(dataset, i: int, root: Path) -> dict[str, object]:
    label = dataset.labels[i]
    height, width = label["shape"]
    said = {
        "path": Path(label["im_file"]).relative_to(root).as_posix(),
        "size_wh": [width, height],
        "classes": [int(number) for number in label["cls"].ravel()],
        "boxes_cxcywh": label["bboxes"],
        "segments": [points.tolist() for points in label["segments"]],
        "keypoints": label["keypoints"],
    }
    if dataset.use_segments and label["segments"]:
        said["drawn_runs"] = [runs(mask) for mask in _drawn(label["segments"], width, height)]
        said["trained_runs"] = [runs(mask) for mask in _trained(dataset, i)]
    return said


def _drawn(segments, width: int, height: int) -> list:
    """Each stored polygon scaled to pixels and filled as the trainer fills."""
    from ultralytics.data.utils import polygon2mask

    scale = np.float32([width, height])
    return [polygon2mask((height, width), [(points * scale).reshape(-1)]) for points in segments]


def _trained(dataset, i: int):
    """The instance masks of the training pipeline at the image's own size: no letterbox, no down-sampling."""
    from ultralytics.data.augment import Format

    dataset.imgsz = max(dataset.labels[i]["shape"])
    formatted = Format(
        bbox_format="xywh", normalize=True, return_mask=True, mask_ratio=1, mask_overlap=False, batch_idx=True
    )
    return formatted(dataset.get_image_and_label(i))["masks"].numpy()


def _relative(message: str, root: Path) -> str:
    return message.replace(f"{root}/", "")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("task", choices=("detect", "segment", "pose"))
    options = parser.parse_args()
    answer(lambda: describe(options.root.resolve(), options.task))
