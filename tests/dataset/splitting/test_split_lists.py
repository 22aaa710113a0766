"""Lists of frames and images: each entry is one frame, or an error that says why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from index_in_memory import index_of

from framepress.dataset.splitting.lists import read_list
from framepress.dataset.splitting.plan import plan_split
from framepress.errors import InputError, OptionError

INDEX = index_of(
    ["a/0000", "a/0001", "b/0000", "b/v1.2"],
    paths=["images/train/a/0000.png", "images/train/a/0001.png", "images/train/b/0000.jpg", "images/train/b/v1.2.jpg"],
)


@pytest.mark.parametrize(
    ("entry", "frame"),
    [
        ("b/0000", "b/0000"),
        ("0001", "a/0001"),
        ("a/0001.png", "a/0001"),
        ("./images/train/b/0000.jpg", "b/0000"),
        ("/elsewhere/set/images/train/a/0000.png", "a/0000"),
        ("v1.2.jpg", "b/v1.2"),
        ("b/v1.2", "b/v1.2"),
        ("images\\train\\a\\0001.png", "a/0001"),
    ],
)
def test_an_entry_names_a_frame_by_its_id_or_an_image(entry: str, frame: str) -> None:
    plan = plan_split(INDEX, {"val": [entry]})
    assert {id: split for id, split in plan.by_id().items() if split} == {frame: "val"}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("0000", r"list of 'val', line 2: '0000' could be 2 frames \(a/0000, b/0000\)"),
        ("c/0000", "line 2: 'c/0000' is no frame"),
        ("0007", "line 2: '0007' is no frame"),
    ],
)
def test_an_entry_that_is_none_or_several_is_refused_with_its_line(entry: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        plan_split(INDEX, {"train": ["a/0000"], "val": ["", entry]})


def test_a_frame_in_two_lists_is_refused_and_one_named_twice_in_one_is_not() -> None:
    assert plan_split(INDEX, {"val": ["0001", "a/0001.png"]}).sizes() == {"val": 1, "": 3}
    with pytest.raises(InputError, match=r"list of 'val', line 1: '0001' is in the list of 'train', line 2 too"):
        plan_split(INDEX, {"train": ["b/0000", "a/0001"], "val": ["0001"]})


def test_frames_that_no_list_names_keep_what_they_had_if_that_is_asked_for() -> None:
    plan = plan_split(INDEX, {"val": ["0001"]}, kept=["", "val", "train", ""])
    assert plan.by_id() == {"a/0000": "", "a/0001": "val", "b/0000": "train", "b/v1.2": ""}


def test_a_list_does_not_move_a_frame_that_keeps_its_split_nor_is_it_passed_over() -> None:
    with pytest.raises(InputError, match=r"frame a/0001: a list puts it into 'val', and it shall keep 'train'"):
        plan_split(INDEX, {"val": ["0001"]}, kept=["", "train", "train", ""])


@pytest.mark.parametrize("name", ["../../etc", "a b", "/x", "."])
def test_a_split_that_could_be_no_folder_is_refused_with_the_plan(name: str) -> None:
    with pytest.raises(OptionError, match="only A-Z a-z 0-9 _ - are allowed"):
        plan_split(INDEX, {name: ["0001"]})


def test_a_list_is_read_with_its_line_numbers_and_without_comments(tmp_path: Path) -> None:
    (tmp_path / "val.txt").write_bytes(b"\xef\xbb\xbf# by hand\r\n 000012 \r\n\r\n000013")
    assert read_list(tmp_path / "val.txt") == ["", "000012", "", "000013"]
    (tmp_path / "bad.txt").write_bytes(b"000012\n\xff\n")
    with pytest.raises(InputError, match=r"bad.txt: line 2: is not UTF-8"):
        read_list(tmp_path / "bad.txt")
