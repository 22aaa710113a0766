"""The same without an update loop: one call runs to the end. No SimulationApp, as pasted into the Script Editor."""

import omni.replicator.core as rep

rep.set_global_seed(7)

with rep.new_layer("Randomised"):
    camera = rep.create.camera()
    rp = rep.create.render_product(camera, resolution=[120, 80])
    boxes = rep.create.cube(count=4, semantics=[("class", "box"), ("shape", "cuboid")])
    sun = rep.create.light(rotation=(300, 20, 0), intensity=2500, light_type="distant")

    with rep.trigger.on_frame(max_execs=3, rt_subframes=8):
        with camera:
            rep.modify.pose(position=rep.distribution.uniform((-1, -9, 3), (1, -7, 5)), look_at=(0, 0, 0))
        with boxes:
            rep.modify.pose(
                position=rep.distribution.normal((0.0, 0.0, 0.0), (1.2, 1.2, 0.6)),
                rotation_z=rep.distribution.choice([0, 30, 60]),
                size=rep.distribution.uniform(0.5, 1.5),
            )

    writer = rep.WriterRegistry.get("BasicWriter")
    writer.initialize(
        output_dir="_out_complete",
        semantic_types=["class", "shape"],
        bounding_box_2d_loose=True,
        bounding_box_3d=True,
        semantic_segmentation=True,
        camera_params=True,
        frame_padding=6,
    )
    writer.attach(rp)

rep.orchestrator.run_until_complete()
