"""Semantic labels in the schema of the release: SemanticsAPI in 4.5, UsdSemantics.LabelsAPI from 5.0 on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pxr import Sdf, UsdSemantics

from framepress.errors import OptionError

__all__ = ["author", "check_mode", "labels_of", "pairs_of"]

OLD_SCHEMA = "SemanticsAPI:"
MODES = ("add", "replace", "clear")


def pairs_of(semantics: Any, call: str) -> list[tuple[str, str]]:
    """(type, label), in order: from a list of such pairs, or type -> label or labels.

    Raises:
        OptionError: it is something else.
    """
    if semantics is None:
        return []
    entries = semantics.items() if isinstance(semantics, Mapping) else semantics
    if isinstance(entries, str) or not isinstance(entries, Iterable):
        raise _wrong(semantics, call)
    found = []
    for entry in entries:
        if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 2:
            raise _wrong(semantics, call)
        kind, labels = entry
        for label in [labels] if isinstance(labels, str) else list(labels):
            if not (isinstance(kind, str) and kind and isinstance(label, str) and label):
                raise _wrong(semantics, call)
            found.append((kind, label))
    return found


def check_mode(mode: str, call: str) -> None:
    """Raises: OptionError: `mode` is none of `author`'s."""
    if mode not in MODES:
        raise OptionError(f"{call}: semantics mode {mode!r}; choose one of {', '.join(MODES)}")


def _wrong(semantics: Any, call: str) -> OptionError:
    return OptionError(f"{call}: semantics {semantics!r}; give [('class', 'box')] or {{'class': 'box'}}")


def labels_of(prim: Any) -> list[tuple[str, str]]:
    """(type, label) authored on a prim, in both schemas."""
    found = []
    for name in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
        schema, _, instance = name.partition(":")
        if schema == "SemanticsLabelsAPI":
            labels = UsdSemantics.LabelsAPI(prim, instance).GetLabelsAttr().Get() or []
            found += [(instance, str(label)) for label in labels]
        elif name.startswith(OLD_SCHEMA):
            kind, label = (_old(prim, instance, part).Get() for part in ("Type", "Data"))
            if kind and label:
                found.append((kind, label))
    return found


def author(prim: Any, pairs: Sequence[tuple[str, str]], release: str, mode: str = "add") -> None:
    """Put labels on a prim.

    Args:
        prim: not inside an instance.
        pairs: (type, label).
        release: "4.5" writes the old schema.
        mode: "add" keeps the labels that are there, "replace" takes away those of the types given, "clear" all first.

    Raises:
        OptionError: an unknown mode.
    """
    check_mode(mode, str(prim.GetPath()))
    if mode == "clear":
        _remove(prim, None)
    elif mode == "replace":
        _remove(prim, {kind for kind, _ in pairs})
    present = set(labels_of(prim))
    new = [pair for pair in dict.fromkeys(pairs) if pair not in present]
    if release == "4.5":
        _author_old(prim, new)
        return
    for kind in dict.fromkeys(kind for kind, _ in new):
        if not Sdf.Path.IsValidNamespacedIdentifier(kind):
            raise OptionError(f"{prim.GetPath()}: semantic type {kind!r}; USD takes letters, digits and _ here")
        schema = UsdSemantics.LabelsAPI.Apply(prim, kind)
        before = schema.GetLabelsAttr().Get() or [] if schema.GetLabelsAttr() else []
        schema.CreateLabelsAttr().Set([*before, *(label for each, label in new if each == kind)])


def _author_old(prim: Any, pairs: Sequence[tuple[str, str]]) -> None:
    taken = set(prim.GetPrimTypeInfo().GetAppliedAPISchemas())
    for kind, label in pairs:
        name = f"Semantics_{_identifier(kind)}_{_identifier(label)}"
        instance, count = name, 0
        while OLD_SCHEMA + instance in taken:
            count += 1
            instance = f"{name}_{count:02d}"
        taken.add(OLD_SCHEMA + instance)
        prim.AddAppliedSchema(OLD_SCHEMA + instance)
        for part, value in (("Type", kind), ("Data", label)):
            prim.CreateAttribute(_old_name(instance, part), Sdf.ValueTypeNames.String, custom=False).Set(value)


def _remove(prim: Any, kinds: set[str] | None) -> None:
    """Take labels of these types away, None = of all; attributes of weaker layers are blocked."""
    for name in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
        schema, _, instance = name.partition(":")
        if schema == "SemanticsLabelsAPI" and (kinds is None or instance in kinds):
            UsdSemantics.LabelsAPI(prim, instance).CreateLabelsAttr().Set([])
            prim.RemoveAPI(UsdSemantics.LabelsAPI, instance)
        elif name.startswith(OLD_SCHEMA) and (kinds is None or _old(prim, instance, "Type").Get() in kinds):
            for part in ("Type", "Data"):
                _old(prim, instance, part).Block()
            prim.RemoveAppliedSchema(name)


def _old_name(instance: str, part: str) -> str:
    return f"semantic:{instance}:params:semantic{part}"


def _old(prim: Any, instance: str, part: str) -> Any:
    return prim.GetAttribute(_old_name(instance, part))


def _identifier(text: str) -> str:
    return re.sub(r"\W", "_", text, flags=re.ASCII)
