"""What other readers make of broken datasets: they fail, or score a perfect detector down, while a rule names why.

The detections are the objects of the good file, so a scorer that reads the broken one rightly gives AP 1.
"""

from __future__ import annotations

import copy
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judges.light import _quiet, _scorer
from quality.mutations.coco import MUTATIONS
from quality.mutations.coco_edits import TRAIN, found, good

Json = dict[str, Any]
BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}
# mutation, what is scored, AP or the error. All of them, but for the last two, are scored without a word.
SCORED: list[tuple[str, str, float | type[Exception]]] = [
    ("an id that two annotations have", "bbox", 0.8350),
    ("an annotation with id 0", "bbox", 0.8606),
    ("an image that is not there", "bbox", 0.9167),
    ("an id that is any text", "bbox", ValueError),
    ("no area", "bbox", KeyError),
    ("no iscrowd", "bbox", KeyError),
    ("a box as corners", "bbox", 0.8606),
    ("a box without width", "bbox", 0.8606),
    ("a box without its last pixels", "bbox", 0.9721),
    ("a crowd's box without its last pixels", "bbox", 0.9917),
    ("a flat polygon", "segm", TypeError),
    ("an empty list", "segm", IndexError),
    ("two corners", "segm", TypeError),
    ("height and width swapped", "segm", 0.8886),
    ("the print of bytes", "segm", 0.8886),
    ("no width", "segm", KeyError),
    ("NaN in a box", "bbox", 1.0),  # a box that is nowhere counts as found
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("coco") / "good"
    good(root)
    return root


@pytest.fixture(scope="module")
def detections(sound: Path) -> dict[str, list[Json]]:
    with _quiet():
        truth = _scorer("pycocotools")[0](str(sound / TRAIN))
    perfect: dict[str, list[Json]] = {"bbox": [], "segm": []}
    for annotation in json.loads((sound / TRAIN).read_text())["annotations"]:
        row = {"image_id": annotation["image_id"], "category_id": annotation["category_id"], "score": 1.0}
        runs = truth.annToRLE(annotation)
        counts = runs["counts"] if isinstance(runs["counts"], str) else runs["counts"].decode()
        perfect["bbox"].append({**row, "bbox": annotation["bbox"]})
        perfect["segm"].append({**row, "segmentation": {"size": runs["size"], "counts": counts}})
    return perfect


def precision(path: Path, detections: list[Json], kind: str, scorer: Any = "pycocotools") -> float:
    """COCO's AP over IoU .50 to .95, all sizes."""
    coco_class, eval_class = _scorer(scorer)
    with _quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        truth = coco_class(str(path))
        evaluation = eval_class(truth, truth.loadRes(copy.deepcopy(detections)), kind)
        evaluation.evaluate()
        evaluation.accumulate()
    table = np.asarray(evaluation.eval["precision"])[:, :, :, 0, -1]
    return float(table[table > -1].mean())


def broken(sound: Path, folder: Path, name: str) -> Path:
    shutil.copytree(sound, folder / "set")
    BY_NAME[name].change(folder / "set")
    return folder / "set"


def codes(root: Path) -> set[str]:
    return {code for code, *_ in found(root)}


def objects(root: Path) -> int:
    """How many supervision loads, masks and all."""
    supervision = pytest.importorskip("supervision")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = str(root / "images/train")
        loaded = supervision.DetectionDataset.from_coco(images, str(root / TRAIN), force_masks=True)
    return sum(len(detected) for detected in loaded.annotations.values())


@pytest.mark.parametrize("scorer", ["pycocotools", "faster-coco-eval"])
def test_the_good_dataset_scores_1(sound: Path, detections: dict[str, list[Json]], scorer: str) -> None:
    for kind, perfect in detections.items():
        assert precision(sound / TRAIN, perfect, kind, scorer) == pytest.approx(1)


@pytest.mark.parametrize(("name", "kind", "answer"), SCORED, ids=[row[0] for row in SCORED])
def test_pycocotools_misreads_what_a_rule_names(
    name: str,
    kind: str,
    answer: float | type[Exception],
    sound: Path,
    detections: dict[str, list[Json]],
    tmp_path: Path,
) -> None:
    root = broken(sound, tmp_path, name)
    if isinstance(answer, float):
        assert precision(root / TRAIN, detections[kind], kind) == pytest.approx(answer, abs=1e-4)
    else:
        with pytest.raises(answer):
            precision(root / TRAIN, detections[kind], kind)
    assert codes(root) == {BY_NAME[name].code}


@pytest.mark.parametrize("name", ["an annotation with id 0", "a box as corners", "a box without its last pixels"])
def test_faster_coco_eval_misreads_it_alike(
    name: str, sound: Path, detections: dict[str, list[Json]], tmp_path: Path
) -> None:
    root = broken(sound, tmp_path, name)
    known = next(answer for mutation, _, answer in SCORED if mutation == name)
    assert precision(root / TRAIN, detections["bbox"], "bbox", "faster-coco-eval") == pytest.approx(known, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("a category that is not there", ValueError),
        ("an image twice", ValueError),
        ("a box of negative height", ValueError),
        ("half a corner", ValueError),
        ("the print of bytes", ValueError),
    ],
)
def test_supervision_refuses_what_a_rule_names(name: str, error: type[Exception], sound: Path, tmp_path: Path) -> None:
    root = broken(sound, tmp_path, name)
    with pytest.raises(error):
        objects(root)
    assert BY_NAME[name].code in codes(root)


def test_supervision_passes_over_an_image_that_a_rule_misses(sound: Path, tmp_path: Path) -> None:
    """Seven objects instead of eight, and not a word."""
    root = broken(sound, tmp_path, "an image that is not there")
    assert (objects(sound), objects(root)) == (8, 7)
    assert codes(root) == {"COCO-003"}
