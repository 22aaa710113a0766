"""The channels a view may carry: one table, and the lazy mapping that holds them.

| channel  | array              | unit                          | nothing hit | Replicator annotator        |
|----------|--------------------|-------------------------------|-------------|-----------------------------|
| rgb      | uint8 (H, W, 3)    | sRGB                          | -           | rgb                         |
| depth    | float32 (H, W)     | m along the optical axis      | +inf        | distance_to_image_plane     |
| range    | float32 (H, W)     | m from the camera centre      | +inf        | distance_to_camera          |
| semantic | uint32 (H, W)      | semantic id, see `View.names` | 0           | semantic_segmentation       |
| instance | uint32 (H, W)      | `Objects.id`                  | 0           | instance_segmentation       |
| normal   | float32 (H, W, 3)  | unit vector, world axes       | 0 0 0       | normals                     |
| flow     | float32 (H, W, 2)  | px, x right, y down           | 0 0         | motion_vectors              |
| points   | float32 (N, 3)     | m, world frame                | absent      | pointcloud                  |
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np

from framepress.core.arrays import Array
from framepress.core.files import read_file
from framepress.errors import InputError

__all__ = ["CHANNELS", "Channel", "Channels", "EncodedImage", "Source"]


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel's array must be. `components` 0 means no third axis; `raster` arrays have the image's H and W."""

    name: str
    dtype: str
    components: int
    annotator: str
    raster: bool = True

    def checked(self, array: Array, size_wh: tuple[int, int], where: str) -> Array:
        """`array` as this channel's dtype and shape; never a lossy cast.

        Raises:
            InputError: wrong dtype, size or number of components.
        """
        width, height = size_wh
        last = (self.components,) if self.components else ()
        want = (height, width, *last) if self.raster else (array.shape[0] if array.ndim else 0, *last)
        if array.shape != want:
            raise InputError(
                f"{where}: channel {self.name} has shape {array.shape}, expected {want} (height, width, components)"
            )
        if array.dtype != np.dtype(self.dtype):
            if not np.can_cast(array.dtype, self.dtype, "safe"):
                raise InputError(f"{where}: channel {self.name} has dtype {array.dtype}, expected {self.dtype}")
            array = array.astype(self.dtype)
        return array


CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("rgb", "uint8", 3, "rgb"),
        Channel("depth", "float32", 0, "distance_to_image_plane"),
        Channel("range", "float32", 0, "distance_to_camera"),
        Channel("semantic", "uint32", 0, "semantic_segmentation"),
        Channel("instance", "uint32", 0, "instance_segmentation"),
        Channel("normal", "float32", 3, "normals"),
        Channel("flow", "float32", 2, "motion_vectors"),
        Channel("points", "float32", 3, "pointcloud", raster=False),
    )
}

_LARGEST_IMAGE = 1 << 30
"""Bytes: 8192 x 8192 x 4 float32, not compressed."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image file's bytes, kept as they are so that a conversion need not encode them again.

    `source` is the file or its bytes; `decode(data, where)` is the codec that turns them into the channel's array;
    `check(data, where)` raises InputError where the bytes are not those that were recorded.
    """

    media_type: str
    source: Path | bytes
    decode: Callable[[bytes, str], Array]
    check: Callable[[bytes, str], None] | None = None

    @property
    def where(self) -> str:
        return str(self.source) if isinstance(self.source, Path) else f"{len(self.source)} bytes of {self.media_type}"

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            InputError: the file is missing, unreadable, or not what was recorded.
        """
        content = self.source if isinstance(self.source, bytes) else read_file(self.source, _LARGEST_IMAGE)
        if self.check is not None:
            self.check(content, self.where)
        return content


T = TypeVar("T")
Source: TypeAlias = "Array | EncodedImage | Callable[[], Array]"


class Channels(Mapping[str, Array]):
    """Channel name -> array, decoded or loaded on first use and then kept.

    Not locked: one thread works on a frame at a time.

    Raises:
        InputError: on access, when what was loaded is not what the channel's row in the table says.
    """

    def __init__(self, sources: Mapping[str, Source], size_wh: tuple[int, int], where: str = "frame") -> None:
        unknown = [name for name in sources if name not in CHANNELS]
        if unknown:
            raise InputError(f"{where}: unknown channel {unknown[0]!r}; known: {', '.join(CHANNELS)}")
        self._sources = dict(sources)
        self._size_wh = size_wh
        self._where = where
        self._arrays: dict[str, Array] = {}
        self._derived: dict[Hashable, Any] = {}

    def __getitem__(self, name: str) -> Array:
        if name not in self._arrays:
            source = self._sources[name]
            if isinstance(source, EncodedImage):
                array = source.decode(source.read(), source.where)
                where = source.where
            else:
                array = source() if callable(source) else source
                where = self._where
            self._arrays[name] = CHANNELS[name].checked(array, self._size_wh, where)
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, name: object) -> bool:  # Mapping's own version would load the array
        return name in self._sources

    def __repr__(self) -> str:
        return f"Channels({', '.join(self._sources)})"

    def encoded(self, name: str) -> EncodedImage | None:
        """The channel's original file, if it came as one."""
        source = self._sources.get(name)
        return source if isinstance(source, EncodedImage) else None

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """Something computed from the channels, such as an encoded image: made once, shared by all editions."""
        if key not in self._derived:
            self._derived[key] = make()
        found: T = self._derived[key]
        return found

    def replaced(self, **sources: Source | None) -> Channels:
        """A copy with some channels added or exchanged; None removes one."""
        merged = {name: source for name, source in {**self._sources, **sources}.items() if source is not None}
        copy = Channels(merged, self._size_wh, self._where)
        copy._arrays = {name: array for name, array in self._arrays.items() if name not in sources}
        return copy

    def nbytes(self) -> int:
        """Bytes held in memory now: what a queue bounded in bytes has to count."""
        held = sum(array.nbytes for array in self._arrays.values())
        for name, source in self._sources.items():
            if name in self._arrays:
                continue
            if isinstance(source, np.ndarray):
                held += source.nbytes
            elif isinstance(source, EncodedImage):
                held += len(source.source) if isinstance(source.source, bytes) else 0
            else:  # a loader may hold a copied buffer that it has yet to turn into the array
                held += int(getattr(source, "nbytes", 0))
        return held
