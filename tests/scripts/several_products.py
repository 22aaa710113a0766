"""Stepping by hand with three views of one stage, and a script's own loop that moves prims between the frames."""

import os
import random

from isaacsim import SimulationApp

simulation_app = SimulationApp(launch_config={"headless": True, "renderer": "RayTracedLighting"})

import carb.settings
import omni.replicator.core as rep
import omni.timeline
import omni.usd
from pxr import Gf, Sdf, UsdGeom

NUM_FRAMES = 3

omni.usd.get_context().new_stage()
carb.settings.get_settings().set("rtx/post/dlss/execMode", 2)
carb.settings.get_settings().set_bool("/omni/replicator/asyncRendering", False)
rep.orchestrator.set_capture_on_play(False)
random.seed(42)

stage = omni.usd.get_context().get_stage()
UsdGeom.Xform.Define(stage, "/World")
dome = stage.DefinePrim("/World/Dome", "DomeLight")
dome.CreateAttribute("inputs:intensity", Sdf.ValueTypeNames.Float).Set(800.0)

cones = [rep.create.cone(position=(x, 0, 0), semantics=[("class", "cone")], name=f"Cone_{x}") for x in (-2, 0, 2)]
prims = [cone.get_output_prims()["prims"][0] for cone in cones]
floor = rep.create.plane(scale=(10, 10, 1), position=(0, 0, -1), semantics=[("class", "floor")])

cam_top = rep.create.camera(position=(0, 0, 9), look_at=(0, 0, 0), name="CamTop")
cam_side = rep.create.camera(position=(8, 0, 1), look_at=cones[1], name="CamSide")
cam_plain = UsdGeom.Camera.Define(stage, "/World/CamPlain")
UsdGeom.XformCommonAPI(cam_plain).SetTranslate(Gf.Vec3d(0, -8, 1))
UsdGeom.XformCommonAPI(cam_plain).SetRotate(Gf.Vec3f(85, 0, 0))

rps = [
    rep.create.render_product(cam_top, (96, 64), name="top"),
    rep.create.render_product(cam_side, (64, 96), name="side"),
    rep.create.render_product("/World/CamPlain", (128, 72), name="plain"),
]
for rp in rps:
    rp.hydra_texture.set_updates_enabled(False)

writer = rep.WriterRegistry.get("BasicWriter")
out_dir = os.path.join(os.getcwd(), "_out_several")
writer.initialize(
    output_dir=out_dir,
    rgb=True,
    bounding_box_2d_tight=True,
    instance_segmentation=True,
    colorize_instance_segmentation=False,
    distance_to_camera=True,
    distance_to_image_plane=True,
    colorize_depth=True,
)
writer.attach(rps)

for _ in range(3):
    simulation_app.update()
for rp in rps:
    rp.hydra_texture.set_updates_enabled(True)

for frame in range(NUM_FRAMES):
    for prim in prims:
        x, y, _ = prim.GetAttribute("xformOp:translate").Get()
        prim.GetAttribute("xformOp:translate").Set((x, y + random.uniform(-1, 1), random.uniform(-0.5, 0.5)))
    rep.orchestrator.step(rt_subframes=4, delta_time=0.0)

rep.orchestrator.wait_until_complete()
writer.detach()
for rp in rps:
    rp.destroy()
simulation_app.close()
