"""Annotators whose arrays are changed before the script gets them: by functions, registered names, and in a chain."""

import argparse
import os

from isaacsim import SimulationApp

simulation_app = SimulationApp(launch_config={"headless": True})

import carb.settings
import numpy as np
import omni.replicator.core as rep
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("--num_frames", type=int, default=2, help="The number of frames to capture")
args, unknown = parser.parse_known_args()

carb.settings.get_settings().set_bool("/app/omni.graph.scriptnode/opt_in", True)
carb.settings.get_settings().set("/omni/replicator/captureOnPlay", False)


def rgb_to_bgr_np(data_in):
    data_in[:, :, [0, 2]] = data_in[:, :, [2, 0]]
    return data_in


def gaussian_noise_depth_np(data_in, sigma: float, seed: int):
    np.random.seed(seed)
    return data_in + np.random.randn(*data_in.shape) * sigma


rep.AnnotatorRegistry.register_augmentation(
    "gn_depth_np", rep.annotators.Augmentation.from_function(gaussian_noise_depth_np, sigma=0.1, seed=None)
)

red_mat = rep.create.material_omnipbr(diffuse=(1, 0, 0))
red_cube = rep.create.cube(position=(0, 0, 0.71), material=red_mat, semantics=[("class", "cube")])
rep.create.plane(scale=(10, 10, 1))
rep.create.light(light_type="dome", intensity=900)
cam = rep.create.camera(position=(0, 0, 5), look_at=(0, 0, 0))
rp = rep.create.render_product(cam, (96, 64))

for _ in range(5):
    simulation_app.update()

rgb_to_bgr_augm = rep.annotators.Augmentation.from_function(rgb_to_bgr_np)
gn_depth_augm = rep.AnnotatorRegistry.get_augmentation("gn_depth_np")

rep.annotators.register(
    name="rgb_to_bgr_augm",
    annotator=rep.annotators.augment(
        source_annotator=rep.AnnotatorRegistry.get_annotator("rgb"), augmentation=rgb_to_bgr_augm
    ),
)
rep.annotators.register(
    name="grey_small",
    annotator=rep.annotators.augment_compose(
        source_annotator="rgb",
        augmentations=[
            rep.annotators.Augmentation.from_function(lambda data_in: data_in[..., :3].mean(-1).astype(np.uint8)),
            rep.annotators.Augmentation.from_function(lambda data_in, every=1: data_in[::every, ::every], every=4),
        ],
    ),
)

plain = rep.AnnotatorRegistry.get_annotator("rgb")
depth = rep.AnnotatorRegistry.get_annotator("distance_to_camera")
swapped = rep.AnnotatorRegistry.get_annotator("rgb_to_bgr_augm")
small = rep.annotators.get("grey_small")
noisy_1 = rep.AnnotatorRegistry.get_annotator("distance_to_camera")
noisy_1.augment(gn_depth_augm)
noisy_2 = rep.AnnotatorRegistry.get_annotator("distance_to_camera")
noisy_2.augment(gn_depth_augm, sigma=0.5)
seeded = rep.AnnotatorRegistry.get_annotator("distance_to_camera").augment(gn_depth_augm, seed=11)
everything = {
    "rgb": plain,
    "bgr": swapped,
    "small": small,
    "depth": depth,
    "noisy_1": noisy_1,
    "noisy_2": noisy_2,
    "seeded": seeded,
}
for annotator in everything.values():
    annotator.attach(rp)

with rep.trigger.on_frame():
    with red_cube:
        rep.randomizer.rotation()

rep.orchestrator.preview()

out_dir = os.path.join(os.getcwd(), "_out_augmented")
os.makedirs(out_dir, exist_ok=True)
for i in range(args.num_frames):
    rep.orchestrator.step(rt_subframes=4)
    for name, annotator in everything.items():
        data = annotator.get_data()
        if data.dtype == np.uint8:
            Image.fromarray(data).save(os.path.join(out_dir, f"{name}_{i}.png"))
        else:
            np.save(os.path.join(out_dir, f"{name}_{i}.npy"), data)

simulation_app.close()
