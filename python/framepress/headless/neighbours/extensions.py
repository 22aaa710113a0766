"""Extensions: those whose effect the stand-in has, and any that are Python alone, started from folders as Kit does.

`--ext-folder FOLDER` and `--enable NAME` among the `extra_args` of `SimulationApp` work, as do the calls of the
extension manager.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from framepress.errors import InputError
from framepress.headless.neighbours.module import Partly, unsupported
from framepress.headless.neighbours.session import Session

__all__ = ["ExtensionManager", "IExt", "extension_name"]

# Extensions whose Python modules are stood in for, and those whose effect is there without any module.
PRESENT = {
    "isaacsim.core.utils",
    "isaacsim.replicator.writers",
    "omni.kit.app",
    "omni.kit.commands",
    "omni.replicator.core",
    "omni.syntheticdata",
    "omni.timeline",
    "omni.usd",
}
MANIFEST = Path("config", "extension.toml")


class IExt:
    """`omni.ext.IExt`: what an extension derives from."""

    def on_startup(self, ext_id: str) -> None:
        pass

    def on_shutdown(self) -> None:
        pass


def extension_name(extension_id: str) -> str:
    """An extension's id without its version."""
    name, _, version = extension_id.rpartition("-")
    return name if name and version[:1].isdigit() else extension_id


@dataclass
class Extension:
    """One that was started from a folder.

    Args:
        imported: modules that its start brought into the interpreter; its end takes them away.
    """

    name: str
    folder: Path
    manifest: Mapping[str, Any]
    instances: list[IExt] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.manifest.get('package', {}).get('version', '0.0.0')}"

    def start(self) -> None:
        """As Kit: folders of modules onto the path, modules imported, `IExt` of the first made and told."""
        modules = self.manifest.get("python", {}).get("module", [])
        sys.path += self._paths()
        before = set(sys.modules)
        try:
            found = [importlib.import_module(module["name"]) for module in modules if "name" in module]
        finally:
            named = tuple(module["name"] for module in modules if "name" in module)
            self.imported = [name for name in set(sys.modules) - before if _is_of(name, named)]
        for made in _extension_classes(found[:1]):
            self.instances.append(made())
            wants_id = bool(inspect.signature(self.instances[-1].on_startup).parameters)
            self.instances[-1].on_startup(*([self.id] if wants_id else []))

    def stop(self) -> None:
        while self.instances:
            self.instances.pop().on_shutdown()
        for path in self._paths():
            if path in sys.path:
                sys.path.remove(path)
        for name in self.imported:
            sys.modules.pop(name, None)

    def _paths(self) -> list[str]:
        modules = self.manifest.get("python", {}).get("module", [])
        return [str((self.folder / module.get("path", ".")).resolve()) for module in modules]


def _is_of(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _extension_classes(modules: Sequence[ModuleType]) -> Iterator[type[IExt]]:
    for module in modules:
        for made in vars(module).values():
            if isinstance(made, type) and issubclass(made, IExt) and made is not IExt:
                yield made


class ExtensionManager(Partly):
    """`omni.ext.ExtensionManager`. What is neither stood in for nor found in a folder is not enabled, and told."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folders: list[Path] = []
        self._running: dict[str, Extension] = {}

    def add_path(self, path: str, type: Any = None) -> None:
        self._folders.append(Path(path))

    def remove_path(self, path: str) -> None:
        self._folders = [folder for folder in self._folders if folder != Path(path)]

    def is_extension_enabled(self, name: str) -> bool:
        return name in PRESENT or name in self._running

    def set_extension_enabled_immediate(self, name: str, enabled: bool) -> bool:
        """Raises: InputError: a manifest cannot be read; what the extension itself raises when it starts or stops."""
        name = extension_name(name)
        if name in PRESENT:
            return True
        if not enabled:
            running = self._running.pop(name, None)
            if running is not None:
                running.stop()
            return True
        return name in self._running or self._start(name)

    def set_extension_enabled(self, name: str, enabled: bool) -> None:
        self.set_extension_enabled_immediate(name, enabled)

    def get_enabled_extension_id(self, name: str) -> str | None:
        if name in self._running:
            return self._running[name].id
        return f"{name}-0.0.0" if name in PRESENT else None

    def get_extension_path(self, extension_id: str) -> str:
        running = self._running.get(extension_name(extension_id))
        if running is None:
            raise unsupported(f"the folder of the extension {extension_id}")
        return str(running.folder)

    def follow(self, arguments: Sequence[str]) -> None:
        """Do what an application's command line says of extensions; the rest of it is not ours."""
        given = [part for argument in arguments for part in argument.split("=", 1)]
        pairs = list(pairwise(given))
        for folder in [value for name, value in pairs if name == "--ext-folder"]:
            self.add_path(folder)
        for extension in [value for name, value in pairs if name == "--enable"]:
            self.set_extension_enabled_immediate(extension, True)

    def stop_all(self) -> None:
        """The last one that was started first."""
        while self._running:
            self._running.popitem()[1].stop()

    def _start(self, name: str) -> bool:
        folder = self._folder(name)
        if folder is None:
            self._session.host.find(f"extension {name}: not in the stand-in; it was not enabled")
            return False
        extension = Extension(name, folder, _read(folder / MANIFEST))
        for needed, options in extension.manifest.get("dependencies", {}).items():
            if not self.set_extension_enabled_immediate(needed, True) and not options.get("optional", False):
                return False
        self._running[name] = extension
        try:
            extension.start()
        except BaseException:
            self.set_extension_enabled_immediate(name, False)
            raise
        return True

    def _folder(self, name: str) -> Path | None:
        """NAME or NAME-VERSION in one of the folders, the first that has a manifest."""
        version = re.compile(re.escape(name) + r"(-\d.*)?")
        for folder in self._folders:
            for place in sorted(folder.iterdir()) if folder.is_dir() else []:
                if version.fullmatch(place.name) and (place / MANIFEST).is_file():
                    return place
        return None


def _read(manifest: Path) -> Mapping[str, Any]:
    try:
        read = importlib.import_module("tomllib").loads
    except ImportError as error:
        raise unsupported(f"reading {manifest} with this Python", "use Python 3.11 or later") from error
    try:
        found: Mapping[str, Any] = read(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{manifest}: {error}") from error
    return found
