from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framepress.errors import InputError, OutputError
from framepress.storage.paths import checked, safe_join

UNSAFE = [
    "",
    "/etc/passwd",
    "//host/share",
    "..",
    "../a",
    "a/../../b",
    "a/..",
    ".",
    "./a",
    "a/./b",
    "a//b",
    "a/",
    "C:/a",
    "c:a",
    "C:\\a",
    "a\\b",
    "..\\a",
    "a\0b",
    "a/\0",
    "\ud800",
    "images/\udcff.png",
    "con",
    "CON.txt",
    "a/aux/b",
    "Nul.tar.gz",
    "prn .txt",
    "COM1",
    "a" * 256,
    "é" * 128,
    "lpt9.png",
    "COM¹",
    "conout$",
]


@pytest.mark.parametrize("path", UNSAFE)
def test_an_unsafe_path_is_refused_with_its_value(tmp_path, path):
    with pytest.raises(InputError) as caught:
        safe_join(tmp_path, path)
    assert repr(path) in str(caught.value)
    with pytest.raises(OutputError):
        safe_join(tmp_path, path, error=OutputError)


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a.png",
        "images/a.png",
        ".hidden",
        "a/..b",
        "...",
        "a b/c d.jpg",
        "ä/日本.png",
        "console",
        "com10.txt",
        "auxiliary/x",
    ],
)
def test_an_ordinary_path_is_joined(tmp_path, path):
    assert safe_join(tmp_path, path) == tmp_path / path
    assert checked(path) == path


@given(st.text(alphabet=st.sampled_from("./\\:\0aC- ~"), max_size=12))
def test_whatever_passes_stays_inside_the_folder(text):
    try:
        checked(text)
    except InputError:
        return
    assert os.path.normpath(os.path.join("/root", text)) == "/root/" + text


def test_a_folder_that_is_a_link_is_refused_even_where_it_leads_inside(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").touch()
    (tmp_path / "images").symlink_to("real")
    with pytest.raises(InputError, match="symbolic link"):
        safe_join(tmp_path, "images/a.png")


def test_a_file_that_is_a_link_must_lead_inside(tmp_path):
    root = tmp_path / "dataset"
    root.mkdir()
    (root / "a.png").touch()
    (tmp_path / "dataset-secret").touch()
    (root / "inside.png").symlink_to("a.png")
    (root / "outside.png").symlink_to(tmp_path / "dataset-secret")
    assert safe_join(root, "inside.png") == root / "inside.png"
    with pytest.raises(InputError, match="leads outside"):
        safe_join(root, "outside.png")


def test_the_folder_itself_may_be_reached_through_a_link(tmp_path):
    (tmp_path / "disk" / "set").mkdir(parents=True)
    (tmp_path / "disk" / "set" / "a.png").touch()
    (tmp_path / "short").symlink_to("disk/set")
    (tmp_path / "disk" / "set" / "b.png").symlink_to("a.png")
    assert safe_join(tmp_path / "short", "a.png").is_file()
    assert safe_join(tmp_path / "short", "b.png").is_file()
