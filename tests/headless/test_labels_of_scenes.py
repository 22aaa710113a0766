"""The walk that finds a stage's classes finds those that the renderer's reader finds, which reads everything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Usd
from staging import opened

from framepress.headless.usd.reader import StageReader
from framepress.replicator.labels import labels_of_stage
from headless.true_scenes import SCENES

FILES = Path(__file__).resolve().parents[2] / "data/scenes"


def stage_of(name: str) -> Usd.Stage:
    if name in SCENES:
        stage = opened().stage
        SCENES[name](stage, np.random.default_rng(1))
        return stage
    return Usd.Stage.Open(str(FILES / name / f"{name}.usda"))


@pytest.mark.parametrize("name", [*SCENES, "warehouse", "tabletop"])
def test_classes_and_key_points_are_those_of_the_whole_scene(name: str) -> None:
    stage = stage_of(name)
    scene = StageReader(stage).read()
    names = {label.casefold() for entity in scene.entities for label in entity.own.get("class", ())}
    found = labels_of_stage(stage, name)
    assert found is not None
    assert [label.casefold() for label in found.names] == sorted(names)
    with_joints = {}
    for skeleton in scene.skeletons:
        entity = scene.entities[skeleton.entity]
        label = (*entity.own.get("class", ()), *entity.inherited.get("class", ()))[0]
        with_joints.setdefault(label.casefold(), skeleton)
    assert {label.name.casefold() for label in found.labels if label.keypoints} == set(with_joints)
    for label in found.labels:
        if label.keypoints:
            skeleton = with_joints[label.name.casefold()]
            assert [path.rpartition("/")[2] for path in skeleton.joints] == list(label.keypoints)
            bones = [(int(parent), joint) for joint, parent in enumerate(skeleton.parents) if parent >= 0]
            assert list(label.skeleton) == bones
