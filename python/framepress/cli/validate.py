"""`framepress validate`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.fixing import fix_options, former_of, put_in_place, target_of, tell_fixed
from framepress.cli.progress import Progress
from framepress.cli.report_files import STDOUT, check_targets, write_report
from framepress.cli.settings import listed
from framepress.cli.shell import as_json, emit, json_text

if TYPE_CHECKING:
    from framepress.quality.fixes.fix import Fixed
    from framepress.quality.validate import Validation

__all__ = ["validate"]


def _report(option: str, help: str) -> Callable[[Any], Any]:
    return click.option(option, metavar="FILE", type=click.Path(path_type=Path, allow_dash=True), help=help)


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
@_report("--html", "A page with charts and pictures.")
@_report("--sarif", "SARIF 2.1.0, for code scanning.")
@_report("--junit", "JUnit XML: one test a rule.")
@_report("--json-file", "The document of --json, beside another answer.")
@_report("--times", "CSV with the time of every frame, and which are late, lost or double.")
@fix_options
@click.option("--github", is_flag=True, help="Annotations for GitHub Actions before the text.")
@as_json
def validate(
    path: Path,
    format: str | None,
    profile_name: str,
    select: str | None,
    ignore: str | None,
    no_pixels: bool,
    sample: int | None,
    workers: int | None,
    github: bool,
    fix: bool,
    fixed_to: Path | None,
    in_place: bool,
    as_json: bool,
    **targets: Path | None,
) -> None:
    """Check a dataset of any format that can be read: ours, a foreign one, or a raw capture.

    With --fix, what is told is what is left in the copy.

    Reports are written as files, several at once; FILE `-` puts one on stdout in place of the text. Exit code 1 where
    something was found that the profile fails on.
    """
    from framepress.quality.fixes.fix import fix as put_right
    from framepress.quality.profile import profile
    from framepress.quality.validate import validate as run

    files = {name: target for name, target in targets.items() if target is not None}
    answers = [as_json, github, *(target == STDOUT for target in files.values())]
    if sum(answers) > 1:
        raise click.UsageError("stdout holds one answer: choose one of --json, --github and FILE `-`")
    check_targets(list(files.values()), path)
    chosen = profile(profile_name).narrowed(
        select=_codes(select, "--select"), ignore=_codes(ignore, "--ignore"), pixels=not no_pixels
    )
    copy, fixed = target_of(path, fix, fixed_to, in_place), None
    with _Shown() as shown:
        if copy is None:
            found = run(path, chosen, format=format, sample=sample, workers=workers, on_progress=shown)
        else:
            fixed = put_right(path, copy, chosen, format=format, workers=workers)
            found = fixed.after
    _tell(found, found.path, files, fixed, github=github, as_json=as_json, text=not any(answers) or github)
    if fixed is not None and in_place:
        put_in_place(
            path, fixed.target, former_of(path)
        )  # once all reports are written: thumbnails are cut from the copy
    click.get_current_context().exit(0 if found.passed else 1)


def _tell(
    found: Validation,
    path: Path,
    files: dict[str, Path],
    fixed: Fixed | None,
    *,
    github: bool,
    as_json: bool,
    text: bool,
) -> None:
    from framepress.quality.report.document import document
    from framepress.quality.report.github import github as commands
    from framepress.quality.report.text import text as told_at_terminal

    told = document(found)
    if fixed is not None:
        told["fixed"] = tell_fixed(fixed)
    base = _base(found)
    for name, target in files.items():
        write_report(target, _FORMS[name](found, told, base))
    if github and told["findings"]:
        click.echo("\n".join(commands(told, base)))
    if as_json or text:
        coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        emit(told, told_at_terminal(told, str(path), colour=coloured), as_json=as_json)


def _base(found: Validation) -> str:
    """The dataset's place, from the folder that we are in; "" where it is not in there."""
    looks = [edition.look.root for edition in found.editions if edition.look is not None]
    root = found.path if found.path.is_dir() or not looks else looks[0]
    try:
        base = root.resolve().relative_to(Path.cwd().resolve()).as_posix()
    except ValueError:
        return ""
    return "" if base == "." else base


def _html(found: Validation, told: dict[str, Any], base: str) -> bytes:
    from framepress.quality.report.html import html

    return html(found, told)


def _sarif(found: Validation, told: dict[str, Any], base: str) -> bytes:
    from framepress.quality.report.sarif import sarif

    return _json_bytes(sarif(told, base))


def _junit(found: Validation, told: dict[str, Any], base: str) -> bytes:
    from framepress.quality.report.junit import junit

    return junit(told)


def _json_file(found: Validation, told: dict[str, Any], base: str) -> bytes:
    return _json_bytes(told)


def _times(found: Validation, told: dict[str, Any], base: str) -> bytes:
    from framepress.quality.report.times_csv import times_csv

    return times_csv(found.columns)


_FORMS: dict[str, Callable[[Validation, dict[str, Any], str], bytes]] = {
    "html": _html,
    "sarif": _sarif,
    "junit": _junit,
    "json_file": _json_file,
    "times": _times,
}


def _json_bytes(document: Any) -> bytes:
    return json_text(document).encode() + b"\n"


class _Shown:
    """Progress of one stage after the other: images, then frames."""

    def __init__(self) -> None:
        self._stage = ""
        self._total = 0
        self._progress: Progress | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._progress is None or stage != self._stage:
            self.close()
            self._progress = Progress(lambda: self._total or None, noun=stage, last="comparing them")
        self._stage, self._total = stage, total
        self._progress(done)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.__exit__()

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def _codes(given: str | None, option: str) -> list[str]:
    return [] if given is None else listed(given, option)
