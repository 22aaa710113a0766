"""A generation script of some length: a configuration, prims of asset files, randomisers that are placed by bounds,
three cameras, events, and render products that are switched off while the scene is built.
"""

import argparse
import json
import math
import os
import random

from isaacsim import SimulationApp

config = {
    "launch_config": {"renderer": "RayTracedLighting", "headless": True},
    "resolution": [112, 80],
    "rt_subframes": 16,
    "num_frames": 4,
    "writer": "BasicWriter",
    "writer_config": {
        "output_dir": "_out_scene_based",
        "rgb": True,
        "bounding_box_2d_tight": True,
        "bounding_box_3d": True,
        "semantic_segmentation": True,
        "instance_segmentation": True,
        "colorize_instance_segmentation": False,
        "distance_to_image_plane": True,
        "occlusion": True,
    },
    "truck": {"url": "/truck.usda", "class": "Truck"},
    "pallet": {"url": "/pallet.usda", "class": "Pallet"},
    "box": {"url": "/box.usda", "class": "Cardbox"},
    "cone": {"url": "/cone.usda", "class": "TrafficCone"},
}

import carb

parser = argparse.ArgumentParser()
parser.add_argument("--config", required=False, help="Include specific config parameters (json)")
args, unknown = parser.parse_known_args()
if args.config and os.path.isfile(args.config):
    with open(args.config) as f:
        config.update(json.load(f))
else:
    carb.log_warn(f"File {args.config} does not exist, will use default config")

simulation_app = SimulationApp(launch_config=config["launch_config"])

import numpy as np
import omni.replicator.core as rep
import omni.usd
from isaacsim.core.utils import prims
from isaacsim.core.utils.bounds import compute_combined_aabb, compute_obb, create_bbox_cache, get_obb_corners
from isaacsim.core.utils.rotations import euler_angles_to_quat, quat_to_euler_angles
from isaacsim.core.utils.stage import create_new_stage, get_current_stage
from pxr import Gf, Usd, UsdGeom, UsdPhysics

random.seed(12)
rep.set_global_seed(12)


def make_assets(folder):
    """In place of a Nucleus server: boxes and a cone, each in a file of its own."""
    os.makedirs(folder, exist_ok=True)
    for name, size in {"truck": (1.2, 2.4, 1.6), "pallet": (1.2, 0.9, 0.15), "box": (0.3, 0.2, 0.2)}.items():
        asset = Usd.Stage.CreateNew(os.path.join(folder, f"{name}.usda"))
        asset.SetDefaultPrim(UsdGeom.Xform.Define(asset, f"/{name}").GetPrim())
        body = UsdGeom.Cube.Define(asset, f"/{name}/Body")
        body.CreateSizeAttr(1.0)
        UsdGeom.XformCommonAPI(body).SetScale(Gf.Vec3f(*size))
        UsdGeom.XformCommonAPI(body).SetTranslate(Gf.Vec3d(0, 0, size[2] / 2))
        asset.Save()
    asset = Usd.Stage.CreateNew(os.path.join(folder, "cone.usda"))
    asset.SetDefaultPrim(UsdGeom.Xform.Define(asset, "/cone").GetPrim())
    UsdGeom.Cone.Define(asset, "/cone/Body").CreateHeightAttr(0.6)
    UsdGeom.Cone.Get(asset, "/cone/Body").CreateRadiusAttr(0.2)
    asset.Save()
    return folder


def add_colliders(root_prim):
    for desc_prim in Usd.PrimRange(root_prim):
        if desc_prim.IsA(UsdGeom.Gprim) and not desc_prim.HasAPI(UsdPhysics.CollisionAPI):
            UsdPhysics.CollisionAPI.Apply(desc_prim).CreateCollisionEnabledAttr(True)


assets_root_path = make_assets(os.path.join(os.getcwd(), "_assets"))
create_new_stage()
rep.orchestrator.set_capture_on_play(False)
stage = get_current_stage()

truck_prim = prims.create_prim(
    prim_path="/World/Truck",
    position=(random.uniform(-1, 0), random.uniform(-1, 1), 0),
    orientation=euler_angles_to_quat([0, 0, random.uniform(0, math.pi / 8)]),
    usd_path=assets_root_path + config["truck"]["url"],
    semantic_label=config["truck"]["class"],
)
truck_tf = omni.usd.get_world_transform_matrix(truck_prim)
pallet_offset_tf = Gf.Matrix4d().SetTranslate(Gf.Vec3d(0, random.uniform(-2.4, -2.1), 0))
pallet_pos_gf = (pallet_offset_tf * truck_tf).ExtractTranslation()
truck_quat_gf = truck_tf.ExtractRotationQuat()
pallet_prim = prims.create_prim(
    prim_path="/World/Pallet",
    position=pallet_pos_gf,
    orientation=(truck_quat_gf.GetReal(), *truck_quat_gf.GetImaginary()),
    usd_path=assets_root_path + config["pallet"]["url"],
    semantic_label=config["pallet"]["class"],
)
add_colliders(pallet_prim)


def register_scatter_boxes(pallet_prim):
    bb_cache = create_bbox_cache()
    bbox3d_gf = bb_cache.ComputeLocalBound(pallet_prim)
    prim_tf_gf = omni.usd.get_world_transform_matrix(pallet_prim)
    range_size = bbox3d_gf.GetRange().GetSize()
    prim_quat_gf = prim_tf_gf.ExtractRotation().GetQuaternion()
    prim_quat = (prim_quat_gf.GetReal(), *prim_quat_gf.GetImaginary())
    scatter_plane = rep.create.plane(
        scale=(0.9, 0.6, 1),
        position=prim_tf_gf.ExtractTranslation() + Gf.Vec3d(0, 0, range_size[2]),
        rotation=quat_to_euler_angles(np.array(prim_quat), degrees=True),
        visible=False,
    )

    def scatter_boxes():
        cardboxes = rep.create.from_usd(
            assets_root_path + config["box"]["url"], semantics=[("class", config["box"]["class"])], count=3
        )
        with cardboxes:
            rep.randomizer.scatter_2d(scatter_plane, check_for_collisions=True)
            rep.physics.collider()
        return cardboxes.node

    rep.randomizer.register(scatter_boxes)


def register_cone_placement(truck_prim):
    bb_cache = create_bbox_cache()
    centroid, axes, half_extent = compute_obb(bb_cache, truck_prim.GetPrimPath())
    larger_xy_extent = (half_extent[0] * 1.3, half_extent[1] * 1.3, half_extent[2])
    obb_corners = get_obb_corners(centroid, axes, larger_xy_extent)
    bottom_corners = [obb_corners[corner].tolist() for corner in (0, 2, 4, 6)]
    obb_quat = Gf.Matrix3d(axes).ExtractRotation().GetQuaternion()
    obb_euler = quat_to_euler_angles(np.array((obb_quat.GetReal(), *obb_quat.GetImaginary())), degrees=True)
    np.save(os.path.join(os.getcwd(), "corners.npy"), np.array(bottom_corners))

    def place_cones():
        cones = rep.create.from_usd(
            assets_root_path + config["cone"]["url"], semantics=[("class", config["cone"]["class"])]
        )
        with cones:
            rep.modify.pose(position=rep.distribution.sequence(bottom_corners), rotation_z=obb_euler[2])
        return cones.node

    rep.randomizer.register(place_cones)


def register_lights_placement(truck_prim, pallet_prim):
    bb_cache = create_bbox_cache()
    combined = compute_combined_aabb(bb_cache, [truck_prim.GetPrimPath(), pallet_prim.GetPrimPath()])

    def randomize_lights():
        lights = rep.create.light(
            light_type="Sphere",
            color=rep.distribution.uniform((0.2, 0.1, 0.1), (0.9, 0.8, 0.8)),
            intensity=rep.distribution.uniform(500, 2000),
            position=rep.distribution.uniform((combined[0], combined[1], 6), (combined[3], combined[4], 7)),
            scale=rep.distribution.uniform(5, 10),
            count=3,
        )
        return lights.node

    rep.randomizer.register(randomize_lights)


register_scatter_boxes(pallet_prim)
register_cone_placement(truck_prim)
register_lights_placement(truck_prim, pallet_prim)

driver_cam = rep.create.camera(
    focus_distance=400.0, focal_length=24.0, clipping_range=(0.1, 10000000.0), name="DriverCam"
)
pallet_cam = rep.create.camera(name="PalletCam")
top_view_cam = rep.create.camera(clipping_range=(1.0, 1000000.0), name="TopCam")

resolution = config.get("resolution", (512, 512))
rps = [
    rep.create.render_product(top_view_cam, resolution, name="TopView"),
    rep.create.render_product(driver_cam, resolution, name="DriverView"),
    rep.create.render_product(pallet_cam, resolution, name="PalletView"),
]
for rp in rps:
    rp.hydra_texture.set_updates_enabled(False)

if not os.path.isabs(config["writer_config"]["output_dir"]):
    config["writer_config"]["output_dir"] = os.path.join(os.getcwd(), config["writer_config"]["output_dir"])
writer_type = config.get("writer", "BasicWriter")
if writer_type not in rep.WriterRegistry.get_writers():
    carb.log_error(f"Writer type {writer_type} not found in the registry, closing application..")
    simulation_app.close()
writer = rep.WriterRegistry.get(writer_type)
writer.initialize(**config["writer_config"])
writer.attach(rps)

truck_pos_gf = truck_tf.ExtractTranslation()
with rep.trigger.on_frame():
    rep.randomizer.scatter_boxes()
    rep.randomizer.randomize_lights()

    pallet_cam_min = (pallet_pos_gf[0] - 2, pallet_pos_gf[1] - 4, 2)
    pallet_cam_max = (pallet_pos_gf[0] + 2, pallet_pos_gf[1] - 3, 4)
    with pallet_cam:
        rep.modify.pose(
            position=rep.distribution.uniform(pallet_cam_min, pallet_cam_max),
            look_at=str(pallet_prim.GetPrimPath()),
        )

    with driver_cam:
        rep.modify.pose(
            position=rep.distribution.uniform((-0.5, -0.5, 2.5), (0.5, 0.5, 3.0)),
            look_at=str(pallet_prim.GetPrimPath()),
        )

with rep.trigger.on_frame(interval=4):
    top_view_cam_min = (truck_pos_gf[0], truck_pos_gf[1], 9)
    top_view_cam_max = (truck_pos_gf[0], truck_pos_gf[1], 11)
    with top_view_cam:
        rep.modify.pose(
            position=rep.distribution.uniform(
                (truck_pos_gf[0], truck_pos_gf[1], 9), (truck_pos_gf[0], truck_pos_gf[1], 11)
            ),
            rotation=rep.distribution.uniform((0, 0, -30), (0, 0, 30)),
        )

with rep.trigger.on_custom_event("randomize_cones"):
    rep.randomizer.place_cones()

rt_subframes = config.get("rt_subframes", -1)
for rp in rps:
    rp.hydra_texture.set_updates_enabled(True)

for i in range(config.get("num_frames", 0)):
    if i % 2 == 0:
        rep.utils.send_og_event(event_name="randomize_cones")
    rep.orchestrator.step(delta_time=0.0, rt_subframes=rt_subframes)

rep.orchestrator.wait_until_complete()
writer.detach()
for rp in rps:
    rp.destroy()
simulation_app.close()
