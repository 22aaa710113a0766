"""JUnit XML, as GitLab and Jenkins read it: one suite a stage, one test a rule.

A rule with findings that the profile fails on is a failure; one with others passes and tells of them in `system-out`;
one that could not run here is skipped. There is no time in it: the same dataset gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as xml

from framepress.quality.issue import at_least
from framepress.quality.report.places import by_rule, placed, times
from framepress.quality.rule import STAGES

__all__ = ["junit"]

_SHOWN = 100


def junit(document: Mapping[str, Any]) -> bytes:
    """UTF-8, indented."""
    of_rule = by_rule(document)
    root = xml.Element("testsuites", name=document["schema"])
    ordered = sorted(document["rules"], key=lambda rule: (STAGES.index(rule["stage"]), rule["code"]))
    totals = {"tests": 0, "failures": 0, "skipped": 0}
    for stage, grouped in groupby(ordered, key=lambda rule: rule["stage"]):
        rules = list(grouped)
        suite = xml.SubElement(root, "testsuite", name=f"{_legal(document['dataset'])}.{stage}")
        counts = {"tests": len(rules), "failures": 0, "skipped": 0}
        for rule in rules:
            fate = _case(suite, rule, of_rule[rule["code"]], document["fail_on"])
            if fate in counts:
                counts[fate] += 1
        _count(suite, counts)
        totals = {name: count + counts[name] for name, count in totals.items()}
    _count(root, totals)
    xml.indent(root)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + xml.tostring(root, encoding="unicode").encode() + b"\n"


def _count(element: xml.Element, counts: Mapping[str, int]) -> None:
    for name, count in {**counts, "errors": 0}.items():
        element.set(name, str(count))


def _case(suite: xml.Element, rule: Mapping[str, Any], findings: Sequence[Mapping[str, Any]], fail_on: str) -> str:
    """Its fate: `failures`, `skipped` or `passed`."""
    name = f"{rule['code']} {_legal(rule['sentence'])}"
    case = xml.SubElement(suite, "testcase", classname=f"framepress.{rule['stage']}", name=name)
    if rule["count"]:
        lines = [": ".join(part for part in (placed(found), found["message"]) if part) for found in findings[:_SHOWN]]
        first = f"{times(rule['count'])}: {lines[0]}" if lines else times(rule["count"])
        lines += [f"and {rule['count'] - len(lines):,} more"] if rule["count"] > len(lines) else []
        lines += [f"breaks: {rule['breaks']}"] if rule["breaks"] else []
        told = _legal("\n".join([*lines, f"to do: {rule['remedy']}"]))
        if at_least(rule["severity"], fail_on):
            xml.SubElement(case, "failure", type=rule["severity"], message=_legal(first)).text = told
            if findings and "file" in findings[0]:
                case.set("file", _legal(findings[0]["file"]))
            return "failures"
        xml.SubElement(case, "system-out").text = f"{rule['severity']}\n{told}"
    elif not rule["ran"]:
        xml.SubElement(case, "skipped", message="not looked at with this profile and these options")
        return "skipped"
    return "passed"


def _legal(text: str) -> str:
    """Without what XML 1.0 (2.2, Char) cannot hold: such signs are written as their numbers."""
    return "".join(sign if _is_legal(ord(sign)) else f"\\x{ord(sign):02x}" for sign in text)


def _is_legal(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
