"""Prims found by label, by path and by type, and changed: labels, visibility, attributes, poses."""

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True, "anti_aliasing": 0, "width": 640, "height": 480})

import omni.replicator.core as rep
import omni.usd
from pxr import Sdf, UsdGeom

stage = omni.usd.get_context().get_stage()
world = UsdGeom.Xform.Define(stage, "/World")
stage.SetDefaultPrim(world.GetPrim())
for number in range(4):
    cube = UsdGeom.Cube.Define(stage, f"/World/Shelf_{number:02d}/Item")
    cube.CreateSizeAttr(0.8)
    UsdGeom.XformCommonAPI(cube).SetTranslate((number * 1.5 - 2.25, 0, 0))
    UsdGeom.Gprim(cube).CreateDisplayColorAttr([(0.2, 0.2 * number, 0.8)])
ball = UsdGeom.Sphere.Define(stage, Sdf.Path("/World/Ball"))
UsdGeom.XformCommonAPI(ball).SetTranslate((0, 1.5, 0))

rep.create.sphere(position=(0, -2, 0), scale=0.4, semantics=[("class", "marker"), ("state", "new")])
rep.create.light(light_type="Dome", intensity=1000)

items = rep.get.prims(path_pattern="/World/Shelf_[0-9]+/Item$")
assert len(items.get_output_prims()["prims"]) == 4
with items:
    rep.modify.semantics([("class", "shelf_item")])

rep.modify.semantics({"class": ["ball"]}, input_prims=["/World/Ball"])

markers = rep.get.prims(semantics=[("class", "marker")])
assert len(markers.get_output_prims()["prims"]) == 1
balls = rep.get.prims(prim_types=["Sphere"])
meshes = rep.get.mesh()
assert [str(prim.GetPath()) for prim in balls.get_output_prims()["prims"]] == ["/World/Ball"]
assert len(meshes.get_output_prims()["prims"]) == 1

camera = rep.create.camera(position=(0, 0, 10), look_at="/World/Shelf_01/Item", look_at_up_axis=(0, 1, 0))
rp = rep.create.render_product(camera, (160, 120))

with rep.trigger.on_frame(num_frames=4):
    with items:
        rep.modify.visibility(rep.distribution.choice([True, False], weights=[0.6, 0.4]))
        rep.modify.pose(rotation_y=rep.distribution.uniform(-40, 40))
    with balls:
        rep.modify.attribute("radius", rep.distribution.uniform(0.3, 1.0))
    with markers:
        rep.modify.pose(position_x=rep.distribution.sequence([-2.0, -1.0, 1.0, 2.0]), position_y=-2, position_z=0)
    with rep.get.prims(semantics=[("class", "shelf_item")], path_pattern="Shelf_0[12]"):
        rep.modify.attribute("primvars:displayColor", rep.distribution.uniform((0, 0, 0), (1, 1, 1)))

writer = rep.WriterRegistry.get("BasicWriter")
writer.initialize(
    output_dir="_out_get",
    semantic_filter_predicate="class:*;state:*",
    rgb=True,
    bounding_box_2d_tight=True,
    bounding_box_2d_loose=True,
    instance_segmentation=True,
    colorize_instance_segmentation=False,
    instance_id_segmentation=True,
    colorize_instance_id_segmentation=False,
    semantic_segmentation=True,
    colorize_semantic_segmentation=False,
)
writer.attach(rp)

rep.orchestrator.run(num_frames=4)
while rep.orchestrator.get_status() != rep.orchestrator.Status.STOPPED:
    simulation_app.update()
rep.orchestrator.wait_until_complete()
simulation_app.close()
