"""The JSON document: every other form is made from it.

    schema, version    "framepress.validation", 1: a reader refuses a higher version; fields are only ever added
    tool               name and version of what made it
    dataset            the folder's or file's own name
    profile, fail_on   what was asked for; `passed`: whether nothing as bad as `fail_on` was found
    editions           the formats whose files were looked at
    checked            what -> how many of it; `left_out`: what was not, as sentences
    totals             severity -> findings, kept or not
    ledger             counter -> sum over all runs of a dataset of ours; null for any other
    scores             `scores.scores`; `recommendations`: remedies by how much each would raise the whole
    statistics         `scores.statistics`; `box_sizes`: `report.box_sizes`; null where too little could be read
    rules              every rule that looked at something or found something, by code, with `count` and `ran`; of its
                       findings `kept` are listed below
    findings           by code, in the order of the dataset: `issue.Finding` with what is known of its place

All file names are relative to the dataset, with forward slashes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from framepress import __version__
from framepress.dataset.state import state_of
from framepress.errors import JournalError
from framepress.quality.issue import SEVERITIES, Finding
from framepress.quality.registry import by_code
from framepress.quality.report.box_sizes import box_sizes
from framepress.quality.rule import Rule
from framepress.quality.scores.recommendations import recommendations
from framepress.quality.scores.scores import scores
from framepress.quality.scores.statistics import statistics
from framepress.quality.validate import Validation

__all__ = ["SCHEMA", "described", "document", "worst_first"]

SCHEMA = "framepress.validation"
_VERSION = 1


def document(validation: Validation) -> dict[str, Any]:
    """JSON-able; the same for the same dataset, profile and version of framepress, on any machine."""
    findings = validation.findings
    profile, columns = validation.profile, validation.columns
    severities = {chosen.rule.code: chosen.severity for chosen in profile.chosen()} | findings.severities
    counted = None if columns is None else statistics(columns, validation.pictures)
    scored = scores(validation, counted)
    return {
        "schema": SCHEMA,
        "version": _VERSION,
        "tool": {"name": "framepress", "version": __version__},
        "dataset": validation.path.resolve().name,
        "profile": profile.name,
        "fail_on": profile.fail_on,
        "passed": validation.passed,
        "editions": [edition.format for edition in validation.editions],
        "checked": dict(validation.checked),
        "left_out": list(validation.left_out),
        "totals": {severity: findings.total(severity) for severity in SEVERITIES},
        "ledger": _ledger(validation),
        "scores": scored.to_dict(),
        "recommendations": [found.to_dict() for found in recommendations(scored)],
        "statistics": counted,
        "box_sizes": None if columns is None else box_sizes(columns),
        "rules": [
            {
                **described(by_code(code)),
                "severity": severities[code],
                "ran": code in validation.ran,
                "count": findings.counts[code],
                "kept": len(findings.of(code)),
            }
            for code in sorted(validation.ran | set(findings.counts))
        ],
        "findings": [_told(finding, f"{validation.path}/") for finding in findings],
    }


def described(rule: Rule) -> dict[str, Any]:
    """What a rule is, in the words of its author."""
    return {
        "code": rule.code,
        "name": rule.check.__name__,
        "stage": rule.stage,
        "scope": rule.scope,
        "format": rule.format,
        "sentence": rule.sentence,
        "explanation": rule.explanation,
        "breaks": rule.breaks,
        "remedy": rule.remedy,
    }


def _told(finding: Finding, root: str) -> dict[str, Any]:
    """With the names of files in messages relative to the dataset: where it lies is no fact about it.

    Numbers of numpy's become Python's; a box that JSON cannot hold is left out, its message tells.
    """
    told = {name: value.item() if isinstance(value, np.generic) else value for name, value in finding.to_dict().items()}
    if "box" in told:
        told["box"] = [float(side) for side in told["box"]]
        if not all(map(math.isfinite, told["box"])):
            del told["box"]
    return {**told, "message": told["message"].replace(root, "")}


def worst_first(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rules that found something: errors first, within a severity by code."""
    found = [rule for rule in rules if rule["count"]]
    return sorted(found, key=lambda rule: (SEVERITIES.index(rule["severity"]), rule["code"]))


def _ledger(validation: Validation) -> dict[str, int] | None:
    """None also where the ledger is damaged, which the rules for files tell."""
    if validation.source is None:
        return None
    try:
        state = state_of(validation.source)
    except JournalError:
        return None
    return None if state is None else dict(sorted(state.ledger.items()))
