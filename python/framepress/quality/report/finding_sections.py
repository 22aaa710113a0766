"""What was found, rule by rule: who breaks, what to do, pictures, places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from framepress.quality.issue import ERROR, NOTE, WARNING
from framepress.quality.report.markup import escaped, prose, shorter, table, tag
from framepress.quality.report.places import placed, times
from framepress.quality.report.thumbnails import Thumbnail

__all__ = ["MARKS", "finding_sections", "rules_table"]


def _mark(path: str) -> str:
    return tag("svg", tag("path", d=path), class_="mark", viewBox="0 0 10 10", aria_hidden="true")


MARKS = {
    ERROR: _mark("M2 2l6 6M8 2l-6 6"),
    WARNING: _mark("M5 1.4L9 8.6H1zM5 4v2.1"),
    NOTE: _mark("M5 1a4 4 0 1 0 .01 0M5 4.6v2.6M5 3v.1"),
}
"""Shapes of their own, so that colour is not all that tells severities apart."""
_OPEN, _ROWS, _ROWS_OF_MANY, _MANY, _FEW = 3, 10, 3, 30, 2


def finding_sections(
    document: Mapping[str, Any],
    rules: Sequence[Mapping[str, Any]],
    of_rule: Mapping[str, Sequence[Mapping[str, Any]]],
    pictures: Mapping[int, Thumbnail],
) -> str:
    """Args:
    rules: with findings, the worst first.
    """
    ran = sum(rule["ran"] for rule in document["rules"])
    lead = f"{len(rules)} of {ran} rules found something, the worst first." if rules else f"None by {ran} rules."
    shown = _ROWS if len(rules) <= _MANY else _ROWS_OF_MANY
    parts = [tag("h2", "Findings"), tag("p", lead, class_="quiet")]
    for place, rule in enumerate(rules):
        parts.append(_rule(rule, of_rule[rule["code"]], pictures, shown, opened=place < _OPEN))
    return tag("section", "".join(parts), id="findings")


def _rule(
    rule: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    pictures: Mapping[int, Thumbnail],
    shown: int,
    *,
    opened: bool,
) -> str:
    severity = rule["severity"]
    head = tag("span", MARKS[severity] + severity, class_="tag") + tag("code", rule["code"])
    head += tag("span", prose(rule["sentence"]), class_="sentence")
    head += tag("b", f"{rule['count']:,}", class_="count", title=times(rule["count"]))
    breaks = tag("dt", "Breaks") + tag("dd", prose(rule["breaks"])) if rule["breaks"] else ""
    parts = [tag("summary", head), tag("dl", breaks + tag("dt", "To do") + tag("dd", prose(rule["remedy"])))]
    gallery = [_picture(finding, pictures[id(finding)]) for finding in findings if id(finding) in pictures]
    rows = [(placed(finding), finding["message"]) for finding in findings[:shown]]
    listed = table(("where", "what was found"), rows)
    if rule["count"] > len(rows):
        more = f"and {rule['count'] - len(rows):,} more; the JSON document lists {rule['kept']:,}"
        listed += tag("p", more, class_="quiet")
    if gallery:
        few = " few" if len(gallery) <= _FEW else ""  # beside the table, not above it
        listed = tag("div", tag("div", "".join(gallery), class_="gallery") + tag("div", listed), class_=f"seen{few}")
    parts.append(listed)
    return tag("details", "".join(parts), class_=f"rule card {severity}", open="" if opened else None)


def _picture(finding: Mapping[str, Any], thumbnail: Thumbnail) -> str:
    size = {"width": thumbnail.width, "height": thumbnail.height}
    told = shorter(finding["message"], 300)
    drawing = tag("image", href=thumbnail.uri, **size)
    if thumbnail.box is not None:
        x0, y0, x1, y1 = thumbnail.box
        place = {"x": x0, "y": y0, "width": max(x1 - x0, 0), "height": max(y1 - y0, 0)}
        drawing += tag("rect", class_="under", **place) + tag("rect", class_="over", **place)
    drawing = tag("title", escaped(told)) + tag("svg", drawing, **size)  # which cuts off what leaves the picture
    drawn = tag("svg", drawing, viewBox=f"0 0 {thumbnail.width} {thumbnail.height}", role="img", aria_label=told)
    name = thumbnail.name.rpartition("/")[2]
    caption = f"{name}, {finding['object']}" if "object" in finding else name
    return tag("figure", drawn + tag("figcaption", escaped(caption)))


def rules_table(document: Mapping[str, Any]) -> str:
    """Every rule of this run, so that one can see what was looked at."""
    rows = [(rule["code"], rule["stage"], rule["sentence"], _fate(rule)) for rule in document["rules"]]
    listed = table(("code", "stage", "what must hold", "found"), rows)
    parts = tag("summary", f"All {len(rows)} rules of this run") + listed
    return tag("section", tag("details", parts, class_="card plain"), id="rules")


def _fate(rule: Mapping[str, Any]) -> str:
    if rule["count"]:
        return times(rule["count"])
    return "nothing" if rule["ran"] else "did not run"
