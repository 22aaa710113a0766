"""The JSON document: every other form is made from it.

{"schema": "framepress.validation", "version": 1, ...}: a reader refuses a higher version; fields are only ever added.
"""

from __future__ import annotations

from typing import Any

from framepress.quality.issue import SEVERITIES
from framepress.quality.registry import by_code
from framepress.quality.validate import Validation

__all__ = ["SCHEMA", "document"]

SCHEMA = {"schema": "framepress.validation", "version": 1}


def document(validation: Validation) -> dict[str, Any]:
    """JSON-able; the same for the same dataset, profile and version of framepress, on any machine."""
    findings = validation.findings
    return {
        **SCHEMA,
        "profile": validation.profile.name,
        "fail_on": validation.profile.fail_on,
        "passed": validation.passed,
        "editions": [edition.format for edition in validation.editions],
        "checked": dict(validation.checked),
        "left_out": list(validation.left_out),
        "totals": {severity: findings.total(severity) for severity in SEVERITIES},
        "rules": [
            {
                "code": code,
                "severity": findings.severities[code],
                "count": findings.counts[code],
                "kept": len(findings.of(code)),
                "sentence": by_code(code).sentence,
                "breaks": by_code(code).breaks,
                "remedy": by_code(code).remedy,
            }
            for code in sorted(findings.counts)
        ],
        "findings": [finding.to_dict() for finding in findings],
    }
