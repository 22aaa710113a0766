"""A few lines of code that load each edition with the reader that people use for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from framepress.quality.report.places import printable

__all__ = ["loading"]


def loading(facts: Mapping[str, Any], home: Path) -> list[tuple[str, str]]:
    """Name of the format -> Python, to be run in the card's folder.

    Args:
        home: that folder; of a dataset of others it is asked where files lie.
    """
    splits = [split["name"] for split in facts["splits"] if split["name"]]
    found = []
    for edition in facts["editions"]:
        make = _CODE.get(edition["format"], _framepress)
        found.append((edition["format"], make(edition, splits, home) or _framepress(edition, splits, home)))
    return found


def _framepress(edition: Mapping[str, Any], splits: Sequence[str], home: Path) -> str:
    return f"""import framepress

for frame in framepress.open({_quoted(edition["path"])}, {_quoted(edition["format"])}).frames():
    for view in frame.views:
        boxes, names = view.objects.box, view.objects.labels  # x0 y0 x1 y1 [px]
"""


def _native(edition: Mapping[str, Any], splits: Sequence[str], home: Path) -> str:
    return f"""import framepress

for frame in framepress.open({_quoted(edition["path"])}, "native").frames():
    for view in frame.views:
        boxes, names = view.objects.box, view.objects.labels  # x0 y0 x1 y1 [px]
        arrays = {{name: view.channels[name] for name in view.channels}}  # decoded when they are asked for
"""


def _coco(edition: Mapping[str, Any], splits: Sequence[str], home: Path) -> str:
    folder = home / edition["path"] / "annotations"
    wanted = [f"instances_{split}.json" for split in sorted(splits, key=_train_first) or ["default"]]
    there = [name for name in wanted if (folder / name).is_file()]
    if not there:
        return ""
    name = there[0].removeprefix("instances_").removesuffix(".json")
    path = edition["path"]
    others = _others("  # and", there)
    return f"""from pycocotools.coco import COCO

coco = COCO({_quoted(f"{path}annotations/{there[0]}")}){others}
image = coco.loadImgs(coco.getImgIds())[0]  # its file is below {printable(f"{path}images/{name}")}
boxes = [annotation["bbox"] for annotation in coco.imgToAnns[image["id"]]]  # x y width height [px]
"""


def _yolo(edition: Mapping[str, Any], splits: Sequence[str], home: Path) -> str:
    path = edition["path"]
    if not (home / path / "data.yaml").is_file():
        return ""
    weights = "yolo11n-seg.pt" if edition["options"].get("task") == "segment" else "yolo11n.pt"
    return f"""from ultralytics import YOLO

YOLO({_quoted(weights)}).train(data={_quoted(f"{path}data.yaml")}, epochs=1)
"""


def _kitti(edition: Mapping[str, Any], splits: Sequence[str], home: Path) -> str:
    path, top = edition["path"], home / edition["path"]
    trees = [path] if (top / "training").is_dir() else [f"{path}{name}/" for name in _cameras(top)]
    if not trees:
        return ""
    others = _others(", as for", trees)
    return f"""import os
from torchvision.datasets import Kitti

os.makedirs("torchvision/Kitti", exist_ok=True)
os.symlink(os.path.abspath({_quoted(trees[0] or ".")}), "torchvision/Kitti/raw")  # where it looks{others}
image, objects = Kitti("torchvision", train=True)[0]
"""


def _cameras(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(child.name for child in folder.iterdir() if (child / "training").is_dir())


_Code = Callable[[Mapping[str, Any], Sequence[str], Path], str]
_CODE: dict[str, _Code] = {"native": _native, "coco": _coco, "yolo": _yolo, "kitti": _kitti}


def _others(said: str, paths: Sequence[str]) -> str:
    """All but the first, at the end of a comment."""
    return f"{said} {printable(', '.join(paths[1:]))}" if paths[1:] else ""


def _train_first(split: str) -> tuple[bool, str]:
    return split != "train", split


def _quoted(path: str) -> str:
    """As a text of Python on one line, whatever it holds; the card's own folder is a dot."""
    path = path.rstrip("/") or "."
    return json.dumps(path, ensure_ascii=not path.isprintable())
