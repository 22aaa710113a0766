"""`framepress pack` and `framepress unpack`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from framepress.cli.progress import Progress, ToldProgress
from framepress.cli.shell import as_json, emit, interruptible
from framepress.cli.tables import bytes_text

__all__ = ["pack", "unpack"]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def _bytes(text: str) -> int:
    """`2GB`, `500 MB`, `1.5GiB`, `1048576`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?", text.strip(), re.IGNORECASE)
    if found is None:
        raise click.BadParameter(f"{text!r} is no size such as 2GB, 500MB or 1GiB")
    return round(float(found[1]) * _UNITS[(found[2] or "").lower()])


@click.command(short_help="A dataset as a zip, tar, tar.gz or tar.zst.")
@click.argument("source", metavar="SRC", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--split", metavar="NAME", help="Only the frames of this split (of a dataset of ours).")
@click.option(
    "--frames-from",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Only the frames whose ids are in FILE, one a line (of a dataset of ours).",
)
@click.option("--max-bytes", type=_bytes, metavar="SIZE", help="Numbered parts of at most 2GB, say; each is whole.")
@click.option("--no-images", is_flag=True, help="Leave picture files out: labels alone.")
@click.option("--prefix", default="", metavar="NAME/", help="A folder in the archive that holds everything.")
@click.option("--history", is_flag=True, help="The store of versions inside the dataset too.")
@click.option("--links", is_flag=True, help="Hard links (images of several editions) once; tar only.")
@click.option("--level", type=int, help="zip and tar.gz 1 to 9 (default 6), tar.zst 1 to 19 (default 3).")
@click.option("--workers", type=click.IntRange(1, 256), help="Threads; the bytes are the same. Default: one a core.")
@click.option("--verify", is_flag=True, help="Read all of it back and compare, before the archive gets its name.")
@as_json
def pack(
    source: Path,
    target: Path,
    split: str | None,
    frames_from: Path | None,
    max_bytes: int | None,
    no_images: bool,
    prefix: str,
    history: bool,
    links: bool,
    level: int | None,
    workers: int | None,
    verify: bool,
    as_json: bool,
) -> None:
    """Pack the dataset SRC into OUT, whose name ends in .zip, .tar, .tar.gz or .tar.zst.

    The same files give the same bytes, whoever packs them and when: names in order, no times, owners or modes. Media
    that are compressed already are not compressed again. A manifest of all files goes in last,
    `.framepress/SHA256SUMS`, which `framepress unpack` compares and `sha256sum --check` reads. OUT appears when it is
    whole and durable; a file that exists is never overwritten, SRC never changed.
    """
    from framepress.delivery.pack import pack as press

    frames = None
    if frames_from is not None:
        from framepress.dataset.splitting.lists import read_list

        frames = {line for line in read_list(frames_from) if line}
    with (
        ToldProgress("files", "writing it to the disk") as shown,
        interruptible("nothing of the archive is left: start again"),
    ):
        found = press(
            source, target, split=split, frames=frames, max_bytes=max_bytes, images=not no_images, prefix=prefix,
            workers=workers, level=level, history=history, links=links, verify=verify, on_progress=shown,
        )  # fmt: skip
        seconds = shown.seconds
    document = {
        "archives": [str(path) for path in found.archives],
        "files": found.files,
        "bytes": found.bytes,
        "packed_bytes": found.packed_bytes,
        "links": found.links,
        "images_left_out": found.images_left_out,
        "left_out": list(found.left_out),
        "empty_folders_left_out": found.empty_folders,
        "verified": found.verified,
        "seconds": round(seconds, 3),
    }
    rows = [str(path) for path in found.archives]
    rows.append(
        f"{found.files:,} files, {bytes_text(found.bytes)} in {bytes_text(found.packed_bytes)}"
        + (", read back and compared" if found.verified else "")
    )
    if found.left_out:
        rows.append(f"left out: {', '.join(found.left_out)}")
    if found.images_left_out:
        rows.append(f"left out: {found.images_left_out:,} images")
    if found.empty_folders:
        rows.append(f"left out: {found.empty_folders:,} empty folders")
    emit(document, "\n".join(rows), as_json=as_json)


@click.command(short_help="An archive of anyone's as a new folder, checked.")
@click.argument("archive", metavar="ARCHIVE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", metavar="DST", type=click.Path(path_type=Path))
@click.option("--max-files", type=click.IntRange(1), default=10_000_000, show_default=True, help="Entries at most.")
@click.option("--max-bytes", type=_bytes, default="4TiB", show_default=True, metavar="SIZE", help="Content at most.")
@click.option(
    "--max-ratio",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Content to archive at most, above the first 128 MiB.",
)
@as_json
def unpack(archive: Path, target: Path, max_files: int, max_bytes: int, max_ratio: int, as_json: bool) -> None:
    """Unpack a zip, tar, tar.gz or tar.zst into the folder DST, which must not exist; of parts, name any one.

    DST appears when everything is there, and where the archive is one of ours also compared with its manifest. Names
    that lead out of DST, links, devices, names that are one on this disk, and whatever is above the limits end it, and
    nothing is left then.
    """
    from framepress.delivery.unpack import Limits
    from framepress.delivery.unpack import unpack as open_up

    limits = Limits(files=max_files, bytes=max_bytes, ratio=max_ratio)
    with Progress(noun="files", last="writing them to the disk") as shown:
        found = open_up(archive, target, limits=limits, on_progress=shown)
    checked = f"{found.checked:,} compared with the manifest" if found.checked else "no manifest to compare with"
    document = {
        "target": str(target),
        "archives": [str(path) for path in found.archives],
        "files": found.files,
        "bytes": found.bytes,
        "checked": found.checked,
    }
    emit(document, f"{target}: {found.files:,} files, {bytes_text(found.bytes)}; {checked}", as_json=as_json)
