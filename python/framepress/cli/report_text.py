"""A run's report for people: what is there now, what became of every frame and row, what an edition cannot hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from framepress.cli.progress import duration
from framepress.cli.tables import aligned, bytes_text, counts_text, named_counts_text
from framepress.dataset.convert import SOURCE
from framepress.dataset.report import Report
from framepress.dataset.usage import Usage

__all__ = ["labelled", "report_text"]

Facts = list[tuple[str, str]]


def labelled(facts: Facts, *, indent: str = "  ") -> str:
    """`name  text` lines, aligned; facts without a text are left out."""
    return aligned([fact for fact in facts if fact[1]], indent=indent)


def report_text(report: Report, usage: Usage, *, frames: int, seconds: float) -> str:
    """Args:
    frames: handled in this run.
    seconds: that it took.
    """
    facts: Facts = [
        ("dataset", f"{report.frames:,} frames, {report.views:,} views, {report.objects:,} objects"),
        ("classes", named_counts_text({name: count for name, count in report.classes.items() if count})),
        ("", _unused([name for name, count in report.classes.items() if not count])),
        ("splits", named_counts_text({name: count for name, count in report.splits.items() if name})),
        ("this run", counts_text({name: n for name, n in report.run.items() if not name.startswith(SOURCE)})),
        *_source_facts({name[len(SOURCE) :]: n for name, n in report.run.items() if name.startswith(SOURCE)}),
    ]
    for edition in report.editions:
        facts.append((edition.format, counts_text(_sorted(edition.counts)) or "no counts"))
        lost = _sorted(edition.lost)
        facts.append(("", f"not carried (frames that had it): {counts_text(lost)}" if lost else ""))
    facts += [
        ("on disk", f"{usage.files:,} files, {bytes_text(usage.bytes)}"),
        ("time", f"{duration(seconds)}, {frames / seconds:,.1f} frames/s" if seconds > 0 else ""),
    ]
    return f"{report.target}\n{labelled(facts)}"


def _unused(names: Sequence[str]) -> str:
    return f"and without objects: {', '.join(names)}" if names else ""


def _source_facts(counts: Mapping[str, int]) -> Facts:
    """What became of the source's rows, and what the reader noted besides."""
    fates = {name: n for name, n in counts.items() if name == "objects" or name.startswith(("merged", "dropped: "))}
    others = {name: n for name, n in counts.items() if name not in fates and name != "rows"}
    rows = f"{counts['rows']:,} in the source: {counts_text(fates)}" if "rows" in counts else counts_text(fates)
    return [("rows", rows), ("noted", counts_text(others))]


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    """Those that counted anything, by name."""
    return {name: count for name, count in sorted(counts.items()) if count}
