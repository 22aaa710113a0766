"""The manifests: TOML that Kit reads, with the keys that its releases 106 to 110 know, and paths that are there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_kit import declared_modules
from interpreters import EXTENSION, ROOT
from PIL import Image

from framepress import __version__
from framepress.replicator.options import Options

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

MANIFESTS = [EXTENSION / "config" / "extension.toml", ROOT / "config" / "extension.toml"]

# Table -> the keys that shipped extensions have in it.
KNOWN: dict[str, set[str]] = {
    "package": set("version title description category keywords changelog readme icon preview_image".split()),
    "core": {"order", "reloadable"},
    "dependencies": {"omni.replicator.core"},
    "python": {"module"},
    "fswatcher": {"patterns", "paths"},
    "test": {"name", "args", "dependencies", "timeout", "enabled", "pythonTests", "stdoutFailPatterns"},
}


@pytest.fixture(params=MANIFESTS, ids=["exts", "repository"])
def manifest(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any]]:
    """The extension's folder, and what its manifest says."""
    path: Path = request.param
    return path.parents[1], tomllib.loads(path.read_text(encoding="utf-8"))


def test_the_repository_has_its_manifest_in_both_places_byte_by_byte() -> None:
    assert (ROOT / "extension.toml").read_bytes() == (ROOT / "config" / "extension.toml").read_bytes()


def test_each_key_is_one_that_kit_knows(manifest: tuple[Path, dict[str, Any]]) -> None:
    _, said = manifest
    for table, value in said.items():
        for entry in value if isinstance(value, list) else [value]:
            assert set(entry) <= KNOWN[table], table
    for module in said["python"]["module"]:
        assert set(module) <= {"name", "path", "public"}


def test_nothing_is_needed_that_a_release_may_lack(manifest: tuple[Path, dict[str, Any]]) -> None:
    _, said = manifest
    assert said["dependencies"] == {"omni.replicator.core": {}}


def test_the_version_is_the_librarys(manifest: tuple[Path, dict[str, Any]]) -> None:
    _, said = manifest
    assert said["package"]["version"] == __version__


def test_each_file_that_is_named_is_there(manifest: tuple[Path, dict[str, Any]]) -> None:
    folder, said = manifest
    for key in ("changelog", "readme", "icon", "preview_image"):
        assert (folder / said["package"][key]).is_file(), key


def test_kits_module_comes_first_and_each_path_holds_its_module(manifest: tuple[Path, dict[str, Any]]) -> None:
    folder, said = manifest
    modules = [(module["name"], module.get("path", ".")) for module in said["python"]["module"]]
    assert modules == declared_modules(folder)
    assert [name for name, _ in modules] == ["framepress_kit", "framepress"]
    for name, path in modules:
        assert (folder / path / name / "__init__.py").is_file()


def test_the_tests_inside_kit_capture_with_what_the_application_for_capture_sets() -> None:
    said = tomllib.loads((EXTENSION / "config" / "extension.toml").read_text(encoding="utf-8"))
    settings = tomllib.loads((ROOT / "config" / "framepress.kit").read_text(encoding="utf-8"))["settings"]
    given = dict(arg.removeprefix("--/").split("=") for arg in said["test"][-1]["args"] if arg.startswith("--/"))
    assert given.pop("app/settings/fabricDefaultStageFrameHistoryCount") == "3"  # Isaac Sim's base application has it
    assert len(given) == 5
    for path, value in given.items():
        asked = settings
        for name in path.split("/"):
            asked = asked[name]
        assert asked is False
        assert value == "false", path


@pytest.mark.parametrize("isaac", ["", "isaacsim/"], ids=["a folder of its own", "by pip"])
def test_the_application_for_capture_finds_isaac_sims_extensions_from_where_it_lies(tmp_path: Path, isaac: str) -> None:
    """Its base application names them relative to `${app}`, which is the folder of this file now."""
    settings = tomllib.loads((ROOT / "config" / "framepress.kit").read_text(encoding="utf-8"))["settings"]["app"]
    tokens = {"${app}": str(ROOT / "config"), "${exe-path}": str(tmp_path / "kit")}
    (tmp_path / "kit").mkdir()

    def resolved(path: str) -> Path:
        for token, place in tokens.items():
            path = path.replace(token, place)
        assert "$" not in path
        return Path(path).resolve()

    folders = {resolved(path) for path in settings["exts"]["folders"]["++"]}
    needed = {tmp_path / f"{isaac}{name}" for name in ("apps", "exts", "extscache", "extsDeprecated")}
    assert {EXTENSION.parent, *needed} <= folders
    assert resolved(settings["folder"]).parent == tmp_path


def test_pictures_have_the_form_that_kits_list_shows() -> None:
    with Image.open(EXTENSION / "data" / "icon.png") as icon:
        assert (icon.size, icon.mode) == ((256, 256), "RGBA")
        assert icon.getpixel((0, 0))[3] == 0  # its corners are round
    with Image.open(EXTENSION / "data" / "preview.png") as preview:
        assert min(preview.size) >= 400


def test_the_recorders_options_are_the_writers_and_leave_the_folder_to_the_recorder() -> None:
    given = json.loads((EXTENSION / "data" / "recorder.json").read_text(encoding="utf-8"))
    assert not {"output_dir", "backend"} & set(given)
    assert set(Options.of(**given).formats) == {"coco", "yolo"}
