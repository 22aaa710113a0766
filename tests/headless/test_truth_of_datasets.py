"""Known frames pressed into COCO, and read back by pycocotools: masks, boxes and areas are those of the pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pycocotools", reason="the judge of COCO is pycocotools")

from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.core import LabelMap
from framepress.core.arrays import Array
from framepress.dataset.writer import DatasetWriter
from framepress.headless import rep
from headless.staging import box_of, opened, product
from headless.true_frames import CAMERA, LENSES, SIZE, Take, take
from headless.true_scenes import SCENES
from judges.light import coco_masks, coco_self_score

LABELS = LabelMap.of(
    "crate box bin floor bolt wheel cabin car rubble plank brick ball room beam puppet".split()  # parts before wholes
)
FRAMES = [(scene, model) for scene in SCENES for model in LENSES]


class Listener(rep.Writer):  # type: ignore[misc]
    """Keeps the payload of the last frame."""

    def __init__(self) -> None:
        self.data_structure = "renderProduct"
        self.annotators = [
            "rgb",
            "camera_params",
            "instance_segmentation_fast",
            "bounding_box_2d_tight",
            "bounding_box_2d_loose",
            "bounding_box_3d",
        ]
        self.payload: dict[str, Any] = {}

    def write(self, data: dict[str, Any]) -> None:
        self.payload = data


def payload_of(known: Take) -> dict[str, Any]:
    """What a writer is handed of the same scene, in a session of its own."""
    host = opened(known.stage)
    listener = Listener()
    listener.attach(product(CAMERA, SIZE))
    rep.orchestrator.step()
    assert not host.failures
    return listener.payload


@pytest.fixture(scope="module")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All frames as one COCO dataset; the file of its annotations."""
    folder = tmp_path_factory.mktemp("coco") / "set"
    with DatasetWriter(folder, ["coco"], labels=LABELS) as writer:
        for index, pair in enumerate(FRAMES):
            frame, accounts = frame_from_payload(
                payload_of(take(*pair)), frame_id="_".join(pair), index=index, policy=Policy(labels=LABELS)
            )
            assert frame is not None
            assert accounts.unaccounted == 0
            writer.add(frame)
    return folder / "annotations/instances_default.json"


@pytest.fixture(scope="module")
def annotations(pressed: Path) -> dict[tuple[str, str], dict[str, tuple[dict[str, Any], Array, str]]]:
    """Scene, model -> prim path -> the annotation, pycocotools' mask of it, and its class."""
    document, masks = json.loads(pressed.read_text()), coco_masks(pressed)
    names = {entry["id"]: entry["name"] for entry in document["categories"]}
    images = sorted(document["images"], key=lambda image: image["id"])
    assert len(images) == len(FRAMES)
    found: dict[int, dict[str, Any]] = {image["id"]: {} for image in images}
    for entry in document["annotations"]:
        of_image = found[entry["image_id"]]
        assert entry["track"] not in of_image
        of_image[entry["track"]] = entry, masks[entry["id"]], names[entry["category_id"]]
    return {pair: found[image["id"]] for pair, image in zip(FRAMES, images, strict=True)}


@pytest.mark.parametrize("pair", FRAMES, ids=lambda pair: "-".join(pair))
def test_each_labelled_prim_has_the_mask_area_and_box_of_its_pixels(
    annotations: dict[tuple[str, str], dict[str, tuple[dict[str, Any], Array, str]]], pair: tuple[str, str]
) -> None:
    """A prim with labelled prims below has its own pixels for a mask, and Replicator's box around all of them."""
    known, found = take(*pair), annotations[pair]
    assert set(found) == {path for path in known.labelled if known.mask(path, below=False).any()}
    for path, (entry, mask, _) in found.items():
        assert np.array_equal(mask, known.mask(path, below=False)), path
        assert entry["area"] == mask.sum()
        x_min, y_min, x_max, y_max = box_of(known.mask(path))
        assert entry["bbox"] == [x_min, y_min, x_max - x_min + 1, y_max - y_min + 1], path
        assert entry["iscrowd"] == 0


@pytest.mark.parametrize("pair", FRAMES, ids=lambda pair: "-".join(pair))
def test_classes_are_the_prims_own_and_visibility_is_what_is_left_of_it(
    annotations: dict[tuple[str, str], dict[str, tuple[dict[str, Any], Array, str]]], pair: tuple[str, str]
) -> None:
    known = take(*pair)
    for path, (entry, _, name) in annotations[pair].items():
        assert [name] == list(known.stage.GetPrimAtPath(path).GetAttribute("semantics:labels:class").Get())
        if known.has_children(path):
            assert "visibility" not in entry
        else:
            left = known.mask(path).sum() / known.alone[path][0].sum()
            assert entry["visibility"] == pytest.approx(left, abs=1e-6)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_pycocotools_scores_the_dataset_against_itself_with_one(pressed: Path, kind: Any) -> None:
    assert coco_self_score(pressed, kind) == pytest.approx(1.0)
