"""`framepress validate --fix`: where the copy goes, and what is told of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.shell import note
from framepress.cli.tables import counts_text
from framepress.errors import OutputError

if TYPE_CHECKING:
    from framepress.quality.fixes.fix import Fixed

__all__ = ["beside", "fix_options", "former_of", "put_in_place", "target_of", "tell_fixed"]


_FOLDER = click.Path(path_type=Path)


def fix_options(command: Any) -> Any:
    """The options of `validate` that have a copy written."""
    for option in (
        click.option(
            "--in-place", is_flag=True, help="With --fix: PATH becomes the copy; as it was it is kept beside."
        ),
        click.option(
            "--to", "fixed_to", metavar="FOLDER", type=click.Path(path_type=Path), help="With --fix: the copy."
        ),
        click.option("--fix", is_flag=True, help="Put right what needs no guess, in a copy: PATH-fixed."),
    ):
        command = option(command)
    return command


def target_of(path: Path, fix: bool, fixed_to: Path | None, in_place: bool) -> Path | None:
    """Where the copy goes; None where none is asked for.

    Raises:
        UsageError: options that exclude each other.
    """
    if not fix:
        if fixed_to is not None or in_place:
            raise click.UsageError("--to and --in-place go with --fix")
        return None
    if fixed_to is not None and in_place:
        raise click.UsageError("--to and --in-place exclude each other")
    if in_place and former_of(path).exists():
        raise click.UsageError(f"{former_of(path)} exists already: move it away, or use --to")
    return beside(path, "fixed") if fixed_to is None else fixed_to


def put_in_place(path: Path, copy: Path | None, former: Path) -> None:
    """The copy in the dataset's place, which is kept under the name `former`; nothing where there is no copy.

    Raises:
        OutputError: a folder cannot be renamed; both are still there.
    """
    if copy is None:
        return
    try:
        os.rename(path, former)
        os.rename(copy, path)
    except OSError as error:
        raise OutputError(
            f"{path}: {error.strerror or error}; the former dataset is {former if former.exists() else path}, the copy "
            f"{copy}"
        ) from error
    note(f"{path} is the copy now; as it was it is {former}")


def tell_fixed(fixed: Fixed) -> dict[str, Any]:
    """On stderr in words; JSON-able for the document."""
    if fixed.target is None:
        note("nothing could be put right without guessing: no copy was written")
    else:
        made = counts_text(dict(sorted(fixed.made.items())))
        note(f"put right in {fixed.target}: {made}; {len(fixed.files):,} files are new")
    return {
        "target": None if fixed.target is None else str(fixed.target),
        "made": dict(sorted(fixed.made.items())),
        "files": list(fixed.files),
        "found_before": dict(sorted((+fixed.before.findings.counts).items())),
    }


def former_of(path: Path) -> Path:
    return beside(path, "before-fix")


def beside(path: Path, what: str) -> Path:
    """`set-<what>` in the folder of `set`."""
    whole = path.resolve()
    return whole.with_name(f"{whole.name}-{what}")
