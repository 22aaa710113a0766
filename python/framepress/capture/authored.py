"""Labels as they are authored on a prim, in both schemas: `SemanticsLabelsAPI:<taxonomy>` and the older `SemanticsAPI`.

Prims come from whoever has USD (Isaac Sim, usd-core); it is not imported here. usd-core knows the first schema only:
applied schemas are read from the prim's type, which lists names that no plug-in declares, and the attributes of the
second by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Labels", "labels_of"]

Labels = Mapping[str, tuple[str, ...]]

_NEW = "SemanticsLabelsAPI:"
_OLD = "SemanticsAPI:"


def labels_of(prim: Any, schemas: Sequence[str], time: Any) -> tuple[dict[str, tuple[str, ...]], bool]:
    """Taxonomy -> labels authored on the prim, as authored (also "a,b"), each once; and whether they may vary.

    Args:
        prim: a `Usd.Prim`.
        schemas: `prim.GetPrimTypeInfo().GetAppliedAPISchemas()`.
        time: a `Usd.TimeCode`.

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
