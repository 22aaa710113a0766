"""What the pixels of a recording's segmentations and distances say, decoded once, in threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.basic.documents import is_pointer
from framepress.quality.basic.table import DISTANCES, ID_MAPS, BasicLook, IdMap, Shot
from framepress.storage import images, npy, png
from framepress.storage.images_header import MAX_PIXELS

__all__ = ["Distances", "Pixels", "measured"]

_HEAD_BYTES = 1 << 16
_LONGEST = 1 << 30
_ARRAYS = {**dict.fromkeys(DISTANCES, (0, 1)), "motion_vectors": (2, 3, 4)}
"""Arrays of the image's size, and how many components they may have."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Of a segmentation: values without an entry, the first of them as words, and the share that has no label."""

    missing: int
    first: str
    unlabelled: float


@dataclass(frozen=True, slots=True)
class Distances:
    """Shares of pixels; least and most are of finite ones above 0 (NaN: none). `ratio`: recorded by expected distance,
    the median over objects that are seen and whose 3D box tells where they are; NaN where fewer than three do."""

    zero: float
    odd: float
    infinite: float
    least: float
    most: float
    ratio: float


@dataclass(slots=True)
class Measured:
    """Of one shot: kind of file -> what was found; `wrong` what cannot be decoded, or is of another size."""

    wrong: dict[str, str] = field(default_factory=dict)
    pixels: dict[str, Pixels] = field(default_factory=dict)
    distances: dict[str, Distances] = field(default_factory=dict)


def measured(basic: BasicLook, frames: frozenset[str] | None) -> Sequence[Measured | None]:
    """One a shot; None for frames that are not asked for. Decoded once, whichever rules ask."""
    if frames not in basic.measured:
        objects = _objects(basic)

        def of(number: int) -> Measured | None:
            shot = basic.shots[number]
            if frames is not None and shot.frame not in frames:
                return None
            return _measure(basic.root, shot, objects.get(number))

        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="framepress-rules") as pool:
            basic.measured[frames] = list(pool.map(of, range(len(basic.shots))))
    found: Sequence[Measured | None] = basic.measured[frames]
    return found


def _measure(root: Path, shot: Shot, objects: Array | None) -> Measured:
    found = Measured()
    for kind, name in shot.files.items():
        path = root / name
        try:
            if kind in ID_MAPS:
                _of_segmentation(path, shot, kind, found)
            elif kind in _ARRAYS:
                _of_array(path, shot, kind, objects, found)
            elif kind == "rgb":
                with open_file(path) as stream:
                    head = stream.read(_HEAD_BYTES)
                if head and not is_pointer(head):
                    header = images.probe(head, repr(name))
                    _compare(found, kind, (header.width, header.height), shot.size)
        except (InputError, OSError, ValueError) as error:
            found.wrong[kind] = str(error).replace(str(path), repr(name)).partition(";")[0]
    return found


def _content(path: Path) -> bytes | None:
    """None for what FILE-004 tells: nothing, or a git-lfs pointer."""
    with open_file(path) as stream:
        content = stream.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise InputError(f"{path}: has more than {_LONGEST} bytes")
    return None if not content or is_pointer(content[:1024]) else content


def _compare(found: Measured, kind: str, size: tuple[int, int], expected: tuple[int, int]) -> bool:
    if expected == (0, 0) or size == expected:
        return True
    found.wrong[kind] = f"is {size[0]} x {size[1]} px, the product {expected[0]} x {expected[1]}"
    return False


def _of_segmentation(path: Path, shot: Shot, kind: str, found: Measured) -> None:
    content = _content(path)
    if content is None:
        return
    header = images.probe(content[:_HEAD_BYTES], str(path))
    if not _compare(found, kind, (header.width, header.height), shot.size):
        return
    ids = png.decode_ids(content, str(path), max_pixels=MAX_PIXELS)
    if kind in shot.maps:
        found.pixels[kind] = _pixels(ids, shot.maps[kind])


def _pixels(ids: Array, known: IdMap) -> Pixels:
    """Looked up once a run of equal pixels, of which there are few."""
    flat = ids.reshape(-1)
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    lengths = np.diff(starts, append=flat.size)
    heads = flat[starts]
    missing = ~np.isin(heads, known.known)
    first = ""
    if missing.any():
        run = int(missing.argmax())
        y, x = divmod(int(starts[run]), ids.shape[1])
        value = int(heads[run])
        name = f"colour {tuple(value.to_bytes(4, 'little'))}" if known.coloured else f"id {value}"
        first = f"{name} at x {x}, y {y}"
    bare = lengths[np.isin(heads, known.unlabelled)].sum()
    return Pixels(int(lengths[missing].sum()), first, float(bare / flat.size))


def _of_array(path: Path, shot: Shot, kind: str, objects: Array | None, found: Measured) -> None:
    content = _content(path)
    if content is None:
        return
    values = npy.decode(content, str(path))
    shape = values.shape
    if values.dtype.kind != "f":
        found.wrong[kind] = f"holds {values.dtype}, expected floating-point numbers"
    elif len(shape) < 2 or (shape[2] if len(shape) == 3 else 0) not in _ARRAYS[kind] or not values.size:
        found.wrong[kind] = f"has the shape {shape}, expected (height, width)"
    elif _compare(found, kind, (shape[1], shape[0]), shot.size) and kind in DISTANCES:
        found.distances[kind] = _distances(values.reshape(shape[:2]), kind, objects)


def _distances(values: Array, kind: str, objects: Array | None) -> Distances:
    count = values.size
    infinite = np.count_nonzero(values == np.inf)
    odd = count - np.count_nonzero(values >= 0)  # NaN is not
    near = values[(values > 0) & (values < np.inf)]
    ratio = np.nan
    if objects is not None and len(objects) >= 3:
        x, y = objects[:, 0].astype(np.intp), objects[:, 1].astype(np.intp)
        expected = objects[:, 2 if kind == "distance_to_image_plane" else 3]
        inside = (y < values.shape[0]) & (x < values.shape[1])
        seen = values[y[inside], x[inside]] / expected[inside]
        seen = seen[(seen > 0) & np.isfinite(seen)]
        ratio = float(np.median(seen)) if len(seen) >= 3 else np.nan
    return Distances(
        zero=np.count_nonzero(values == 0) / count,
        odd=odd / count,
        infinite=infinite / count,
        least=float(near.min()) if near.size else np.nan,
        most=float(near.max()) if near.size else np.nan,
        ratio=ratio,
    )


def _objects(basic: BasicLook) -> dict[int, Array]:
    """Shot -> float64 (N, 4): x, y [px] of the middle of a tight box, and how far the 3D box of its prim is, along the
    optical axis and from the camera [scene units]; of objects that are at most a fifth hidden."""
    tight, solid = basic.boxes["bounding_box_2d_tight"], basic.boxes["bounding_box_3d"]
    places = {pair: row for row, pair in enumerate(zip(solid.shot.tolist(), solid.path.tolist(), strict=True))}
    seen = np.flatnonzero((tight.path >= 0) & (tight.occlusion >= 0) & (tight.occlusion <= 0.2))
    pairs = [
        (row, places[key]) for row in seen.tolist() if (key := (int(tight.shot[row]), int(tight.path[row]))) in places
    ]
    found: dict[int, list[Array]] = {}
    views = [_view(shot) for shot in basic.shots]
    for row, other in pairs:
        shot = int(tight.shot[row])
        view = views[shot]
        if view is None:
            continue
        middle = np.append((solid.extents[other, :3] + solid.extents[other, 3:]) / 2, 1.0)
        at = (middle @ solid.transform[other] @ view)[:3]
        x0, y0, x1, y1 = tight.box[row]
        if -at[2] > 0 and np.isfinite(at).all() and 0 <= x0 <= x1 and 0 <= y0 <= y1:
            found.setdefault(shot, []).append(np.array([(x0 + x1) // 2, (y0 + y1) // 2, -at[2], np.linalg.norm(at)]))
    return {shot: np.stack(rows) for shot, rows in found.items()}


def _view(shot: Shot) -> Array | None:
    """`cameraViewTransform`, world to camera, row vectors, scene units; None where it is none."""
    try:
        view = np.array((shot.params or {})["cameraViewTransform"], np.float64).reshape(4, 4)
    except (KeyError, ValueError, TypeError):
        return None
    return view if np.isfinite(view).all() else None
