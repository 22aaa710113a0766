"""For people at a terminal: each code once with its first findings, the worst first, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framepress.quality.issue import SEVERITIES

__all__ = ["text"]

_SHOWN = 3


def text(document: Mapping[str, Any], path: str, *, shown: int = _SHOWN) -> str:
    """Args:
    shown: findings of each code; the document has more.
    """
    lines = []
    for rule in sorted(document["rules"], key=lambda rule: (SEVERITIES.index(rule["severity"]), rule["code"])):
        lines.append(f"{rule['code']} {rule['severity']}, {rule['count']:,} times: not so: {rule['sentence']}")
        found = [finding for finding in document["findings"] if finding["code"] == rule["code"]]
        lines += [f"    {_where(finding)}{finding['message']}" for finding in found[:shown]]
        if rule["count"] > shown:
            lines.append(f"    and {rule['count'] - min(shown, len(found)):,} more")
        lines += [f"    breaks: {rule['breaks']}"] if rule["breaks"] else []
        lines.append(f"    way out: {rule['remedy']}")
    totals = document["totals"]
    counted = ", ".join(f"{totals[severity]:,} {severity}s" for severity in SEVERITIES)
    checked = ", ".join(f"{count:,} {name}" for name, count in document["checked"].items())
    lines.append(f"{path}: {'PASS' if document['passed'] else 'FAIL'} ({document['profile']}): {counted}; {checked}")
    lines += [f"  not looked at: {sentence}" for sentence in document["left_out"]]
    return "\n".join(lines)


def _where(finding: Mapping[str, Any]) -> str:
    """`file:line: place: ` as editors read it; the frame where there is no file."""
    file = str(finding.get("file", ""))
    if "line" in finding:
        file = f"{file}:{finding['line']}"
    frame = f"frame {finding['frame']}" if "frame" in finding and not file else ""
    parts = [part for part in (file or frame, str(finding.get("place", ""))) if part]
    return "".join(f"{part}: " for part in parts)
