"""torchvision's reading of a KITTI object folder: python judge_torchvision_kitti.py ROOT

ROOT holds training/image_2 and training/label_2. The reader lists images in the folder's own order and parses labels
when asked, so images are sorted here and each may carry a refusal of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from importlib.metadata import version
from pathlib import Path

from answer import answer, refusal


def describe(root: Path) -> dict[str, object]:
    _declare_missing_kernels()
    from torchvision.datasets import Kitti

    document: dict[str, object] = {"reader": f"torchvision {version('torchvision')}", "refused": None, "images": []}
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "Kitti" / "raw"  # the path the reader insists on
        raw.mkdir(parents=True)
        (raw / "training").symlink_to(root / "training")
        try:
            dataset = Kitti(root=folder, train=True)
        except Exception as error:  # whatever the reader raises is its verdict
            return {**document, "refused": refusal(error)}
        images = [_image(dataset, i) for i in range(len(dataset))]
    return {**document, "images": sorted(images, key=lambda image: image["file"])}


def _declare_missing_kernels() -> None:
    """PyPI's torchvision cannot load its CUDA kernels beside a CPU torch, and refuses to be imported when the two that
    it describes are undeclared. The KITTI reader calls none of them, so declaring is enough."""
    import torch

    if torch.version.cuda is None and "+cpu" not in version("torchvision"):
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def _image(dataset, i: int) -> dict[str, object]:
    said: dict[str, object] = {"file": Path(dataset.images[i]).name, "refused": None, "objects": []}
    try:
        image, objects = dataset[i]
    except Exception as error:  # whatever the reader raises is its verdict
        return {**said, "refused": refusal(error)}
    image.load()
    return {**said, "size_wh": list(image.size), "mode": image.mode, "objects": objects}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    options = parser.parse_args()
    answer(lambda: describe(options.root.resolve()))
