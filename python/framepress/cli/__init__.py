"""The command `framepress`: a skin over the public functions. What a command needs is imported when it runs."""

from __future__ import annotations

import click

from framepress import __version__
from framepress.cli.card import card
from framepress.cli.convert import convert
from framepress.cli.datasets import finish, info
from framepress.cli.derive import append, relabel, slice
from framepress.cli.formats import formats
from framepress.cli.index import index
from framepress.cli.jobs import job
from framepress.cli.kit import kit
from framepress.cli.manifest import manifest
from framepress.cli.merge import merge
from framepress.cli.optimize import optimize
from framepress.cli.organize import organize
from framepress.cli.pack import pack, unpack
from framepress.cli.render import render
from framepress.cli.rules import explain, rules
from framepress.cli.run import run
from framepress.cli.select import select
from framepress.cli.shell import Commands
from framepress.cli.split import split
from framepress.cli.stats import stats
from framepress.cli.update import update
from framepress.cli.validate import validate
from framepress.cli.versions import version

__all__ = ["main"]


@click.group(
    cls=Commands,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "--version", prog_name="framepress")
@click.pass_context
def main(context: click.Context) -> None:
    """Turn what a simulator rendered into datasets that are exact.

    Exit codes: 0 ok, 1 findings, 2 usage, 3 input or output, 4 corrupt input, 130 interrupted.
    FRAMEPRESS_DEBUG=1 shows where an error came from.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for _title, *_commands in (
    ("Make datasets", convert, render, run, job, finish, kit),
    ("Look at them", info, stats, index, formats),
    ("Check them", validate, rules, explain),
    ("Choose, divide, join", select, slice, relabel, split, merge, append, update),
    ("Keep, store, hand on", version, organize, optimize, card, manifest, pack, unpack),
):
    main.add_section(_title, _commands)
