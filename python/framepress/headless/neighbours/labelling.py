"""Labels on prims, in both schemas: `Semantics.SemanticsAPI` (Isaac Sim 4.5) and `UsdSemantics.LabelsAPI` (5.0 on).

The former is no schema of plain USD, so it is authored by name: API schema "SemanticsAPI:<instance>", attributes
`semantic:<instance>:params:semanticType` and `...:semanticData`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pxr import Sdf, Usd, UsdSemantics

__all__ = [
    "SemanticsAPI",
    "add_labels",
    "labels_of",
    "prims_from",
    "remove_labels",
    "remove_semantics",
    "semantics_of",
    "upgrade_to_labels",
]

OLD = "SemanticsAPI"
PREFIX = "semantic"


class SemanticsAPI:
    """The old schema on one prim, under one instance name."""

    def __init__(self, prim: Usd.Prim, instance: str = "Semantics") -> None:
        self._prim, self._instance = prim, instance

    @classmethod
    def Apply(cls, prim: Usd.Prim, instance: str) -> SemanticsAPI:
        prim.AddAppliedSchema(f"{OLD}:{instance}")
        return cls(prim, instance)

    @classmethod
    def Get(cls, prim: Usd.Prim, instance: str) -> SemanticsAPI:
        return cls(prim, instance)

    @staticmethod
    def IsSemanticsAPIPath(path: Sdf.Path | str, name: object = None) -> bool:
        """Whether a property path belongs to the schema."""
        return bool(Sdf.Path(str(path)).name.startswith(f"{PREFIX}:"))

    def __bool__(self) -> bool:
        return bool(self._prim) and self._instance in _instances(self._prim)

    def GetPrim(self) -> Usd.Prim:
        return self._prim

    def GetName(self) -> str:
        return self._instance

    def CreateSemanticTypeAttr(self, default: str | None = None, writeSparsely: bool = False) -> Usd.Attribute:
        return self._create("semanticType", default)

    def CreateSemanticDataAttr(self, default: str | None = None, writeSparsely: bool = False) -> Usd.Attribute:
        return self._create("semanticData", default)

    def GetSemanticTypeAttr(self) -> Usd.Attribute:
        return self._prim.GetAttribute(self._name("semanticType"))

    def GetSemanticDataAttr(self) -> Usd.Attribute:
        return self._prim.GetAttribute(self._name("semanticData"))

    def _name(self, parameter: str) -> str:
        return f"{PREFIX}:{self._instance}:params:{parameter}"

    def _create(self, parameter: str, default: str | None) -> Usd.Attribute:
        attribute = self._prim.CreateAttribute(self._name(parameter), Sdf.ValueTypeNames.String, False)
        if default is not None:
            attribute.Set(default)
        return attribute


def _applied(prim: Usd.Prim) -> list[str]:
    """Applied API schemas, those that plain USD does not know among them."""
    return [str(name) for name in prim.GetPrimTypeInfo().GetAppliedAPISchemas()]


def _instances(prim: Usd.Prim) -> list[str]:
    return [name.removeprefix(f"{OLD}:") for name in _applied(prim) if name.startswith(f"{OLD}:")]


def prims_from(prim: Usd.Prim, *, descendants: bool) -> Iterator[Usd.Prim]:
    """The prim, and all below it where asked for."""
    yield from Usd.PrimRange(prim) if descendants else (prim,)


def semantics_of(prim: Usd.Prim) -> dict[str, tuple[str, str]]:
    """Instance name -> (type, label) of the old schema."""
    found = {}
    for instance in _instances(prim):
        schema = SemanticsAPI(prim, instance)
        kind, label = schema.GetSemanticTypeAttr(), schema.GetSemanticDataAttr()
        found[instance] = (str(kind.Get() or "") if kind else "", str(label.Get() or "") if label else "")
    return found


def remove_semantics(prim: Usd.Prim) -> None:
    """Take the old schema off a prim, in all its instances."""
    for instance in _instances(prim):
        prim.RemoveAppliedSchema(f"{OLD}:{instance}")
        for parameter in ("semanticType", "semanticData"):
            prim.RemoveProperty(f"{PREFIX}:{instance}:params:{parameter}")


def labels_of(prim: Usd.Prim) -> dict[str, list[str]]:
    """Taxonomy -> labels of the new schema, of this prim alone."""
    found = {}
    for taxonomy in UsdSemantics.LabelsAPI.GetDirectTaxonomies(prim):
        attribute = UsdSemantics.LabelsAPI(prim, taxonomy).GetLabelsAttr()
        found[str(taxonomy)] = [str(label) for label in (attribute.Get() if attribute else None) or ()]
    return found


def add_labels(prim: Usd.Prim, labels: str | Iterable[str], taxonomy: str, *, overwrite: bool) -> None:
    """Give a prim labels of the new schema; each once, in the order given."""
    wanted = [labels] if isinstance(labels, str) else list(labels)
    schema = UsdSemantics.LabelsAPI.Apply(prim, taxonomy)
    attribute = schema.CreateLabelsAttr()
    kept = [] if overwrite else [str(label) for label in attribute.Get() or ()]
    attribute.Set(list(dict.fromkeys([*kept, *wanted])))


def remove_labels(prim: Usd.Prim, taxonomy: str | None = None, labels: Iterable[str] | None = None) -> None:
    """Take labels of the new schema off: all taxonomies or one; all labels, with the schema, or those named."""
    gone = None if labels is None else set(labels)
    for name, present in labels_of(prim).items():
        if taxonomy not in (None, name):
            continue
        schema = UsdSemantics.LabelsAPI(prim, name)
        if gone is not None:
            schema.GetLabelsAttr().Set([label for label in present if label not in gone])
            continue
        prim.RemoveProperty(schema.GetLabelsAttr().GetName())
        prim.RemoveAPI(UsdSemantics.LabelsAPI, name)


def upgrade_to_labels(prim: Usd.Prim) -> None:
    """Write a prim's old labels as new ones, and take the old ones off."""
    for kind, label in semantics_of(prim).values():
        if kind and label:
            add_labels(prim, label, kind, overwrite=False)
    remove_semantics(prim)
