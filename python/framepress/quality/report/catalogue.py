"""The page docs/rules.md: every rule in a table, by family."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from framepress.quality.rule import Rule

__all__ = ["catalogue"]

_HEAD = """# The rules of `framepress validate`

Made by `framepress rules --markdown`. A code is never given to another rule. `error`: a reader fails, or reads
something false without saying so; `warning`: allowed, but something is lost or unlikely; `note`: worth knowing.
`framepress explain CODE` tells how each is checked, with its thresholds and sources.
"""
_FAMILIES = {
    "CAP": "Raw captures of BasicWriter",
    "COCO": "COCO",
    "EXP": "Editions beside the journal",
    "FILE": "Files of every format",
    "GEN": "Every format",
    "IMG": "Images",
    "JSN": "Native",
    "KITTI": "KITTI",
    "SET": "The dataset as a whole",
    "SPL": "Splits",
    "TIM": "Time",
    "TRU": "Truth: channels of one frame, and of neighbours, that must agree",
    "YOLO": "YOLO",
}


def catalogue(rules: Sequence[Rule]) -> str:
    """Markdown that ends with a line end."""
    parts = [_HEAD]
    for family, found in groupby(rules, key=lambda rule: rule.code.partition("-")[0]):
        parts.append(f"\n## {_FAMILIES.get(family, family)}\n\n| code | severity | what must hold | breaks | to do |\n")
        parts.append("|---|---|---|---|---|\n")
        for rule in found:
            cells = (rule.code, rule.severity, rule.sentence, rule.breaks, rule.remedy)
            parts.append(f"| {' | '.join(map(_cell, cells))} |\n")
    return "".join(parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
