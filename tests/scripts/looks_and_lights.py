"""Colours, textures and materials drawn anew, lights of several kinds, choices of paths."""

import os

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import carb
import numpy as np
import omni.replicator.core as rep
from PIL import Image

here = os.path.join(os.getcwd(), "_textures")
os.makedirs(here, exist_ok=True)
for name, tile in {"checks": [[255, 60], [60, 255]], "stripes": [[250, 250], [10, 10]], "plain": [[128, 128]]}.items():
    grey = np.kron(np.array(tile, np.uint8), np.ones((8, 8), np.uint8))
    Image.fromarray(np.stack([grey, grey[::-1], grey[:, ::-1]], -1)).save(os.path.join(here, f"{name}.png"))
textures = [os.path.join(here, f"{name}.png") for name in ("checks", "stripes", "plain")]
carb.log_info(f"textures: {textures}")

rep.settings.set_render_rtx_realtime(antialiasing="FXAA")

shiny = rep.create.material_omnipbr(diffuse=(0.1, 0.4, 0.9), roughness=0.2, metallic=0.8)
drawn = rep.create.material_omnipbr(
    diffuse=rep.distribution.uniform((0.2, 0.1, 0.3), (0.6, 0.6, 0.6)),
    roughness=rep.distribution.uniform(0, 1),
    metallic=rep.distribution.choice([0, 1]),
    emissive_color=rep.distribution.uniform((0, 0, 0.5), (0, 0, 1)),
    emissive_intensity=rep.distribution.uniform(0, 1000),
)
pictured = rep.create.material_omnipbr(diffuse_texture=textures[0], roughness_texture=rep.distribution.choice(textures))

floor = rep.create.plane(scale=20, position=(0, 0, -1), semantics=[("class", "floor")])
painted = rep.create.sphere(position=(-3, 0, 0), semantics=[("class", "painted")])
textured = rep.create.cube(position=(0, 0, 0), scale=1.5, semantics=[("class", "textured")])
bound = rep.create.torus(position=(3, 0, 0), semantics=[("class", "bound")], material=shiny)
group = rep.create.group([painted, bound])

dome = rep.create.light(light_type="Dome", rotation=(270, 0, 0), intensity=200)
key = rep.create.light(light_type="Disk", position=(0, -4, 6), look_at=(0, 0, 0), intensity=8000, scale=2)
sun = rep.create.light(light_type="distant", rotation=(315, 0, 0), intensity=0)

camera = rep.create.camera(position=(0, -12, 4), look_at=(0, 0, 0))
rp = rep.create.render_product(camera, (160, 96))

with rep.trigger.on_frame(max_execs=3):
    with painted:
        rep.randomizer.color(colors=rep.distribution.uniform((0, 0, 0), (1, 1, 1)))
    with textured:
        rep.randomizer.texture(textures=rep.distribution.choice(textures), texture_scale=(2.0, 2.0))
    with bound:
        rep.randomizer.materials(materials=[shiny, drawn, pictured])
    with floor:
        rep.randomizer.color(colors=[(0.2, 0.2, 0.2), (0.9, 0.9, 0.9)])
    with dome:
        rep.modify.attribute("inputs:intensity", rep.distribution.uniform(100.0, 900.0))
    with sun:
        rep.modify.attribute("intensity", rep.distribution.choice([0.0, 1000.0, 3000.0]))
        rep.modify.attribute("color", rep.distribution.uniform((0.8, 0.7, 0.6), (1.0, 1.0, 1.0)))
    rep.create.light(
        light_type=("Sphere"),
        position=rep.distribution.uniform((-4, -4, 3), (4, 0, 5)),
        color=rep.distribution.choice([(1, 0.5, 0.5), (0.5, 1, 0.5), (0.5, 0.5, 1)]),
        intensity=rep.distribution.log_uniform(1000, 50000),
        count=2,
    )

writer = rep.WriterRegistry.get("BasicWriter")
writer.initialize(output_dir="_out_looks", rgb=True, semantic_segmentation=True, normals=True)
writer.attach(rp)

for _ in range(3):
    simulation_app.update()  # as scripts do to have materials loaded
rep.orchestrator.run_until_complete()
writer.detach()
simulation_app.close()
