"""Labels of a prim, of both schemas: `SemanticsLabelsAPI:<taxonomy>` and, before it, `SemanticsAPI:<instance>`.

usd-core knows the first only: applied schemas are read from the prim's type, which lists names that no plug-in
declares, and the attributes of the second by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pxr import Usd

__all__ = ["Labels", "inherited_labels", "labels_of"]

Labels = Mapping[str, tuple[str, ...]]

_NEW = "SemanticsLabelsAPI:"
_OLD = "SemanticsAPI:"


def labels_of(prim: Usd.Prim, schemas: Sequence[str], time: Usd.TimeCode) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Taxonomy -> labels authored on the prim, as authored (also "a,b"), each once; and whether they may vary.

    Args:
        schemas: `prim.GetPrimTypeInfo().GetAppliedAPISchemas()`.

    An empty label is none; what is without labels has no taxonomy here.
    """
    labels: dict[str, dict[str, None]] = {}
    varies = False
    for schema in schemas:
        if schema.startswith(_NEW):
            taxonomy: str | None = schema[len(_NEW) :]
            attribute = prim.GetAttribute(f"semantics:labels:{taxonomy}")
            values = attribute.Get(time) if attribute else None
            varies |= bool(attribute) and attribute.ValueMightBeTimeVarying()
        elif schema.startswith(_OLD):
            stem = f"semantic:{schema[len(_OLD) :]}:params:semantic"
            kind, label = prim.GetAttribute(f"{stem}Type"), prim.GetAttribute(f"{stem}Data")
            taxonomy = kind.Get(time) if kind else None
            values = [label.Get(time)] if label else None
            varies |= any(a.ValueMightBeTimeVarying() for a in (kind, label) if a)
        else:
            continue
        for value in values or ():
            if taxonomy and value:
                labels.setdefault(str(taxonomy), {})[str(value)] = None
    return {taxonomy: tuple(values) for taxonomy, values in labels.items()}, varies


def inherited_labels(own: Labels, ancestors: Sequence[Labels]) -> dict[str, tuple[str, ...]]:
    """Labels of `ancestors`, the nearest first, each once and without those of `own`."""
    inherited: dict[str, dict[str, None]] = {}
    for labels in ancestors:
        for taxonomy, values in labels.items():
            inherited.setdefault(taxonomy, {}).update(dict.fromkeys(values))
    left = {t: tuple(v for v in values if v not in own.get(t, ())) for t, values in inherited.items()}
    return {taxonomy: values for taxonomy, values in left.items() if values}
