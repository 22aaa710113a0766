"""`framepress rules` and `framepress explain`."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import click

from framepress.cli.shell import as_json, emit
from framepress.cli.tables import aligned
from framepress.quality.rule import STAGES, Rule

__all__ = ["explain", "rules"]


@click.command(short_help="Every rule, how bad it is, and what it asks for.")
@click.option("--format", "format", metavar="FORMAT", help="Those that look at this format's files.")
@click.option("--stage", type=click.Choice(STAGES), help="Those of one subject.")
@click.option("--markdown", is_flag=True, help="As the page docs/rules.md.")
@as_json
def rules(format: str | None, stage: str | None, markdown: bool, as_json: bool) -> None:
    """List the rules of `framepress validate`; `framepress explain CODE` tells more of one."""
    from framepress.formats import by_name
    from framepress.quality.registry import all_rules
    from framepress.quality.report.catalogue import catalogue
    from framepress.quality.report.document import described

    if format is not None:
        by_name(format)  # raises where there is none
    found = [
        rule
        for rule in all_rules()
        if (format is None or rule.is_for(format)) and (stage is None or rule.stage == stage)
    ]
    if markdown:
        click.echo(catalogue(found), nl=False)
        return
    document = {"rules": [{**described(rule), "severity": rule.severity} for rule in found]}
    emit(document, _table(found), as_json=as_json)


def _table(found: list[Rule]) -> str:
    """One block a family, which is what comes before the hyphen."""
    if not found:
        return "no rule is for that"
    rows = [(rule.code, rule.severity, rule.stage, rule.sentence) for rule in found]
    lines = aligned(rows).splitlines()
    blocks = groupby(zip(found, lines, strict=True), key=lambda pair: pair[0].code.partition("-")[0])
    return "\n\n".join("\n".join(line for _, line in block) for _, block in blocks)


@click.command(short_help="What a rule asks for, who breaks without it, and the way out.")
@click.argument("code", metavar="CODE")
@as_json
def explain(code: str, as_json: bool) -> None:
    """Tell everything about one rule, such as COCO-006."""
    from framepress.quality.registry import by_code
    from framepress.quality.report.document import described

    rule = by_code(code)
    told: dict[str, Any] = {**described(rule), "severity": rule.severity, "thresholds": rule.thresholds}
    about = [rule.severity, rule.stage, f"looks at: {rule.scope}", *([f"format: {rule.format}"] if rule.format else [])]
    lines = [f"{rule.code} ({', '.join(about)})", "", rule.explanation, ""]
    facts = [("breaks", rule.breaks)] if rule.breaks else []
    facts.append(("to do", rule.remedy))
    facts += [("threshold", f"{name} = {_toml(value)}") for name, value in rule.thresholds.items()]
    emit(told, "\n".join([*lines, aligned(facts)]), as_json=as_json)


def _toml(value: Any) -> str:
    """As a profile states it."""
    return str(value).lower() if isinstance(value, bool) else repr(value)
