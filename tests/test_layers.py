"""Who may import whom, read from the sources; and what an import of the package loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from framepress import formats

PACKAGE = Path(formats.__file__).parents[1]

# A package imports what has a lower number, and itself.
LAYERS = {
    "core": 0,
    "ops": 1,
    "storage": 2,
    "capture": 2,
    "formats": 3,
    "headless": 3,
    "dataset": 4,
    "quality": 5,
    "versions": 5,
    "delivery": 6,
    "replicator": 7,
    "jobs": 8,
    "cli": 9,
}
FREE = {"", "errors"}  # the package itself (its version) and the errors are for everyone
NEVER_ON_IMPORT = {"omni", "carb", "pxr", "warp", "h5py", "pyarrow", "mcap", "pycocotools", "msgspec", "click"}


def modules() -> dict[str, Path]:
    """Dotted name below `framepress` -> file; the package itself, whose names are lazy, left out."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Dotted names below `framepress` that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import in line {node.lineno}"
            base = str(node.module)
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in DOTTED else base for alias in node.names]
        for name in names:
            if name == "framepress" or name.startswith("framepress."):
                yield name.removeprefix("framepress").removeprefix(".")


DOTTED = {f"framepress.{name}" for name in modules()}


@pytest.mark.parametrize("name", modules())
def test_a_module_imports_lower_layers_only(name: str) -> None:
    package = name.split(".")[0]
    if package in FREE:
        assert set(imports(modules()[name])) <= FREE
        return
    assert package in LAYERS, f"{package} has no layer yet"
    for imported in imports(modules()[name]):
        other = imported.split(".")[0]
        allowed = other in FREE or other == package or LAYERS[other] < LAYERS[package]
        assert allowed, f"framepress.{name} imports framepress.{imported}"


def family(module: str) -> str:
    """The format that a module below `formats` belongs to; "" for what all formats share."""
    first = module.split("_")[0]
    return first if first in formats._MODULES else ""


@pytest.mark.parametrize("name", [name for name in modules() if name.startswith("formats.")])
def test_formats_never_import_each_other(name: str) -> None:
    own = family(name.split(".")[1])
    for imported in imports(modules()[name]):
        if imported.startswith("formats."):
            assert family(imported.split(".")[1]) in ("", own), f"{name} imports {imported}"


def test_the_layer_test_sees_imports_inside_functions_and_of_submodules(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text(
        "def f():\n    from framepress.formats import coco, Format\n    import framepress.dataset.writer\n"
    )
    assert list(imports(source)) == ["formats.coco", "formats", "dataset.writer"]


def loaded_by(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after a statement, beside those that are there anyway."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in run.stdout.split()}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import framepress") & (NEVER_ON_IMPORT | {"numpy", "PIL", "yaml"})


def test_every_public_name_is_there_without_the_optional_packages() -> None:
    everything = "import framepress; [getattr(framepress, name) for name in framepress.__all__]"
    assert not loaded_by(everything) & NEVER_ON_IMPORT


def test_the_write_path_needs_only_numpy_pillow_and_the_standard_library() -> None:
    written = [name for name in formats.names() if formats.by_name(name).writer is not None]
    imports = ", ".join(f"framepress.formats.{name}" for name in written if name in formats._MODULES)
    assert written
    found = loaded_by(f"import framepress.dataset.writer, framepress.capture.payload, {imports}")
    assert found - set(sys.stdlib_module_names) <= {"framepress", "numpy", "PIL"}


def test_asking_the_command_for_help_loads_no_numpy() -> None:
    found = loaded_by("from framepress.cli import main")
    assert "click" in found
    assert not found & {"numpy", "PIL", "yaml", "msgspec"}
