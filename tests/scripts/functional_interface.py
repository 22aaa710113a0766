"""Release 5.1 and later: prims made and changed at once by `rep.functional`, a backend handed to the writer."""

import os
import random

from isaacsim import SimulationApp

simulation_app = SimulationApp(launch_config={"headless": True})

import carb.settings
import omni.replicator.core as rep
import omni.usd
from omni.replicator.core.functional import write_image
from pxr import UsdGeom


def randomize_location(prim):
    rep.functional.modify.position(prim, (random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1)))


def run_example():
    omni.usd.get_context().new_stage()
    rep.orchestrator.set_capture_on_play(False)
    random.seed(42)
    rep.set_global_seed(42)
    carb.settings.get_settings().set("rtx/post/dlss/execMode", 2)

    rep.functional.create.xform(name="World")
    rep.functional.create.dome_light(intensity=500, parent="/World", name="DomeLight")
    cube = rep.functional.create.cube(parent="/World", name="Cube")
    rep.functional.modify.semantics(cube, {"class": "my_cube"}, mode="add")
    sphere = rep.functional.create.sphere(
        parent="/World", name="Sphere", position=(-1, -1, 1), semantics={"class": "my_sphere"}
    )
    rep.functional.create.plane(position=(0, 0, -1.5), scale=(10, 10, 1), parent="/World")
    with rep.trigger.on_custom_event(event_name="randomize_dome_light_color"):
        rep.create.light(light_type="Dome", color=rep.distribution.uniform((0, 0, 0), (1, 1, 1)))

    top_cam = rep.functional.create.camera(position=(0, 0, 7), look_at=(0, 0, 0), parent="/World", name="TopCamera")
    cam = rep.functional.create.camera(position=(5, 5, 5), look_at=(0, 0, 0), parent="/World", name="Camera")
    rp_top = rep.create.render_product(top_cam.GetPath(), (96, 96), name="top_view")
    rp = rep.create.render_product(cam, (128, 80), name="MyRenderProduct")

    backend = rep.backends.get("DiskBackend")
    out_dir = os.path.join(os.getcwd(), "_out_functional")
    backend.initialize(output_dir=out_dir)
    writer = rep.writers.get("BasicWriter")
    writer.initialize(
        backend=backend,
        rgb=True,
        bounding_box_2d_tight=True,
        instance_segmentation=True,
        colorize_instance_segmentation=False,
    )
    writer.attach([rp_top, rp])
    rgb = rep.annotators.get("rgb")
    rgb.attach(rp)

    for i in range(3):
        if i % 2 == 1:
            rep.utils.send_og_event(event_name="randomize_dome_light_color")
        randomize_location(cube)
        rep.orchestrator.step(rt_subframes=32)
        write_image(path=os.path.join(out_dir, f"by_hand_{i}.png"), data=rgb.get_data())
        UsdGeom.Imageable(sphere).MakeInvisible() if i == 0 else UsdGeom.Imageable(sphere).MakeVisible()

    rep.orchestrator.wait_until_complete()
    writer.detach()
    rgb.detach()
    rp_top.destroy()
    rp.destroy()


run_example()
simulation_app.close()
