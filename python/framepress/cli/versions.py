"""`framepress version`: what a dataset was, is, and how it came to be so."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.shell import as_json, emit, interruptible, note
from framepress.cli.version_care import gc, pull, push, verify
from framepress.cli.version_common import AGAIN, AUTHOR, DATASET, LINE, author_of, now, opened

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["version"]


@click.group(short_help="Name a dataset's versions, compare them, go back, share them.")
def version() -> None:
    """Keep the versions of a dataset of any format, in the folder .framepress/versions of the dataset itself, or in a
    store that several share.

    A version is named by its number (3), a tag, head (the latest), base (what the folder was made from), head~2, or
    the beginning of its sha256; one of another line of the store has its name before it (theirs:3).
    """


@version.command(short_help="Begin to keep versions of a dataset.")
@DATASET
@click.option(
    "--store",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where contents are kept, which several datasets may share. Default: inside of the dataset.",
)
@click.option(
    "--to",
    "kind",
    metavar="native|dvc|git-lfs",
    type=click.Choice(["native", "dvc", "git-lfs"]),
    default="native",
    show_default=True,
    help="What keeps them: framepress itself, or DVC or git-LFS, which must be installed.",
)
@click.option("--line", metavar="NAME", help="With --store: the dataset's own line of versions.  [default: main]")
@click.option(
    "--from",
    "made_from",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A dataset with versions, of which DATASET is a changed copy: its next version follows that one's.",
)
@as_json
def init(dataset: Path, store: Path | None, kind: str, line: str | None, made_from: Path | None, as_json: bool) -> None:
    """Begin to keep versions of DATASET; none is made yet.

    Files that are shared with the store (images, clouds, videos) become read-only when they are committed: a program
    that edits one in place would change the version too.
    """
    from framepress.versions.bridges import begin
    from framepress.versions.history import History

    if kind != "native":
        if store or line or made_from:
            raise click.UsageError("--store, --line and --from are for native versions")
        begin(dataset, kind, say=note)
        emit({"dataset": str(dataset), "kind": kind}, f"{dataset}: versions are kept by {kind}", as_json=as_json)
        return
    given = {"line": line} if line else {}
    where = History.init(dataset, store=store, made_from=made_from, **given).place.store
    emit(
        {"dataset": str(dataset), "kind": kind, "store": str(where)},
        f"{dataset}: versions are kept in {where}; make the first with `framepress version commit "
        f"{shlex.quote(str(dataset))} -m TEXT`",
        as_json=as_json,
    )


@version.command(short_help="Make the dataset as it is now the next version.")
@DATASET
@click.option("-m", "--message", metavar="TEXT", required=True, help="What is in it, in a line.")
@click.option("--author", metavar="NAME", help=f"Who. Default: the variable {AUTHOR}, else nobody.")
@click.option(
    "--note", "notes", metavar="KEY=VALUE", multiple=True, help="More to remember: a ticket, a scene's checksum."
)
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A validation report; its sha256 becomes part of the version.",
)
@click.option(
    "--require",
    metavar="NAME|FILE",
    help="A profile (strict, default, fast, or a TOML file) that the dataset must hold; else no version, exit code 1.",
)
@click.option("--over", is_flag=True, help="Although the folder was made from an older version than the latest.")
@LINE
@as_json
def commit(
    dataset: Path,
    message: str,
    author: str | None,
    notes: tuple[str, ...],
    report: Path | None,
    require: str | None,
    over: bool,
    line: str | None,
    as_json: bool,
) -> None:
    """Make DATASET as it is now its next version.

    Files are read only where neither the dataset's journal nor an earlier look tells their hash. Where another commit
    came first, this one is refused and nothing is lost.
    """
    history = opened(dataset, line)
    options: dict[str, Any] = {"author": author_of(author), "time": now(), "over": over}
    if notes or report is not None:
        options["notes"] = _notes(notes, report)
    if require is not None:
        options["gate"] = _gate(require)
    with interruptible(f"no version was made; {dataset} is as it was"):
        made = history.commit(message, **options)
    document = {**made.version.to_dict(), "new": made.new, "read": made.read, "added": made.added}
    text = (
        f"version {made.version.number} ({made.version.id[:12]}): {made.version.commit.files:,} files, "
        f"{made.added:,} contents are new, {made.read:,} files were read"
        if made.new
        else f"nothing has changed since version {made.version.number} ({made.version.id[:12]})"
    )
    emit(document, text, as_json=as_json)


@version.command(short_help="The versions, the latest first.")
@DATASET
@click.option("--limit", metavar="N", type=click.IntRange(1), help="The latest N only.")
@LINE
@as_json
def log(dataset: Path, limit: int | None, line: str | None, as_json: bool) -> None:
    """List the versions of DATASET, the latest first."""
    from framepress.cli.version_text import log_text

    versions = opened(dataset, line).log()[:limit]
    emit({"versions": [found.to_dict() for found in versions]}, log_text(versions), as_json=as_json)


@version.command(short_help="One version, and where its data came from.")
@DATASET
@click.argument("name", metavar="[VERSION]", default="head")
@as_json
def show(dataset: Path, name: str, as_json: bool) -> None:
    """Show a version (the latest, unless another is named): message, author, time, files, provenance."""
    from framepress.cli.version_text import show_text

    found = opened(dataset).version(name)
    emit(found.to_dict(), show_text(found.to_dict()), as_json=as_json)


@version.command(short_help="What has changed in the folder since its version.")
@DATASET
@as_json
def status(dataset: Path, as_json: bool) -> None:
    """Tell which version DATASET was made from, and which files have changed since."""
    from framepress.cli.version_text import file_changes, status_text

    found = opened(dataset).status()
    document = {
        "base": None if found.base is None else found.base.to_dict(),
        "head": None if found.head is None else found.head.to_dict(),
        "files": file_changes(found.changes),
        "unfinished": None if found.unfinished is None else f"sha256:{found.unfinished}",
    }
    emit(document, status_text(found), as_json=as_json)


@version.command(short_help="What became of frames, objects, classes, boxes, masks and splits.")
@DATASET
@click.argument("before", metavar="[A]", default="base")
@click.argument("after", metavar="[B]", required=False)
@click.option("--files", "only_files", is_flag=True, help="Only of files: nothing of the dataset is understood.")
@click.option(
    "--most", metavar="N", type=click.IntRange(0), default=1000, show_default=True, help="Objects with --json."
)
@as_json
def diff(dataset: Path, before: str, after: str | None, only_files: bool, most: int, as_json: bool) -> None:
    """Compare version A (what the folder was made from, unless named) with version B, or with the folder as it is now.

    Tells which frames came, went and changed, and in those which objects: of another class, with a box that moved and
    how far, with another mask.
    """
    from framepress.cli.version_text import diff_text, file_changes
    from framepress.versions.annotations import NoFormatError

    history = opened(dataset)
    files = history.diff_files(before, after)
    document: dict[str, Any] = {"from": before, "to": after, "files": file_changes(files)}
    text = diff_text(files, None)
    if not only_files:
        try:
            found = history.diff(before, after)
        except NoFormatError as error:
            document["not_compared"] = str(error)
            text += f"\nframes: not compared: {error}"
        else:
            document["annotations"] = found.to_dict(most)
            text = diff_text(files, found)
    emit(document, text, as_json=as_json)


@version.command(short_help="Go back to a version, or lay it out elsewhere.")
@DATASET
@click.argument("name", metavar="VERSION")
@click.option(
    "--to", "target", metavar="FOLDER", type=click.Path(path_type=Path), help="A new folder. Default: DATASET itself."
)
@click.option("--paths", metavar="PATTERN", multiple=True, help="With --to: only these files or folders.")
@click.option("--force", is_flag=True, help="Although DATASET has changes that no version has; they are lost.")
@as_json
def checkout(dataset: Path, name: str, target: Path | None, paths: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Make DATASET equal to VERSION, or lay VERSION out in a new folder.

    Where DATASET has files or changes that its version has not, nothing is done without --force, which loses them.
    """
    history = opened(dataset)
    with interruptible(AGAIN):
        found = history.checkout(name, target, force=force, paths=paths)
    where = dataset if target is None else target
    emit(
        {**found.to_dict(), "folder": str(where)},
        f"{where}: is version {found.number} ({found.id[:12]}), {found.commit.files:,} files",
        as_json=as_json,
    )


@version.command(short_help="Give a version a name, for good.")
@DATASET
@click.argument("name", metavar="NAME")
@click.argument("target", metavar="[VERSION]", default="head")
@click.option("--note", metavar="TEXT", default="", help="Why.")
@click.option("--author", metavar="NAME", help=f"Who. Default: the variable {AUTHOR}, else nobody.")
@as_json
def tag(dataset: Path, name: str, target: str, note: str, author: str | None, as_json: bool) -> None:
    """Call a version (the latest, unless another is named) NAME. A tag never moves."""
    found = opened(dataset).tag(name, target, note=note, time=now(), by=author_of(author))
    emit(found.to_dict(), f"{name} is version {found.number} ({found.id[:12]})", as_json=as_json)


def _notes(texts: tuple[str, ...], report: Path | None) -> dict[str, str]:
    from framepress.versions.working import sha256_of

    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text!r}: write it as key=value", param_hint="--note")
        found[key] = value
    if report is not None:
        found["report"] = f"sha256:{sha256_of(str(report))[0]}"
    return found


def _gate(require: str) -> Callable[[Path], None]:
    from framepress.quality.gate import gate
    from framepress.quality.profile import profile

    return gate(profile(require))


for _command in (push, pull, verify, gc):
    version.add_command(_command)
