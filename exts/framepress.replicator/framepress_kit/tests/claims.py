"""What holds of the extension in any host: claimed inside Kit by the tests beside this file, and in the stand-in."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

__all__ = ["FRAMES", "Captured", "the_writer_is_known", "the_writer_is_unknown"]

NAME = "FramepressWriter"
FRAMES = 3
SIZE_WH = (64, 48)


def the_writer_is_known(rep: ModuleType) -> None:
    assert NAME in rep.WriterRegistry.get_writers()
    assert getattr(rep.WriterRegistry, "_default_writers", [NAME]).count(NAME) == 1


def the_writer_is_unknown(rep: ModuleType) -> None:
    assert NAME not in rep.WriterRegistry.get_writers()
    assert NAME not in getattr(rep.WriterRegistry, "_default_writers", [])


class Captured:
    """A labelled cube before a camera, and the writer attached: the host captures `FRAMES` frames next."""

    def __init__(self, rep: ModuleType, folder: Path) -> None:
        """Raises: AssertionError: the registry makes no writer."""
        self._folder = folder
        rep.create.cube(position=(0, 0, 0), semantics=[("class", "crate")])
        camera = rep.create.camera(position=(5, 4, 3), look_at=(0, 0, 0))
        product = rep.create.render_product(camera, SIZE_WH)
        self.writer = rep.WriterRegistry.get(NAME)
        self.writer.initialize(output_dir=str(folder), formats="coco,yolo", labels=["crate"])
        self.writer.attach([product])

    def is_complete(self) -> None:
        """Each frame is in both datasets, and the cube is seen and boxed in each."""
        found = json.loads((self._folder / "coco" / "annotations" / "instances_default.json").read_text("utf-8"))
        assert len(found["images"]) == FRAMES
        assert len(found["annotations"]) == FRAMES
        assert found["categories"][0]["name"] == "crate"
        for box in (annotation["bbox"] for annotation in found["annotations"]):
            assert 0 <= box[0] < box[0] + box[2] <= SIZE_WH[0]
            assert 0 <= box[1] < box[1] + box[3] <= SIZE_WH[1]
        labels = sorted((self._folder / "yolo" / "labels").rglob("*.txt"))
        assert len(labels) == FRAMES
        assert all(path.read_text("utf-8").startswith("0 ") for path in labels)

    def is_put_away(self) -> None:
        self.writer.detach()
