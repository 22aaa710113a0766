"""Ways to break good pictures, one at a time, and which file each one must be found in."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from framepress.quality.images import rules, table_rules
from framepress.quality.images.pictures import Picture, Pictures, pictures
from framepress.quality.look import ImageFile
from framepress.quality.rule import rules_in

__all__ = ["MUTATIONS", "SIZE", "Mutation", "chunk", "files_of", "found", "good", "png_of", "scene"]

SIZE = (160, 120)
ONE, TESTED, FIRST, SECOND = "train/a_03.png", "val/b_01.png", "train/run_00.png", "train/run_01.png"
PHOTO = "train/a_04.jpg"
RULES = (*rules_in(rules), *rules_in(table_rules))


@dataclass(frozen=True)
class Mutation:
    """Args: change: breaks the folder in place; file: where it must be found, once; also: what cannot but follow."""

    name: str
    code: str
    change: Callable[[Path], object]
    file: str = ONE
    also: tuple[str, ...] = ()


def scene(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """uint8 (H, W, 3): a lit floor with boxes on it, a dark corner, a little sensor noise."""
    rng = np.random.default_rng(seed)
    width, height = size
    image = np.empty((height, width, 3), np.float32)
    image[:] = np.linspace(40, 130, height, dtype=np.float32)[:, None, None]
    image *= rng.uniform(0.6, 1.2, 3).astype(np.float32)
    for _ in range(14):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        image[y : y + int(rng.integers(6, 40)), x : x + int(rng.integers(6, 40))] = rng.uniform(10, 245, 3)
    image[: height // 4, : width // 5] = 2
    image += rng.normal(0, 1.5, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def good(root: Path) -> None:
    """Eight frames for training, of which four are a sequence and one a JPEG; four for validation."""
    for number in range(4):
        write(root / f"train/run_{number:02d}.png", moved(number))
        write(root / f"train/a_{number:02d}.png", scene(10 + number))
        write(root / f"val/b_{number:02d}.png", scene(30 + number))
    Image.fromarray(scene(20)).save(root / PHOTO, quality=92)


def moved(number: int) -> np.ndarray:
    """One scene in which a box goes to the right."""
    image = scene(1)
    image[60:80, 20 + 9 * number : 40 + 9 * number] = (230, 40, 60)
    return image


def write(path: Path, pixels: np.ndarray, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


def files_of(root: Path) -> list[ImageFile]:
    names = sorted(path.relative_to(root).as_posix() for path in root.glob("*/*"))
    return [
        ImageFile(
            root / name,
            name,
            *SIZE,
            split=name.split("/")[0],
            sequence="run" if "run" in name else "",
            order=order,
        )
        for order, name in enumerate(names)
    ]


def found(root: Path) -> list[tuple[str, str, str]]:
    """Code, file and message of all that the rules for pictures find."""
    told: list[tuple[str, str, str]] = []

    def checked() -> Iterator[Picture]:
        for picture in pictures(files_of(root), workers=2):
            told.extend((rule.code, issue.file, issue.message) for rule in rules_in(rules) for issue in rule(picture))
            yield picture

    gathered = Pictures.of(checked())
    told += [(rule.code, issue.file, issue.message) for rule in rules_in(table_rules) for issue in rule(gathered)]
    return told


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of(rows: bytes, size: tuple[int, int], colour: int = 2, bits: int = 8, extra: bytes = b"") -> bytes:
    """A PNG of rows that have their filter type in front, whatever they are."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def rows_of(pixels: np.ndarray, kind: int = 0) -> bytes:
    lines = np.ascontiguousarray(pixels).reshape(len(pixels), -1)
    return np.hstack((np.full((len(lines), 1), kind, np.uint8), lines)).tobytes()


def edited(change: Callable[[bytes], bytes], file: str = ONE) -> Callable[[Path], object]:
    return lambda root: (root / file).write_bytes(change((root / file).read_bytes()))


def replaced(whole: bytes, file: str = ONE) -> Callable[[Path], object]:
    return edited(lambda _: whole, file)


def painted(change: Callable[[np.ndarray], np.ndarray], file: str = ONE, **options: Any) -> Callable[[Path], object]:
    """`change` is given the pixels, uint8 (H, W, 3), and gives others."""
    return lambda root: write(root / file, change(np.asarray(Image.open(root / file).convert("RGB"))), **options)


def saved(change: Callable[[Image.Image], Image.Image], file: str = ONE, **options: Any) -> Callable[[Path], object]:
    return lambda root: change(Image.open(root / file)).save(root / file, **options)


def copied(source: str, target: str) -> Callable[[Path], object]:
    return lambda root: shutil.copyfile(root / source, root / target)


def instead(make: Callable[[Path], object], file: str = ONE) -> Callable[[Path], object]:
    def apply(root: Path) -> None:
        (root / file).unlink()
        make(root / file)

    return apply


def linked_out(path: Path) -> None:
    outside = path.parents[2] / "outside.png"
    Image.fromarray(scene(77)).save(outside)
    path.symlink_to(outside)


def flipped(whole: bytes) -> bytes:
    at = len(whole) // 2
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]


def turned(image: Image.Image) -> Image.Exif:
    exif = image.getexif()
    exif[0x0112] = 6
    return exif


def oriented(file: str) -> Callable[[Path], object]:
    def apply(root: Path) -> None:
        with Image.open(root / file) as image:
            image.load()
            image.save(root / file, exif=turned(image), **({"quality": 92} if file == PHOTO else {}))

    return apply


def cut_and_saved_again(root: Path) -> None:
    """What a viewer makes of half a JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(scene(13)).save(buffer, "JPEG", quality=90)
    cut = np.asarray(Image.open(io.BytesIO(buffer.getvalue()))).copy()
    cut[80:] = 128  # what libjpeg fills up with
    write(root / ONE, cut)


def many_scans(whole: bytes) -> bytes:
    at = whole.index(b"\xff\xda")
    return whole[:at] + (whole[at:-2]) * 600 + whole[-2:]


def noisy_black(pixels: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 6, pixels.shape).astype(np.uint8)


def lit(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels * 1.5 + 150.0, 0, 255).astype(np.uint8)


def brighter(_: np.ndarray) -> np.ndarray:
    """A picture for training, one level up."""
    return scene(13) + np.uint8(1)


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(5))


def palette(image: Image.Image) -> Image.Image:
    return image.quantize(64)


BOMB = png_of(b"", (50_000, 50_000))
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 319296\n"
SCENE = scene(13)
SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

MUTATIONS = (
    Mutation("cut png", "IMG-001", edited(lambda whole: whole[:-40])),
    Mutation("cut jpeg", "IMG-001", edited(lambda whole: whole[:-40], PHOTO), PHOTO),
    Mutation("one bit of a png", "IMG-001", edited(flipped)),
    Mutation("empty", "IMG-001", replaced(b"")),
    Mutation("git-lfs pointer", "IMG-001", replaced(POINTER)),
    Mutation("text", "IMG-001", replaced(b"404 not found\n")),
    Mutation("svg", "IMG-001", replaced(SVG)),
    Mutation("gif", "IMG-001", saved(lambda image: image, format="GIF")),
    Mutation("folder", "IMG-001", instead(lambda path: path.mkdir())),
    Mutation("pipe", "IMG-001", instead(os.mkfifo)),
    Mutation("link out of the dataset", "IMG-001", instead(linked_out)),
    Mutation("bomb", "IMG-001", replaced(BOMB), also=("GEN-002", "IMG-024")),
    Mutation("bytes beyond the last pixel", "IMG-001", replaced(png_of(rows_of(SCENE) + bytes(9), SIZE))),
    Mutation("last row missing", "IMG-001", replaced(png_of(rows_of(SCENE[:-1]), SIZE))),
    Mutation("filter that does not exist", "IMG-001", replaced(png_of(rows_of(SCENE, 7), SIZE))),
    Mutation("six hundred scans", "IMG-001", edited(many_scans, PHOTO), PHOTO),
    Mutation("more behind a png", "IMG-002", edited(lambda whole: whole + b"\0" * 512)),
    Mutation("a second picture behind a jpeg", "IMG-002", edited(lambda whole: whole + whole, PHOTO), PHOTO),
    Mutation("another size", "GEN-002", saved(lambda image: image.resize((80, 60))), also=("IMG-024",)),
    Mutation("on its side", "GEN-002", painted(lambda _: np.rot90(scene(99))), also=("IMG-024",)),
    Mutation("alpha", "GEN-009", saved(lambda image: image.convert("RGBA"))),
    Mutation("grey", "GEN-009", saved(lambda image: image.convert("L"))),
    Mutation("colour that is transparent", "GEN-009", saved(lambda image: image, transparency=(10, 20, 30))),
    Mutation("16 bits", "IMG-003", replaced(png_of(rows_of(np.repeat(SCENE, 2, axis=2)), SIZE, bits=16))),
    Mutation("palette", "IMG-003", saved(palette)),
    Mutation("inks", "IMG-003", saved(lambda image: image.convert("CMYK"), PHOTO, quality=92), PHOTO),
    Mutation("jpeg to be turned", "IMG-004", oriented(PHOTO), PHOTO),
    Mutation("png to be turned", "IMG-004", oriented(ONE)),
    Mutation("jpeg called png", "IMG-005", saved(lambda image: image, format="JPEG", quality=92)),
    Mutation("black", "IMG-006", painted(np.zeros_like)),
    Mutation("black with sensor noise", "IMG-006", painted(noisy_black)),
    Mutation("white", "IMG-007", painted(lambda pixels: np.full_like(pixels, 255))),
    Mutation("one colour", "IMG-008", painted(lambda pixels: np.full_like(pixels, 90))),
    Mutation("half a jpeg saved again", "IMG-009", cut_and_saved_again),
    Mutation("quality 20", "IMG-010", saved(lambda image: image, PHOTO, quality=20), PHOTO),
    Mutation("blurred", "IMG-020", saved(blurred)),
    Mutation("frame stands still", "IMG-021", copied(FIRST, SECOND), SECOND),
    Mutation("copy", "IMG-022", copied("train/a_00.png", ONE)),
    Mutation("copy, packed otherwise", "IMG-022", replaced(png_of(rows_of(scene(10)), SIZE))),
    Mutation("saved again with loss", "IMG-023", lambda root: write(root / PHOTO, scene(10), quality=85), PHOTO),
    Mutation("two sizes", "IMG-024", saved(lambda image: image.resize((80, 60))), also=("GEN-002",)),
    Mutation("too much light", "IMG-025", painted(lit)),
    Mutation("tested on what was trained", "SPL-010", copied(ONE, TESTED), TESTED),
    Mutation(
        "tested on nearly what was trained", "SPL-010", painted(lambda _: scene(13) + np.uint8(1), TESTED), TESTED
    ),
)
