"""Rules for the image files that a COCO file names."""

from __future__ import annotations

from collections.abc import Iterator

from framepress.errors import InputError
from framepress.quality.coco.gathered import principal
from framepress.quality.coco.table import CocoFile, CocoLook
from framepress.quality.issue import WARNING, Issue
from framepress.quality.rule import FILE, rule
from framepress.storage.paths import checked

__all__ = ["file_names_lead_to_images", "images_without_objects_are_listed"]

_IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


@rule(
    "COCO-016",
    FILE,
    WARNING,
    stage="structure",
    format="coco",
    breaks="Datumaro refuses paths that leave the folder; loaders fail on the first file that is not there",
    remedy="write file_name relative to the split's image folder, with forward slashes",
)
def file_names_lead_to_images(coco: CocoLook) -> Iterator[Issue]:
    """A file_name is a relative path with forward slashes, and leads to a file below the split's image folder.

    Whether it is there is asked only where there is an image folder at all. Of links that lead out, FILE-003 tells.
    """
    for file in coco.files:
        for row, words in file.told("images.file_name"):
            yield file.of_image(row, f"file_name {words}", "file_name")
        told = {row for where in ("images", "images.file_name") for row, _ in file.odd.get(where, ())}
        for row, name in enumerate(file.images.names):
            if row not in told and (words := _astray(file, name)):
                yield file.of_image(row, words, "file_name")


def _astray(file: CocoFile, name: str) -> str:
    try:
        checked(name)
    except InputError as error:
        return str(error).partition(";")[0]
    if file.folder is None or name in file.folder.files or name in file.folder.astray:
        return ""
    return f"{name!r} is not in {file.folder.prefix or 'the folder of the dataset'}"


@rule(
    "COCO-020",
    FILE,
    WARNING,
    stage="dataset",
    format="coco",
    breaks="a detector never learns what is not there, and its false alarms are not counted",
    remedy="list every image; one without objects is an image without annotations",
)
def images_without_objects_are_listed(coco: CocoLook) -> Iterator[Issue]:
    """Every image file in the image folder is listed, also one without objects."""
    files = principal(coco.files)
    folders = {file.folder.prefix: file.folder for file in files if file.folder is not None}
    for prefix, folder in sorted(folders.items()):
        of_folder = [file for file in files if file.folder is not None and file.folder.prefix == prefix]
        named = {name for file in of_folder for name in file.images.names}
        deeper = [other for other in folders if other != prefix and other.startswith(prefix)]
        if not folder.own or not named & folder.files:
            continue
        for name in sorted(folder.files - named):
            inside = any((prefix + name).startswith(other) for other in deeper)
            if name.lower().endswith(_IMAGES) and not inside:
                where = ", ".join(file.name for file in of_folder[:2])
                yield Issue(message=f"{name!r} is listed in none of {where}", file=prefix + name, image=prefix + name)
