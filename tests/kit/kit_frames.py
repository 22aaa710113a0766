"""Two cameras' payloads of a crate that moves, as Replicator delivers them; numpy is all that this needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from replicator_payloads import boxed, camera_params, payload, rows_2d, rows_3d, transform, view_matrix

SIZE = WIDTH, HEIGHT = 48, 32
CAMERAS = ("Front", "Back")
CRATE = "/World/Crate"
COLOURS = {"0": "BACKGROUND", "1": "UNLABELLED", "2": CRATE}


def payloads(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        products = {name: _product(number, side) for side, name in enumerate(CAMERAS)}
        yield payload("renderProduct", products, SIZE, reference_time=(number, 24))


def _product(number: int, side: int) -> dict[str, Any]:
    left, top = 4 + number, 6 + side
    box = (left, top, left + 9, top + 7)
    ids = np.zeros((HEIGHT, WIDTH), np.uint32)
    ids[top : top + 8, left : left + 10] = 2
    rgb = np.random.default_rng([number, side]).integers(0, 255, (HEIGHT, WIDTH, 4), np.uint8)
    rows = rows_2d(box, occlusion=[0.0])
    solid = rows_3d(((-1, -1, -1), (1, 1, 1), transform(at=(number, 0, 1))))
    eye = (0, -12 if side == 0 else 12, 1)
    masks = {"idToLabels": COLOURS, "idToSemantics": {"2": {"class": "crate"}}}
    return {
        "rgb": {"data": rgb},
        "distance_to_image_plane": {"data": np.where(ids > 0, 11, np.inf).astype(np.float32)},
        "semantic_segmentation": {
            "data": ids,
            "idToLabels": {"0": {"class": "BACKGROUND"}, "1": {"class": "UNLABELLED"}, "2": {"class": "crate"}},
        },
        "instance_segmentation_fast": {"data": ids, **masks},
        "bounding_box_2d_tight": boxed(rows, ["crate"], [CRATE]),
        "bounding_box_2d_loose": boxed(rows, ["crate"], [CRATE]),
        "bounding_box_3d": boxed(solid, ["crate"], [CRATE]),
        "camera_params": camera_params(view_matrix(eye, (number, 0, 1)), SIZE),
    }
