"""A good recording has no finding; broken in one way, it has the one that names it, there where it is."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from framepress.dataset.index import Index
from framepress.dataset.opening import open_dataset
from framepress.errors import InputError
from framepress.quality.basic import rules
from framepress.quality.basic.look import look
from framepress.quality.basic.measured import measured
from framepress.quality.issue import ERROR, NOTE
from framepress.quality.profile import profile
from framepress.quality.rule import rules_in
from framepress.quality.validate import validate
from quality.mutations.basic import MUTATIONS, found, good
from quality.mutations.files import Mutation
from quality.test_mutations_files import check

CAPTURES = ("_out_sdrec_adjacentClose", "_out_sdrec_fallRight", "_out_sdrec_mess")
EXPLAINED = {
    "CAP-008": "8 to 10 rows of 3D boxes have an occlusion of NaN, as SOURCE.md says; 2D rows have none",
    "FILE-004": "every .png of this source is a git-lfs pointer; they were kept as such",
    "CAP-006": "the pictures of the semantic segmentation are not among the files that were kept, their labels are",
}
"""Why real recordings of others have findings."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("basic") / "good"
    good(root)
    return root


def test_a_good_recording_has_no_finding(sound: Path) -> None:
    assert found(sound) == []


def test_a_recording_of_one_camera_in_a_flat_folder_has_no_finding(sound: Path, tmp_path: Path) -> None:
    for path in (sound / "aisle").rglob("*.*"):
        shutil.copy(path, tmp_path / path.name)
    assert found(tmp_path) == []
    assert {shot.view for shot in look(tmp_path).shots} == {""}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    mutation.change(root)
    check(found(root), mutation)


def test_every_rule_for_recordings_is_broken_by_some_mutation() -> None:
    codes = {mutation.code for mutation in MUTATIONS}
    assert {rule.code for rule in rules_in(rules)} <= codes
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_the_vertical_aperture_of_real_recordings_is_no_finding(sound: Path, tmp_path: Path) -> None:
    """It says 15.29 whatever the resolution, which would give another fy."""
    shutil.copytree(sound, tmp_path / "set")
    for file in (tmp_path / "set").rglob("camera_params_*.json"):
        params = json.loads(file.read_bytes())
        params["cameraAperture"][1] = 15.2908
        file.write_text(json.dumps(params))
    assert found(tmp_path / "set") == []


def test_metadata_with_its_stray_colon_is_no_finding(sound: Path) -> None:
    assert "replicator_global_seed:" in json.loads((sound / "metadata.txt").read_bytes())


@pytest.mark.parametrize("name", CAPTURES)
def test_real_recordings_have_no_error_and_what_they_have_is_explained(shared: Path, name: str) -> None:
    told = found(shared / "basicwriter-palletstability" / name)
    severities = {rule.code: rule.severity for rule in rules_in(rules)}
    assert {code: severities[code] for code, _ in told if code in EXPLAINED} == {"CAP-008": NOTE}
    (issue,) = [issue for _, issue in told]
    rows = np.load(shared / "basicwriter-palletstability" / name / "bounding_box_3d_0000.npy")
    assert f"{int(np.isnan(rows['occlusionRatio']).sum())} of {len(rows)} rows" in issue.message


@pytest.mark.parametrize("name", CAPTURES)
def test_objects_of_real_recordings_are_as_far_as_their_3d_boxes(shared: Path, name: str) -> None:
    (shot,) = measured(look(shared / "basicwriter-palletstability" / name), None)
    assert shot is not None
    assert 0.9 < shot.distances["distance_to_camera"].ratio < 1.1


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("_out_behaviors_sdg", {"FILE-004": 4}),
        ("_out_deformable_drop", {"FILE-004": 4, "CAP-006": 4}),
        ("benchmark_sdg", {"FILE-004": 3}),
    ],
)
def test_files_that_git_lfs_did_not_fetch_are_named_as_such(shared: Path, name: str, codes: dict[str, int]) -> None:
    told = found(shared / "isaacsim-golden" / name)
    assert Counter(code for code, _ in told if code in EXPLAINED) == codes
    assert len(told) == sum(codes.values())
    assert all("git-lfs pointer" in issue.message for code, issue in told if code == "FILE-004")


@pytest.mark.parametrize("place", ["isaac51-warehouse-render/renders/forklift_closeup", "isaacsim-golden/pose_writer"])
def test_what_is_no_recording_of_basicwriter_is_refused(shared: Path, place: str) -> None:
    with pytest.raises(InputError, match="no BasicWriter file"):
        look(shared / place)


def test_an_inverted_depth_picture_of_another_writer_is_told(shared: Path) -> None:
    """`rgb_0.png` fits BasicWriter's names, `depth_0.png` does not: what is left is a recording of colour alone."""
    looked = look(shared / "nvidia-genai-writer/siggraph_2024_dataset")
    assert {kind for shot in looked.shots for kind in shot.files} == {"rgb"}


def test_columns_are_those_of_the_reader_where_no_prims_are_nested(
    sound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path))
    index, columns = Index.of(open_dataset(sound)), look(sound).columns()
    assert columns is not None
    assert list(columns.frames.texts("id")) == list(index.frames.texts("id"))
    for name in ("frame", "width", "height"):
        assert columns.views[name].tolist() == index.views[name].tolist()
    assert [columns.view_names[code] for code in columns.views["name"]] == [
        index.view_names[code] for code in index.views["name"]
    ]
    ours = {
        (int(view), columns.tracks[track]): (box.tolist(), columns.labels.names[label])
        for view, track, box, label in zip(
            columns.objects["view"],
            columns.objects["track"],
            columns.objects["box"],
            columns.objects["label"],
            strict=True,
        )
    }
    theirs = {
        (int(view), index.tracks[track]): (box.tolist(), index.labels.names[label])
        for view, track, box, label in zip(
            index.objects["view"], index.objects["track"], index.objects["box"], index.objects["label"], strict=True
        )
        if np.isfinite(box).all()
    }
    assert len(theirs) > 100
    assert {key: value for key, value in ours.items() if key in theirs} == theirs


@pytest.mark.parametrize("place", [".", "../{name}", "../{name}/", "./"])
def test_files_are_named_below_the_recording_wherever_one_stands(
    sound: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(sound)
    looked = look(Path(place.format(name=sound.name)))
    assert looked.shots[0].files["rgb"] == looked.images()[0].name == "aisle/rgb/rgb_0000.png"


def test_a_sample_decodes_its_own_frames_alone(sound: Path) -> None:
    looked = look(sound)
    some = measured(looked, frozenset({"0002"}))
    assert [shot.frame for shot, found in zip(looked.shots, some, strict=True) if found is not None] == ["0002", "0002"]


def test_validation_tells_what_the_reader_refuses_by_its_code(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    next(root.rglob("bounding_box_2d_tight_0001.npy")).unlink()
    result = validate(root, profile().narrowed(select=["CAP"], pixels=False))
    assert [(found.code, found.severity) for found in result.findings] == [("CAP-001", ERROR)]


def test_pixels_are_looked_at_only_where_the_profile_says_so(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    for file in root.rglob("distance_to_image_plane_0001.npy"):
        np.save(file, np.load(file) * 1000)
    chosen = profile().narrowed(select=["CAP"])
    assert {found.code for found in validate(root, chosen).findings if found.code != "FILE-001"} == {"CAP-017"}
    assert validate(root, chosen.narrowed(pixels=False)).passed


def test_bytes_changed_at_random_end_in_findings_and_never_in_a_crash(sound: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    files = [path.relative_to(sound) for path in sorted(sound.rglob("*_000[01].*"))]
    shutil.copytree(sound, tmp_path / "set")
    for _ in range(20):
        names = {files[rng.integers(len(files))] for _ in range(12)}
        for name in names:
            content = bytearray((sound / name).read_bytes())
            for _ in range(3):
                at = int(rng.integers(min(len(content), 400)))
                content[at : at + int(rng.integers(4))] = rng.bytes(int(rng.integers(4)))
            (tmp_path / "set" / name).write_bytes(content)
        assert all(issue.message for _, issue in found(tmp_path / "set"))
        for name in names:
            shutil.copy(sound / name, tmp_path / "set" / name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("aisle/rgb/rgb_99999999999999999999.png", b"x"),
        ("aisle/camera_params/camera_params_0001.json", b'{"renderProductResolution": [1e400, 5]}'),
        (
            "aisle/camera_params/camera_params_0001.json",
            b'{"renderProductResolution": [1000000000000000000000, 1000000000000000000000]}',
        ),
        ("aisle/camera_params/camera_params_0001.json", b'{"renderProductResolution": [160, 90]}'),
        (
            "aisle/bounding_box_2d_tight/bounding_box_2d_tight_labels_0001.json",
            b'{"0": {"class": "\\ud800"}, "1": {"class": 5}, "2": null, "3": {"class": "a\\nb"}, "4": "  "}',
        ),
        ("aisle/bounding_box_2d_tight/bounding_box_2d_tight_prim_paths_0001.json", b"[1, {}, []]"),
        ("aisle/semantic_segmentation/semantic_segmentation_labels_0001.json", b'{"(1, 2)": {}, "-5": {}, "x": []}'),
    ],
)
def test_strange_values_end_in_findings(sound: Path, tmp_path: Path, name: str, content: bytes) -> None:
    shutil.copytree(sound, tmp_path / "set")
    (tmp_path / "set" / name).write_bytes(content)
    told = found(tmp_path / "set")
    assert told
    assert all(issue.message for _, issue in told)


@pytest.mark.parametrize(
    "dtype",
    [
        [("semanticId", "f8"), *((name, "<i4") for name in ("x_min", "y_min", "x_max", "y_max"))],
        [("semanticId", "<u4"), *((name, "<f4") for name in ("x_min", "y_min", "x_max", "y_max"))],
        [("semanticId", "<u4"), *((name, "<i4", (3,)) for name in ("x_min", "y_min", "x_max", "y_max"))],
        [("semanticId", "U5"), *((name, "<i4") for name in ("x_min", "y_min", "x_max", "y_max"))],
    ],
)
def test_rows_of_strange_types_are_no_rows(sound: Path, tmp_path: Path, dtype: list[tuple[str, str]]) -> None:
    shutil.copytree(sound, tmp_path / "set")
    np.save(next((tmp_path / "set").rglob("aisle/*/bounding_box_2d_tight_0001.npy")), np.zeros(4, dtype))
    assert {code for code, _ in found(tmp_path / "set")} == {"CAP-003"}
