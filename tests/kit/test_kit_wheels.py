"""Packages inside the built extension: none that Isaac Sim has itself, and each for the Python that it is put into."""

from __future__ import annotations

from pathlib import Path

import pytest
from interpreters import wheel

from framepress.errors import InputError, OptionError
from framepress.replicator import kit_build, kit_wheels


@pytest.mark.parametrize(
    ("tags", "fitting"),
    [
        ("py3-none-any", {"4.5", "5.0", "5.1", "6.0"}),
        ("py2.py3-none-any", {"4.5", "5.0", "5.1", "6.0"}),
        ("cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", {"5.0", "5.1"}),
        ("cp311-abi3-win_amd64", {"5.0", "5.1", "6.0"}),
        ("py2-none-any", set()),
        ("py312-none-any", {"6.0"}),
    ],
)
def test_a_wheel_goes_only_into_releases_whose_python_it_is_for(tmp_path: Path, tags: str, fitting: set[str]) -> None:
    path = wheel(tmp_path / f"thing-1.0-{tags}.whl", {"thing.py": ""})
    for release in kit_build.RELEASES:
        if release in fitting:
            assert kit_wheels.unpacked([path], [release]) == {"thing.py": b""}
        else:
            with pytest.raises(OptionError, match=f"Isaac Sim {release} has Python"):
                kit_wheels.unpacked([path], [release])


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("numpy", "numpy/__init__.py"),
        ("numpy", "numpy.libs/libopenblas.so"),
        ("Pillow", "PIL/Image.py"),
        ("pillow_simd", "PIL/Image.py"),  # whatever it is called
        ("opencv_contrib_python_headless", "cv2/__init__.py"),
        ("warp_lang", "warp/__init__.py"),
        ("torch", "torch/_C.cpython-311-x86_64-linux-gnu.so"),
        ("scipy", "scipy/__init__.py"),
        ("usd_core", "pxr/Usd/__init__.py"),
        ("numpy", "numpy.py"),
    ],
)
@pytest.mark.parametrize("release", kit_build.RELEASES)
def test_what_isaac_sim_has_itself_is_refused(tmp_path: Path, release: str, name: str, inside: str) -> None:
    path = wheel(tmp_path / f"{name}-1.0-py3-none-any.whl", {inside: ""})
    with pytest.raises(OptionError, match=f"holds {inside.partition('/')[0].partition('.')[0]}, .*has its own"):
        kit_build.build(tmp_path / "out", [release], [path])
    assert not (tmp_path / "out").exists()


def test_h5py_is_refused_where_isaac_sim_has_one_and_there_alone(tmp_path: Path) -> None:
    path = wheel(tmp_path / "h5py-3.16-py3-none-any.whl", {"h5py/__init__.py": ""})
    for releases in (["6.0"], ["5.1", "6.0"], kit_build.RELEASES):
        with pytest.raises(OptionError, match=r"holds h5py, .*has its own"):
            kit_wheels.unpacked([path], releases)
    assert kit_wheels.unpacked([path], ["4.5", "5.0", "5.1"]) == {"h5py/__init__.py": b""}


def test_a_second_copy_of_the_library_is_refused(tmp_path: Path) -> None:
    path = wheel(tmp_path / "framepress-0.1.0-py3-none-any.whl", {"framepress/__init__.py": ""})
    with pytest.raises(OptionError, match="is in the extension already"):
        kit_wheels.unpacked([path], ["6.0"])


@pytest.mark.parametrize(
    ("needs", "fitting"),
    [
        (">=3.11", {"5.0", "5.1", "6.0"}),
        ("<3.12,>=3.11", {"5.0", "5.1"}),
        (">=3.8, !=3.9.*", {"4.5", "5.0", "5.1", "6.0"}),
        ("<4", {"4.5", "5.0", "5.1", "6.0"}),
        ("<4.0,>=3.12.1", {"6.0"}),
        ("<3.12.7", {"4.5", "5.0", "5.1", "6.0"}),
    ],
)
def test_what_a_wheel_says_of_the_python_that_it_needs_is_kept(tmp_path: Path, needs: str, fitting: set[str]) -> None:
    metadata = f"Metadata-Version: 2.1\nName: thing\nRequires-Python: {needs}\n\nRequires-Python: >=9 is prose\n"
    path = wheel(tmp_path / "thing-1.0-py3-none-any.whl", {"thing-1.0.dist-info/METADATA": metadata})
    for release in kit_build.RELEASES:
        if release in fitting:
            assert kit_wheels.unpacked([path], [release])
        else:
            with pytest.raises(OptionError, match=f"Isaac Sim {release} has Python"):
                kit_wheels.unpacked([path], [release])


@pytest.mark.parametrize(
    ("file", "inside", "said"),
    [
        ("thing.zip", "thing.py", "not named as a wheel"),
        ("thing-1.0-py3-none-any.whl", "../thing.py", "would lie elsewhere"),
        ("thing-1.0-py3-none-any.whl", "/thing.py", "would lie elsewhere"),
        ("thing-1.0-py3-none-any.whl", "thing-1.0.data/scripts/thing", "only an installer"),
    ],
)
def test_a_wheel_that_cannot_be_unpacked_is_refused(tmp_path: Path, file: str, inside: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        kit_build.build(tmp_path / "out", wheels=[wheel(tmp_path / file, {inside: ""})])
    assert not (tmp_path / "out").exists()


def test_a_torn_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0-py3-none-any.whl"
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match="not a zip file"):
        kit_build.build(tmp_path / "out", wheels=[path])
