"""What the stand-in's BasicWriter leaves, in each release's way, has one finding: the labels that its stage joins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from stand_in_session import RELEASES, opened, product

from framepress.headless import rep
from quality.mutations.basic import found

KINDS = (
    "rgb bounding_box_2d_tight bounding_box_2d_loose bounding_box_3d semantic_segmentation instance_segmentation "
    "instance_id_segmentation distance_to_camera distance_to_image_plane occlusion normals motion_vectors "
    "camera_params pointcloud skeleton_data"
).split()


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("colours", [True, False])
@pytest.mark.parametrize("products", [1, 2])
def test_only_joined_labels_are_found(release: Any, colours: bool, products: int, tmp_path: Path) -> None:
    opened(release)
    writer = rep.writers.get("BasicWriter")
    colourised = {f"colorize_{kind}": colours for kind in KINDS if kind.endswith("_segmentation")}
    writer.initialize(output_dir=str(tmp_path), colorize_depth=True, **dict.fromkeys(KINDS, True), **colourised)
    writer.attach([product(f"view{number}") for number in range(products)])
    for _ in range(3):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    told = [(code, issue.message) for code, issue in found(tmp_path)]
    assert told == [("CAP-012", "the label is 'car,wheel'"), ("CAP-012", "the label is 'box,crate'")]
