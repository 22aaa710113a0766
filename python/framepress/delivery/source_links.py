"""Files that are passed on as they are become hard links of the source's own; what is made anew is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from pathlib import Path

from framepress.core import EncodedImage, Frame
from framepress.errors import InputError
from framepress.storage.folder import FolderOutput
from framepress.storage.output import Staged

__all__ = ["IMAGES", "LinkedOutput", "SourceBytes", "linkable", "sources_of"]

IMAGES = (".png", ".jpg", ".npy", ".tiff")
"""Files that nobody edits in place: of these one may have several names."""


class SourceBytes(bytes):
    """The content of the file `source`, whole."""

    source: Path

    @classmethod
    def of(cls, content: bytes, source: Path) -> SourceBytes:
        found = cls(content)
        found.source = source
        return found


class _Linkable(EncodedImage):
    """An image file whose bytes know where they are from."""

    def read(self) -> bytes:
        assert isinstance(self.source, Path)
        return SourceBytes.of(super().read(), self.source)


def linkable(frame: Frame) -> Frame:
    """A stage: the same frame, whose image files tell writers where they lie."""
    views = []
    for view in frame.views:
        files = {name: _linkable(view.channels.encoded(name)) for name in view.channels}
        found = {name: image for name, image in files.items() if image is not None}
        views.append(view.replaced(channels=view.channels.replaced(**found)) if found else view)
    return frame.replaced(views=tuple(views))


def _linkable(image: EncodedImage | None) -> EncodedImage | None:
    if image is None or not isinstance(image.source, Path):
        return None
    return _Linkable(*(getattr(image, field.name) for field in fields(EncodedImage)))


class LinkedOutput(FolderOutput):
    """A folder in which `SourceBytes` become hard links, or copies where the file system has none.

    Args:
        known: SHA-256 -> a file of that content; new images of that content become links of it.
    """

    def __init__(self, root: Path, known: Mapping[str, Path] | None = None) -> None:
        super().__init__(root)
        self._known = known or {}

    def stage(self, path: str, *content: bytes | memoryview) -> Staged:
        """As `FolderOutput.stage`.

        Raises:
            InputError: what is to be linked was changed since it was read.
        """
        size, source = sum(map(len, content)), self._source(path, content)
        if source is None:
            return super().stage(path, *content)
        staged = super().stage(path, b"")
        self.discard([staged])  # its name is free again, and no other will get it
        self.link(source, staged.temp)
        found = os.stat(self.root / staged.temp).st_size
        if found != size:
            self.discard([staged])
            raise InputError(f"{source}: had {size} bytes when it was read, now {found}; start again")
        return staged

    def _source(self, path: str, content: Sequence[bytes | memoryview]) -> Path | None:
        if len(content) == 1 and isinstance(content[0], SourceBytes):
            return content[0].source
        if self._known and path.endswith(IMAGES):
            digest = sha256()
            for piece in content:
                digest.update(piece)
            return self._known.get(digest.hexdigest())
        return None


def sources_of(frame: Frame, root: Path) -> list[str]:
    """The image files of a frame's channels, relative to `root`; those that lie elsewhere left out."""
    found = []
    for view in frame.views:
        for name in view.channels:
            image = view.channels.encoded(name)
            if image is not None and isinstance(image.source, Path) and image.source.is_relative_to(root):
                found.append(image.source.relative_to(root).as_posix())
    return found
