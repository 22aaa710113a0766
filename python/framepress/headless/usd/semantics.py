"""Labels of a prim: its own, and those of the prims above it."""

from __future__ import annotations

from collections.abc import Sequence

from framepress.capture.authored import Labels, labels_of

__all__ = ["Labels", "inherited_labels", "labels_of"]


def inherited_labels(own: Labels, ancestors: Sequence[Labels]) -> dict[str, tuple[str, ...]]:
    """Labels of `ancestors`, the nearest first, each once and without those of `own`."""
    inherited: dict[str, dict[str, None]] = {}
    for labels in ancestors:
        for taxonomy, values in labels.items():
            inherited.setdefault(taxonomy, {}).update(dict.fromkeys(values))
    left = {t: tuple(v for v in values if v not in own.get(t, ())) for t, values in inherited.items()}
    return {taxonomy: values for taxonomy, values in left.items() if values}
