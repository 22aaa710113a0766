"""`framepress kit`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from framepress.cli.shell import as_json, emit

__all__ = ["kit"]


@click.group(invoke_without_command=True, short_help="The extension for Isaac Sim.")
@click.pass_context
def kit(context: click.Context) -> None:
    """The extension for Isaac Sim."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


@kit.command(short_help="Make a copy of the extension that needs nothing else.")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--isaac", "releases", multiple=True, metavar="RELEASE", help="4.5, 5.0, 5.1 or 6.0; by default all.")
@click.option(
    "--wheel",
    "wheels",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A package to put in as well, such as msgspec's, to read datasets in Isaac Sim. Writing needs none.",
)
@as_json
def build(out: Path, releases: tuple[str, ...], wheels: tuple[Path, ...], as_json: bool) -> None:
    """Make OUT/framepress.replicator, with the library in it: Python alone, the same folder for all releases.

    Start Isaac Sim with --ext-folder OUT --enable framepress.replicator, or add OUT to the search paths in
    Window > Extensions.
    """
    from framepress.replicator import kit_build

    built = kit_build.build(out, releases or kit_build.RELEASES, wheels)
    answer = {
        "folder": str(built.folder),
        "isaac_sim": list(built.releases),
        "files": built.files,
        "bytes": built.nbytes,
    }
    text = (
        f"{built.folder}: {built.files} files, {built.nbytes / 1e6:.1f} MB, for Isaac Sim {', '.join(built.releases)}\n"
        f"isaac-sim.sh --ext-folder {shlex.quote(str(out.absolute()))} --enable {kit_build.NAME}"
    )
    emit(answer, text, as_json=as_json)
