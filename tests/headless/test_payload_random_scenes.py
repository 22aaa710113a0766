"""Segmentation and boxes of random trees of labelled prims, against a reading of each pixel by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framepress.headless.buffers import Buffers
from framepress.headless.payloads import Quirks, Shot, value
from framepress.headless.scene import Entity, Placement
from headless.fake_shot import box_of, camera, scene

WIDTH, HEIGHT = 17, 9


class Drawn:
    """E prims in a tree, in an order in which a child may come before its parent; each pixel shows one leaf."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        count = int(rng.integers(1, 9))
        order = rng.permutation(count)  # place in the tree -> row
        self.parent = [-1] * count
        for place in range(1, count):
            if rng.random() < 0.7:
                self.parent[order[place]] = int(order[rng.integers(0, place)])
        self.own = [frozenset(rng.choice(["a", "B", "c"], rng.integers(1, 3)).tolist()) for _ in range(count)]
        self.leaf_entity = [int(rng.integers(-1, count)) for _ in range(12)]
        leaf = rng.integers(-1, 12, (HEIGHT // 3, WIDTH)).repeat(3, axis=0)
        self.leaf = leaf.astype(np.int32)
        self.shot = self._shot()

    def above(self, row: int) -> list[int]:
        """The row itself, then its ancestors."""
        found = []
        while row >= 0:
            found.append(row)
            row = self.parent[row]
        return found

    def path(self, row: int) -> str:
        return "/" + "/".join(f"E{place}" for place in reversed(self.above(row)))

    def labels(self, row: int) -> str:
        return ",".join(sorted({label.lower() for above in self.above(row) for label in self.own[above]}))

    def pixels(self, rows: list[int]) -> np.ndarray:
        """bool (H, W): the pixels of leaves that belong to one of these entities themselves."""
        return np.isin(self.leaf, [leaf for leaf, entity in enumerate(self.leaf_entity) if entity in rows])

    def _shot(self) -> Shot:
        rows = range(len(self.parent))
        entities = tuple(
            Entity(
                self.path(row),
                {"class": tuple(sorted(self.own[row]))},
                {"class": tuple(label for above in self.above(row)[1:] for label in sorted(self.own[above]))},
                self.parent[row],
                row in self.parent,
            )
            for row in rows
        )
        placements = tuple(Placement(f"/Leaf{leaf}", 0, (0,), entity) for leaf, entity in enumerate(self.leaf_entity))
        masks = [self.pixels([row]) for row in rows]
        counts = np.array([mask.sum() for mask in masks], np.int64)
        boxes = np.array([box_of(mask) for mask in masks], np.int32)
        far = np.ones((HEIGHT, WIDTH), np.float32)
        entity = np.array([*self.leaf_entity, -1], np.int32)[self.leaf]
        buffers = Buffers(self.leaf, entity, far, far, None, None, None, counts, boxes, counts * 2, boxes)
        lens = replace(camera().lens, width=WIDTH, height=HEIGHT)
        return Shot(scene(entities=entities, placements=placements), replace(camera(), lens=lens), buffers)


@pytest.mark.parametrize("wanted", ["*", "a", "b"])
@pytest.mark.parametrize("seed", range(40))
def test_every_pixel_and_row_belongs_to_the_nearest_prim_that_passes(seed: int, wanted: str) -> None:
    drawn = Drawn(seed)
    passing = [row for row, own in enumerate(drawn.own) if wanted == "*" or wanted in {label.lower() for label in own}]
    params = {"semanticFilter": f"class:{wanted}"}
    quirks = Quirks(redraw=seed if seed % 2 else None)
    instance, semantic, tight = (
        value(name, drawn.shot, params, quirks=quirks)
        for name in ("instance_segmentation_fast", "semantic_segmentation_fast", "bounding_box_2d_tight_fast")
    )
    assert instance.data is not None
    assert semantic.data is not None
    assert tight.data is not None
    seen = set()
    for y, x in np.ndindex(HEIGHT, WIDTH):
        leaf = drawn.leaf[y, x]
        owner = next((row for row in drawn.above(drawn.leaf_entity[leaf]) if row in passing), None)
        name = "BACKGROUND" if leaf < 0 else "UNLABELLED" if owner is None else drawn.path(owner)
        text = name if owner is None or leaf < 0 else drawn.labels(owner)
        assert instance.info["idToLabels"][int(instance.data[y, x])] == name
        assert instance.info["idToSemantics"][int(instance.data[y, x])] == {"class": text}
        assert semantic.info["idToLabels"][int(semantic.data[y, x])] == {"class": text}
        seen |= {name}
    assert set(instance.info["idToLabels"].values()) == seen | {"BACKGROUND", "UNLABELLED"}
    texts = [labels["class"] for labels in semantic.info["idToLabels"].values()]
    assert len(texts) == len(set(texts))
    expected = {}
    for row in passing:
        below = [other for other in range(len(drawn.parent)) if row in drawn.above(other)]
        box = box_of(drawn.pixels(below))
        if box[2] >= box[0]:
            expected[drawn.path(row)] = (box, drawn.labels(row), -1.0 if len(below) > 1 else 0.5)
    found = {
        path: (
            tuple(int(record[name]) for name in ("x_min", "y_min", "x_max", "y_max")),
            tight.info["idToLabels"][int(record["semanticId"])]["class"],
            float(record["occlusionRatio"]),
        )
        for path, record in zip(tight.info["primPaths"], tight.data, strict=True)
    }
    assert found == expected
