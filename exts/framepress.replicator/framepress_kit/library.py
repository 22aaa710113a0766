"""Which copy of the library this extension uses; its loading and unloading.

All extensions share one interpreter: of two copies of a package, the one that is loaded first serves everybody.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType

__all__ = ["WAS_LOADED", "LibraryClash", "load", "own_folder", "unload"]

PACKAGE = "framepress"

WAS_LOADED = PACKAGE in sys.modules
"""Whether others have the library: Kit imports this module before it, for the manifest names the library second."""


class LibraryClash(ImportError):
    """Another version of the library is loaded."""


def own_folder() -> Path:
    """What holds this extension's copy: vendor/ where it was built, python/ of the checkout where it was not.

    Raises:
        ImportError: neither is there.
    """
    extension = Path(__file__).resolve().parents[1]
    places = (extension / "vendor", extension.parents[1] / "python")
    for place in places:
        if (place / PACKAGE / "__init__.py").is_file():
            return place
    raise ImportError(
        f"{extension}: the library is neither in {places[0]} nor in {places[1]}; make a complete extension with "
        "`framepress kit build`, or enable this one inside its checkout"
    )


def load() -> ModuleType:
    """The library: the copy that is loaded, if its version is that of our own, else our own.

    Raises:
        LibraryClash: the loaded copy is of another version.
        ImportError: as `own_folder`.
    """
    folder = own_folder()
    loaded = sys.modules.get(PACKAGE)
    if loaded is None:
        return _imported(folder)
    place, version = _place(loaded), getattr(loaded, "__version__", "unknown")
    if place != folder / PACKAGE and version != _version(folder):
        raise LibraryClash(
            f"framepress {version} is loaded from {place}, this extension needs {_version(folder)} from "
            f"{folder / PACKAGE}: remove one of them, or bring them to one version, and start again"
        )
    return loaded


def unload() -> None:
    """Forget the library, so that the next start reads its files anew."""
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
        _drop_old_bytecode(getattr(sys.modules.pop(name), "__file__", None))
    importlib.invalidate_caches()


def _drop_old_bytecode(source: str | None) -> None:
    """Where the source was edited after it: Python would take it for fresh after an edit of its second and length."""
    if source is None:
        return
    cached = Path(importlib.util.cache_from_source(source))
    with suppress(OSError):  # there is none, or the folder is read-only and nobody edits in it
        if cached.stat().st_mtime_ns < Path(source).stat().st_mtime_ns:
            cached.unlink()


def _imported(folder: Path) -> ModuleType:
    sys.path.insert(0, str(folder))  # for this import alone: it finds its own parts by itself afterwards
    try:
        return importlib.import_module(PACKAGE)
    finally:
        sys.path.remove(str(folder))


def _place(module: ModuleType) -> Path | None:
    """Of a folder that Python took for a package, for want of one, as well; None of a module that is no file."""
    places = [Path(module.__file__).parent] if module.__file__ else [Path(path) for path in module.__path__]
    return places[0].resolve() if places else None


def _version(folder: Path) -> str:
    text = (folder / PACKAGE / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return found[1] if found else "unknown"
