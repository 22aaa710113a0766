"""What `framepress split` tells of a plan: sizes, balance, leaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from framepress.cli.report_text import labelled
from framepress.cli.tables import aligned, named_counts_text

if TYPE_CHECKING:
    from framepress.dataset.opening import Dataset
    from framepress.dataset.splitting.plan import SplitPlan

__all__ = ["plan_document", "plan_text"]

_KINDS_SHOWN = 20
_NONE = "in no split"


def plan_document(plan: SplitPlan, dataset: Dataset, by: Sequence[str], *, images: bool) -> dict[str, Any]:
    """JSON-able.

    Args:
        by: what the balance is told of.
        images: look for equal images, where a journal tells them.
    """
    from framepress.dataset.splitting.leaks import image_links, leaks

    groups = plan.how.get("group", ())
    found = leaks(
        plan.index, plan.codes, plan.names, by=groups, images=image_links(plan.index, dataset) if images else None
    )
    sizes = plan.sizes()
    return {
        "source": {"path": str(dataset.path), "format": dataset.format.name},
        "how": dict(plan.how),
        "planned": {
            "frames": plan.index.frames.rows,
            "groups": None if plan.groups is None else len(plan.groups),
            "alone": None if plan.groups is None else plan.groups.alone,
            "kept": plan.kept,
            "left_out": sizes.pop("", 0),
            "splits": sizes,
        },
        "balance": {part.kind: part.to_dict(plan.names) for part in plan.balance(by)},
        "leaks": {leak.kind: leak.to_dict() for leak in found},
    }


def plan_text(document: Mapping[str, Any]) -> str:
    """The same facts for people; of many classes those that are farthest off."""
    planned, how = document["planned"], document["how"]
    facts = [
        ("frames", f"{planned['frames']:,}, of which {planned['kept']:,} keep their split" if planned["kept"] else
         f"{planned['frames']:,}"),
        ("together", _together(planned, how)),
        ("splits", named_counts_text(planned["splits"])),
        (_NONE, f"{planned['left_out']:,}, left out of DST" if planned["left_out"] else ""),
    ]  # fmt: skip
    lines = [document["source"]["path"], labelled(facts), "  balance", _balance(document["balance"])]
    lines += ["  leaks", *(_leak(kind, leak) for kind, leak in document["leaks"].items())]
    return "\n".join(lines if document["leaks"] else [*lines, "    nothing says what frames have in common"])


def _together(planned: Mapping[str, Any], how: Mapping[str, Any]) -> str:
    if planned["groups"] is None or how["group"] == ["frame"]:
        return ""
    alone = f", {planned['alone']:,} of them single frames" if planned["alone"] else ""
    return f"{planned['groups']:,} groups by {' and '.join(how['group'])}{alone}"


def _balance(balance: Mapping[str, Any]) -> str:
    """Kinds in their order; the worst ones where there are many."""
    kinds = list(balance)
    if not kinds:
        return "    nothing in any split"
    if len(kinds) > _KINDS_SHOWN:
        worst = sorted(kinds[1:], key=lambda kind: -balance[kind]["deviation"])[: _KINDS_SHOWN - 1]
        kinds = [kinds[0], *(kind for kind in kinds[1:] if kind in worst)]
    splits = list(balance[kinds[0]]["held"])
    rows: list[list[Any]] = [["", *splits, "off by"]]
    for kind in kinds:
        part = balance[kind]
        off = f"{part['deviation']:.1%}" + (f", in {part['groups']} group{'s' * (part['groups'] > 1)} only"
                                            if part["groups"] < len(splits) else "")  # fmt: skip
        rows.append([kind, *part["held"].values(), off])
    more = f"\n    and {len(balance) - len(kinds):,} that are less far off" if len(kinds) < len(balance) else ""
    return aligned(rows, indent="    ", right=frozenset(range(1, len(splits) + 1))) + more


def _leak(kind: str, leak: Mapping[str, Any]) -> str:
    if not leak["shared"]:
        return f"    {kind}: none of {leak['all']:,} in several splits"
    first = leak["examples"][0]
    return (
        f"    {kind}: {leak['shared']:,} of {leak['all']:,} in several splits, {leak['frames']:,} frames; "
        f"such as {first['name']!r} ({named_counts_text(first['frames'])})"
    )
