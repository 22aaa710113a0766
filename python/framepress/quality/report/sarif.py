"""SARIF 2.1.0 (OASIS), as GitHub code scanning, VS Code and others read it.

GitHub wants `help.text` for each rule, a physical location for each result, and knows a result again by its
`primaryLocationLineHash`: ours is a hash of the place, not of the values found there, so that a finding stays the same
one while its numbers change. It refuses a run of more than 25,000 results.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from framepress.quality.report.document import worst_first
from framepress.quality.report.places import by_rule, file_of, subject_of

__all__ = ["sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_MOST = 25_000
_PLACE = ("code", "edition", "file", "place", "frame", "view", "object", "prim", "image")


def sarif(document: Mapping[str, Any], base: str) -> dict[str, Any]:
    """One run.

    Args:
        base: the dataset's place, relative to the repository.
    """
    rules = document["rules"]
    number = {rule["code"]: index for index, rule in enumerate(rules)}
    of_rule = by_rule(document)
    listed = [finding for rule in worst_first(rules) for finding in of_rule[rule["code"]]][:_MOST]
    seen: Counter[str] = Counter()
    results = []
    for finding in listed:
        place = _fingerprint(finding)
        seen[place] += 1
        results.append(
            {
                "ruleId": finding["code"],
                "ruleIndex": number[finding["code"]],
                "level": finding["severity"],
                "message": {"text": finding["message"]},
                "locations": [_location(finding, base)],
                "partialFingerprints": {"primaryLocationLineHash": f"{place}:{seen[place]}"},
            }
        )
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "properties": {"schema": document["schema"]},
        "runs": [
            {
                "tool": {"driver": {**document["tool"], "rules": [_rule(rule) for rule in rules]}},
                "automationDetails": {"id": f"framepress/{document['profile']}/"},
                "columnKind": "unicodeCodePoints",
                "results": results,
                "properties": {name: document[name] for name in ("dataset", "passed", "totals", "checked", "left_out")},
            }
        ],
    }


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    breaks = f"Breaks: {rule['breaks']}" if rule["breaks"] else ""
    remedy = f"To do: {rule['remedy']}"
    return {
        "id": rule["code"],
        "name": "".join(word.capitalize() for word in rule["name"].split("_")),
        "shortDescription": {"text": rule["sentence"]},
        "fullDescription": {"text": rule["explanation"]},
        "help": {"text": "\n\n".join(part for part in (rule["explanation"], breaks, remedy) if part)},
        "defaultConfiguration": {"level": rule["severity"]},
        "properties": {"tags": [part for part in (rule["stage"], rule["format"]) if part]},
    }


def _location(finding: Mapping[str, Any], base: str) -> dict[str, Any]:
    physical = {
        "artifactLocation": {"uri": _uri(file_of(finding, base))},
        "region": {"startLine": max(finding.get("line", 1), 1)},
    }
    logical = []
    if "place" in finding:
        logical.append({"fullyQualifiedName": finding["place"], "kind": "element"})
    if subject := subject_of(finding):
        logical.append({"fullyQualifiedName": subject, "kind": "object"})
    return {"physicalLocation": physical, **({"logicalLocations": logical} if logical else {})}


def _uri(name: str) -> str:
    """The bytes of a file's name; half a pair, which is in no file's name, is the sign for what cannot be shown."""
    return quote(re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", name), safe="/", errors="surrogateescape")


def _fingerprint(finding: Mapping[str, Any]) -> str:
    """Of the place; of the line and the message too where nothing else tells two places apart."""
    place = [f"{name}={finding[name]}" for name in _PLACE if name in finding]
    if not any(name in finding for name in ("place", "frame", "object", "prim")):
        place += [f"line={finding.get('line', '')}", finding["message"]]
    return sha256("\n".join(place).encode(errors="backslashreplace")).hexdigest()[:16]
