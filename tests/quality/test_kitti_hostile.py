"""KITTI datasets whose files are hostile: each ends in findings, and nothing outside the folder is read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from framepress.errors import InputError
from framepress.quality.kitti.look import look
from quality.kitti_car import CAR, NOT_KNOWN, codes, dataset
from quality.mutations.kitti_edits import found


def test_a_folder_that_leads_out_of_the_dataset_is_not_read(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", CAR)
    secret = tmp_path / "secret"
    shutil.move(root / "training/calib", secret)
    os.symlink(secret, root / "training/calib")
    told = found(root)
    assert [(code, issue.file) for code, issue in told if code == "FILE-001"] == [("FILE-001", "training/calib")]
    assert look(root).calibrations == []


def test_a_training_folder_that_leads_out_of_the_dataset_is_no_dataset(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", CAR)
    shutil.move(root / "training", tmp_path / "training")
    os.symlink(tmp_path / "training", root / "training")
    with pytest.raises(InputError, match="leads out of the dataset"):
        look(root)


def test_pipes_folders_and_junk_in_place_of_files_are_told_one_by_one(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    for number in range(1, 6):
        for folder, suffix in (("image_2", "png"), ("label_2", "txt"), ("calib", "txt")):
            shutil.copy(root / f"training/{folder}/000000.{suffix}", root / f"training/{folder}/00000{number}.{suffix}")
    (root / "training/label_2/000001.txt").unlink()
    os.mkfifo(root / "training/label_2/000001.txt")
    (root / "training/label_2/000002.txt").unlink()
    (root / "training/label_2/000002.txt").mkdir()
    (root / "training/image_2/000003.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (root / "training/calib/000004.txt").write_bytes(np.random.default_rng(0).bytes(4000))
    (root / "training/label_2/000005.txt").write_bytes(b"\x00" * 5000)
    (root / "training/label_2" / os.fsdecode(b"bad\xff.txt")).write_text("")
    unread = {issue.file for code, issue in found(root) if code == "FILE-001"}
    assert unread == {
        "training/label_2/000001.txt",
        "training/label_2/000002.txt",
        "training/image_2/000003.png",
        "training/label_2/bad\\udcff.txt",
    }
    other = {(code, issue.file) for code, issue in found(root) if code != "FILE-001"}
    assert {("KITTI-001", "training/label_2/000005.txt"), ("KITTI-012", "training/calib/000004.txt")} <= other


def test_a_file_of_a_million_blank_lines_is_told_with_a_bounded_number_of_findings(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    (root / "training/label_2/000000.txt").write_text("\n" * 1_000_000)
    assert len(found(root)) == 1001


def test_huge_numbers_and_sizes_end_in_findings(tmp_path: Path) -> None:
    root = dataset(
        tmp_path, CAR.replace("12.00", "3e38").replace("1.50 1.80", "3e38 3e38"), CAR.replace("378.31", "-3e38")
    )
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x7f\xff\xff\xff" * 2 + b"\x08\x02\x00\x00\x00" + bytes(4)
    (root / "training/image_2/000000.png").write_bytes(header)
    assert {"KITTI-007", "KITTI-011"} <= set(codes(root))


def test_a_text_file_beyond_any_label_file_is_not_read(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    with (root / "training/label_2/000000.txt").open("ab") as stream:
        stream.truncate(1 << 40)  # a hole, which takes no space
    assert "FILE-001" in codes(root)
    with (root / "training/calib/000000.txt").open("ab") as stream:
        stream.truncate(1 << 40)
    assert [code for code, issue in found(root) if issue.file.startswith("training/calib")] == ["FILE-001"]


def test_links_beside_the_dataset_are_no_part_of_it_unless_a_camera_is_behind_them(tmp_path: Path) -> None:
    root = dataset(tmp_path / "set", CAR)
    os.symlink(tmp_path, root / "notes")
    os.symlink(root / "loop", root / "loop")
    assert found(root) == []
    dataset(tmp_path / "other", CAR)
    os.symlink(tmp_path / "other", root / "left")
    assert [(code, issue.file) for code, issue in found(root)] == [("FILE-001", "left")]


def test_numbers_beyond_any_frame_and_as_many_types_as_lines_are_taken_in(tmp_path: Path) -> None:
    root = dataset(tmp_path, *(f"Kind{row} -1 3 -10 0 0 20 30 {NOT_KNOWN}" for row in range(20_000)))
    for folder, suffix in (("image_2", "png"), ("label_2", "txt"), ("calib", "txt")):
        (root / f"training/{folder}/000000.{suffix}").rename(root / f"training/{folder}/{'9' * 30}.{suffix}")
    columns = look(root).columns()
    assert columns is not None
    assert len(columns.labels) == 20_000
    assert found(root) == []


@pytest.mark.parametrize(
    "said",
    [
        '"classes": [{"name": ""}], "sizes": {}, "counts": {}, "options": {"convention": "index", "box": "full"}',
        '"classes": [], "sizes": {"": [1e99, 5]}, "counts": [], "options": {"convention": "index", "box": "full"}',
        '"classes": 7, "sizes": 7, "counts": 7, "options": 7',
    ],
)
def test_a_sidecar_that_says_what_cannot_be_is_told(said: str, tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    (root / "framepress.json").write_text('{"schema": "framepress.kitti", "version": 1, "splits": [], ' + said + "}")
    assert "FILE-001" in codes(root)


def test_a_size_that_no_image_has_is_not_taken_from_the_sidecar(tmp_path: Path) -> None:
    root = dataset(tmp_path, CAR)
    shutil.rmtree(root / "training/image_2")
    document = {"schema": "framepress.kitti", "version": 1, "classes": [], "splits": [], "counts": {}}
    document |= {"sizes": {"": [10**30, 5]}, "options": {"convention": "index", "box": "visible", "tilt": "project"}}
    (root / "framepress.json").write_text(json.dumps(document))
    assert look(root).samples.size.tolist() == [[0, 0]]
    assert found(root) == []
