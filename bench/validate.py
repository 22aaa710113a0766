"""What checking a COCO dataset costs: 20,000 images and 200,000 annotations, half polygons, half run lengths.

    python bench/validate.py [--images N]

Each line is a process of its own, start and imports included: seconds, and the peak resident memory that the system
reports. Beside `framepress validate`: what reading the file alone costs with json and orjson, and Datumaro's validator.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from workload import CLASSES, HEIGHT, WIDTH, table

ROOT = Path(__file__).resolve().parents[1]
DATUMARO = ROOT / ".venvs/datumaro/bin/python"
FILE = "annotations/instances_train.json"
ORJSON = "import orjson, pathlib, sys; orjson.loads(pathlib.Path(sys.argv[1]).read_bytes())"
JSON = "import json, pathlib, sys; json.loads(pathlib.Path(sys.argv[1]).read_bytes())"
VALIDATOR = """
import sys
from datumaro.components.dataset import Dataset
from datumaro.plugins.validators import DetectionValidator
dataset = Dataset.import_from(sys.argv[2], "coco_instances")
DetectionValidator(few_samples_thr=1, imbalance_ratio_thr=50, far_from_mean_thr=5.0, dominance_ratio_thr=0.8,
                   topk_bins=0.1).validate(dataset)
"""
OURS = """
import sys
from framepress.cli import main
main(["validate", "--no-pixels", sys.argv[2]], standalone_mode=False)
"""


def outlines(count: int) -> Iterator[dict[str, Any]]:
    """Ragged blobs of 8 to 120 px radius, in turn as run lengths and as a polygon at hundredths of a pixel."""
    from framepress.ops import rle

    rng = np.random.default_rng(0)
    for number in range(count):
        radius, corners = rng.uniform(8, 120), int(rng.integers(12, 40))
        angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = radius * rng.uniform(0.5, 1, (corners, 1))
        middle = rng.uniform(radius, (WIDTH - radius, HEIGHT - radius))
        xy = (middle + reach * np.stack((np.cos(angle), np.sin(angle)), 1)).round(2)
        if number % 2:
            (x0, y0), (x1, y1) = xy.min(0).tolist(), xy.max(0).tolist()
            x, y = (xy - xy[0]).T
            area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
            shape: Any = [xy.ravel().tolist()]
        else:
            picture = Image.new("1", (WIDTH, HEIGHT))
            ImageDraw.Draw(picture).polygon([tuple(point) for point in xy.tolist()], fill=1)
            mask = rle.encode(np.asarray(picture))
            x0, y0, x1, y1 = rle.bounds(mask)
            area, shape = rle.area(mask), {"size": [HEIGHT, WIDTH], "counts": mask.counts}
        yield {"bbox": [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)], "area": area, "segmentation": shape}


def write(root: Path, images: int) -> None:
    """A file of ten annotations an image."""
    shapes = list(outlines(400))
    rng = np.random.default_rng(1)
    chosen = rng.integers(0, len(shapes), 10 * images).tolist()
    document = {
        "images": [
            {"id": number + 1, "file_name": f"{number:06d}.jpg", "width": WIDTH, "height": HEIGHT}
            for number in range(images)
        ],
        "annotations": [
            {
                "id": number + 1,
                "image_id": number // 10 + 1,
                "category_id": number % len(CLASSES) + 1,
                "iscrowd": 0,
                **shapes[which],
            }
            for number, which in enumerate(chosen)
        ],
        "categories": [{"id": number + 1, "name": name} for number, name in enumerate(CLASSES)],
    }
    (root / FILE).parent.mkdir(parents=True)
    (root / FILE).write_text(json.dumps(document))


def beside_images(path: Path) -> Path:
    """The file once more, in a dataset with an image folder, which Datumaro insists on."""
    other = path.parents[1] / "datumaro" / path.parent.name / path.name
    (other.parents[1] / "images/train").mkdir(parents=True)
    other.parent.mkdir()
    other.hardlink_to(path)
    return other


def measured(python: Path | str, code: str, path: Path) -> tuple[float, float]:
    """Seconds and peak MB of a process that gets the file's path and the dataset's."""
    timed = "import resource, sys; main = sys.argv.pop(1)\ntry: exec(main)\nfinally: "
    timed += "print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    command = [str(python), "-c", timed, code, str(path), str(path.parents[1])]
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise RuntimeError(f"{code}\n{done.stderr[-2000:]}")
    return seconds, int(done.stderr.rsplit("peak", 1)[1]) / 1024


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.write:
        write(options.write, options.images)
        return
    peers: list[tuple[str, Path | str, str, int]] = [
        ("framepress validate --no-pixels", sys.executable, OURS, options.rounds),
        ("json.loads alone", sys.executable, JSON, options.rounds),
    ]
    if DATUMARO.exists():
        peers += [("orjson.loads alone", DATUMARO, ORJSON, options.rounds)]
        peers += [("Datumaro, DetectionValidator", DATUMARO, VALIDATOR, 1)]
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a child's peak begins at what its parent holds when it is made.
        images = str(options.images)
        subprocess.run([sys.executable, __file__, "--write", folder, "--images", images], check=True)
        path = Path(folder, FILE)
        rows, first = [], 0.0
        for name, python, code, rounds in peers:
            given = beside_images(path) if code is VALIDATOR else path
            seconds, peak = min(measured(python, code, given) for _ in range(rounds))
            first = first or seconds
            rows.append((name, f"{seconds:.2f} s", f"{seconds / first:.2f}", f"{peak:.0f} MB"))
        title = f"COCO, {options.images:,} images, {10 * options.images:,} annotations, {path.stat().st_size >> 20} MB"
        print(table(title, ("", "time", "of ours", "peak memory"), rows))
    if not DATUMARO.exists():
        print("no Datumaro: python tests/judges/environments.py datumaro makes its environment\n")


if __name__ == "__main__":
    main()
