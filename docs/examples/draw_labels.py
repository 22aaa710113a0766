"""Draw a dataset's labels on its images, into one contact sheet.

    python draw_labels.py DATASET OUT.png [--rows 4] [--width 640]

A row is one image: masks, 2D boxes and key points as the COCO edition has them, boxes or outlines as YOLO has them, 3D
boxes as KITTI has them; a dataset that lacks an edition lacks its column. The files are read here with json, numpy and
Pillow alone, without the package that wrote them: what can be seen is what any other reader finds there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLOURS = (
    (230, 25, 75), (60, 180, 75), (0, 130, 200), (245, 130, 48), (145, 30, 180), (70, 240, 240),
    (240, 50, 230), (210, 245, 60), (250, 190, 212), (0, 128, 128), (220, 190, 255), (170, 110, 40),
)  # fmt: skip
CAPTION_PX = 18
BONE, JOINT = (255, 255, 255), (255, 240, 0)
NEAR_M = 0.05

Point = tuple[float, float]


class Sheet:
    """One image of the sheet: what is drawn in image pixels (edges) comes out `scale` times as large."""

    def __init__(self, picture: Image.Image, scale: float) -> None:
        self.scale = scale
        size = round(picture.width * scale), round(picture.height * scale)
        self.picture = picture.convert("RGB").resize(size, Image.LANCZOS)

    def mask(self, mask: np.ndarray, colour: tuple[int, int, int]) -> None:
        """bool (H, W)"""
        enlarged = Image.fromarray(np.uint8(mask) * 110).resize(self.picture.size, Image.NEAREST)
        self.picture.paste(Image.new("RGB", self.picture.size, colour), mask=enlarged)

    def line(self, points: list[Point], colour: tuple[int, int, int]) -> None:
        scaled = [(x * self.scale - 0.5, y * self.scale - 0.5) for x, y in points]
        ImageDraw.Draw(self.picture).line(scaled, fill=colour, width=2 if self.scale > 1 else 1, joint="curve")

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: tuple[int, int, int]) -> None:
        self.line([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)], colour)

    def dot(self, x: float, y: float, colour: tuple[int, int, int], *, filled: bool) -> None:
        x, y = x * self.scale - 0.5, y * self.scale - 0.5
        place = (x - 2.5, y - 2.5, x + 2.5, y + 2.5)
        ImageDraw.Draw(self.picture).ellipse(place, fill=colour if filled else None, outline=colour)

    def name(self, x: float, y: float, text: str, colour: tuple[int, int, int]) -> None:
        draw = ImageDraw.Draw(self.picture)
        place = (max(x, 0) * self.scale + 2, max(y * self.scale - 12, 0))
        draw.rectangle(draw.textbbox(place, text, font=FONT), fill=colour)
        draw.text(place, text, fill=(255, 255, 255) if sum(colour) < 420 else (0, 0, 0), font=FONT)

    def captioned(self, text: str) -> Image.Image:
        framed = Image.new("RGB", (self.picture.width, self.picture.height + CAPTION_PX), (20, 20, 20))
        framed.paste(self.picture, (0, CAPTION_PX))
        ImageDraw.Draw(framed).text((4, 3), text, fill=(255, 255, 255), font=FONT)
        return framed


FONT = ImageFont.load_default()


def rle_mask(height: int, width: int, counts: str | list[int]) -> np.ndarray:
    """COCO's run lengths (compressed text, or plain numbers) as bool (H, W): runs go down columns, zeros first."""
    runs = list(counts) if not isinstance(counts, str) else rle_runs(counts)
    assert sum(runs) == height * width, "run lengths do not fill the image"
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape(width, height).T


def rle_runs(text: str) -> list[int]:
    """Groups of five bits, low first, bit 5 = more follow, bit 4 of the last one = negative; from the fourth run on the
    difference to the run two before."""
    runs: list[int] = []
    value = shift = 0
    for char in text:
        group = ord(char) - 48
        value |= (group & 31) << shift
        shift += 5
        if not group & 32:
            if group & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    return runs


def polygon_mask(height: int, width: int, rings: list[list[float]]) -> np.ndarray:
    """The inside of the rings, give or take Pillow's border pixels, bool (H, W)."""
    canvas = Image.new("1", (width, height))
    for ring in rings:
        ImageDraw.Draw(canvas).polygon([(x - 0.5, y - 0.5) for x, y in zip(ring[::2], ring[1::2], strict=True)], fill=1)
    return np.asarray(canvas)


def coco(sheet: Sheet, shown: Shown) -> str:
    """Masks and boxes; far objects first, so that near ones stay readable."""
    height, width = shown.image["height"], shown.image["width"]
    for annotation in sorted(shown.annotations, key=lambda found: found["area"]):
        colour = COLOURS[annotation["category_id"] % len(COLOURS)]
        segmentation = annotation.get("segmentation")
        if isinstance(segmentation, dict):
            sheet.mask(rle_mask(*segmentation["size"], segmentation["counts"]), colour)
        elif segmentation:
            sheet.mask(polygon_mask(height, width, segmentation), colour)
    for annotation in sorted(shown.annotations, key=lambda found: found["area"]):
        x, y, w, h = annotation["bbox"]
        colour = COLOURS[annotation["category_id"] % len(COLOURS)]
        sheet.box(x, y, x + w, y + h, colour)
        if w * h * sheet.scale**2 > 900:
            sheet.name(x, y, shown.names[annotation["category_id"]], colour)
    for annotation in shown.persons:
        skeleton(sheet, annotation["keypoints"], shown.bones[annotation["category_id"]])
    return f"COCO: {len(shown.annotations)} objects"


def skeleton(sheet: Sheet, numbers: list[float], bones: list[list[int]]) -> None:
    """Visible points are filled, hidden ones are rings; COCO counts points from pixel centres, bones from 1."""
    points = [(x + 0.5, y + 0.5, v) for x, y, v in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)]
    for first, second in bones:
        (ax, ay, seen), (bx, by, too) = points[first - 1], points[second - 1]
        if seen and too:
            sheet.line([(ax, ay), (bx, by)], BONE)
    for x, y, v in points:
        if v:
            sheet.dot(x, y, JOINT, filled=v == 2)


def yolo(sheet: Sheet, shown: Shown) -> str | None:
    """Boxes or outlines."""
    split = "train" if shown.split == "default" else shown.split  # a dataset without splits
    stem = Path(shown.image["file_name"]).with_suffix("").as_posix()
    names = [f"{stem}.txt", f"{stem.replace('/', '__')}.txt"]  # as in COCO, or one folder deep
    folder = edition(shown.root, "yolo") / "labels" / split
    path = next((folder / name for name in names if (folder / name).exists()), None)
    if path is None:
        return None
    rows = [line.split() for line in path.read_text().splitlines()]
    width, height = shown.image["width"], shown.image["height"]
    for kind, *numbers in rows:
        colour = COLOURS[(int(kind) + 1) % len(COLOURS)]
        values = [float(number) for number in numbers]
        if len(values) == 4:
            x, y, w, h = values
            corners = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
            sheet.box(*corners, colour)
        else:
            points = [(x * width, y * height) for x, y in zip(values[::2], values[1::2], strict=True)]
            sheet.line([*points, points[0]], colour)
    return f"YOLO: {len(rows)} objects"


EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))


def kitti(sheet: Sheet, shown: Shown) -> str | None:
    """3D boxes through P2. A KITTI box turns about the camera's y axis only: it stands upright in the *image*."""
    root = edition(shown.root, "kitti")
    folders = [root / shown.camera / "training", root / "training"]
    stem = f"{shown.image['index']:06}"
    folder = next((found for found in folders if (found / "calib" / f"{stem}.txt").exists()), None)
    if folder is None:
        return None
    calibration = dict(line.split(": ") for line in (folder / "calib" / f"{stem}.txt").read_text().splitlines() if line)
    p2 = np.array(calibration["P2"].split(), float).reshape(3, 4)
    lines = (folder / "label_2" / f"{stem}.txt").read_text().splitlines()
    for line in lines:
        kind, *numbers = line.split()
        if kind == "DontCare":
            continue
        h, w, l, x, y, z, turn = (float(number) for number in numbers[7:14])  # noqa: E741 - KITTI's own letters
        colour = COLOURS[(shown.codes.get(kind, 0)) % len(COLOURS)]
        corners = np.array(
            [(sx * l / 2, sy * h, sz * w / 2) for sy in (0, -1) for sx, sz in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
        )
        about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
        corners = corners @ about_y.T + (x, y, z)
        for first, second in EDGES:
            ends = in_front(corners[first], corners[second])
            if ends is not None:
                sheet.line([pixel(p2, end) for end in ends], colour)
    return f"KITTI: {len(lines)} objects, upright in the camera"


def in_front(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The part of an edge that is in front of the camera."""
    if max(first[2], second[2]) < NEAR_M:
        return None
    if first[2] < NEAR_M:
        first = first + (second - first) * (NEAR_M - first[2]) / (second[2] - first[2])
    if second[2] < NEAR_M:
        second = second + (first - second) * (NEAR_M - second[2]) / (first[2] - second[2])
    return first, second


def pixel(p2: np.ndarray, point: np.ndarray) -> Point:
    """KITTI's P2 counts from pixel centres; half a pixel more counts from pixel edges."""
    u, v, depth = p2 @ (*point, 1)
    return u / depth + 0.5, v / depth + 0.5


class Shown:
    """One image of the COCO edition, and what leads to the same image in the others."""

    def __init__(
        self, root: Path, split: str, image: dict[str, Any], document: dict[str, Any], points: dict[str, Any]
    ) -> None:
        self.root, self.split, self.image = root, split, image
        self.camera = image.get("camera", {}).get("name", "")
        self.names = {category["id"]: category["name"] for category in document["categories"]}
        self.codes = {name: code for code, name in self.names.items()}
        self.annotations = [found for found in document["annotations"] if found["image_id"] == image["id"]]
        self.persons = [found for found in points["annotations"] if found["image_id"] == image["id"]]
        self.bones = {category["id"]: category.get("skeleton", []) for category in points["categories"]}


def edition(root: Path, name: str) -> Path:
    """A folder of its own, or the dataset's where it is the only one."""
    return root / name if (root / name).is_dir() else root


def images(root: Path) -> Iterator[Shown]:
    """All images of the COCO edition, split after split."""
    for path in sorted((edition(root, "coco") / "annotations").glob("instances_*.json")):
        document = json.loads(path.read_text())
        split = path.stem.removeprefix("instances_")
        pointed = path.with_name(f"person_keypoints_{split}.json")
        points = json.loads(pointed.read_text()) if pointed.exists() else {"annotations": [], "categories": []}
        for image in document["images"]:
            yield Shown(root, split, image, document, points)


def row(shown: Shown, width: int) -> Image.Image:
    """The image once for each edition, side by side."""
    picture = Image.open(edition(shown.root, "coco") / "images" / shown.split / shown.image["file_name"])
    parts = []
    draw: Callable[[Sheet, Shown], str | None]
    for draw in (coco, yolo, kitti):
        scale = width / picture.width
        sheet = Sheet(picture, scale if scale < 1 else round(scale))  # enlarged by whole pixels
        caption = draw(sheet, shown)
        if caption is not None:
            parts.append(sheet.captioned(f"{shown.image['file_name']}  {caption}"))
    return beside(parts, horizontal=True)


def beside(parts: list[Image.Image], *, horizontal: bool) -> Image.Image:
    widths, heights = [part.width for part in parts], [part.height for part in parts]
    size = (sum(widths), max(heights)) if horizontal else (max(widths), sum(heights))
    joined = Image.new("RGB", size, (20, 20, 20))
    place = 0
    for part in parts:
        joined.paste(part, (place, 0) if horizontal else (0, place))
        place += part.width if horizontal else part.height
    return joined


def chosen(found: list[Shown], count: int) -> list[Shown]:
    """Evenly spread over all images, those with objects if there are any; of each camera in turn."""
    useful = [shown for shown in found if shown.annotations] or found
    cameras: dict[str, list[Shown]] = {}
    for shown in useful:
        cameras.setdefault(shown.camera, []).append(shown)
    each = -(-count // max(len(cameras), 1))
    spread = [
        shown
        for of_camera in cameras.values()
        for shown in (of_camera[place * len(of_camera) // each] for place in range(min(each, len(of_camera))))
    ]
    return spread[:count]


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a dataset's labels on its images, into one contact sheet.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--width", type=int, default=640, help="of one image on the sheet [px], roughly")
    given = parser.parse_args()
    found = list(images(given.dataset))
    if not found:
        parser.error(f"{given.dataset}: holds no COCO edition with images")
    sheet = beside([row(shown, given.width) for shown in chosen(found, given.rows)], horizontal=False)
    sheet.save(given.out)
    print(f"{given.out}: {sheet.width} x {sheet.height} px")


if __name__ == "__main__":
    main()
