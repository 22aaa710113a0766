"""`isaacsim.core.utils.semantics`, and from 6.0 on `isaacsim.core.experimental.utils.semantics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pxr import Sdf, Usd

from framepress.headless.neighbours import labelling
from framepress.headless.neighbours.labelling import SemanticsAPI, labels_of, prims_from, semantics_of
from framepress.headless.neighbours.session import Session

__all__ = ["modules"]


def _add_labels(prim: Usd.Prim, labels: list[str], instance_name: str = "class", overwrite: bool = True) -> None:
    labelling.add_labels(prim, labels, instance_name, overwrite=overwrite)


def _remove_labels(prim: Usd.Prim, instance_name: str | None = None, include_descendants: bool = False) -> None:
    for below in prims_from(prim, descendants=include_descendants):
        labelling.remove_labels(below, instance_name)


def _upgrade(prim: Usd.Prim, include_descendants: bool = False) -> None:
    for below in prims_from(prim, descendants=include_descendants):
        labelling.upgrade_to_labels(below)


def _add_update_semantics(prim: Usd.Prim, semantic_label: str, type_label: str = "class", suffix: str = "") -> None:
    schema = SemanticsAPI.Apply(prim, f"Semantics{suffix}")
    schema.CreateSemanticTypeAttr(type_label)
    schema.CreateSemanticDataAttr(semantic_label)


def _remove_all_semantics(prim: Usd.Prim, recursive: bool = False) -> None:
    for below in prims_from(prim, descendants=recursive):
        labelling.remove_semantics(below)


def _counted(session: Session, prim_path: str | None, labels_in: Any) -> dict[str, int]:
    stage = session.stage()
    root = stage.GetPrimAtPath(prim_path) if prim_path else stage.GetPseudoRoot()
    counts = Counter({"missing_labels": 0})
    for prim in Usd.PrimRange(root):
        labels = labels_in(prim)
        counts.update(labels)
        if not labels and prim.IsA("Gprim"):
            counts["missing_labels"] += 1
    return dict(counts)


def _plain(session: Session) -> dict[str, Any]:
    """The functions of 4.5 to 5.1, and those that 5.0 brought."""
    names: dict[str, Any] = {}
    if not session.at_least("6.0"):
        names |= {
            "add_update_semantics": _add_update_semantics,
            "get_semantics": semantics_of,
            "remove_all_semantics": _remove_all_semantics,
            "count_semantics_in_scene": lambda prim_path=None: _counted(
                session, prim_path, lambda prim: [label for _, label in semantics_of(prim).values()]
            ),
        }
    if session.at_least("5.0"):
        names |= {
            "add_labels": _add_labels,
            "get_labels": labels_of,
            "remove_labels": _remove_labels,
            "upgrade_prim_semantics_to_labels": _upgrade,
            "count_labels_in_scene": lambda prim_path=None: _counted(
                session, prim_path, lambda prim: [label for labels in labels_of(prim).values() for label in labels]
            ),
        }
    return names


def _experimental(session: Session) -> dict[str, Any]:
    """The functions of 6.0, which take a prim or its path."""

    def found(prim: str | Usd.Prim) -> Usd.Prim:
        there = session.stage().GetPrimAtPath(str(prim)) if isinstance(prim, str | Sdf.Path) else prim
        if not there:
            raise ValueError(f"no prim at {prim}")
        return there

    def add_labels(prim: str | Usd.Prim, *, labels: str | list[str], taxonomy: str = "class") -> None:
        labelling.add_labels(found(prim), labels, taxonomy, overwrite=False)

    def get_labels(prim: str | Usd.Prim, *, include_descendants: bool = False) -> dict[str, list[str]]:
        merged: dict[str, list[str]] = {}
        for below in prims_from(found(prim), descendants=include_descendants):
            for taxonomy, labels in labels_of(below).items():
                merged[taxonomy] = list(dict.fromkeys([*merged.get(taxonomy, ()), *labels]))
        return merged

    def remove_labels(
        prim: str | Usd.Prim,
        *,
        labels: str | Iterable[str],
        taxonomy: str | None = None,
        include_descendants: bool = False,
    ) -> None:
        gone = [labels] if isinstance(labels, str) else list(labels)
        for below in prims_from(found(prim), descendants=include_descendants):
            labelling.remove_labels(below, taxonomy, gone)

    def remove_all_labels(
        prim: str | Usd.Prim, *, remove_taxonomies: bool = False, include_descendants: bool = False
    ) -> None:
        for below in prims_from(found(prim), descendants=include_descendants):
            labelling.remove_labels(below, None, None if remove_taxonomies else _all(below))

    def upgrade(prim: str | Usd.Prim, *, include_descendants: bool = False) -> None:
        _upgrade(found(prim), include_descendants)

    return {
        "add_labels": add_labels,
        "get_labels": get_labels,
        "remove_labels": remove_labels,
        "remove_all_labels": remove_all_labels,
        "upgrade_prim_semantics_to_labels": upgrade,
    }


def _all(prim: Usd.Prim) -> list[str]:
    return [label for labels in labels_of(prim).values() for label in labels]


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names; the old schema's module has moved out of `pxr` with 5.0."""
    found = {
        "isaacsim.core.utils.semantics": _plain(session),
        "Semantics" if session.at_least("5.0") else "pxr.Semantics": {"SemanticsAPI": SemanticsAPI},
    }
    if session.at_least("6.0"):
        found["isaacsim.core.experimental.utils.semantics"] = _experimental(session)
    return found
