"""`framepress run`."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from framepress.cli.shell import as_json, emit, note

if TYPE_CHECKING:
    from framepress.headless.host import Release

__all__ = ["run"]

_TOLD = 10
RELEASES = ("4.5", "5.0", "5.1", "6.0")


@click.command(short_help="Run an Isaac Sim script where there is no Isaac Sim.")
@click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("arguments", metavar="[-- ARGUMENTS]", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--release", type=click.Choice(RELEASES), default="5.1", show_default=True, help="Whose names and habits."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random that has none of its own.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the script's relative paths.")
@click.option(
    "--assets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that stands for Isaac Sim's own assets. None are fetched.",
)
@click.option("--device", default="cpu", show_default=True, help="Where to draw: cpu, cuda or cuda:1.")
@click.option("--stand-in", is_flag=True, help="Do it even where an Isaac Sim is present.")
@as_json
def run(
    script: Path,
    arguments: tuple[str, ...],
    release: str,
    seed: int,
    out: Path | None,
    assets: Path | None,
    device: str,
    stand_in: bool,
    as_json: bool,
) -> None:
    """Run SCRIPT under the stand-in for Isaac Sim, with the ARGUMENTS that follow `--`.

    The script imports omni.replicator.core and its neighbours as ever. What a writer raised, and what the stand-in left
    out, is told at the end; the exit code is 1 where a frame or a file was lost, else the script's own.

    A lost frame is a line on stderr, with a traceback where an error comes from a new place; FRAMEPRESS_DEBUG=1 adds
    the other tracebacks.
    """
    from framepress.errors import require

    if script.suffix.lower() in (".usd", ".usda", ".usdc", ".usdz"):
        raise click.BadParameter(f"{script} is a scene; draw it with `framepress render`", param_hint="'SCRIPT'")
    require("pxr.Usd", extra="headless")
    require("warp", extra="headless")
    from framepress.headless import stand_in as stage

    with redirect_stdout(sys.stderr) if as_json else nullcontext():  # what the script prints is not our answer
        outcome = stage.run(
            script, arguments, cast("Release", release), seed, out=out, assets=assets, device=device, stand_in=stand_in
        )
    if outcome.error is not None:
        note(outcome.error_text.rstrip())
    document: dict[str, Any] = {
        "script": str(script),
        "stand_in": {"release": release, "seed": seed, "device": device},
        "frames": outcome.frames,
        "failures": [str(failure) for failure in outcome.failures],
        "findings": list(outcome.findings),
        "error": None if outcome.error is None else f"{type(outcome.error).__name__}: {outcome.error}",
    }
    emit(document, _text(document), as_json=as_json)
    click.get_current_context().exit(1 if outcome.failures or outcome.error is not None else outcome.exit_code)


def _text(document: dict[str, Any]) -> str:
    frames, failures, findings = document["frames"], document["failures"], document["findings"]
    lines = [f"{frames} frame{'' if frames == 1 else 's'} drawn by the stand-in for Isaac Sim"]
    lines += [f"lost: {failure}" for failure in failures[:_TOLD]]
    if len(failures) > _TOLD:
        lines.append(f"lost: {len(failures) - _TOLD} more, told on stderr as they happened; --json lists them all")
    lines += [f"note: {finding}" for finding in findings]
    return "\n".join(lines)
