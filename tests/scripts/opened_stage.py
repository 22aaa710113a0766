"""A stage from a file that plays, labelled as each release has it, its camera moved with plain USD."""

import os

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import carb.settings
import numpy as np
import omni.replicator.core as rep
import omni.timeline
import omni.usd
from pxr import Gf, Usd, UsdGeom

carb.settings.get_settings().set("/omni/replicator/captureOnPlay", False)

try:
    from isaacsim.core.experimental.utils.stage import open_stage
except ImportError:
    from isaacsim.core.utils.stage import open_stage

try:
    from isaacsim.core.experimental.utils.semantics import add_labels

    def label(prim, text):
        add_labels(prim, labels=[text], taxonomy="class")

except ImportError:
    try:
        from isaacsim.core.utils.semantics import add_labels

        def label(prim, text):
            add_labels(prim, labels=[text], instance_name="class")

    except ImportError:
        from isaacsim.core.utils.semantics import add_update_semantics

        def label(prim, text):
            add_update_semantics(prim, text, "class")


open_stage(os.path.join(os.path.dirname(os.path.abspath(__file__)), "assets", "workbench.usda"))
stage = omni.usd.get_context().get_stage()
for _ in range(4):
    simulation_app.update()

label(stage.GetPrimAtPath("/World/Bench"), "Bench")
label(stage.GetPrimAtPath("/World/Funnel"), "Funnel")
assert omni.usd.get_world_transform_matrix(stage.GetPrimAtPath("/World/Funnel")).ExtractTranslation()[2] == 1.1

camera = UsdGeom.Camera.Define(stage, "/World/Camera")
camera.CreateFocalLengthAttr(20.0)
camera.CreateClippingRangeAttr(Gf.Vec2f(0.05, 500))
xform = UsdGeom.Xformable(camera)
place = xform.AddTransformOp()


def look_from(eye):
    matrix = Gf.Matrix4d().SetLookAt(Gf.Vec3d(*eye), Gf.Vec3d(0, 0, 0.8), Gf.Vec3d(0, 0, 1))
    place.Set(matrix.GetInverse())


rp = rep.create.render_product("/World/Camera", resolution=(144, 96), force_new=True)
out_dir = os.path.join(os.getcwd(), "_out_opened")
writer = rep.writers.get("BasicWriter")
writer.initialize(
    output_dir=out_dir,
    rgb=True,
    bounding_box_2d_tight=True,
    bounding_box_3d=True,
    instance_segmentation=True,
    colorize_instance_segmentation=False,
    distance_to_image_plane=True,
    camera_params=True,
)
writer.attach(rp)

timeline = omni.timeline.get_timeline_interface()
timeline.set_end_time(2.0)
timeline.set_looping(False)
timeline.play()
timeline.commit()

rng = np.random.default_rng(3)
seconds, places = [], []
for frame in range(3):
    look_from((rng.uniform(-1, 1), -4, 2 + rng.uniform(0, 0.5)))
    rep.orchestrator.step(delta_time=0.25, rt_subframes=8, pause_timeline=False)
    now = Usd.TimeCode(timeline.get_current_time() * timeline.get_time_codes_per_second())
    seconds.append(timeline.get_current_time())
    ball = UsdGeom.XformCache(now).GetLocalToWorldTransform(stage.GetPrimAtPath("/World/Ball"))
    places.append(list(ball.ExtractTranslation()))
timeline.pause()

np.save(os.path.join(out_dir, "seconds.npy"), np.array(seconds))
np.save(os.path.join(out_dir, "ball.npy"), np.array(places))
rep.orchestrator.wait_until_complete()
writer.detach()
rp.destroy()
simulation_app.close()
