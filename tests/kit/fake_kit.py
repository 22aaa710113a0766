"""As much of Kit as starts and stops extensions, and as much of Replicator as has writers; nothing of ours in it.

Runs on each Python from 3.10 on with the standard library alone, inside interpreters that have nothing else.
"""

from __future__ import annotations

import importlib
import re
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

DEFAULTS = ["BasicWriter", "KittiWriter"]


class Kit:
    """One application; its modules are in `sys.modules` from its making on.

    Args:
        forgets: whether the modules that a manifest names are dropped when its extension stops. How Kit does it is not
            documented, so an extension has to work both ways.
    """

    def __init__(self, *, forgets: bool = True) -> None:
        self.forgets = forgets
        self.errors: list[str] = []
        self._running: dict[Path, tuple[list[Any], list[tuple[str, str]]]] = {}
        replicator = _replicator()
        self.registry = replicator.WriterRegistry
        _module("carb", log_error=self.errors.append)
        _module("omni", replicator=_module("omni.replicator", core=replicator), ext=_module("omni.ext", IExt=IExt))

    def enable(self, extension: Path) -> None:
        """As Kit: each module's folder onto the path, then its import; the first is searched for `IExt`."""
        modules = [(name, str((extension / path).resolve())) for name, path in declared_modules(extension)]
        sys.path += [path for _, path in modules]
        imported = [importlib.import_module(name) for name, _ in modules if name]
        started = [
            made()
            for made in vars(imported[0]).values()
            if isinstance(made, type) and issubclass(made, IExt) and made is not IExt
        ]
        self._running[extension] = (started, modules)
        for instance in started:
            instance.on_startup(f"{extension.name}-0.1.0")

    def disable(self, extension: Path) -> None:
        started, modules = self._running.pop(extension)
        while started:
            started.pop().on_shutdown()
        for name, path in modules:
            sys.path.remove(path)
            if self.forgets and name:
                for known in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
                    del sys.modules[known]


def declared_modules(extension: Path) -> list[tuple[str, str]]:
    """Name and path of each [[python.module]], "" where it is a path alone; Python 3.10 has no reader for TOML."""
    text = (extension / "config" / "extension.toml").read_text(encoding="utf-8")
    tables = re.split(r"^\[\[python\.module\]\]\n", text, flags=re.MULTILINE)[1:]
    found = [dict(re.findall(r'^(\w+) = "(.*)"$', table.partition("\n[")[0], re.MULTILINE)) for table in tables]
    return [(table.get("name", ""), table.get("path", ".")) for table in found]


class IExt:
    """`omni.ext.IExt`."""


def _module(name: str, **names: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(names, __path__=[])
    sys.modules[name] = module
    return module


def _replicator() -> ModuleType:
    """`omni.replicator.core`, with a registry of its own."""
    classes: dict[str, type] = {}
    attached: list[Any] = []

    class Writer(ABC):
        def initialize(self, **options: Any) -> None:
            self.__init__(**options)  # type: ignore[misc]

        @abstractmethod
        def write(self, data: dict[str, Any]) -> None: ...

        def on_final_frame(self) -> None:  # noqa: B027 - a hook, as Replicator's
            pass

        def attach(self, products: Any) -> None:
            attached.append(self)

        def detach(self) -> None:
            if self in attached:
                attached.remove(self)

    class WriterRegistry:
        _default_writers: ClassVar = list(DEFAULTS)

        @classmethod
        def register(cls, writer_class: type, category: str | None = None) -> None:
            assert writer_class.__name__ not in classes, "Replicator would warn, and overwrite"
            classes[writer_class.__name__] = writer_class

        @classmethod
        def get_writers(cls, category: str | None = None) -> dict[str, type]:
            return dict(classes)

        @classmethod
        def get(cls, name: str) -> Any:
            return classes[name].__new__(classes[name])

    def unregister_writer(name: str) -> None:
        for writer in [writer for writer in attached if type(writer).__name__ == name]:
            writer.detach()
        del classes[name]

    class AnnotatorRegistry:
        @staticmethod
        def get_annotator(name: str, init_params: dict[str, Any] | None = None) -> tuple[str, Any]:
            return name, init_params

    return _module(
        "omni.replicator.core",
        Writer=Writer,
        WriterRegistry=WriterRegistry,
        AnnotatorRegistry=AnnotatorRegistry,
        writers=_module("omni.replicator.core.writers", unregister_writer=unregister_writer),
    )
