"""The recording that the repository makes: is it what a real one is? Witnesses: real files, and geometry done here."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

PRODUCTS = ("aisle", "overhead")
FRAMES = range(6)
SEEN = [(product, frame) for product in PRODUCTS for frame in FRAMES if frame != 3]


class Shot:
    """One frame of one render product, read with numpy, Pillow and json alone."""

    def __init__(self, capture: Path, product: str, frame: int) -> None:
        self.folder, self.frame = capture / product, frame

    def path(self, annotator: str, extension: str, part: str = "") -> Path:
        return self.folder / annotator / f"{annotator}{part}_{self.frame:04d}.{extension}"

    def json(self, annotator: str, part: str = "") -> Any:
        return json.loads(self.path(annotator, "json", part).read_text())

    def npy(self, annotator: str) -> np.ndarray:
        return np.load(self.path(annotator, "npy"), allow_pickle=False)

    def png(self, annotator: str) -> np.ndarray:
        return np.asarray(Image.open(self.path(annotator, "png")))

    def rows(self, annotator: str) -> dict[str, tuple[str, np.void]]:
        """Prim path -> class, row."""
        labels = self.json(annotator, "_labels")
        paths = self.json(annotator, "_prim_paths")
        rows = self.npy(annotator)
        assert len(rows) == len(paths) == len(set(paths))
        return {path: (labels[str(row["semanticId"])]["class"], row) for path, row in zip(paths, rows, strict=True)}

    def pixels(self) -> dict[str, np.ndarray]:
        """Prim path -> bool (H, W)."""
        image = self.png("instance_segmentation")
        mapping = self.json("instance_segmentation", "_mapping")
        return {path: (image == colour(key)).all(-1) for key, path in mapping.items()}

    def projected(self, world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Edge pixels (N, 2) and depth (N,) of world points."""
        camera = self.json("camera_params")
        view = np.reshape(camera["cameraViewTransform"], (4, 4))
        projection = np.reshape(camera["cameraProjection"], (4, 4))
        clip = np.c_[world, np.ones(len(world))] @ view @ projection
        width, height = camera["renderProductResolution"]
        ndc = clip[:, :2] / clip[:, 3:]
        return np.c_[(ndc[:, 0] + 1) * width / 2, (1 - ndc[:, 1]) * height / 2], clip[:, 3]


def colour(key: str) -> list[int]:
    return [int(part) for part in key.strip("()").split(",")]


def world_corners(row: np.void) -> np.ndarray:
    ends = [(row[f"{axis}_min"], row[f"{axis}_max"]) for axis in "xyz"]
    return (np.array([(*corner, 1) for corner in itertools.product(*ends)]) @ row["transform"].astype(float))[:, :3]


@pytest.fixture(params=SEEN, ids=lambda seen: f"{seen[0]}-{seen[1]}")
def shot(capture: Path, request: pytest.FixtureRequest) -> Shot:
    return Shot(capture, *request.param)


def test_the_same_arguments_give_the_same_bytes(capture: Path, tmp_path: Path) -> None:
    from make_capture import write_capture

    write_capture(tmp_path, frames=2, size=(160, 90), seed=0, samples=1)
    written = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert len(written) == 1 + 2 * 2 * 18
    for path in written:
        assert path.read_bytes() == (capture / path.relative_to(tmp_path)).read_bytes(), path


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_fourth_frame_is_complete_and_holds_no_object(capture: Path, product: str) -> None:
    shot = Shot(capture, product, 3)
    for annotator in ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d"):
        assert shot.npy(annotator).shape == (0,)
        assert shot.json(annotator, "_labels") == {}
        assert shot.json(annotator, "_prim_paths") == []
    assert set(shot.json("instance_segmentation", "_mapping").values()) == {"BACKGROUND", "UNLABELLED"}
    assert shot.png("rgb").shape == (90, 160, 4)


def test_tight_boxes_end_on_the_last_pixel_of_what_is_visible(shot: Shot) -> None:
    pixels = shot.pixels()
    for path, (_, row) in shot.rows("bounding_box_2d_tight").items():
        visible = np.logical_or.reduce([mask for other, mask in pixels.items() if f"{other}/".startswith(f"{path}/")])
        y, x = np.nonzero(visible)
        assert (row["x_min"], row["y_min"], row["x_max"], row["y_max"]) == (x.min(), y.min(), x.max(), y.max()), path


def test_every_visible_object_has_a_tight_row_and_no_other(shot: Shot) -> None:
    seen = {path for path, mask in shot.pixels().items() if mask.any()} - {"BACKGROUND", "UNLABELLED"}
    assert seen - {"/World/Forklift"} == set(shot.rows("bounding_box_2d_tight")) - {"/World/Forklift"}


def test_loose_boxes_hold_the_tight_ones_and_lie_in_the_projected_3d_boxes(shot: Shot) -> None:
    loose, solid = shot.rows("bounding_box_2d_loose"), shot.rows("bounding_box_3d")
    for path, (label, row) in shot.rows("bounding_box_2d_tight").items():
        assert loose[path][0] == solid[path][0] == label
        whole = loose[path][1]
        assert whole["x_min"] <= row["x_min"] <= row["x_max"] <= whole["x_max"]
        assert whole["y_min"] <= row["y_min"] <= row["y_max"] <= whole["y_max"]
    checked = 0
    for path, (_, row) in loose.items():
        pixels, depth = shot.projected(world_corners(solid[path][1]))
        if depth.min() > 0.05:
            checked += 1
            (u0, v0), (u1, v1) = pixels.min(0) - 1e-3, pixels.max(0) + 1e-3
            assert u0 <= row["x_min"] + 0.5, path
            assert row["x_max"] + 0.5 <= u1, path
            assert v0 <= row["y_min"] + 0.5, path
            assert row["y_max"] + 0.5 <= v1, path
    assert checked > 40


def test_a_box_that_nothing_hides_or_cuts_ends_at_the_pixel_centres_of_its_corners(capture: Path) -> None:
    """The rule that Isaac's own goldens follow: min = ceil(u0 - 0.5), max = ceil(u1 - 0.5) - 1."""
    checked = 0
    for shot in (Shot(capture, *seen) for seen in SEEN):
        solid = shot.rows("bounding_box_3d")
        for path, (label, row) in shot.rows("bounding_box_2d_loose").items():
            pixels, depth = shot.projected(world_corners(solid[path][1]))
            inside = (pixels.min() > 0) and (pixels.max(0) < (160, 90)).all()
            if label != "box" or not inside or depth.min() < 0.05:
                continue
            (u0, v0), (u1, v1) = pixels.min(0), pixels.max(0)
            rule = np.array([np.ceil(u0 - 0.5), np.ceil(v0 - 0.5), np.ceil(u1 - 0.5) - 1, np.ceil(v1 - 0.5) - 1])
            found = np.array([row[name] for name in ("x_min", "y_min", "x_max", "y_max")])
            # A corner may end in a tip that is thinner than the distance between two pixel centres.
            assert (np.abs(found - rule) <= 1).all(), path
            assert (found[:2] >= rule[:2]).all(), path
            assert (found[2:] <= rule[2:]).all(), path
            checked += 1
    assert checked > 100


def test_occlusion_is_the_hidden_part_of_what_is_inside_the_image(shot: Shot) -> None:
    pixels = shot.pixels()
    tight, loose, solid = (shot.rows(f"bounding_box_{kind}") for kind in ("2d_tight", "2d_loose", "3d"))
    for path, (_, row) in solid.items():
        if path == "/World/Forklift":  # labelled prims below it
            assert row["occlusionRatio"] == -1
        elif path not in tight:
            assert row["occlusionRatio"] == 1
        else:
            assert row["occlusionRatio"] == tight[path][1]["occlusionRatio"] == loose[path][1]["occlusionRatio"]
            whole = loose[path][1]
            area = (whole["x_max"] - whole["x_min"] + 1) * (whole["y_max"] - whole["y_min"] + 1)
            assert pixels[path].sum() <= area * (1 - row["occlusionRatio"]) + 1e-3


def test_depth_lands_on_the_boxes_and_agrees_with_distance(shot: Shot) -> None:
    """Unprojected with the camera of the file, every pixel of a carton lies on the surface of its 3D box."""
    camera, depth, distance = (
        shot.json("camera_params"),
        shot.npy("distance_to_image_plane"),
        shot.npy("distance_to_camera"),
    )
    assert depth.dtype == distance.dtype == np.float32
    assert np.isinf(depth).any() == (shot.folder.name == "aisle")  # the sky
    focal = 160 * camera["cameraFocalLength"] / camera["cameraAperture"][0]
    x, y = np.meshgrid((np.arange(160) + 0.5 - 80) / focal, (45 - np.arange(90) - 0.5) / focal)
    rays = np.stack((x, y, -np.ones_like(x)), -1)
    np.testing.assert_allclose(distance, depth * np.linalg.norm(rays, axis=-1), rtol=1e-6)
    back = np.linalg.inv(np.reshape(camera["cameraViewTransform"], (4, 4)))
    solid, checked = shot.rows("bounding_box_3d"), 0
    for path, mask in shot.pixels().items():
        if path in solid and solid[path][0] == "box":
            row = solid[path][1]
            world = (rays[mask] * depth[mask][:, None]) @ back[:3, :3] + back[3, :3]
            local = np.c_[world, np.ones(len(world))] @ np.linalg.inv(row["transform"].astype(float))
            np.testing.assert_allclose(np.abs(local[:, :3]).max(1), 0.5, atol=1e-4)
            checked += len(local)
    assert checked > 200


def test_semantic_and_instance_images_agree_and_labels_are_lower_case(shot: Shot) -> None:
    semantic = shot.png("semantic_segmentation")
    names = {key: entry["class"] for key, entry in shot.json("semantic_segmentation", "_labels").items()}
    classes = {key: entry["class"] for key, entry in shot.json("instance_segmentation", "_semantics_mapping").items()}
    instances = shot.png("instance_segmentation")
    for name in set(names.values()):
        by_class = np.logical_or.reduce([(semantic == colour(key)).all(-1) for key in names if names[key] == name])
        by_object = np.logical_or.reduce(
            [(instances == colour(key)).all(-1) for key in classes if classes[key] == name]
        )
        assert (by_class == by_object).all(), name
        assert name == name.lower() or name in ("BACKGROUND", "UNLABELLED")
    assert names["(0, 0, 0, 0)"] == "BACKGROUND"
    assert names["(0, 0, 0, 255)"] == "UNLABELLED"


def test_semantic_ids_differ_between_files_of_one_frame(capture: Path) -> None:
    def numbers(annotator: str) -> dict[str, str]:
        labels = Shot(capture, "aisle", 0).json(annotator, "_labels")
        return {entry["class"]: number for number, entry in labels.items()}

    assert numbers("bounding_box_2d_tight") != numbers("bounding_box_2d_loose")
    assert numbers("bounding_box_2d_tight").keys() == numbers("bounding_box_2d_loose").keys()


def test_the_recording_has_the_hard_cases(capture: Path) -> None:
    hidden = cut = strongly_hidden = uneven = 0
    for shot in (Shot(capture, *seen) for seen in SEEN):
        tight, loose = shot.rows("bounding_box_2d_tight"), shot.rows("bounding_box_2d_loose")
        solid = shot.rows("bounding_box_3d")
        hidden += len(loose.keys() - tight.keys())
        strongly_hidden += sum(row["occlusionRatio"] > 0.8 for _, row in tight.values())
        cut += sum(
            row["x_max"] == 159 or row["y_max"] == 89 or not row["x_min"] or not row["y_min"]
            for _, row in loose.values()
        )
        scales = [np.linalg.norm(row["transform"][:3, :3], axis=1) for _, row in solid.values()]
        uneven += sum(np.ptp(scale) > 0.05 for scale in scales)
        assert {"/World/Forklift", "/World/Forklift/Mast", "/World/Forklift/Driver"} <= solid.keys()
        assert {label for label, _ in solid.values()} == {"box", "cone", "forklift", "pallet", "person"}
    assert min(hidden, cut, strongly_hidden, uneven) > 10


def recordings(shared: Path) -> Iterator[Path]:
    found = sorted((shared / "basicwriter-palletstability").glob("_out_*"))
    assert found
    yield from found


def test_arrays_have_the_dtype_and_documents_the_keys_of_real_recordings(capture: Path, shared: Path) -> None:
    ours = Shot(capture, "aisle", 0)
    for real in recordings(shared):
        for annotator in ("bounding_box_2d_tight", "bounding_box_3d", "distance_to_camera"):
            assert ours.npy(annotator).dtype == np.load(real / f"{annotator}_0000.npy").dtype
        for annotator in ("bounding_box_2d_tight", "bounding_box_3d"):
            labels = json.loads((real / f"{annotator}_labels_0000.json").read_text())
            for document in (labels, ours.json(annotator, "_labels")):
                assert [list(entry) for entry in document.values()] == [["class"]] * len(document)
                assert list(document) == [str(number) for number in range(len(document))]
        camera = json.loads((real / "camera_params_0000.json").read_text())
        mine = ours.json("camera_params")
        assert list(mine) == list(camera)
        assert {key: type(value) for key, value in mine.items()} == {key: type(value) for key, value in camera.items()}
        for key in set(camera) - {
            "cameraNearFar",
            "cameraProjection",
            "cameraViewTransform",
            "renderProductResolution",
        }:
            assert mine[key] == camera[key], key
        with Image.open(real / "rgb_0000.png") as image, Image.open(ours.path("rgb", "png")) as mine_image:
            assert image.mode == mine_image.mode == "RGBA"


def test_the_projection_is_the_one_of_a_real_recording_of_the_same_lens(capture: Path, shared: Path) -> None:
    real = json.loads((next(recordings(shared)) / "camera_params_0000.json").read_text())
    assert real["renderProductResolution"] == [1280, 720]  # the aspect of ours
    np.testing.assert_allclose(
        Shot(capture, "aisle", 0).json("camera_params")["cameraProjection"],
        real["cameraProjection"],
        rtol=1e-7,
        atol=1e-8,
    )
