"""Which folders DVC is given."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepress.errors import OptionError
from framepress.versions.bridges.cover import cover


def big(*paths: str) -> dict[str, bool]:
    return dict.fromkeys(paths, True)


def light(*paths: str) -> dict[str, bool]:
    return dict.fromkeys(paths, False)


CASES = {
    "a folder with media only": (big("images/0.png", "images/deep/1.png") | light("labels/0.txt"), (), ["images"]),
    "media folders beside text": (
        big("train/image_2/0.png", "train/velodyne/0.bin") | light("train/label_2/0.txt"),
        (),
        ["train/image_2", "train/velodyne"],
    ),
    "few pictures among text": (big("docs/a.png") | light("docs/b.md"), (), ["docs/a.png"]),
    "pictures and text mixed": (
        big(*(f"all/{n}.png" for n in range(20))) | light(*(f"all/{n}.json" for n in range(20))),
        (),
        ["all"],
    ),
    "at the root": (big("0.png", "1.png") | light("a.txt"), (), ["0.png", "1.png"]),
    "beside what is taken": (big("a/x/0.png", "a/y/0.png", "a/2.png"), ("a/x/1.png",), ["a/2.png", "a/x/0.png", "a/y"]),
    "hundreds of sequences": (
        big(*(f"seq/{n}/0.png" for n in range(201))) | light(*(f"seq/{n}/a.json" for n in range(201))),
        (),
        ["seq"],
    ),
    "nothing big": (light("a.txt", "b/c.txt"), (), []),
}


@pytest.mark.parametrize("case", CASES)
def test_dvc_is_given(case: str) -> None:
    files, taken, expected = CASES[case]
    assert cover(files, taken) == expected


def test_a_thousand_pictures_that_have_no_folder_of_their_own_are_refused() -> None:
    with pytest.raises(OptionError, match="1001 files and folders"):
        cover(big(*(f"{n}.png" for n in range(1001))), ())


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(
    st.dictionaries(PATHS.map("{}.f".format), st.booleans(), max_size=40), st.sets(PATHS.map("{}.t".format), max_size=6)
)
def test_all_big_files_are_held_once_and_nothing_that_is_taken(files: dict[str, bool], taken: set[str]) -> None:
    found = cover(files, taken)

    def holders(path: str) -> list[str]:
        return [one for one in found if one == path or PurePosixPath(one) in PurePosixPath(path).parents]

    assert all(len(holders(path)) == 1 for path, is_big in files.items() if is_big)
    assert not any(holders(path) for path in taken)
    assert all(any(one in holders(path) for path, is_big in files.items() if is_big) for one in found)
