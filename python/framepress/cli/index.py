"""`framepress index`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framepress.cli.progress import Progress
from framepress.cli.shell import as_json, emit

if TYPE_CHECKING:
    from framepress.dataset.index import Fields, Index

__all__ = ["index"]


@click.command(short_help="The columns of a dataset, as other tools can query them.")
@click.argument("path", metavar="DATASET", type=click.Path(exists=True, path_type=Path))
@click.option("--from", "source_format", metavar="FORMAT", help="Its format, where it cannot be told.")
@click.option("--rebuild", is_flag=True, help="Make the index even if there is one.")
@click.option(
    "--parquet",
    "folder",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write its tables there as frames, views, objects and files.parquet; the folder must be new. "
    "Needs pip install 'framepress[parquet]'.",
)
@as_json
def index(path: Path, source_format: str | None, rebuild: bool, folder: Path | None, as_json: bool) -> None:
    """Tell what is in the index of DATASET, and make it where it is missing or older than the dataset.

    The index has a row for each frame, view, object and file of a dataset of any readable format, and a column for
    each thing that is known of them, own fields included. It is kept outside of DATASET, where nothing is written.
    """
    from framepress.dataset.index import Index
    from framepress.dataset.index_cache import Place
    from framepress.dataset.opening import open_dataset
    from framepress.errors import require

    if folder is not None:
        require("pyarrow", extra="parquet")  # told before the work
    dataset = open_dataset(path, source_format)
    place = Place.of(dataset).folder
    was_there = place.exists() and not rebuild
    began = time.monotonic()
    with Progress(last="writing the last columns") as progress:
        found = Index.of(dataset, rebuild=rebuild, on_frames=progress)
    document: dict[str, Any] = {
        "path": str(path),
        "format": dataset.format.name,
        "index": {
            "folder": str(place),
            "bytes": sum(file.stat().st_size for file in place.iterdir()) if place.is_dir() else 0,
            "made": not was_there,
            "seconds": round(time.monotonic() - began, 3),
        },
        "rows": {name: getattr(found, name).rows for name in ("frames", "views", "objects", "files")},
        "meta": _fields(found.meta),
        "attributes": _fields(found.attributes),
        "parquet": None if folder is None else _exported(found, folder),
    }
    emit(document, _text(document), as_json=as_json)


def _fields(fields: Fields) -> dict[str, Any]:
    """What kind of values each has, and how many different texts."""
    told = {}
    for key, field in fields.items():
        kinds = [] if field.numbers is None else ["bool" if field.boolean else "number"]
        kinds += [] if field.codes is None else ["text"]
        told[key] = {"kind": " or ".join(kinds), "texts": len(field.texts)}
    return {"fields": told, "left_out": fields.left_out}


def _exported(found: Index, folder: Path) -> dict[str, Any]:
    from framepress.dataset.index_parquet import write_parquet

    rows = write_parquet(found, folder)
    files = {name: {"rows": count, "bytes": (folder / name).stat().st_size} for name, count in rows.items()}
    return {"folder": str(folder), "files": files}


def _text(document: dict[str, Any]) -> str:
    from framepress.cli.tables import aligned, bytes_text

    kept = document["index"]
    made = f"made in {kept['seconds']:.1f} s" if kept["made"] else "up to date"
    lines = [
        f"{document['path']}: {document['format']}; index {made}, {bytes_text(kept['bytes'])} in {kept['folder']}",
        aligned([[name, rows] for name, rows in document["rows"].items()], indent="  ", right=frozenset((1,))),
    ]
    for name in ("meta", "attributes"):
        fields, left_out = document[name]["fields"], document[name]["left_out"]
        told = [
            [f"{name}.{key}", of["kind"], f"{of['texts']:,} different" if of["texts"] else ""]
            for key, of in fields.items()
        ]
        lines += [aligned(told, indent="  ")] if told else []
        lines += [f"  {name}: {sum(left_out.values()):,} values have no place in a column"] if left_out else []
    if document["parquet"] is not None:
        files = document["parquet"]["files"].items()
        lines.append(f"written to {document['parquet']['folder']}:")
        lines.append(aligned([[name, of["rows"], bytes_text(of["bytes"])] for name, of in files], indent="  "))
    return "\n".join(lines)
