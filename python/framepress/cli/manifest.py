"""`framepress manifest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from framepress.cli.progress import ToldProgress
from framepress.cli.report_files import write_report
from framepress.cli.shell import as_json, emit, json_text, note
from framepress.cli.tables import bytes_text
from framepress.errors import OutputError

if TYPE_CHECKING:
    from framepress.delivery.manifest import Difference

__all__ = ["manifest"]


@click.command(short_help="The digests of a dataset's files, and whether they still hold.")
@click.argument("dataset", metavar="DATASET", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Where to; FILE.json is JSON, any other name the lines of sha256sum. Default: those on stdout.",
)
@click.option(
    "--check",
    "checked",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A manifest, of ours or of sha256sum: name every file that is missing, changed or extra.",
)
@click.option("--history", is_flag=True, help="The store of versions inside the dataset too.")
@as_json
@click.pass_context
def manifest(
    context: click.Context, dataset: Path, out: Path | None, checked: Path | None, history: bool, as_json: bool
) -> None:
    """List every file of DATASET with its sha256, in the form that `sha256sum --check` reads there.

    Digests that the dataset's own journal holds are taken from it where the file was not touched since; all others are
    read. With --check everything is read, and the exit code is 1 where something differs. The dataset is never
    changed; temporary files, locks, and the folders of git and DVC are not part of it.
    """
    if out is not None and checked is not None:
        raise click.UsageError("--out and --check exclude each other")
    if checked is not None:
        context.exit(_check(dataset, checked, history, as_json))
    from framepress.delivery.manifest import manifest_of
    from framepress.delivery.manifest_text import document, lines

    if out is not None and out.exists():
        raise OutputError(f"{out}: exists already and is not overwritten; move it away, or name another file")
    with ToldProgress("files", "comparing them") as shown:
        found = manifest_of(dataset, history=history, leave_out=() if out is None else (out,), on_progress=shown)
    for path, reason in found.passed_over.items():
        note(f"not listed: {path}: {reason}")
    told = {**document(found.entries), "passed_over": dict(found.passed_over), "read": found.read}
    if out is None:
        if as_json:
            emit(told, "", as_json=True)
        else:
            click.echo(lines(found.entries), nl=False)
        return
    write_report(out, json_text(told).encode() + b"\n" if out.suffix.lower() == ".json" else lines(found.entries))
    summary = {key: told[key] for key in ("files", "bytes", "read", "passed_over")}
    text = f"{out}: {told['files']:,} files, {bytes_text(told['bytes'])}; {found.read:,} were read"
    emit({"manifest": str(out), **summary}, text, as_json=as_json)


def _check(dataset: Path, checked: Path, history: bool, as_json: bool) -> int:
    from framepress.core.files import read_file
    from framepress.delivery.manifest import compare
    from framepress.delivery.manifest_text import parsed

    entries = parsed(read_file(checked), str(checked))
    with ToldProgress("files", "comparing them") as shown:
        found = compare(dataset, entries, history=history, leave_out=(checked,), on_progress=shown)
    told = {
        "equal": not found,
        "files": len(entries),
        "missing": list(found.missing),
        "changed": dict(found.changed),
        "extra": list(found.extra),
    }
    emit(told, _text(found, len(entries)), as_json=as_json)
    return 1 if found else 0


def _text(found: Difference, files: int) -> str:
    if not found:
        return f"{files:,} files are as the manifest says, and no other is there"
    rows = [f"missing  {_printable(path)}" for path in found.missing]
    rows += [f"changed  {_printable(path)}: {how}" for path, how in found.changed.items()]
    rows += [f"extra    {_printable(path)}" for path in found.extra]
    counts = f"{len(found.missing):,} missing, {len(found.changed):,} changed, {len(found.extra):,} extra"
    return "\n".join((*rows, f"of {files:,} files: {counts}"))


def _printable(path: str) -> str:
    from framepress.quality.report.places import printable

    return printable(path).replace("\n", "\\n")
