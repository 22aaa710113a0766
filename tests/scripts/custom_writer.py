"""A writer of one's own through BackendDispatch: images, arrays and JSON, in Replicator's default data structure."""

import json
import os

from isaacsim import SimulationApp

app = SimulationApp({"headless": True})

import numpy as np
import omni.replicator.core as rep
from omni.replicator.core import AnnotatorRegistry, BackendDispatch, Writer, WriterRegistry


class BoxesAndPictures(Writer):
    def __init__(
        self,
        output_dir,
        semantic_types=None,
        rgb=True,
        bounding_box_2d_tight=True,
        image_output_format="png",
        min_pixels=12,
    ):
        self._output_dir = output_dir
        self._backend = BackendDispatch({"paths": {"out_dir": output_dir}})
        self._frame_id = 0
        self._sequence_id = 0
        self._image_output_format = image_output_format
        self._min_pixels = min_pixels
        self.annotators = []
        if semantic_types is None:
            semantic_types = ["class"]
        if rgb:
            self.annotators.append(AnnotatorRegistry.get_annotator("rgb"))
        if bounding_box_2d_tight:
            self.annotators.append(
                AnnotatorRegistry.get_annotator("bounding_box_2d_tight", init_params={"semanticTypes": semantic_types})
            )
        self.annotators.append("distance_to_camera")

    def check_bbox_area(self, bbox_data):
        length = abs(bbox_data["x_min"] - bbox_data["x_max"])
        width = abs(bbox_data["y_min"] - bbox_data["y_max"])
        return length * width > self._min_pixels

    def write(self, data):
        if "rgb" not in data or data["rgb"].shape[0] == 0 or "bounding_box_2d_tight" not in data:
            return
        bbox_data = data["bounding_box_2d_tight"]["data"]
        id_to_labels = data["bounding_box_2d_tight"]["info"]["idToLabels"]
        labels = []
        for id_, label in id_to_labels.items():
            boxes = bbox_data[bbox_data["semanticId"] == int(id_)]
            for box in boxes:
                if self.check_bbox_area(box):
                    labels.append({"class": label["class"], "box": [int(box[key]) for key in box.dtype.names[1:5]]})

        image_filepath = f"rgb_{self._frame_id}.{self._image_output_format}"
        self._backend.write_image(image_filepath, data["rgb"])
        self._backend.write_array(f"depth_{self._frame_id}.npy", np.nan_to_num(data["distance_to_camera"], posinf=0.0))
        document = {"file": image_filepath, "time": list(data["reference_time"]), "objects": labels}
        self._backend.write_blob(f"labels_{self._frame_id}.json", json.dumps(document, indent=1).encode())
        self._frame_id += 1

    def on_final_frame(self):
        self._sequence_id += 1


WriterRegistry.register(BoxesAndPictures)

rep.create.light(light_type="distant", rotation=(-45, 0, 0), intensity=2000)
for number, place in enumerate([(-2, 0, 0), (0, 0, 0), (2, 0, 0)]):
    rep.create.sphere(position=place, semantics=[("class", f"ball_{number % 2}"), ("colour", "none")])
far = rep.create.cube(position=(0, 40, 0), scale=0.05, semantics=[("class", "too_small")])
camera = rep.create.camera(position=(0, -9, 0.5), look_at=(0, 0, 0), focal_length=20.0)
rp = rep.create.render_product(camera, (161, 97))

with rep.trigger.on_frame():
    with camera:
        rep.modify.pose(position=rep.distribution.uniform((-2, -10, 0), (2, -8, 2)), look_at=(0, 0, 0))

writer = WriterRegistry.get("BoxesAndPictures")
writer.initialize(output_dir=os.path.join(os.getcwd(), "_out_custom"))
writer.attach([rp])

for _ in range(3):
    rep.orchestrator.step(rt_subframes=4)
rep.orchestrator.wait_until_complete()
app.close()
