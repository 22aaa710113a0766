"""What was measured of all pictures, as columns: some 700 bytes a picture, whatever its size."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from framepress.core.arrays import Array
from framepress.quality.images.measures import THUMBNAIL
from framepress.quality.look import ImageFile

if TYPE_CHECKING:
    from framepress.quality.images.pictures import Picture

__all__ = ["Pictures"]

_OF_FILE = ("width", "height", "file_bytes")
_MEASURED = ("mean", "std", "white", "sharpness")


class Pictures:
    """One row a picture, in the order given.

    Args:
        files: which they are.
        measured: bool, whether the row has measures; where not, they are 0.
        width, height [px], file_bytes: int64, 0 where not known.
        mean, std, white, sharpness: float64, see `Measures`.
        difference_hash: uint64.
        digest, sha256: uint64 (n, 2), the first 16 bytes.
        thumbnail: uint8 (n, cells).
    """

    files: Sequence[ImageFile]
    measured: Array
    width: Array
    height: Array
    file_bytes: Array
    mean: Array
    std: Array
    white: Array
    sharpness: Array
    difference_hash: Array
    digest: Array
    sha256: Array
    thumbnail: Array

    @classmethod
    def of(cls, found: Iterable[Picture]) -> Pictures:
        """Takes them one at a time, and keeps none."""
        made, files, cells = cls(), [], THUMBNAIL * THUMBNAIL
        whole = {name: array("q") for name in _OF_FILE}
        levels = {name: array("d") for name in _MEASURED}
        flags, hashes, digests, sums, thumbnails = bytearray(), array("Q"), bytearray(), bytearray(), bytearray()
        for picture in found:
            files.append(picture.file)
            for name, column in whole.items():
                column.append(getattr(picture, name))
            measures = picture.measures
            for name, levelled in levels.items():
                levelled.append(getattr(measures, name, 0.0))
            flags.append(measures is not None)
            hashes.append(measures.difference_hash if measures else 0)
            digests += measures.digest if measures else bytes(16)
            sums += picture.sha256[:16].ljust(16, b"\0")
            thumbnails += measures.thumbnail if measures else bytes(cells)
        made.files = files
        made.measured = np.frombuffer(flags, np.bool_)
        for name, column in whole.items():
            setattr(made, name, np.frombuffer(column, np.int64))
        for name, levelled in levels.items():
            setattr(made, name, np.frombuffer(levelled, np.float64))
        made.difference_hash = np.frombuffer(hashes, np.uint64)
        made.digest = np.frombuffer(digests, np.uint64).reshape(-1, 2)
        made.sha256 = np.frombuffer(sums, np.uint64).reshape(-1, 2)
        made.thumbnail = np.frombuffer(thumbnails, np.uint8).reshape(-1, cells)
        return made

    def __len__(self) -> int:
        return len(self.files)
