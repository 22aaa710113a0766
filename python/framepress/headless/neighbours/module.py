"""A module that stands in for one of Isaac Sim's: what it has, and a clear word about what it has not."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from framepress.headless.rep.refused import NotSupportedError

__all__ = ["Partly", "StandInModule", "unsupported"]


def unsupported(what: str, instead: str = "") -> NotSupportedError:
    """The error for a call that is known but not stood in for."""
    return NotSupportedError(
        f"{what}: the stand-in for Isaac Sim does not have this{'; ' + instead if instead else ''}"
    )


class StandInModule(ModuleType):
    """Holds the given names; any other is an AttributeError that says whose module this is."""

    def __init__(self, name: str, names: Mapping[str, Any], release: str) -> None:
        super().__init__(name, f"Stands in for {name} of Isaac Sim {release}.")
        self.__dict__.update(names)
        self.__path__: list[str] = []  # a package: what is imported below it is looked up, and refused by name
        self._release = release

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"{self.__name__}.{name}: the stand-in for Isaac Sim {self._release} does not have this name", name=name
        )


class Partly:
    """A base for objects that stand in for one of Isaac Sim's in part: the rest is refused by name."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__}.{name}: the stand-in for Isaac Sim does not have this", name=name)
