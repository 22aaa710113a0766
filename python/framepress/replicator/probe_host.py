"""What a probe asks of the host itself: names, versions, files it writes. Answers and evidence are plain JSON."""

from __future__ import annotations

import builtins
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from framepress.replicator.host_version import isaac_sim_version

__all__ = [
    "backend_registry",
    "host",
    "menu_merging",
    "names",
    "png_encoder",
    "python_path",
    "root_manifest",
    "versions",
]

Answer = tuple[Any, Any]
_WAIT_S = 10.0


def host() -> dict[str, Any]:
    """Which Isaac Sim was asked; the stand-in says that it is one."""
    kit = sys.modules["omni.kit.app"]
    return {
        "isaac_sim": isaac_sim_version(),
        "stand_in": type(kit).__name__ == "StandInModule",
        "mode": "editor" if _in_application() else "standalone",
    }


def _in_application() -> bool:
    return getattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL", True) is not False


def names(rep: Any) -> Answer:
    asked = {
        "rep.backends.get": _has(rep, "backends", "get"),
        "rep.functional.write_image": _has(rep, "functional", "write_image"),
        "rep.scripts.functional.write_image": _importable("omni.replicator.core.scripts.functional", "write_image"),
        "carb.eventdispatcher": _importable("carb.eventdispatcher", ""),
        "CocoWriter": "CocoWriter" in rep.WriterRegistry.get_writers(),
    }
    return asked, None


def _has(thing: Any, *path: str) -> bool:
    for name in path:
        if not hasattr(thing, name):
            return False
        thing = getattr(thing, name)
    return True


def _importable(module: str, name: str) -> bool:
    try:
        found = importlib.import_module(module)
    except ImportError:
        return False
    return not name or hasattr(found, name)


def backend_registry(rep: Any) -> Answer:
    for module in ("omni.replicator.core", "omni.replicator.core.backends", "omni.replicator.core.scripts.backends"):
        if _importable(module, "BackendRegistry"):
            registry = importlib.import_module(module).BackendRegistry
            return [name for name in dir(registry) if not name.startswith("_")], module
    return "unknown", "no BackendRegistry in the modules that are known"


def root_manifest() -> Answer:
    """An extension whose manifest lies in its root, in a folder that is added to the search paths."""
    import omni.kit.app

    manager = omni.kit.app.get_app().get_extension_manager()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "framepress.probe.root"
        place.mkdir()
        (place / "extension.toml").write_text('[package]\nversion = "0.0.1"\ntitle = "probe"\n')
        manager.add_path(folder)
        try:
            omni.kit.app.get_app().update()
            found = any("framepress.probe.root" in str(entry.get("name", "")) for entry in manager.get_extensions())
        finally:
            manager.remove_path(folder)
    return "found" if found else "not found", None


def png_encoder(rep: Any) -> Answer:
    """The chunks and the zlib header of a picture that `write_image` writes, beside Pillow's own bytes."""
    from PIL import Image

    write = _write_image()
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.png"
        write(path=str(path), data=noise)
        _wait_for(path)
        content = path.read_bytes()
        own = Path(folder) / "pillow.png"
        levels = []
        for level in range(10):
            Image.fromarray(noise).save(own, compress_level=level)
            levels += [level] if own.read_bytes() == content else []
        pixels = np.asarray(Image.open(path))
    chunks = _chunks(content)
    data = next(body for name, body in chunks if name == "IDAT")
    evidence = {"bytes": len(content), "chunks": [name for name, _ in chunks], "zlib header": data[:2].hex()}
    if not np.array_equal(pixels[..., :3], noise):
        return "unknown", {**evidence, "error": "the picture that was written is not the one that was given"}
    return f"Pillow, level {levels[0]}" if levels else "another encoder", evidence


def _write_image() -> Any:
    for module in ("omni.replicator.core.functional", "omni.replicator.core.scripts.functional"):
        if _importable(module, "write_image"):
            return importlib.import_module(module).write_image
    raise ImportError("write_image is in neither of its two places")


def _wait_for(path: Path) -> None:
    until = time.monotonic() + _WAIT_S
    while not (path.is_file() and path.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)


def _chunks(content: bytes) -> list[tuple[str, bytes]]:
    found, place = [], 8
    while place + 8 <= len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        found.append((content[place + 4 : place + 8].decode("latin-1"), content[place + 8 : place + 8 + size]))
        place += 12 + size
    return found


def python_path() -> Answer:
    if not _in_application():
        return (
            "unknown",
            "python.sh reads it as any Python does; in the application look at sys.path in the Script Editor",
        )
    given = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    if not given:
        return "unknown", "PYTHONPATH is not set; set it and run the probe again"
    places = {str(Path(part).absolute()) for part in sys.path}
    missing = [part for part in given if str(Path(part).absolute()) not in places]
    return "honoured" if not missing else "not honoured", {"PYTHONPATH": len(given), "not in sys.path": len(missing)}


def menu_merging() -> Answer:
    return "unknown", "no menu is drawn in a headless run; look at Tools/Replicator in the editor"


def versions() -> Answer:
    import PIL

    return {"python": sys.version.split()[0], "numpy": np.__version__, "pillow": PIL.__version__}, None
