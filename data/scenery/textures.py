"""The pictures of the scenes, made here of sums, products and roots alone, so that every machine makes the same.

Each is uint8 (H, W, 3 or 4), row 0 at the top, and repeats without a seam where it is laid out in tiles.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from scenery.mesh import Array

__all__ = ["TEXTURES"]

Colour = tuple[float, float, float]

# A 3 x 5 grid a digit, from the top; 1 = painted.
DIGITS = {"4": "101101111001001"}


def _noise(size: tuple[int, int], cells: tuple[int, int], seed: int) -> Array:
    """Smooth noise in [0, 1), float64 (H, W), `cells` bumps along each axis; repeats."""
    values = np.random.default_rng(seed).random(cells)
    for axis in (0, 1):
        place = (np.arange(size[axis]) + 0.5) * cells[axis] / size[axis]
        low = place.astype(int)
        part = place - low
        part = part * part * (3 - 2 * part)
        first, second = (np.take(values, (low + step) % cells[axis], axis=axis) for step in (0, 1))
        part = part[:, None] if axis == 0 else part[None, :]
        values = first * (1 - part) + second * part
    return np.asarray(values)


def _clouds(size: tuple[int, int], cells: tuple[int, int], seed: int, octaves: int = 4) -> Array:
    """Noise upon finer noise, in [0, 1)."""
    total, weight = np.zeros(size), 0.0
    for octave in range(octaves):
        share = 0.5**octave
        total += share * _noise(size, (cells[0] << octave, cells[1] << octave), seed + octave)
        weight += share
    return total / weight


def _between(low: Colour, high: Colour, part: Array) -> Array:
    return np.asarray(np.array(low) + (np.array(high) - np.array(low)) * part[..., None])


def _bytes(picture: Array) -> Array:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _grid(size: tuple[int, int]) -> tuple[Array, Array]:
    """Rows and columns of pixel centres, in [0, 1)."""
    rows, columns = (np.arange(count) + 0.5 for count in size)
    return np.meshgrid(rows / size[0], columns / size[1], indexing="ij")


def concrete() -> Array:
    """A polished floor with stains, fine grain, and a saw cut along its border."""
    size = (512, 512)
    picture = _between((146, 144, 138), (186, 183, 175), _clouds(size, (5, 5), 11))
    picture *= 0.93 + 0.14 * _noise(size, (256, 256), 12)[..., None]
    stains = np.clip(_clouds(size, (3, 3), 17, 5) * 4 - 2.3, 0, 1)
    picture *= 1 - 0.16 * stains[..., None]
    rows, columns = _grid(size)
    edge = np.minimum(np.minimum(rows, 1 - rows), np.minimum(columns, 1 - columns))
    picture *= 1 - 0.4 * np.clip(1 - edge * 320, 0, 1)[..., None]
    return _bytes(picture)


def wall() -> Array:
    """Trapezoidal steel sheet, ribs upright."""
    size = (256, 256)
    _, columns = _grid(size)
    rib = np.abs((columns * 8) % 1 - 0.5) * 2
    shade = 0.86 + 0.18 * np.clip((rib - 0.3) * 3, 0, 1) - 0.12 * np.clip(1 - np.abs(rib - 0.45) * 8, 0, 1)
    picture = _between((176, 186, 192), (196, 203, 206), _clouds(size, (4, 4), 21)) * shade[..., None]
    return _bytes(picture)


def plaster() -> Array:
    """The concrete plinth below the sheets, with drips."""
    size = (256, 256)
    picture = _between((132, 133, 131), (164, 163, 158), _clouds(size, (6, 6), 31))
    picture *= 0.95 + 0.1 * _noise(size, (8, 64), 33)[..., None]
    return _bytes(picture)


def wood() -> Array:
    """Rough spruce, its grain along u."""
    size = (128, 256)
    rows, _ = _grid(size)
    bend = rows * 11 + 0.7 * _clouds(size, (3, 2), 41)
    rings = np.abs(bend % 1 - 0.5) * 2
    picture = _between((150, 112, 70), (205, 165, 114), rings * rings * (3 - 2 * rings))
    picture *= 0.86 + 0.26 * _noise(size, (96, 10), 43)[..., None]
    return _bytes(picture)


# Board: (darker, lighter).
BOARDS: dict[str, tuple[Colour, Colour]] = {
    "carton": ((166, 124, 82), (190, 147, 101)),
    "carton_dark": ((138, 98, 62), (160, 117, 77)),
    "carton_white": ((206, 203, 196), (226, 223, 216)),
}


def _board(name: str, seed: int) -> Array:
    size = (256, 256)
    picture = _between(*BOARDS[name], _clouds(size, (3, 4), seed))
    picture *= 0.965 + 0.07 * _noise(size, (4, 128), seed + 5)[..., None]
    rows, columns = _grid(size)
    edge = np.minimum(np.minimum(rows, 1 - rows), np.minimum(columns, 1 - columns))
    return np.asarray(picture * (1 - 0.22 * np.clip(1 - edge * 40, 0, 1))[..., None])


def carton(name: str) -> Array:
    """Corrugated board with a strip of tape across its middle."""
    picture = _board(name, 51)
    rows, _ = _grid(picture.shape[:2])
    tape = np.abs(rows - 0.5) < 0.055
    picture[tape] = picture[tape] * 0.35 + np.array((205, 178, 132)) * 0.65
    return _bytes(picture)


def carton_print(name: str) -> Array:
    """The same with a shipping label, two arrows that point up and the end of the tape."""
    picture = _board(name, 61)
    rows, columns = _grid(picture.shape[:2])
    tape = (np.abs(columns - 0.5) < 0.05) & (rows < 0.2)
    picture[tape] = picture[tape] * 0.35 + np.array((205, 178, 132)) * 0.65
    label = (np.abs(columns - 0.28) < 0.17) & (np.abs(rows - 0.62) < 0.14)
    picture[label] = (238, 237, 232)
    bars = np.random.default_rng(63).random(40) < 0.5
    stripe = bars[np.clip(((columns - 0.13) / 0.3 * 40).astype(int), 0, 39)]
    picture[label & stripe & (np.abs(rows - 0.68) < 0.055) & (np.abs(columns - 0.28) < 0.14)] = (30, 30, 32)
    lines = (((rows - 0.5) * 48).astype(int) % 2 == 0) & (np.abs(rows - 0.55) < 0.05)
    picture[label & lines & (columns < 0.36) & (columns > 0.14)] = (70, 70, 74)
    for middle in (0.66, 0.83):
        across, down = np.abs(columns - middle), rows - 0.45
        arrow = ((across < 0.02) & (down > 0) & (down < 0.24)) | ((across < (down + 0.1) * 0.6) & (down < 0.02))
        picture[arrow | ((across < 0.07) & (np.abs(down - 0.275) < 0.013))] = (52, 40, 32)
    return _bytes(picture)


def hazard() -> Array:
    """Yellow and black, at a slant."""
    rows, columns = _grid((128, 128))
    black = ((rows + columns) * 2) % 1 < 0.5
    picture = np.where(black[..., None], (34, 34, 36), (244, 190, 20)).astype(float)
    return _bytes(picture * (0.88 + 0.14 * _clouds((128, 128), (4, 4), 71)[..., None]))


def line() -> Array:
    """Floor paint, worn."""
    size = (128, 256)
    picture = _between((236, 182, 24), (248, 202, 52), _clouds(size, (3, 6), 81))
    worn = np.clip(_clouds(size, (8, 16), 85) * 9 - 6.1, 0, 1)
    return _bytes(picture * (1 - 0.3 * worn[..., None]))


def door() -> Array:
    """Slats of a rolling door."""
    rows, _ = _grid((256, 256))
    slat = (rows * 16) % 1
    shade = 0.82 + 0.22 * slat - 0.35 * np.clip(1 - np.abs(slat - 0.03) * 24, 0, 1)
    picture = _between((206, 209, 208), (222, 223, 220), _clouds((256, 256), (2, 6), 91)) * shade[..., None]
    return _bytes(picture)


def hi_vis() -> Array:
    """Cloth of a warning vest."""
    size = (128, 128)
    picture = _between((196, 226, 30), (226, 246, 70), _clouds(size, (6, 6), 101))
    return _bytes(picture * (0.94 + 0.1 * _noise(size, (64, 64), 103)[..., None]))


def denim() -> Array:
    size = (128, 128)
    picture = _between((34, 44, 66), (58, 70, 96), _clouds(size, (6, 6), 111))
    return _bytes(picture * (0.86 + 0.26 * _noise(size, (64, 64), 113)[..., None]))


def mesh_fence() -> Array:
    """Welded wire: opaque where there is wire; a pane of 8 x 8 openings."""
    rows, columns = _grid((256, 256))
    wire = np.zeros((256, 256), bool)
    round_off = np.zeros((256, 256))
    for place in (rows, columns):
        off = np.abs((place * 8) % 1 - 0.5) * 2  # 1 at a wire's middle
        wire |= off > 0.8
        round_off = np.maximum(round_off, np.clip((off - 0.8) * 5, 0, 1))
    picture = _between((120, 126, 130), (214, 220, 222), round_off)
    return np.concatenate([_bytes(picture), np.where(wire, 255, 0).astype(np.uint8)[..., None]], axis=2)


def aisle_sign() -> Array:
    """A round-cornered plate with the digit of the aisle cut out of it, as a stencil."""
    rows, columns = _grid((256, 256))
    across, down = np.abs(columns - 0.5), np.abs(rows - 0.5)
    corner = np.hypot(np.clip(across - 0.34, 0, 1), np.clip(down - 0.34, 0, 1))
    plate = corner < 0.15
    border = plate & (corner > 0.115)
    digit = np.zeros((256, 256), bool)
    for k, painted in enumerate(DIGITS["4"]):
        if painted == "1":
            row, column = divmod(k, 3)
            digit |= (np.abs(rows - 0.22 - 0.14 * row) < 0.0701) & (np.abs(columns - 0.36 - 0.14 * column) < 0.0701)
    picture = np.where(border[..., None], (240, 240, 236), (22, 92, 170))
    return np.concatenate([_bytes(picture), np.where(plate & ~digit, 255, 0).astype(np.uint8)[..., None]], axis=2)


def hall_light() -> Array:
    """What lies around the hall, latitude by longitude: bright roof lights above, dim walls, a warm floor below."""
    rows, columns = _grid((128, 256))
    roof = _between((96, 104, 114), (206, 214, 222), np.clip(1 - rows * 2.2, 0, 1))
    strips = (rows < 0.34) & (((columns * 8) % 1) < 0.3)
    roof[strips] = (255, 252, 244)
    floor = _between((92, 88, 82), (70, 66, 60), np.clip(rows * 2 - 1, 0, 1))
    picture = np.where((rows > 0.5)[..., None], floor, roof)
    return _bytes(picture * (0.96 + 0.08 * _clouds((128, 256), (4, 8), 121)[..., None]))


def checker() -> Array:
    """Squares, for the cloth on the table-top."""
    rows, columns = _grid((128, 128))
    dark = ((rows * 8).astype(int) + (columns * 8).astype(int)) % 2 == 0
    picture = np.where(dark[..., None], (176, 44, 40), (236, 230, 220)).astype(float)
    return _bytes(picture * (0.95 + 0.08 * _noise((128, 128), (64, 64), 131)[..., None]))


# File name -> picture. JPEG where it is opaque, PNG where it is cut out.
TEXTURES: dict[str, Callable[[], Array]] = {
    "aisle_sign.png": aisle_sign,
    **{f"{name}.jpg": partial(carton, name) for name in BOARDS},
    **{f"{name}_print.jpg": partial(carton_print, name) for name in BOARDS},
    "checker.jpg": checker,
    "concrete.jpg": concrete,
    "denim.jpg": denim,
    "door.jpg": door,
    "hall_light.jpg": hall_light,
    "hazard.jpg": hazard,
    "hi_vis.jpg": hi_vis,
    "line.jpg": line,
    "mesh_fence.png": mesh_fence,
    "plaster.jpg": plaster,
    "wall.jpg": wall,
    "wood.jpg": wood,
}
