"""`framepress card`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from framepress.cli.shell import as_json, emit

__all__ = ["card"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Write a dataset's README and dataset_info.json, and keep them true.")
@click.argument("dataset", metavar="DATASET", type=click.Path(exists=True, path_type=Path))
@click.option("--out", metavar="FILE", type=_FILE, help="The card. Default: README.md in the dataset's folder.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 where the card no longer agrees with the data.")
@click.option("--name", metavar="TEXT", help="What the dataset is called. Default: as before, or its folder's name.")
@click.option("--license", metavar="ID", help="As the hub names it, such as cc-by-4.0. Default: as before, or none.")
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `framepress validate --json-file` wrote of it: the card then tells the verdict.",
)
@click.option("--from", "source_format", metavar="FORMAT", help="Its format, where it cannot be told.")
@as_json
@click.pass_context
def card(
    context: click.Context,
    dataset: Path,
    out: Path | None,
    check: bool,
    name: str | None,
    license: str | None,
    report_file: Path | None,
    source_format: str | None,
    as_json: bool,
) -> None:
    """Describe DATASET in README.md, with YAML at its top as the Hugging Face hub reads it, and in dataset_info.json.

    Marked parts of the README are written anew, all other text in it stays. No image is read, nothing else in DATASET
    is changed.
    """
    from framepress.dataset.opening import open_dataset
    from framepress.delivery.card import check_card, write_card

    if check and (name or license or report_file):
        raise click.UsageError("--check writes nothing: leave out --name, --license and --report")
    source = open_dataset(dataset, source_format)
    if check:
        differences = check_card(source, out)
        text = "\n".join(differences) or "the card agrees with the data"
        emit({"agrees": not differences, "differences": differences}, text, as_json=as_json)
        context.exit(1 if differences else 0)
    report = None if report_file is None else _report(report_file)
    written = write_card(source, out, name=name, license=license, report=report)
    document = {"card": str(written.card), "facts": str(written.facts), "changed": written.changed}
    state = "written" if written.changed else "as it was"
    text = f"{written.card} and {written.facts.name}: {state}; facts {written.document['facts_sha256'][:12]}"
    emit({**document, "facts_sha256": written.document["facts_sha256"]}, text, as_json=as_json)


def _report(file: Path) -> Any:
    from framepress.core.files import read_file
    from framepress.errors import InputError

    try:
        return json.loads(read_file(file))
    except ValueError as error:
        raise InputError(f"{file}: no JSON ({error}); write it with `framepress validate --json-file`") from error
