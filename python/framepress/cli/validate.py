"""`framepress validate`, `rules` and `explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from framepress.cli.settings import listed
from framepress.cli.shell import as_json, emit
from framepress.cli.tables import aligned

__all__ = ["explain", "rules", "validate"]


@click.command(short_help="What is wrong with a dataset, and what to do.")
@click.argument("path", metavar="PATH", type=click.Path(exists=True, path_type=Path))
@click.option("--format", "format", metavar="FORMAT", help="Its format, or one of its editions; default: all it has.")
@click.option(
    "--profile",
    "profile_name",
    default="default",
    show_default=True,
    metavar="NAME|FILE",
    help="strict, default, fast.",
)
@click.option("--select", metavar="CODE,...", help="Only these rules, or those whose codes begin so.")
@click.option("--ignore", metavar="CODE,...", help="Not these.")
@click.option("--no-pixels", is_flag=True, help="Decode nothing: files and numbers only.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Look at the pixels of N frames only.")
@click.option("--workers", type=click.IntRange(1, 256), help="Threads that decode. Default: one a core.")
@as_json
@click.pass_context
def validate(
    context: click.Context,
    path: Path,
    format: str | None,
    profile_name: str,
    select: str | None,
    ignore: str | None,
    no_pixels: bool,
    sample: int | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Check a dataset of any format that can be read: ours, a foreign one, or a raw capture.

    Exit code 1 where something was found that the profile fails on.
    """
    from framepress.quality.profile import profile
    from framepress.quality.report.document import document
    from framepress.quality.report.text import text
    from framepress.quality.validate import validate as run

    chosen = profile(profile_name).narrowed(
        select=_codes(select, "--select"), ignore=_codes(ignore, "--ignore"), pixels=not no_pixels
    )
    found = run(path, chosen, format=format, sample=sample, workers=workers)
    told = document(found)
    emit(told, text(told, str(path)), as_json=as_json)
    context.exit(0 if found.passed else 1)


@click.command(short_help="Every rule, how bad it is, and what it asks for.")
@as_json
def rules(as_json: bool) -> None:
    """List the rules of `framepress validate`."""
    from framepress.quality.registry import all_rules

    rows = [
        {"code": rule.code, "severity": rule.severity, "stage": rule.stage, "sentence": rule.sentence}
        for rule in all_rules()
    ]
    table = aligned([(row["code"], row["severity"], row["stage"], row["sentence"]) for row in rows])
    emit({"rules": rows}, table, as_json=as_json)


@click.command(short_help="What a rule asks for, who breaks without it, and the way out.")
@click.argument("code", metavar="CODE")
@as_json
def explain(code: str, as_json: bool) -> None:
    """Tell everything about one rule, such as COCO-006."""
    from framepress.quality.registry import by_code

    rule = by_code(code)
    told: dict[str, Any] = {
        "code": rule.code,
        "severity": rule.severity,
        "stage": rule.stage,
        "scope": rule.scope,
        "format": rule.format,
        "explanation": rule.explanation,
        "breaks": rule.breaks,
        "remedy": rule.remedy,
        "thresholds": rule.thresholds,
    }
    lines = [f"{rule.code} ({rule.severity}, {rule.stage})", "", rule.explanation, ""]
    lines += [f"breaks: {rule.breaks}"] if rule.breaks else []
    lines.append(f"way out: {rule.remedy}")
    lines += [f"threshold: {name} = {value!r}" for name, value in rule.thresholds.items()]
    emit(told, "\n".join(lines), as_json=as_json)


def _codes(given: str | None, option: str) -> list[str]:
    return [] if given is None else listed(given, option)
