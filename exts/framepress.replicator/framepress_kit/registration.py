"""`FramepressWriter` in Replicator's registry: once, for however many extensions bring it.

The repository can be enabled as an extension beside the one below its exts/. Both run this module: the first start
registers the writer, the last end takes it away.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any
from weakref import WeakSet

import carb

from framepress_kit import library

__all__ = ["NAME", "hold", "release"]

NAME = "FramepressWriter"


class Registration:
    """The writer's class, known to Replicator until `close`."""

    def __init__(self, rep: ModuleType) -> None:
        """Raises: RuntimeError: someone else's writer has the name, and would be lost without a word."""
        self._rep = rep
        self._made: WeakSet[Any] = WeakSet()
        self._writer_class: type[Any] | None = None
        taken = rep.WriterRegistry.get_writers().get(NAME)
        if taken is None:
            self._writer_class = _writer_class(rep, self._made)
            rep.WriterRegistry.register(self._writer_class)
            names = _default_names(rep)
            if NAME not in names:
                names.append(NAME)
        elif taken.__module__.partition(".")[0] not in ("framepress", "framepress_kit"):
            raise RuntimeError(f"Replicator has a writer {NAME} already, from {taken.__module__}: rename that one")

    def close(self) -> None:
        """Complete every dataset that is still open, and take the writer away; its errors are logged."""
        from framepress.errors import FramepressError

        if self._writer_class is None:
            return
        for writer in list(self._made):
            try:
                writer.on_final_frame()
            except (FramepressError, OSError) as error:  # the other datasets are completed all the same
                carb.log_error(f"{NAME}: {error}")
        self._made.clear()
        names = _default_names(self._rep)
        if NAME in names:
            names.remove(NAME)
        if self._rep.WriterRegistry.get_writers().get(NAME) is self._writer_class:
            self._rep.writers.unregister_writer(NAME)


_holders: list[object] = []
_current: Registration | None = None


def hold(holder: object) -> None:
    """Have the writer registered until `release`, by this holder and the others.

    Raises:
        LibraryClash: another version of the library is loaded.
        RuntimeError: as `Registration`.
    """
    global _current
    if holder in _holders:
        return
    if _current is None:
        library.load()
        import omni.replicator.core as rep

        _current = Registration(rep)
    _holders.append(holder)


def release(holder: object) -> None:
    """The holder's part in it ends; nothing where it had none."""
    global _current
    if holder not in _holders:
        return
    _holders.remove(holder)
    if not _holders and _current is not None:
        registration, _current = _current, None
        registration.close()
        library.unload()


def _writer_class(rep: ModuleType, made: WeakSet[Any]) -> type[Any]:
    """`build_writer`'s class; each of its writers that is initialized is put into `made`."""
    from framepress.replicator.writer import build_writer

    class FramepressWriter(build_writer(rep)):  # type: ignore[misc]  # which Replicator is known at run time only
        __doc__ = build_writer.__doc__

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.add(self)

    return FramepressWriter


def _default_names(rep: ModuleType) -> list[str]:
    """Whom Replicator's telemetry calls by name, and not "Custom writer"; the list is private, and may be missing."""
    names = getattr(rep.WriterRegistry, "_default_writers", None)
    return names if isinstance(names, list) else []
