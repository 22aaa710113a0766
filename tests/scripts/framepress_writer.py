"""FramepressWriter by its name, in the formats that are wanted, beside BasicWriter on the same frames."""

import os

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import omni.replicator.core as rep

from framepress.replicator import build_writer

rep.WriterRegistry.register(build_writer(rep))

with rep.new_layer():
    floor = rep.create.plane(scale=12, position=(0, 0, -1), semantics=[("class", "floor")])
    crates = rep.create.cube(count=3, semantics=[("class", "Crate")])
    drum = rep.create.cylinder(scale=1.2, semantics=[("class", "Drum")], position=(0, 2, 0))
    rep.create.light(light_type="dome", intensity=700)
    rep.create.light(light_type="distant", rotation=(-50, 20, 0), intensity=2000)
    camera = rep.create.camera(position=(0, -10, 4), look_at=(0, 0, 0))
    other = rep.create.camera(position=(7, -5, 3), look_at=(0, 0, 0))
    rps = [
        rep.create.render_product(camera, (160, 96), name="front"),
        rep.create.render_product(other, (128, 96), name="corner"),
    ]

    with rep.trigger.on_frame(num_frames=4):
        with crates:
            rep.modify.pose(
                position=rep.distribution.uniform((-3, -3, -0.5), (3, 3, 0.5)),
                rotation=rep.distribution.uniform((0, 0, 0), (0, 0, 90)),
            )
        with drum:
            rep.modify.pose(position=rep.distribution.uniform((-2, 0, -0.4), (2, 3, 0.4)))

ours = rep.WriterRegistry.get("FramepressWriter")
ours.initialize(
    output_dir=os.path.join(os.getcwd(), "_out_framepress"),
    formats="coco,yolo,kitti,native",
    labels=["Crate", "Drum", "floor"],
    split="train=.5,val=.5",
    seed=1,
)
ours.attach(rps)

basic = rep.WriterRegistry.get("BasicWriter")
basic.initialize(
    output_dir=os.path.join(os.getcwd(), "_out_basic"),
    rgb=True,
    bounding_box_2d_tight=True,
    bounding_box_2d_loose=True,
    bounding_box_3d=True,
    instance_segmentation=True,
    colorize_instance_segmentation=False,
    semantic_segmentation=True,
    colorize_semantic_segmentation=False,
    distance_to_image_plane=True,
    camera_params=True,
    frame_padding=6,
)
basic.attach(rps)

rep.orchestrator.run_until_complete()
ours.detach()
basic.detach()
simulation_app.close()
