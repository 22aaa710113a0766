"""What was edited on a stage since one last asked, as USD's own notices tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pxr import Sdf, Tf, Usd

__all__ = ["Changes", "Edits"]

# Fields of a prim, or at "/" of the stage, that nothing which is drawn or labelled depends on.
_SILENT = frozenset(
    "assetInfo comment customData customLayerData defaultPrim displayGroupOrder displayName documentation endTimeCode "
    "framesPerSecond hidden kind renderSettingsPrimPath startTimeCode userDocBrief".split()
)
_RESTRUCTURING = ("semantic", "purpose", "prototypes", "model:")
_BINDING = ("material:binding", "collection:", "primvars:display")


@dataclass(frozen=True, slots=True)
class Edits:
    """Args:
    prims: composed anew, with all below them.
    moved: prims whose transform or visibility has another value.
    bound: prims at or below which other materials may be bound.
    properties: all properties with other values, but those of `moved`.
    restructured: whether what is walked over, rather than what is found there, is another.
    """

    prims: tuple[Sdf.Path, ...]
    moved: tuple[Sdf.Path, ...]
    bound: tuple[Sdf.Path, ...]
    properties: tuple[Sdf.Path, ...]
    restructured: bool

    @classmethod
    def of(cls, prims: tuple[Sdf.Path, ...], properties: tuple[Sdf.Path, ...]) -> Edits:
        moved: dict[Sdf.Path, None] = {}
        bound: dict[Sdf.Path, None] = {}
        others: list[Sdf.Path] = []
        restructured = bool(prims)
        for path in properties:
            name = path.name
            if name.startswith("xformOp") or name == "visibility":
                moved[path.GetPrimPath()] = None
                continue
            others.append(path)
            restructured |= name.startswith(_RESTRUCTURING)
            if name.startswith(_BINDING):
                bound[path.GetPrimPath()] = None
        return cls(prims, tuple(moved), tuple(bound), tuple(others), restructured)

    @property
    def touched(self) -> Iterator[Sdf.Path]:
        """Prims with another value of any property."""
        yield from self.moved
        yield from (path.GetPrimPath() for path in self.properties)

    def __bool__(self) -> bool:
        return bool(self.prims or self.moved or self.properties)


class Changes:
    """Listens from its making until it is let go of."""

    def __init__(self, stage: Usd.Stage) -> None:
        # Dictionaries as ordered sets.
        prims: dict[Sdf.Path, None] = {}
        properties: dict[Sdf.Path, None] = {}

        def hear(notice: Any, _: Usd.Stage) -> None:
            for path in notice.GetResyncedPaths():
                (properties if path.IsPropertyPath() else prims)[path] = None
            for path in notice.GetResolvedAssetPathsResyncedPaths():
                (properties if path.IsPropertyPath() else prims)[path] = None
            for path in notice.GetChangedInfoOnlyPaths():
                if path.IsPropertyPath():
                    properties[path] = None
                elif not _SILENT.issuperset(notice.GetChangedFields(path)):
                    prims[path] = None

        self._prims, self._properties = prims, properties
        # Tf holds what it calls weakly.
        self._hear = hear
        self._listener = Tf.Notice.Register(Usd.Notice.ObjectsChanged, hear, stage)

    def take(self) -> Edits:
        edits = Edits.of(tuple(self._prims), tuple(self._properties))
        self._prims.clear()
        self._properties.clear()
        return edits
