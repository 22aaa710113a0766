"""The report as one HTML page: no script, nothing from outside, the same bytes for the same dataset.

Its policy (`default-src 'none'`) makes a browser hold it to that, whatever names a dataset has. Charts are inline SVG
(`charts`), pictures data URIs (`thumbnails`), colours follow the reader's light or dark setting (`style`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framepress.quality.issue import SEVERITIES, at_least
from framepress.quality.report.dataset_sections import dataset_sections
from framepress.quality.report.document import worst_first
from framepress.quality.report.finding_sections import MARKS, finding_sections, rules_table
from framepress.quality.report.markup import escaped, tag
from framepress.quality.report.places import by_rule, noun
from framepress.quality.report.score_section import score_section
from framepress.quality.report.style import STYLE
from framepress.quality.report.thumbnails import thumbnails
from framepress.quality.validate import Validation

__all__ = ["html"]

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def html(validation: Validation, document: Mapping[str, Any]) -> bytes:
    """UTF-8.

    Args:
        document: of this validation; the validation itself is asked for pictures only.
    """
    of_rule = by_rule(document)
    rules = worst_first(document["rules"])
    pictures = thumbnails(validation, [of_rule[rule["code"]] for rule in rules])
    body = [
        _top(document),
        score_section(document),
        finding_sections(document, rules, of_rule, pictures),
        dataset_sections(document),
        rules_table(document),
    ]
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="{document["schema"]}">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{_verdict(document)}: {escaped(document["dataset"])}</title>
<style>
{STYLE}</style>
</head>
<body>
{"".join(f"{part}{chr(10)}" for part in body if part)}<footer>framepress {escaped(document["tool"]["version"])}</footer>
</body>
</html>
"""
    return page.encode()


def _verdict(document: Mapping[str, Any]) -> str:
    return "PASS" if document["passed"] else "FAIL"


def _top(document: Mapping[str, Any]) -> str:
    verdict = _verdict(document)
    failing = [f"{severity}s" for severity in SEVERITIES if at_least(severity, document["fail_on"])]
    said = f"no {' or '.join(failing)}" if document["passed"] else f"{' or '.join(failing)} were found"
    about = f"profile {tag('b', escaped(document['profile']))} · read as "
    about += tag("b", escaped(", ".join(document["editions"]) or "nothing"))
    counts = "".join(_total(severity, document["totals"][severity]) for severity in SEVERITIES)
    counts += "".join(
        tag("li", tag("b", f"{count:,}") + escaped(noun(count, name))) for name, count in document["checked"].items()
    )
    parts = tag("div", tag("h1", escaped(document["dataset"], most=80)) + tag("p", about), class_="title")
    parts += tag("div", tag("b", verdict) + tag("span", said), class_=f"verdict {verdict.lower()}")
    parts += tag("ul", counts, class_="counts")
    if document["left_out"]:
        parts += tag("ul", "".join(tag("li", escaped(told)) for told in document["left_out"]), class_="left-out")
    return tag("header", parts)


def _total(severity: str, count: int) -> str:
    told = f"{MARKS[severity]} {noun(count, f'{severity}s')}"
    return tag("li", tag("b", f"{count:,}") + told, class_=f"{severity} {'some' if count else 'none'}")
