"""A stage's digest is that of every file that it is made of, and of nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("pxr.UsdUtils", reason="needs usd-core: pip install 'framepress[headless]'")

from pxr import Usd, UsdUtils

from framepress.replicator.sources import digest_of_files

ROOT = """#usda 1.0
( subLayers = [@./sub.usda@] )
def Xform "A" ( references = @./parts/referred.usda@</P> ) {}
def Xform "B" ( payload = @./parts/payload.usda@</P> ) {}
def Xform "Boxed" ( references = @./boxed.usdz@ ) {}
def Shader "T" {
    asset inputs:file = @./textures/wood.png@
    asset inputs:tiles = @./textures/floor.<UDIM>.png@
    asset inputs:remote = @omniverse://server/stone.png@
    asset inputs:missing = @./textures/none.png@
    asset inputs:searched = @OmniPBR.mdl@
}
"""
PART = """#usda 1.0
def Xform "P" ( references = @./deep.usda@</P> ) {}
"""
DEEP = """#usda 1.0
def Xform "P" {
    asset inputs:file = @../textures/deep.png@
}
"""
BOX = """#usda 1.0
( defaultPrim = "P" )
def Xform "P" {}
"""
PARTS = [
    "scene.usda",
    "sub.usda",
    "parts/referred.usda",
    "parts/payload.usda",
    "parts/deep.usda",
    "textures/wood.png",
    "textures/deep.png",
    "textures/floor.1001.png",
    "textures/floor.1002.png",
    "boxed.usdz",
]


def scene(folder: Path, changed: str = "", swapped: tuple[str, ...] = ()) -> str:
    """The digest of a scene of which one file has another content, or two have that of each other."""
    texts = {name: f"{name}\n".encode() for name in PARTS if name.endswith(".png")}
    texts |= {"scene.usda": ROOT.encode(), "sub.usda": b"#usda 1.0\n", "textures/floor.100x.png": b"no tile"}
    texts |= {"parts/referred.usda": PART.encode(), "parts/payload.usda": b"#usda 1.0\n# other\n" + PART[10:].encode()}
    texts |= {"parts/deep.usda": DEEP.encode(), "unrelated.usda": b"#usda 1.0\n", "box.usda": BOX.encode()}
    if changed == "boxed.usdz":
        texts["box.usda"] += b"# changed\n"
    elif changed:
        texts[changed] += b"# changed\n"
    for one, other in [swapped] if swapped else []:
        texts[one], texts[other] = texts[other], texts[one]
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    os.utime(folder / "box.usda", (1_000_000_000, 1_000_000_000))  # which goes into the package
    assert UsdUtils.CreateNewUsdzPackage(str(folder / "box.usda"), str(folder / "boxed.usdz"))
    return digest_of_files(Usd.Stage.Open(str(folder / "scene.usda")))


def test_it_is_the_same_wherever_the_files_lie(tmp_path: Path) -> None:
    first = scene(tmp_path / "a")
    assert len(first) == 64
    assert scene(tmp_path / "b") == first


@pytest.mark.parametrize("name", PARTS)
def test_it_is_another_where_one_file_is(name: str, tmp_path: Path) -> None:
    assert scene(tmp_path / "a", name) != scene(tmp_path / "b")


@pytest.mark.parametrize(
    "names", [("textures/wood.png", "textures/deep.png"), ("textures/floor.1001.png", "textures/floor.1002.png")]
)
def test_it_is_another_where_two_files_change_places(names: tuple[str, str], tmp_path: Path) -> None:
    assert scene(tmp_path / "a", swapped=names) != scene(tmp_path / "b")


@pytest.mark.parametrize("name", ["unrelated.usda", "textures/floor.100x.png"])
def test_what_the_stage_does_not_name_is_nothing_to_it(name: str, tmp_path: Path) -> None:
    assert scene(tmp_path / "a", name) == scene(tmp_path / "b")


def test_a_stage_without_files_has_none_and_what_is_added_to_it_counts(tmp_path: Path) -> None:
    stage = Usd.Stage.CreateInMemory()
    assert digest_of_files(stage) == ""
    (tmp_path / "part.usda").write_text("#usda 1.0\n")
    stage.DefinePrim("/A").GetPayloads().AddPayload(str(tmp_path / "part.usda"))
    assert digest_of_files(stage) != ""
