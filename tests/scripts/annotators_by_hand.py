"""Every annotator attached by hand and asked after each step; what it says is kept with numpy and json."""

import json
import os

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import numpy as np
import omni.replicator.core as rep
import omni.usd

NAMES = [
    "rgb",
    "distance_to_camera",
    "distance_to_image_plane",
    "normals",
    "motion_vectors",
    "semantic_segmentation",
    "instance_segmentation",
    "instance_segmentation_fast",
    "instance_id_segmentation",
    "instance_id_segmentation_fast",
    "bounding_box_2d_tight",
    "bounding_box_2d_tight_fast",
    "bounding_box_2d_loose",
    "bounding_box_2d_loose_fast",
    "bounding_box_3d",
    "bounding_box_3d_fast",
    "occlusion",
    "camera_params",
    "pointcloud",
    "skeleton_data",
]
PARAMETERS = {
    "semantic_segmentation": {"colorize": False},
    "instance_segmentation": {"colorize": False},
    "instance_id_segmentation": {"colorize": False},
    "pointcloud": {"includeUnlabelled": True},
}

omni.usd.get_context().new_stage()
out_dir = os.path.join(os.getcwd(), "_out_annotators")
os.makedirs(out_dir, exist_ok=True)

near = rep.create.cube(position=(0, -1, 0), semantics=[("class", "Near")])
far = rep.create.cube(position=(0.8, 1, 0), scale=1.5, semantics=[("class", "Far"), ("colour", "red,blue")])
rep.create.plane(scale=8, position=(0, 0, -1))
rep.create.light(light_type="Distant", rotation=(-40, 20, 0))
camera = rep.create.camera(position=(0, -8, 2), look_at=(0, 0, 0))
rp = rep.create.render_product(camera, (128, 80))

annotators = {}
for name in NAMES:
    annotators[name] = rep.AnnotatorRegistry.get_annotator(name, init_params=PARAMETERS.get(name))
    annotators[name].attach([rp])
cuda = rep.AnnotatorRegistry.get_annotator("distance_to_camera", device="cpu", do_array_copy=True)
cuda.attach(rp)


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


cube_prim = near.get_output_prims()["prims"][0]
for frame in range(2):
    rep.orchestrator.step(rt_subframes=4, pause_timeline=True)
    for name, annotator in annotators.items():
        value = annotator.get_data()
        array, side = value, {}
        if isinstance(value, dict):
            array, side = value.get("data"), value.get("info", value if "data" not in value else {})
        path = os.path.join(out_dir, f"{name}_{frame}")
        if array is not None:
            np.save(path + ".npy", array)
        with open(path + ".json", "w") as file:
            json.dump(plain(side), file, indent=1)
    assert np.array_equal(cuda.get_data(), annotators["distance_to_camera"].get_data())
    cube_prim.GetAttribute("xformOp:translate").Set((0.5, -1, 0.25))

for annotator in annotators.values():
    annotator.detach()
cuda.detach([rp])
rp.destroy()
simulation_app.close()
