"""Workflow commands of GitHub Actions, which become annotations beside the files of a pull request.

    ::error file=set/annotations/instances_train.json,line=1,title=COCO-006::box 10 20 700 10 leaves the image

Escapes as in the toolkit's `command.ts`: %, CR and LF everywhere, colon and comma in properties too. A step keeps ten
annotations of each level, the first ones: so the first finding of each rule comes before the second of any.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice, zip_longest
from typing import Any

from framepress.quality.issue import SEVERITIES
from framepress.quality.report.document import worst_first
from framepress.quality.report.places import by_rule, file_of, printable, subject_of

__all__ = ["github"]

_KEPT = 10
_COMMANDS = dict(zip(SEVERITIES, ("error", "warning", "notice"), strict=True))


def github(document: Mapping[str, Any], base: str) -> list[str]:
    """One command a line; at most ten a severity.

    Args:
        base: the dataset's place, relative to the repository.
    """
    of_rule = by_rule(document)
    rules = worst_first(document["rules"])
    lines = []
    for severity in SEVERITIES:
        chosen = [rule for rule in rules if rule["severity"] == severity]
        rounds = zip_longest(*([(rule, finding) for finding in of_rule[rule["code"]]] for rule in chosen))
        pairs = (pair for found in rounds for pair in found if pair is not None)
        lines += [_command(rule, finding, base) for rule, finding in islice(pairs, _KEPT)]
    return lines


def _command(rule: Mapping[str, Any], finding: Mapping[str, Any], base: str) -> str:
    properties = {"file": file_of(finding, base), "line": str(finding.get("line", 1))}
    properties["title"] = f"{rule['code']}: {rule['sentence']}"
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    around = ", ".join(part for part in (str(finding.get("place", "")), subject_of(finding)) if part)
    lines = [f"{around}: {finding['message']}" if around else finding["message"]]
    lines += [f"{rule['count']:,} times in all"] if rule["count"] > 1 else []
    lines += [f"breaks: {rule['breaks']}"] if rule["breaks"] else []
    lines.append(f"to do: {rule['remedy']}")
    return f"::{_COMMANDS[rule['severity']]} {told}::{_escaped(chr(10).join(lines))}"


def _escaped(text: str) -> str:
    text = "".join(sign if sign in "\r\n" else printable(sign) for sign in text)  # logs are read at terminals, too
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
