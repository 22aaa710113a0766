"""Two writers in the manner of other people's: one that is BasicWriter in the old layout, one that writes poses."""

import io
import json
import os
from typing import List, Optional, Union

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import carb
import numpy as np
import omni.replicator.core as rep
import omni.usd
from omni.replicator.core import AnnotatorRegistry, BackendDispatch, Writer, WriterRegistry
from omni.replicator.core.scripts.backends import BackendGroup, BaseBackend
from omni.syntheticdata.scripts.helpers import get_bbox_3d_corners
from omni.syntheticdata.scripts.SyntheticData import SyntheticData

__version__ = "0.3.1"


class OldStyleWriter(Writer):
    """Keys as `bounding_box_2d_tight-rp`, values with an `info`."""

    def __init__(
        self,
        output_dir: str,
        semantic_types: List[str] = None,
        rgb: bool = True,
        bounding_box_2d_tight: bool = True,
        semantic_segmentation: bool = True,
        image_output_format: Optional[str] = "png",
        frame_padding: Optional[int] = 4,
    ):
        self._output_dir = output_dir
        self._backend = BackendDispatch({"paths": {"out_dir": output_dir}})
        self.backend = self._backend
        self._frame_id = 0
        self._frame_padding = frame_padding
        self._image_output_format = image_output_format
        self._output_data_format = {}
        self.annotators = []
        self.version = __version__
        if semantic_types is not None:
            semantic_filter_predicate = ":*; ".join(semantic_types) + ":*"
            SyntheticData.Get().set_instance_mapping_semantic_filter(semantic_filter_predicate)
        if rgb:
            self.annotators.append(AnnotatorRegistry.get_annotator("rgb"))
        if bounding_box_2d_tight:
            self.annotators.append(AnnotatorRegistry.get_annotator("bounding_box_2d_tight"))
        if semantic_segmentation:
            self.annotators.append(
                AnnotatorRegistry.get_annotator("semantic_segmentation", init_params={"colorize": True})
            )

    def write(self, data: dict):
        sequence_id = ""
        for trigger_name, call_count in data["trigger_outputs"].items():
            if "on_time" in trigger_name:
                sequence_id = f"{call_count}_{sequence_id}"
        multi_render_prod = len([key for key in data if key.startswith("rp_")]) > 1
        for annotator in data:
            parts = annotator.split("-")
            folder = f"{parts[-1]}/" if multi_render_prod and len(parts) > 1 else ""
            if annotator.startswith("rgb"):
                self._write_rgb(data, folder, annotator, sequence_id)
            if annotator.startswith("bounding_box_2d_tight"):
                self._write_bounding_box_data(data, "2d_tight", folder, annotator, sequence_id)
            if annotator.startswith("semantic_segmentation"):
                self._write_semantic(data, folder, annotator, sequence_id)
        self._frame_id += 1

    def _name(self, folder, kind, sequence_id):
        return f"{folder}{kind}_{sequence_id}{self._frame_id:0{self._frame_padding}}"

    def _write_rgb(self, data, folder, annotator, sequence_id):
        self._backend.write_image(f"{self._name(folder, 'rgb', sequence_id)}.png", data[annotator])

    def _write_semantic(self, data, folder, annotator, sequence_id):
        semantic = data[annotator]["data"]
        height, width = semantic.shape[:2]
        pixels = semantic.view(np.uint8).reshape(height, width, -1)
        self._backend.write_image(f"{self._name(folder, 'semantic', sequence_id)}.png", pixels)
        labels = json.dumps(data[annotator]["info"]["idToLabels"])
        self._backend.write_blob(f"{self._name(folder, 'semantic_labels', sequence_id)}.json", labels.encode())

    def _write_bounding_box_data(self, data, kind, folder, annotator, sequence_id):
        buf = io.BytesIO()
        np.save(buf, data[annotator]["data"])
        self._backend.write_blob(f"{self._name(folder, f'boxes_{kind}', sequence_id)}.npy", buf.getvalue())
        info = data[annotator]["info"]
        for key in ("idToLabels", "primPaths"):
            text = json.dumps(info[key])
            self._backend.write_blob(f"{self._name(folder, f'boxes_{kind}_{key}', sequence_id)}.json", text.encode())


class CornersWriter(Writer):
    """Corners of the 3D boxes in the picture, from `camera_params`; a backend, a folder, or both."""

    def __init__(
        self,
        output_dir: str = None,
        backend: Optional[BaseBackend] = None,
        semantic_types: Union[List[str], None] = None,
        use_legacy: bool = False,
        visibility_threshold: float = 0.0,
        **kwargs,
    ):
        self.version = __version__
        self.data_structure = "renderProduct"
        if isinstance(backend, BaseBackend) and output_dir is not None:
            self.backend = BackendGroup([backend, *BackendDispatch(output_dir=output_dir)._backends])
        elif isinstance(backend, BaseBackend):
            self.backend = backend
        elif output_dir is not None:
            self.backend = BackendDispatch(output_dir=output_dir)
        else:
            raise ValueError("No backend and no output_dir given.")
        for key in kwargs:
            carb.log_warn(f"[CornersWriter] unknown argument {key}")
        self._threshold = visibility_threshold
        self._frame_id = 0
        self.annotators = [
            AnnotatorRegistry.get_annotator("rgb"),
            AnnotatorRegistry.get_annotator(
                "bounding_box_3d_fast", init_params={"semanticTypes": semantic_types or ["class"]}
            ),
            AnnotatorRegistry.get_annotator("camera_params"),
        ]

    def write(self, data: dict):
        for name, rp in data["renderProducts"].items():
            if rp["rgb"]["data"].size == 0:
                continue
            width, height = rp["resolution"]
            params = rp["camera_params"]
            view = np.asarray(params["cameraViewTransform"]).reshape(4, 4)
            projection = np.asarray(params["cameraProjection"]).reshape(4, 4)
            boxes = rp["bounding_box_3d_fast"]["data"]
            labels = rp["bounding_box_3d_fast"]["idToLabels"]
            paths = rp["bounding_box_3d_fast"]["primPaths"]
            corners = get_bbox_3d_corners(boxes) if len(boxes) else np.zeros((0, 8, 3))
            objects = []
            for box, eight, path in zip(boxes, corners, paths):
                clip = np.concatenate([eight, np.ones((8, 1))], axis=1) @ view @ projection
                ndc = clip[:, :2] / clip[:, 3:]
                pixels = (ndc * [1, -1] + 1) * [width / 2, height / 2]
                objects.append(
                    {
                        "class": labels[int(box["semanticId"])]["class"],
                        "prim_path": path,
                        "location": np.asarray(box["transform"])[3, :3].tolist(),
                        "visibility": float(1.0 - abs(box["occlusionRatio"])),
                        "projected_corners": pixels.tolist(),
                    }
                )
            folder = f"{name}/" if len(data["renderProducts"]) > 1 else ""
            document = {"frame": self._frame_id, "camera": str(rp["camera"]), "objects": objects}
            self.backend.schedule(write_json, path=f"{folder}{self._frame_id:06d}.json", data=document, indent=2)
            self.backend.schedule(write_image, path=f"{folder}{self._frame_id:06d}.png", data=rp["rgb"]["data"])
        self._frame_id += 1


try:
    from omni.replicator.core.functional import write_image, write_json
except ImportError:
    from omni.replicator.core.scripts.functional import write_image, write_json

WriterRegistry.register(OldStyleWriter)
WriterRegistry.register(CornersWriter)
if "CornersWriter" not in WriterRegistry._default_writers:
    WriterRegistry._default_writers.append("CornersWriter")

rep.settings.carb_settings("/omni/replicator/RTSubframes", 3)
carb.settings.get_settings().set_int("/omni/replicator/RTSubframes", 4)
omni.usd.get_context().new_stage()
rep.create.light(light_type="Dome", intensity=1000)
block = rep.create.cube(position=(-1.5, 0, 0), scale=(1, 0.5, 2), rotation=(0, 0, 30), semantics=[("class", "block")])
ball = rep.create.sphere(position=(1.5, 0.5, 0), semantics=[("class", "ball")])
with rep.create.xform(position=(0, 0, -1)):
    pass
cams = [
    rep.create.camera(position=(0, -8, 2), look_at=(0, 0, 0)),
    rep.create.camera(position=(4, -6, 3), look_at=(0, 0, 0)),
]
one = rep.create.render_product(cams[0], (128, 80), name="one")
two = rep.create.render_product(cams[1], (80, 128), name="two")

with rep.trigger.on_frame(num_frames=2):
    with ball:
        rep.modify.pose(position=rep.distribution.uniform((1, -0.5, -0.5), (2, 1, 0.5)))

here = os.path.join(os.getcwd(), "_out_others")
alone = rep.writers.get("OldStyleWriter", init_params={"output_dir": os.path.join(here, "alone")}, render_products=one)
both = rep.WriterRegistry.get("OldStyleWriter")
both.initialize(output_dir=os.path.join(here, "both"), semantic_types=["class"])
both.attach([one, two])
corners = WriterRegistry.get("CornersWriter")
corners.initialize(output_dir=os.path.join(here, "corners"), visibility_threshold=0.1)
corners.attach([one.path, two.path])

rep.orchestrator.run(num_frames=2)
rep.orchestrator.wait_until_complete()
SyntheticData.Get().set_instance_mapping_semantic_filter("*:*")
for writer in (alone, both, corners):
    writer.detach()
simulation_app.close()
