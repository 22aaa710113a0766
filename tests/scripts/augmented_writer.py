"""BasicWriter with augmented annotators: one in place of its own, one changed under its name."""

import os

from isaacsim import SimulationApp

simulation_app = SimulationApp(launch_config={"headless": True})

import carb.settings
import numpy as np
import omni.replicator.core as rep
import omni.usd

carb.settings.get_settings().set_bool("/app/omni.graph.scriptnode/opt_in", True)
omni.usd.get_context().new_stage()
rep.set_global_seed(42)
rep.orchestrator.set_capture_on_play(False)


def noise_rgb_np(data_in, sigma: float, seed: int):
    np.random.seed(seed)
    data_in = data_in.astype(np.float32)
    for channel in range(3):
        data_in[:, :, channel] = data_in[:, :, channel] + np.random.randn(*data_in.shape[:-1]) * sigma
    return np.clip(data_in, 0, 255).astype(np.uint8)


def quantised_np(data_in, step: float = 0.5):
    return (np.round(data_in / step) * step).astype(data_in.dtype)


rep.AnnotatorRegistry.register_augmentation("quantised", rep.annotators.Augmentation.from_function(quantised_np))

rep.create.light(light_type="dome", intensity=1000)
rep.create.plane(scale=(10, 10, 1), position=(0, 0, 0), semantics=[("class", "floor")])
cube = rep.create.cube(position=(0, 0, 0.71), semantics=[("class", "cube")])
cam = rep.create.camera(position=(0, -2, 6), look_at=cube)
rp = rep.create.render_product(cam, (96, 64))

with rep.trigger.on_frame():
    with cube:
        rep.randomizer.rotation()

rgb_to_hsv_augm = rep.annotators.Augmentation.from_function(rep.augmentations_default.aug_rgb_to_hsv)
hsv_to_rgb_augm = rep.annotators.Augmentation.from_function(rep.augmentations_default.aug_hsv_to_rgb)
noise_augm = rep.annotators.Augmentation.from_function(noise_rgb_np, sigma=15.0, seed=42)

common = {"rgb": True, "distance_to_camera": True, "semantic_segmentation": True, "bounding_box_2d_tight": True}
plain = rep.WriterRegistry.get("BasicWriter")
plain.initialize(output_dir=os.path.join(os.getcwd(), "_out_writer", "plain"), **common)
plain.attach([rp])

writer = rep.WriterRegistry.get("BasicWriter")
writer.initialize(output_dir=os.path.join(os.getcwd(), "_out_writer", "augmented"), **common)
augmented_rgb_annot = rep.annotators.get("rgb").augment_compose(
    [rgb_to_hsv_augm, noise_augm, hsv_to_rgb_augm], name="rgb"
)
writer.add_annotator(augmented_rgb_annot)
writer.augment_annotator("distance_to_camera", rep.AnnotatorRegistry.get_augmentation("quantised"), step=0.25)
writer.attach([rp])

for _ in range(2):
    rep.orchestrator.step(rt_subframes=4)
rep.orchestrator.wait_until_complete()
writer.detach()
plain.detach()
rp.destroy()
simulation_app.close()
