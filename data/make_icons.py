"""The extension's icon and preview: `python data/make_icons.py`.

Drawn four times as large and reduced, so that edges are smooth at 256 px and at the 64 px of Kit's list.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "exts" / "framepress.replicator" / "data"

SIDE, LARGER = 256, 4
NIGHT, SLATE, STEEL, PAPER, SKY = "#1b222c", "#2c3846", "#aeb9c6", "#f4f6f8", "#cfdce8"
MASK, CRATE, BOX = "#f08a24", "#c96c10", "#22c08a"

Point = tuple[float, float]


class Sheet:
    """A drawing whose coordinates are those of the finished icon [px]."""

    def __init__(self) -> None:
        self.image = Image.new("RGBA", (SIDE * LARGER, SIDE * LARGER), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)

    def block(self, left: float, top: float, right: float, bottom: float, colour: str, radius: float = 0) -> None:
        corners = tuple(value * LARGER for value in (left, top, right, bottom))
        self._draw.rounded_rectangle(corners, radius * LARGER, fill=colour)

    def outline(self, left: float, top: float, right: float, bottom: float, colour: str, width: float) -> None:
        corners = tuple(value * LARGER for value in (left, top, right, bottom))
        self._draw.rectangle(corners, outline=colour, width=round(width * LARGER))

    def shape(self, points: list[Point], colour: str) -> None:
        self._draw.polygon([(x * LARGER, y * LARGER) for x, y in points], fill=colour)

    def finished(self) -> Image.Image:
        return self.image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def icon() -> Image.Image:
    """A press above a picture; in it an object with its mask and its box."""
    sheet = Sheet()
    sheet.block(0, 0, 255, 255, NIGHT, radius=44)
    sheet.block(112, 0, 143, 40, STEEL)  # the spindle comes out of the edge
    sheet.block(28, 36, 227, 64, STEEL, radius=8)
    sheet.block(28, 80, 227, 223, PAPER, radius=10)
    sheet.block(40, 92, 215, 211, SKY)
    sheet.block(40, 178, 215, 211, SLATE)
    sheet.shape([(128, 112), (172, 130), (172, 180), (128, 200), (84, 180), (84, 130)], MASK)
    sheet.shape([(128, 149), (172, 130), (172, 180), (128, 200)], CRATE)
    sheet.outline(72, 102, 184, 206, BOX, width=8)
    for x in (76, 180):
        for y in (106, 202):
            sheet.block(x - 11, y - 11, x + 11, y + 11, BOX, radius=3)
    sheet.block(28, 235, 227, 245, STEEL, radius=5)
    return sheet.finished()


def preview() -> Image.Image:
    """The demo's picture of one frame: its masks, and below its boxes in space."""
    demo = Image.open(ROOT / "docs" / "images" / "demo.png").convert("RGB")
    width, height = demo.width // 3, demo.height // 2
    both = Image.new("RGB", (width, 2 * height))
    both.paste(demo.crop((0, 0, width, height)), (0, 0))
    both.paste(demo.crop((2 * width, 0, 3 * width, height)), (0, height))
    return both


def main() -> None:
    icon().save(TARGET / "icon.png", optimize=True)
    preview().save(TARGET / "preview.png", optimize=True)


if __name__ == "__main__":
    main()
