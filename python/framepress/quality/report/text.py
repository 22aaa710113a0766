"""For people at a terminal: each code once with its first findings, the worst first, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framepress.quality.issue import ERROR, NOTE, SEVERITIES, WARNING
from framepress.quality.report.document import worst_first
from framepress.quality.report.places import by_rule, hundredths, noun, placed, printable, times

__all__ = ["text"]

SHOWN = 3
_BOLD, _DIM, _GREEN = "1", "2", "32"
_COLOURS = {ERROR: "31", WARNING: "33", NOTE: "34"}  # red, yellow, blue: also told apart by the words


def text(document: Mapping[str, Any], path: str, *, shown: int = SHOWN, colour: bool = False) -> str:
    """Lines without an end.

    Args:
        path: what the dataset is called on the last line.
        shown: findings of each code; the document has more.
        colour: with the escapes of a terminal.
    """
    paint = _painted if colour else _plain
    rules = worst_first(document["rules"])
    of_rule = by_rule(document)
    lines: list[str] = []
    for rule in rules:
        lines += [*_rule_lines(rule, of_rule[rule["code"]][:shown], paint), ""]
    return "\n".join([*lines, *_summary(document, path, len(rules), paint)])


def _rule_lines(rule: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], paint: Any) -> list[str]:
    severity = rule["severity"]
    head = f"{paint(rule['code'], _BOLD)}  {paint(severity, _COLOURS[severity])}  {times(rule['count'])}"
    lines = [f"{head}  {paint(rule['sentence'], _BOLD)}"]
    places = [placed(finding) for finding in findings]
    width = max((len(place) for place in places if len(place) <= 60), default=0)
    lines += [
        f"    {printable(place).ljust(width)}  {printable(finding['message'])}".rstrip()
        if place
        else f"    {printable(finding['message'])}"
        for place, finding in zip(places, findings, strict=True)
    ]
    if rule["count"] > len(findings):
        lines.append(paint(f"    and {rule['count'] - len(findings):,} more", _DIM))
    if rule["breaks"]:
        lines.append(f"    {paint('breaks', _DIM)}  {rule['breaks']}")
    return [*lines, f"    {paint('to do', _DIM)}   {rule['remedy']}"]


def _summary(document: Mapping[str, Any], path: str, broken: int, paint: Any) -> list[str]:
    totals = document["totals"]
    verdict = paint("PASS", f"{_BOLD};{_GREEN}") if document["passed"] else paint("FAIL", f"{_BOLD};{_COLOURS[ERROR]}")
    counted = ", ".join(
        paint(f"{count:,} {noun(count, f'{name}s')}", _COLOURS[name] if count else _DIM)
        for name, count in ((severity, totals[severity]) for severity in SEVERITIES)
    )
    ran = sum(rule["ran"] for rule in document["rules"])
    checked = ", ".join(f"{count:,} {noun(count, name)}" for name, count in document["checked"].items())
    lines = [f"{verdict}  {printable(path)}: {counted}"]
    profile = printable(document["profile"])
    lines.append(f"      {ran} rules ({profile}), {broken} with findings; {checked or 'nothing'} checked")
    if document["scores"]["overall"] is not None:
        each = ", ".join(f"{score['name']} {hundredths(score['value'])}" for score in document["scores"]["scores"])
        lines.append(f"      scores: {hundredths(document['scores']['overall'])} of 100 ({each})")
    return lines + [f"      not looked at: {printable(sentence)}" for sentence in document["left_out"]]


def _painted(text: str, colours: str) -> str:
    return f"\x1b[{colours}m{text}\x1b[0m"


def _plain(text: str, colours: str) -> str:
    return text
