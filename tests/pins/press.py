"""Run by `run.py` inside a release's environment: press a capture with every format, print {path: sha256}."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from framepress.core import LabelMap
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.formats import basic

ALLOWED = {"framepress", "numpy", "PIL", "__main__"}
EDITIONS = {
    "every": {
        "native": {},
        "coco": {},
        "yolo": {},
        "kitti": {"depth": True, "velodyne": "depth"},
    },
    "outlines": {"coco": {"segmentation": "polygon"}, "yolo": {"task": "segment"}},
}


def main(capture: Path, target: Path) -> None:
    labels: LabelMap = basic.read_labels(capture)
    for name, formats in EDITIONS.items():
        split = Split.parse("train=.5,val=.5")
        with DatasetWriter(target / name, formats, labels=labels, split=split, workers=2) as writer:
            for frame in basic.read(capture):
                writer.add(frame)
    packages = {module.split(".")[0] for module in sys.modules} - set(sys.stdlib_module_names)
    strangers = {name for name in packages - ALLOWED if not name.startswith(("_", "cython_runtime"))}
    if strangers:
        raise SystemExit(f"the write path imported {', '.join(sorted(strangers))}")
    outside = ("ledger.jsonl", "lock")
    digests = {
        path.relative_to(target).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.name not in outside
    }
    print(json.dumps(digests))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
