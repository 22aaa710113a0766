"""What a format is: one module that ends in a `FORMAT` row.

    class Writer:                                            # options are keyword-only, with defaults
        needs: frozenset[str]                                # channels or `camera` that every frame must have
        carries: frozenset[str]                              # `FORMAT.carries`, less what the options leave out
        def add(self, frame, files) -> Row                   # in a thread pool, any order
        def finish(self, labels, rows, files) -> None        # dataset-wide files, streaming, may run again
    def read(path, **options) -> Iterator[Frame]             # lazy: no image is decoded for its boxes
    def read_labels(path) -> LabelMap                        # may take options of `read`, by name
    def looks_like(path) -> bool
    FORMAT = Format("name", "one line", carries=..., writer=Writer, read=read, ...)

In `add`, `frame.split` is set and `frame.views[i].objects.classes` are the dataset's classes in order, so that
`objects.label` is the class number. `add` and `finish` see the disk only through `files`; the paths are relative to
the edition's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

from framepress.core import EncodedImage, Frame, LabelMap, View
from framepress.errors import InputError, OptionError
from framepress.storage.images import ENCODERS, check_file
from framepress.storage.output import Content

__all__ = ["Files", "Format", "FormatWriter", "Row", "Rows", "by_id", "by_number", "by_stem", "image_file"]

_KEPT = ("png", "jpeg")

Row: TypeAlias = dict[str, Any]
"""JSON-able; no second copy of masks. `row["counts"]` (name -> int) is added up over the dataset and reported."""

Rows: TypeAlias = Callable[[], Iterable[tuple[Frame, Row]]]
"""Each call streams every frame (without channels) with this edition's row, in the dataset's order."""


class Files(Protocol):
    """Where a format writes; relative paths with forward slashes."""

    def put(self, path: str, content: Content) -> str:
        """A whole file; visible only when the frame (or `finish`) is complete. Returns its sha256 in hex."""

    def file(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A stream to one file, for what is too large to hold; published when the block ends without an error."""


class FormatWriter(Protocol):
    needs: frozenset[str]
    carries: frozenset[str]

    def add(self, frame: Frame, files: Files) -> Row: ...

    def finish(self, labels: LabelMap, rows: Rows, files: Files) -> None: ...


def by_id(frame_id: str, number: int, view: str) -> str:
    """What a view is called in formats that know frames of several views."""
    return f"{view}:{frame_id}"


def by_stem(frame_id: str, number: int, view: str) -> str:
    """The same where every image is a frame of its own."""
    return f"{view}/{frame_id}" if view else frame_id


def by_number(frame_id: str, number: int, view: str) -> str:
    """The same where files are numbered."""
    return f"{view}:{number}"


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the format table.

    Args:
        name: as in `--to name`.
        summary: one line.
        carries: features (`core.features`) that survive writing and reading back, with the options that keep most.
        writer: None for a format that is only read.
        read, read_labels, looks_like: None for a format that is only written.
        key: from a frame's id, its index and a view's name what the view is called: the same before writing and after
            reading back.
        left_out: those of the rows' `counts` that count objects which the format does not keep.
        box_within: from the writer's options, how far [px] an object's visible box may be off after reading back; None
            where they have another box written.
        as_found: from the features of a dataset of others (in how many frames each is) and its frames, the options that
            write it again as what it is.
    """

    name: str
    summary: str
    carries: frozenset[str]
    writer: Callable[..., FormatWriter] | None = None
    read: Callable[..., Iterator[Frame]] | None = None
    read_labels: Callable[..., LabelMap] | None = None
    looks_like: Callable[[Path], bool] | None = None
    key: Callable[[str, int, str], str] = by_id
    left_out: tuple[str, ...] = ()
    box_within: Callable[[Mapping[str, Any]], float | None] = lambda options: 1e-6
    as_found: Callable[[Mapping[str, int], int], Mapping[str, Any]] = lambda features, frames: {}

    def make_writer(self, options: Mapping[str, Any]) -> FormatWriter:
        """A writer with these options.

        Raises:
            OptionError: the format cannot be written, or an option is unknown or has an impossible value.
        """
        if self.writer is None:
            raise OptionError(f"format {self.name} can only be read")
        known = self.options()
        for name in options:
            if name not in known:
                raise OptionError(f"format {self.name} has no option {name!r}; it has: {', '.join(known) or 'none'}")
        return self.writer(**options)

    def options(self) -> dict[str, Any]:
        """Option -> default, from the writer's signature: what the command line and the panel offer."""
        if self.writer is None:
            return {}
        parameters = signature(self.writer).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters}


def image_file(view: View, images: str, *, quality: int = 95, where: str) -> tuple[str, bytes]:
    """The view's colour image as (extension with dot, file content), encoded once for all editions of a frame.

    Args:
        images: `keep` (the source's own bytes where they are PNG or JPEG, else png), `png`, or `jpeg`.

    Raises:
        InputError: the view has no rgb channel, or its own bytes are no whole picture of the camera's size.
        OptionError: `images` is none of these.
    """
    if "rgb" not in view.channels:
        raise InputError(f"{where}: no rgb channel; capture rgb, or pass images=none")
    if images not in ("keep", "png", "jpeg"):
        raise OptionError(f"images={images!r}: must be keep, png, jpeg or none")
    source = view.channels.encoded("rgb")
    wanted = {ENCODERS[name].media_type: ENCODERS[name] for name in (_KEPT if images == "keep" else (images,))}
    if source is not None and source.media_type in wanted:
        media_type, content = view.channels.derived(("rgb", "source"), lambda: _whole(source, view))
        if media_type in wanted:  # names lie: a .jpg may hold a PNG
            return wanted[media_type].extension, content
    images = "png" if images == "keep" else images
    encoder = ENCODERS[images]
    options = {"quality": quality} if images == "jpeg" else {}
    content = view.channels.derived(
        ("rgb", images, quality if options else None), lambda: encoder.encode(view.channels["rgb"], **options)
    )
    return encoder.extension, content


def _whole(source: EncodedImage, view: View) -> tuple[str, bytes]:
    """Media type and content of a file that no decoder looks at before it is written again."""
    content = source.read()
    return check_file(content, source.where, view.camera.size_wh), content
