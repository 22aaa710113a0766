"""What was edited on a stage since one last asked, as USD's own notices tell it."""

from __future__ import annotations

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
# Of meshes and their subsets, gprims and instancers; primvars may be theirs too.
_RESHAPING = frozenset(
    "points faceVertexCounts faceVertexIndices holeIndices normals orientation subdivisionScheme "
    "indices elementType familyName size radius radiusTop radiusBottom height axis width length "
    "protoIndices positions orientations orientationsf scales velocities angularVelocities accelerations ids "
    "invisibleIds".split()
)
_BINDING = ("material:binding", "collection:", "primvars:display")


@dataclass(frozen=True, slots=True)
class Edits:
    """Args:
    prims: composed anew, with all below them.
    moved: prims whose transform or visibility has another value.
    reshaped: prims that may have other triangles or points.
    bound: prims at or below which other materials may be bound.
    properties: all properties with other values, but those of `moved`.
    restructured: whether what is walked over, rather than what is found there, is another.
    """

    prims: tuple[Sdf.Path, ...]
    moved: tuple[Sdf.Path, ...]
    reshaped: frozenset[Sdf.Path]
    bound: frozenset[Sdf.Path]
    properties: tuple[Sdf.Path, ...]
    restructured: bool

    @classmethod
    def of(cls, prims: tuple[Sdf.Path, ...], properties: tuple[Sdf.Path, ...]) -> Edits:
        moved: dict[Sdf.Path, None] = {}
        reshaped: set[Sdf.Path] = set()
        bound: set[Sdf.Path] = set()
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
                bound.add(path.GetPrimPath())
            elif name in _RESHAPING or name.startswith("primvars:"):
                reshaped.add(path.GetPrimPath())
        return cls(prims, tuple(moved), frozenset(reshaped), frozenset(bound), tuple(others), restructured)

    def touch(self, prims: frozenset[Sdf.Path]) -> bool:
        """Whether one of these prims has another value of any property."""
        return not prims.isdisjoint(self.moved) or any(path.GetPrimPath() in prims for path in self.properties)

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
