"""The extension as it is built for Isaac Sim: complete in itself, and everywhere the same datasets."""

from __future__ import annotations

import ast
import json
import shlex
import shutil
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fake_kit import declared_modules
from interpreters import EXTENSION, PINS, ROOT, provided, run, site_of, wheel

from framepress.cli import main
from framepress.errors import OptionError, OutputError
from framepress.replicator import kit_build

PRESS = """
import hashlib
from pathlib import Path
from fake_kit import Kit
from kit_frames import payloads
kit, folder, out = Kit(), Path({folder!r}), Path({out!r})
kit.enable(folder)
writer = kit.registry.get("FramepressWriter")
writer.initialize(output_dir=out, formats="coco,yolo,kitti,native", labels=["crate"])
writer.attach(["/Render/Front", "/Render/Back"])
for payload in payloads(3):
    writer.write(payload)
writer.on_final_frame()
strangers = {{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names) - {{
    "__main__", "carb", "fake_kit", "framepress", "framepress_kit", "kit_frames", "numpy", "omni", "PIL",
    "replicator_payloads"}}
place = sys.modules["framepress"].__file__
kit.disable(folder)
digests = {{path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
           for path in sorted(out.rglob("*")) if path.is_file() and path.name != "lock"}}
answer = {{"digests": digests, "errors": kit.errors, "place": place,
          "strangers": sorted(name for name in strangers if name[0] != "_" and name != "cython_runtime")}}
"""
FRAMES, CAMERAS = 3, 2


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kit_build.build(tmp_path_factory.mktemp("built")).folder


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """What the checkout's extension writes here: the folder, and path -> sha256."""
    work = tmp_path_factory.mktemp("expected")
    out = work / "out"
    answer = run(PRESS.format(folder=str(EXTENSION), out=str(out)), provided(work / "site"))
    assert answer["errors"] == []
    return out, answer["digests"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_the_frames_hold_is_in_each_format(expected: tuple[Path, dict[str, str]]) -> None:
    out, _ = expected
    coco = json.loads((out / "coco" / "annotations" / "instances_default.json").read_text())
    assert len(coco["images"]) == FRAMES * CAMERAS
    boxes = sorted(entry["bbox"] for entry in coco["annotations"])
    assert boxes == sorted([4 + frame, 6 + side, 10, 8] for frame in range(FRAMES) for side in range(CAMERAS))
    for edition in ("yolo", "kitti"):
        labels = [path for path in (out / edition).rglob("*.txt") if path.read_text().startswith(("0 ", "crate "))]
        assert len(labels) == FRAMES * CAMERAS, edition
    assert any((out / "native").rglob("*.png"))


def interpreter(release: str) -> tuple[Path | None, Path | str]:
    """The packages and the Python of a release; our own for "here"."""
    if release == "here":
        return None, sys.executable
    site = site_of(PINS[release])
    if site is None:
        pytest.skip(f"no environment of Isaac Sim {release} yet: make pins")
    return site, PINS[release] / "bin" / "python"


@pytest.mark.parametrize("release", ["here", *PINS])
def test_the_built_extension_writes_the_same_bytes_on_the_packages_of_each_release(
    built: Path, expected: tuple[Path, dict[str, str]], tmp_path: Path, release: str
) -> None:
    site, python = interpreter(release)
    code = PRESS.format(folder=str(built), out=str(tmp_path / "out"))
    answer: dict[str, Any] = run(code, provided(tmp_path / "site", site), python=python)
    assert answer["errors"] == []
    assert answer["strangers"] == []
    assert Path(answer["place"]) == built / "vendor" / "framepress" / "__init__.py"
    assert answer["digests"] == expected[1]


@pytest.mark.parametrize("release", ["here", *PINS])
def test_a_host_that_looks_at_each_name_of_the_modules_needs_no_more_packages(
    built: Path, tmp_path: Path, release: str
) -> None:
    """Kit searches a manifest's modules for extensions; the library's names are imported when they are looked at."""
    site, python = interpreter(release)
    code = "import inspect\nfrom fake_kit import Kit\nKit()\nimport framepress, framepress_kit\n"
    code += "answer = [sorted(dict(inspect.getmembers(module))) for module in (framepress, framepress_kit)]"
    packages = provided(tmp_path / "site", site)
    library, kit = run(code, built / "vendor", built, packages, python=python)
    assert {"convert", "merge", "open", "Frame"} <= set(library)
    assert "FramepressExtension" in kit


def test_the_manifest_finds_the_library_inside(built: Path) -> None:
    assert declared_modules(built) == [("framepress_kit", "."), ("framepress", "vendor")]
    assert (built / "LICENSE").is_file()
    assert not (built / "pip_prebundle").exists()
    here = (EXTENSION / "config" / "extension.toml").read_text().splitlines()
    there = (built / "config" / "extension.toml").read_text().splitlines()
    assert sum(one != other for one, other in zip(here, there, strict=True)) == 1


def test_what_is_vendored_needs_nothing_that_is_not(built: Path) -> None:
    """Of what the writer imports when it is imported, nothing but numpy and Pillow; of the rest, the reading of labels
    and datasets, and jobs, what Isaac Sim has or a wheel brings.
    """
    vendor = built / "vendor"
    places = {path.relative_to(vendor).with_suffix("").as_posix(): path for path in vendor.rglob("*.py")}
    sources = {name.removesuffix("/__init__").replace("/", "."): path for name, path in places.items()}
    assert not [name for name in sources if name.startswith(("framepress.cli", "framepress.headless"))]
    needed = {name: imported(path) for name, path in sources.items()}
    writing, found = set[str](), {"framepress.replicator.writer"}
    while found:
        writing |= found
        found = {other for name in found for other in needed[name] if other in sources} - writing
    assert len(writing) > 50
    for name, wanted in needed.items():
        if name.endswith("_numba"):
            continue  # used where numba is, and only there
        allowed = {*sys.stdlib_module_names, "numpy", "PIL", *(() if name in writing else ("msgspec", "yaml"))}
        strangers = {other.partition(".")[0] for other in wanted if other not in sources} - allowed - {"framepress"}
        assert not strangers, name
        assert not [other for other in wanted if other.startswith("framepress") and other not in sources], name


def imported(path: Path) -> set[str]:
    """Modules that a file imports when it is imported; of `from a import b`, a.b where that is a module too."""
    found: set[str] = set()
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = ROOT.joinpath("python", *str(node.module).split("."))
            found.add(str(node.module))
            found |= {f"{node.module}.{alias.name}" for alias in node.names if (source / f"{alias.name}.py").is_file()}
    return found


def test_building_again_gives_the_same_bytes_in_the_place_of_the_former(tmp_path: Path) -> None:
    first = files(kit_build.build(tmp_path).folder)
    assert files(kit_build.build(tmp_path).folder) == first
    assert [path.name for path in tmp_path.iterdir()] == [kit_build.NAME]


def test_an_installed_library_builds_the_same_extension_as_the_checkout(built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "python", site, ignore=shutil.ignore_patterns("__pycache__", "headless"))
    shutil.copytree(EXTENSION, site / "framepress" / "kit_extension", ignore=shutil.ignore_patterns("__pycache__"))
    (site / "framepress-0.1.0.dist-info" / "licenses").mkdir(parents=True)
    (site / "framepress-0.1.0.dist-info" / "METADATA").write_text("Name: framepress\nVersion: 0.1.0\n")
    shutil.copy(ROOT / "LICENSE", site / "framepress-0.1.0.dist-info" / "licenses")
    code = "from pathlib import Path\nfrom framepress.replicator import kit_build\n"
    code += f"answer = str(kit_build.build(Path({str(tmp_path / 'out')!r})).folder)"
    folder = Path(run(code, site, provided(tmp_path / "packages")))
    assert files(folder) == files(built)


def test_a_file_of_the_former_that_is_gone_from_the_sources_goes(tmp_path: Path) -> None:
    folder = kit_build.build(tmp_path).folder
    listing = json.loads((folder / "files.json").read_text())
    listing["files"]["old.py"] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of no bytes
    (folder / "files.json").write_text(json.dumps(listing))
    (folder / "old.py").touch()
    kit_build.build(tmp_path)
    assert not (folder / "old.py").exists()


@pytest.mark.parametrize("stranger", ["vendor/framepress/errors.py", "mine.txt", ".mine"])
def test_what_was_edited_or_added_is_not_overwritten(tmp_path: Path, stranger: str) -> None:
    folder = kit_build.build(tmp_path).folder
    (folder / stranger).write_text("mine")
    with pytest.raises(OutputError, match=stranger):
        kit_build.build(tmp_path)
    assert (folder / stranger).read_text() == "mine"


def test_where_the_new_one_cannot_take_its_place_the_former_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, while a scanner has a file of it open."""
    folder = kit_build.build(tmp_path).folder
    before = files(folder)
    move = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise PermissionError(13, "Permission denied")
        return move(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refused)
        with pytest.raises(OutputError, match="Permission denied"):
            kit_build.build(tmp_path)
    assert files(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == [kit_build.NAME]


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Not a directory"):
        kit_build.build(tmp_path / "file" / "below")


def test_what_editors_and_systems_leave_beside_the_sources_is_not_in_it(tmp_path: Path, built: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "python", site, ignore=shutil.ignore_patterns("__pycache__", "headless"))
    inside = site / "framepress" / "kit_extension"
    shutil.copytree(EXTENSION, inside, ignore=shutil.ignore_patterns("__pycache__"))
    for stray in (".DS_Store", "data/.icon.png.swp", "framepress_kit/.mypy_cache/x.json", "framepress_kit/old.pyc"):
        (inside / stray).parent.mkdir(exist_ok=True)
        (inside / stray).touch()
    code = "from framepress.replicator import kit_build\nanswer = sorted(kit_build._sources(kit_build._INSTALLED))"
    found = run(code, site, provided(tmp_path / "packages"))
    assert set(found) == {path for path in files(built) if not path.startswith("vendor/")} - {"LICENSE", "files.json"}


def test_a_folder_of_others_is_not_overwritten(tmp_path: Path) -> None:
    other = tmp_path / kit_build.NAME / "thing.txt"
    other.parent.mkdir()
    other.write_text("mine")
    with pytest.raises(OutputError, match="not built by framepress"):
        kit_build.build(tmp_path)
    assert other.read_text() == "mine"


def test_an_unknown_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'4\.2' is none of 4\.5"):
        kit_build.build(tmp_path, ["4.2"])
    assert not any(tmp_path.iterdir())


def test_a_wheel_is_unpacked_and_found_by_kit(tmp_path: Path) -> None:
    pure = wheel(tmp_path / "thing-1.0-py3-none-any.whl", {"thing/__init__.py": "x = 1"})
    folder = kit_build.build(tmp_path / "out", wheels=[pure]).folder
    assert (folder / "pip_prebundle" / "thing" / "__init__.py").read_text() == "x = 1"
    manifest = (folder / "config" / "extension.toml").read_text()
    assert manifest.endswith('\n[[python.module]]\npath = "pip_prebundle"\n')


def test_with_a_wheel_of_msgspec_the_built_extension_reads_what_it_wrote(tmp_path: Path) -> None:
    """Reading COCO is the one thing that needs a package which Isaac Sim has not."""
    installed = distribution("msgspec")
    release = {(3, 10): "4.5", (3, 11): "5.1", (3, 12): "6.0"}.get(sys.version_info[:2])
    if release is None:
        pytest.skip("no Isaac Sim has this Python")
    tag = "cp{0}{1}-cp{0}{1}".format(*sys.version_info)
    path = tmp_path / f"msgspec-{installed.version}-{tag}-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file in installed.files or ():
            if "__pycache__" not in file.parts and ".." not in file.parts:
                archive.write(file.locate(), file.as_posix())
    folder = kit_build.build(tmp_path / "built", [release], [path]).folder
    read = "\nkit.enable(folder)\nimport framepress\nframes = framepress.open(out / 'coco').frames()"
    read += "\nanswer['read'] = [len(view.objects) for frame in frames for view in frame.views]"
    answer = run(PRESS.format(folder=str(folder), out=str(tmp_path / "out")) + read, provided(tmp_path / "site"))
    assert answer["errors"] == []
    assert answer["read"] == [1] * FRAMES * CAMERAS


def test_the_command_says_what_it_made_and_how_it_is_enabled(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["kit", "build", str(tmp_path / "out"), "--isaac", "6.0", "--isaac", "4.5"])
    assert ended.exit_code == 0, ended.output
    assert "Isaac Sim 4.5, 6.0" in ended.output
    assert f"--ext-folder {tmp_path / 'out'} --enable framepress.replicator" in ended.output
    spaced = tmp_path / "my extensions"
    ended = CliRunner().invoke(main, ["kit", "build", str(spaced)])
    assert shlex.split(ended.output.splitlines()[1])[2] == str(spaced)
    listing = json.loads((tmp_path / "out" / kit_build.NAME / "files.json").read_text())
    assert listing["isaac_sim"] == ["4.5", "6.0"]
