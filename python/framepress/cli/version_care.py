"""`framepress version push`, `pull`, `verify` and `gc`: what happens to a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from framepress.cli.progress import Progress
from framepress.cli.shell import as_json, emit, interruptible
from framepress.cli.version_common import AGAIN, DATASET, LINE, opened

__all__ = ["gc", "pull", "push", "verify"]

_REMOTE = click.argument("remote", metavar="[REMOTE]", required=False)
_OPTIONS = click.option(
    "--option",
    "options",
    metavar="KEY=VALUE",
    multiple=True,
    help="Of the object store: endpoint, region, allow_http; credentials come from the environment.",
)


@click.command(short_help="Bring versions to a folder or an object store.")
@DATASET
@_REMOTE
@_OPTIONS
@LINE
@click.option("--as", "remote_line", metavar="LINE", help="The line there, where it has another name.")
@click.option("--exclusive", is_flag=True, help="Nobody else pushes there: it need not keep two pushes apart.")
@as_json
def push(
    dataset: Path,
    remote: str | None,
    options: tuple[str, ...],
    line: str | None,
    remote_line: str | None,
    exclusive: bool,
    as_json: bool,
) -> None:
    """Bring the versions of DATASET, and their tags, to REMOTE: a folder, s3://BUCKET/PREFIX, gs:// or az://.

    Only contents that are not there are sent, most of them many in one. Where somebody pushed another version first,
    nothing is overwritten: the push is refused.
    """
    from framepress.cli.version_text import pushed_text

    extra: dict[str, Any] = _options(options)
    if exclusive:
        extra["exclusive"] = True
    if remote_line is not None:
        extra["remote_line"] = remote_line
    with Progress(noun="bytes", last="naming the versions") as progress, interruptible(AGAIN):
        if not _is_bridge(dataset):
            extra["progress"] = lambda done, total: progress(done)
        done = opened(dataset, line).push(remote, **extra)
    emit(done.to_dict(), pushed_text(done.to_dict()), as_json=as_json)


@click.command(short_help="Bring versions from a folder or an object store.")
@click.argument("dataset", metavar="DATASET", type=click.Path(file_okay=False, path_type=Path))
@_REMOTE
@_OPTIONS
@click.option("--as", "as_line", metavar="LINE", help="Keep them as another line, where both sides have new versions.")
@click.option("--depth", metavar="N", type=click.IntRange(1), help="Contents of the latest N versions only.")
@as_json
def pull(
    dataset: Path,
    remote: str | None,
    options: tuple[str, ...],
    as_line: str | None,
    depth: int | None,
    as_json: bool,
) -> None:
    """Bring the versions at REMOTE into the store of DATASET; its files stay as they are until a checkout.

    Where DATASET is not there yet, it is made, and becomes the latest version. Every content is checked as it comes.
    """
    from framepress.cli.version_text import pulled_text

    extra: dict[str, Any] = _options(options)
    extra.update({name: value for name, value in (("as_line", as_line), ("depth", depth)) if value is not None})
    with Progress(noun="bytes", last="laying out") as progress, interruptible(AGAIN):
        if not _is_bridge(dataset):
            extra["progress"] = lambda done, total: progress(done)
        if remote is not None and _is_new(dataset):
            from framepress.versions.clone import clone

            done = clone(remote, dataset, **extra)
        else:
            done = opened(dataset).pull(remote, **extra)
    emit(done.to_dict(), pulled_text(done.to_dict()), as_json=as_json)


@click.command(short_help="Whether everything that versions need is there and undamaged.")
@DATASET
@click.option("--sample", metavar="SHARE", type=click.FloatRange(0, 1, min_open=True), default=1.0, help="Of contents.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed draws another sample.")
@as_json
@click.pass_context
def verify(context: click.Context, dataset: Path, sample: float, seed: int, as_json: bool) -> None:
    """Read refs, commits, manifests and contents, and compare each with its sha256; exit code 1 where one is damaged.

    Damage is told with the files and versions that need it, and where a good copy is.
    """
    from framepress.cli.version_text import verified_text

    with Progress(noun="contents", last="judging") as progress:
        found = opened(dataset).verify(sample=sample, seed=seed, progress=lambda done, total: progress(done))
    emit(found.to_dict(), verified_text(found), as_json=as_json)
    context.exit(0 if found.ok else 1)


@click.command(short_help="Clear up what no version needs.")
@DATASET
@click.option("--keep-last", metavar="N", type=click.IntRange(1), help="Give up older versions that have no tag.")
@click.option("--grace", metavar="SECONDS", type=click.FloatRange(0), default=3600.0, show_default=True)
@click.option("--now", is_flag=True, help="Delete at once what is set aside.")
@as_json
def gc(dataset: Path, keep_last: int | None, grace: float, now: bool, as_json: bool) -> None:
    """Set aside, and later delete, contents that no version needs: of commits that were killed or came second.

    What is younger than --grace stays, and so does what a running commit, checkout, push or pull holds. --keep-last is
    the only way in which a version loses its files; the version itself stays in the log.
    """
    from framepress.cli.version_text import swept_text

    history = opened(dataset)
    pruned = [] if keep_last is None else history.prune(keep_last)
    swept = history.gc(grace_s=grace, now=now)
    document = {**swept.to_dict(), "pruned": [version.number for version in pruned]}
    emit(document, swept_text(swept, pruned), as_json=as_json)


def _is_bridge(dataset: Path) -> bool:
    from framepress.versions.bridges import remembered

    return remembered(dataset) is not None


def _is_new(dataset: Path) -> bool:
    """Whether a pull makes it; so is one whose first pull was interrupted."""
    own = dataset / ".framepress"
    return {*_names(dataset)} <= {own.name} and {*_names(own)} <= {"versions"}


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _options(texts: tuple[str, ...]) -> dict[str, Any]:
    """`--option KEY=VALUE` as the argument of a push or a pull."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text!r}: write it as key=value", param_hint="--option")
        found[key] = value
    return {"options": found} if found else {}
