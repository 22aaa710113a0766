"""`framepress render`."""

from __future__ import annotations

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click

from framepress.cli.progress import Progress
from framepress.cli.run import RELEASES
from framepress.cli.settings import listed, settings_for
from framepress.cli.shell import as_json, emit, interruptible

__all__ = ["render"]


@click.command(short_help="Render a USD scene, or a Replicator script, into a dataset.")
@click.argument("source", metavar="SCENE.usd|SCRIPT.py", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(file_okay=False, path_type=Path))
@click.argument("arguments", metavar="[-- ARGUMENTS]", nargs=-1, type=click.UNPROCESSED)
@click.option("--frames", type=click.IntRange(1), default=1, show_default=True, help="How many instants to capture.")
@click.option("--camera", "cameras", metavar="PRIM", multiple=True, help="A scene's camera; default: all that it has.")
@click.option("--size", metavar="WxH", help="Of a scene's images [px].  [default: 1280x720]")
@click.option("--to", "to", required=True, metavar="FORMAT,...", help="The formats to write; see `framepress formats`.")
@click.option(
    "--labels",
    "labels_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The classes and their order: .txt (a name a line), .json or .yaml. Default: the scene's own, by name.",
)
@click.option("--unlisted", type=click.Choice(["error", "drop"]), default="error", show_default=True,
              help="Objects of a class that is not in the list: stop, or leave them out and count them.")  # fmt: skip
@click.option("--channels", metavar="NAME,...", help="Kept where a format can: default rgb,depth,semantic,instance.")
@click.option("--split", metavar="NAME=SHARE,...", help="Such as train=.8,val=.1,test=.1.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of everything random: scene and split.")
@click.option("--release", type=click.Choice(RELEASES), default="5.1", show_default=True, help="Whose habits.")
@click.option("--device", default="cpu", show_default=True, help="Where to draw: cpu, cuda or cuda:1.")
@click.option("--existing", type=click.Choice(["error", "resume"]), default="error", show_default=True,
              help="Where OUT holds a dataset: stop, or go on with an interrupted run.")  # fmt: skip
@click.option("--set", "settings", metavar="KEY=VALUE", multiple=True,
              help="An option of a format: coco.segmentation=polygon.")  # fmt: skip
@click.option("--stand-in", is_flag=True, help="Run a script here even where an Isaac Sim is present.")
@as_json
def render(
    source: Path,
    target: Path,
    arguments: tuple[str, ...],
    frames: int,
    cameras: tuple[str, ...],
    size: str | None,
    to: str,
    labels_file: Path | None,
    unlisted: str,
    channels: str | None,
    split: str | None,
    seed: int,
    release: Any,
    device: str,
    existing: str,
    settings: tuple[str, ...],
    stand_in: bool,
    as_json: bool,
) -> None:
    """Draw a scene with the stand-in renderer, as Isaac Sim would hand it to a writer, and press it.

    A scene plays from its first time code on. A script makes its own render products and records its randomisation
    (`with rep.trigger.on_frame(): ...`); it needs no writer.
    """
    from framepress import formats
    from framepress.cli.report_text import report_text
    from framepress.dataset.usage import usage_of
    from framepress.errors import require

    writers = {name: formats.by_name(name).options() for name in listed(to, "--to")}
    chosen, _ = settings_for(settings, writers, {})
    size_wh = None if size is None else _size(size)
    require("pxr.Usd", extra="headless")
    require("warp", extra="headless")
    from framepress.replicator.rendering import render as press

    options = {
        "formats": chosen,
        "labels": labels_file,
        "unlisted": unlisted,
        "channels": channels,
        "split": split,
        "seed": seed,
        "existing": existing,
    }
    printed = redirect_stdout(sys.stderr) if as_json else nullcontext()  # what a script prints is not our answer
    again = "what was written is safe; go on with the same command and --existing resume"
    with Progress(lambda: frames) as progress, interruptible(again), printed:
        done = press(
            source,
            target,
            frames=frames,
            cameras=cameras,
            size_wh=size_wh,
            seed=seed,
            release=release,
            device=device,
            anywhere=stand_in,
            arguments=arguments,
            options=options,
            on_frame=progress,
        )
        seconds = progress.seconds
    usage = usage_of(target)
    document = {
        "source": str(source),
        "stand_in": {"release": release, "seed": seed, "device": device},
        "cameras": list(done.cameras),
        "findings": list(done.findings),
        **done.report.to_dict(),
        "disk": {"files": usage.files, "bytes": usage.bytes},
        "seconds": round(seconds, 3),
    }
    emit(document, report_text(done.report, usage, frames=frames, seconds=seconds), as_json=as_json)


def _size(text: str) -> tuple[int, int]:
    width, times, height = text.lower().partition("x")
    if not times or not width.isdecimal() or not height.isdecimal() or not int(width) or not int(height):
        raise click.BadParameter(f"{text!r}: expected WIDTHxHEIGHT in pixels, such as 1280x720", param_hint="--size")
    return int(width), int(height)
