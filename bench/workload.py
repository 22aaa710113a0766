"""The frames that every benchmark here measures on: made, not downloaded, the same on every machine.

Ragged blobs that overlap, some with holes or cut by a thin occluder, over a photo-like picture with sensor noise and a
sloping depth: what an instance annotator hands to a writer.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Array = np.ndarray
WIDTH, HEIGHT = 1280, 720
CLASSES = ("pallet", "forklift", "box", "cone", "rack", "person", "cart", "drum", "robot", "sign")


def id_map(instances: int, seed: int, width: int = WIDTH, height: int = HEIGHT) -> Array:
    """uint32 (H, W): about so many visible instances with ids from 1, covering a quarter to a third of the frame."""
    rng = np.random.default_rng(seed)
    picture = Image.new("I", (width, height))
    draw = ImageDraw.Draw(picture)
    base = np.sqrt(0.55 * width * height / (instances * np.pi))
    for number in range(1, instances + 1):
        x, y = rng.uniform(0.03, 0.97, 2) * (width, height)
        radius = base * rng.uniform(0.5, 1.4)
        corners = int(np.clip(radius * 2, 24, 360))
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        wave = 1 + sum(rng.normal(0, 0.35 / k) * np.cos(k * angle + rng.uniform(0, 6.28)) for k in range(2, 12))
        wave = np.clip(wave + rng.normal(0, 0.015, corners), 0.15, 2.2) * radius  # ragged, as cut-out leaves are
        outline = np.stack((x + wave * np.cos(angle), y + rng.uniform(0.5, 1) * wave * np.sin(angle)), 1)
        draw.polygon([tuple(point) for point in outline.tolist()], fill=number)
        if rng.random() < 0.2:  # a hole that shows the background
            hole = max(2.0, radius * 0.25)
            draw.ellipse((x - hole, y - hole, x + hole, y + hole), fill=0)
        if rng.random() < 0.15:  # a thin occluder cuts it in two
            ends = [
                (x - 2 * radius, y + rng.uniform(-radius, radius)),
                (x + 2 * radius, y + rng.uniform(-radius, radius)),
            ]
            draw.line(ends, fill=0, width=max(1, int(radius * 0.06)))
    return np.asarray(picture).astype(np.uint32)


def picture(ids: Array, seed: int) -> Array:
    """uint8 (H, W, 3): gradients, three octaves of smooth noise, a colour an object, sensor noise."""
    rng = np.random.default_rng(seed)
    height, width = ids.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    image = np.stack((60 + 90 * y / height, 70 + 60 * x / width, 120 + 50 * (1 - y / height)), 2)
    for scale, strength in ((8, 30), (40, 14), (160, 7)):
        coarse = rng.normal(0, 1, (max(2, height * scale // 720), max(2, width * scale // 720), 3)).astype(np.float32)
        fine = [Image.fromarray(coarse[..., band]).resize((width, height), Image.BICUBIC) for band in range(3)]
        image += strength * np.stack([np.asarray(band) for band in fine], 2)
    colours = rng.uniform(-70, 70, (int(ids.max()) + 1, 3)).astype(np.float32)
    colours[0] = 0
    image += colours[ids] + rng.normal(0, 2.0, image.shape).astype(np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)


def depth(ids: Array, seed: int) -> Array:
    """float32 (H, W) [m]: a floor, a tilted plane an object, +inf along the top."""
    rng = np.random.default_rng(seed)
    height, width = ids.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    metres = 2 + 38 * (1 - y / height) ** 2
    count = int(ids.max()) + 1
    z, slope_x, slope_y = rng.uniform(1.5, 20, count), rng.normal(0, 1e-3, count), rng.normal(0, 1e-3, count)
    planes = z[ids] + slope_x[ids] * x + slope_y[ids] * y
    metres = np.clip(np.where(ids > 0, planes, metres), 0.3, 60).astype(np.float32)
    metres[: height // 12][ids[: height // 12] == 0] = np.inf
    return metres


def cpu_ms(call: Callable[[Any], Any], inputs: Sequence[Any], seconds: float = 4.0) -> float:
    """Median CPU milliseconds a call, over the inputs again and again for so many seconds; the first is not counted."""
    call(inputs[0])
    gc.collect()
    taken: list[float] = []
    while sum(taken) < seconds and len(taken) < 20 * len(inputs):
        for value in inputs:
            begin = time.process_time()
            call(value)
            taken.append(time.process_time() - begin)
    return statistics.median(taken) * 1e3


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned text; the first column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, *rows)
    ]
    return "\n".join((title, *lines, ""))
