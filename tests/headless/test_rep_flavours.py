"""Scripts in the manner of public documentation run unmodified under every release, and give the same dataset; drawn by
the real renderer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from framepress.formats import basic
from framepress.headless import stand_in
from framepress.headless.host import RELEASES

WRITER = '''
import numpy as np
from omni.replicator.core import AnnotatorRegistry, BackendDispatch, Writer, WriterRegistry

try:
    from omni.replicator.core.functional import write_image, write_json
except ImportError:
    from omni.replicator.core.scripts.functional import write_image, write_json


class PairsWriter(Writer):
    """A picture, and a line for each box."""

    def __init__(self, output_dir=None, backend=None, padding=4, **kwargs):
        self.version = "0.0.1"
        self.annotators = []
        self.data_structure = "renderProduct"
        self.backend = backend or BackendDispatch(output_dir=output_dir)
        self.annotators.append(AnnotatorRegistry.get_annotator("rgb"))
        self.annotators.append("distance_to_image_plane")
        self.annotators.append(
            AnnotatorRegistry.get_annotator("bounding_box_2d_tight_fast", init_params={"semanticTypes": ["class"]})
        )
        self._padding = padding
        self._frame_id = 0

    def write(self, data):
        for name, view in data["renderProducts"].items():
            stem = f"{name}_{self._frame_id:0{self._padding}d}"
            self.backend.schedule(write_image, path=f"rgb/{stem}.png", data=view["rgb"]["data"])
            self.backend.schedule(write_image, path=f"near/{stem}.png", data=self.near(view))
            boxes, labels = view["bounding_box_2d_tight_fast"], view["bounding_box_2d_tight_fast"]["idToLabels"]
            rows = [
                {
                    "label": labels.get(int(box["semanticId"]), labels.get(str(box["semanticId"])))["class"],
                    "box": [int(box[side]) for side in ("x_min", "y_min", "x_max", "y_max")],
                    "prim": path,
                }
                for box, path in zip(boxes["data"], boxes["primPaths"])
            ]
            self.backend.schedule(write_json, path=f"boxes/{stem}.json", data=rows, indent=1)
        self._frame_id += 1

    def near(self, view):
        depth = view["distance_to_image_plane"]["data"]
        depth[np.isinf(depth)] = 0
        return (np.clip(depth, 0, 10) * 25).astype(np.uint8)

    def on_final_frame(self):
        self._frame_id = 0


WriterRegistry.register(PairsWriter)
'''

SCRIPT = (
    """
from isaacsim import SimulationApp

app = SimulationApp({"headless": True})

import omni.replicator.core as rep
"""
    + WRITER
    + """
rep.set_global_seed(11)
rep.orchestrator.set_capture_on_play(False)

cube = rep.create.cube(semantics=[("class", "Crate")], position=(0, 0, 0.5))
ball = rep.create.sphere(semantics=[("class", "Ball")], position=(1, 1, 0.5))
rep.create.light(light_type="dome")
left = rep.create.camera(position=(-1, -7, 3), look_at=(0, 0, 0))
right = rep.create.camera(position=(2, -6, 2), look_at=(0, 0, 0))
eyes = {"left": left, "right": right}
products = [rep.create.render_product(camera, (96, 64), name=name) for name, camera in eyes.items()]

with rep.trigger.on_frame():
    with cube:
        rep.modify.pose(position=rep.distribution.uniform((-1, -1, 0.5), (1, 0, 0.5)), rotation=(0, 0, 30))

writer = rep.WriterRegistry.get("PairsWriter")
writer.initialize(output_dir="pairs")
writer.augment_annotator("rgb", rep.annotators.Augmentation.from_function(lambda data_in: data_in[..., [2, 1, 0, 3]]))
writer.attach(products)

for _ in range(2):
    rep.orchestrator.step(rt_subframes=4, delta_time=0.0)
rep.orchestrator.wait_until_complete()

writer.detach()
for product in products:
    product.destroy()
app.close()
"""
)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "metadata.txt"
    }


def ran(source: str, folder: Path, release: Any, **options: Any) -> Any:
    folder.mkdir()
    script = folder.with_suffix(".py")
    script.write_text(source)
    outcome = stand_in.run(script, release=release, out=folder, **options)
    assert outcome.error is None, outcome.error_text
    assert not outcome.failures
    assert outcome.exit_code == 0
    return outcome


def test_a_custom_writer_gives_the_same_files_in_every_release_and_for_the_same_seed_again(tmp_path: Path) -> None:
    made = {release: ran(SCRIPT, tmp_path / release, release) for release in RELEASES}
    assert {outcome.frames for outcome in made.values()} == {2}
    first = files(tmp_path / "4.5" / "pairs")
    stems = [f"{name}_{frame:04d}" for name in ("left", "right") for frame in range(2)]
    kinds = (("boxes", "json"), ("near", "png"), ("rgb", "png"))
    assert list(first) == [f"{kind}/{stem}.{extension}" for kind, extension in kinds for stem in stems]
    assert {release: files(tmp_path / release / "pairs") == first for release in RELEASES} == dict.fromkeys(
        RELEASES, True
    )
    for release in RELEASES:
        stated = json.loads((tmp_path / release / "pairs" / "metadata.txt").read_text())
        assert stated["producer"] == "framepress stand-in"
        assert ("replicator_global_seed:" in stated) == (release == "6.0")
    boxes = [json.loads(first[f"boxes/left_{frame:04d}.json"]) for frame in range(2)]
    assert [sorted(row["label"] for row in rows) for rows in boxes] == [["ball", "crate"]] * 2
    assert boxes[0] != boxes[1], "the cube has moved"
    again = ran(SCRIPT.replace("(11)", "(12)"), tmp_path / "other", "5.1")
    assert again.frames == 2
    assert files(tmp_path / "other" / "pairs") != first


def test_depth_boxes_and_colours_of_the_custom_writer_agree(tmp_path: Path) -> None:
    ran(SCRIPT, tmp_path / "out", "5.1")
    folder = tmp_path / "out" / "pairs"
    for stem in ("left_0000", "right_0001"):
        with Image.open(folder / "near" / f"{stem}.png") as picture:
            seen = np.argwhere(np.array(picture) > 0)[:, ::-1]
        rows = json.loads((folder / "boxes" / f"{stem}.json").read_text())
        corners = np.array([row["box"] for row in rows])
        # Nothing else is on the stage: the boxes together bound what has a depth.
        assert [*seen.min(0), *seen.max(0)] == [*corners[:, :2].min(0), *corners[:, 2:].max(0)]
        with Image.open(folder / "rgb" / f"{stem}.png") as picture:
            assert picture.size == (96, 64)


BASIC = """
import omni.replicator.core as rep

with rep.new_layer():
    things = rep.create.cube(count=3, semantics=[("class", "Box")])
    floor = rep.create.plane(scale=20, semantics=[("class", "Floor")])
    camera = rep.create.camera(position=(0, -9, 4), look_at=(0, 0, 0))
    product = rep.create.render_product(camera, (80, 60))

    with rep.trigger.on_frame(num_frames=3):
        with things:
            rep.modify.pose(position=rep.distribution.uniform((-3, -2, 0.5), (3, 2, 0.5)))

    writer = rep.WriterRegistry.get("BasicWriter")
    writer.initialize(
        output_dir="basic",
        rgb=True,
        bounding_box_2d_tight=True,
        instance_segmentation=True,
        colorize_instance_segmentation=False,
        distance_to_image_plane=True,
        camera_params=True,
    )
    writer.attach([product])
    rep.orchestrator.run()
"""


@pytest.mark.parametrize("release", RELEASES)
def test_an_editors_script_with_basic_writer_reads_back_with_masks_that_fit_their_boxes(
    release: Any, tmp_path: Path
) -> None:
    outcome = ran(BASIC, tmp_path / "out", release, seed=4)
    assert outcome.frames == 3
    frames = list(basic.read(tmp_path / "out" / "basic"))
    assert len(frames) == 3
    for frame in frames:
        (view,) = frame.views
        assert set(view.objects.labels) == {"box", "floor"}
        for thing in view.objects:
            y, x = np.nonzero(view.channels["instance"] == thing.id)
            assert thing.box.tolist() == [x.min(), y.min(), x.max() + 1, y.max() + 1]
