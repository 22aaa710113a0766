"""The four scores with their parts, the whole, and what would raise it most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from framepress.quality.report.markup import escaped, prose, tag
from framepress.quality.report.places import hundredths

__all__ = ["score_section"]

_STEPS = 3
_RADIUS = 42.0


def score_section(document: Mapping[str, Any]) -> str:
    """Nothing where nothing was measured."""
    found = document["scores"]
    if found is None or found["overall"] is None:
        return ""
    parts = [_whole(found)] + [_score(score) for score in found["scores"]]
    body = tag("h2", "Scores") + tag("div", "".join(parts), class_="scores card")
    if steps := document["recommendations"][:_STEPS]:
        items = "".join(map(_step, steps))
        body += tag("div", tag("h3", "What would raise it most") + tag("ol", items, class_="steps"), class_="card")
    return tag("section", body, id="scores")


def _whole(found: Mapping[str, Any]) -> str:
    """A ring that is closed at 1."""
    length = 2 * math.pi * _RADIUS
    ring = {"cx": 50, "cy": 50, "r": _RADIUS, "fill": "none"}
    drawn = tag("circle", class_="rail", **ring)
    drawn += tag(
        "circle",
        class_="arc",
        **ring,
        transform="rotate(-90 50 50)",
        stroke_dasharray=f"{length * found['overall']:.2f} 300",
    )
    drawn += tag("text", hundredths(found["overall"]), x=50, y=57, text_anchor="middle")
    told = f"whole: {hundredths(found['overall'])} of 100"
    need = [f"{found['least']:.0%} in all"] if found["least"] else []
    need += [f"{found['floor']:.0%} in each"] if found["floor"] else []
    asked = f"asked for: {', '.join(need)}" if need else "nothing is asked for"
    verdict = {True: "reached", False: "not reached", None: ""}[found["passed"]]
    under = tag("p", escaped(f"{asked}; {verdict}" if need and verdict else asked))
    return tag("div", tag("svg", drawn, viewBox="0 0 100 100", role="img", aria_label=told) + under, class_="whole")


def _score(score: Mapping[str, Any]) -> str:
    parts = "".join(map(_part, score["parts"]))
    head = tag("h3", f"{escaped(score['name'])} {tag('b', hundredths(score['value']))}")
    return tag("div", head + _meter(score["value"]) + tag("ul", parts), class_="score")


def _part(part: Mapping[str, Any]) -> str:
    told = f"{part['affected']:,} of {part['of']:,} {part['unit']} affected" if part["of"] else "evenness"
    title = "not measured" if part["value"] is None else told
    cells = tag("span", escaped(part["name"])) + tag("b", hundredths(part["value"]))
    return tag("li", cells, title=title, class_="none" if part["value"] is None else None)


def _meter(value: float | None) -> str:
    width = 0.0 if value is None else 100 * value
    return tag("div", tag("i", "", style=f"width:{width:.2f}%"), class_="meter", aria_hidden="true")


def _step(step: Mapping[str, Any]) -> str:
    about = f"{step['score']}, {step['part']}: {step['reason']}"
    codes = f" ({', '.join(step['codes'][:3])})" if step["codes"] else ""
    told = tag("span", prose(step["remedy"]) + tag("small", escaped(about + codes)))
    return tag("li", told + tag("b", f"+{100 * step['gain']:.1f}"))
