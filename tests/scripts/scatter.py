"""Functions registered as randomisers: boxes scattered over a plane without touching, lamps and cameras anew."""

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import omni.replicator.core as rep

with rep.new_layer():
    table = rep.create.plane(scale=(6, 4, 1), position=(0, 0, 0), semantics=[("class", "table")])
    pillar = rep.create.cylinder(position=(0, 0, 1), scale=(0.5, 0.5, 2), semantics=[("class", "pillar")])

    def props(size=5):
        boxes = rep.create.cube(count=size, scale=0.5, semantics=[("class", "box")])
        with boxes:
            rep.randomizer.scatter_2d(
                surface_prims=table, no_coll_prims=pillar, check_for_collisions=True, offset=0.25, seed=None
            )
            rep.modify.pose(rotation=rep.distribution.uniform((0, 0, -45), (0, 0, 45)))
        return boxes.node

    def sphere_lights(num):
        lights = rep.create.light(
            light_type="Sphere",
            temperature=rep.distribution.normal(6500, 500),
            intensity=rep.distribution.normal(35000, 5000),
            position=rep.distribution.uniform((-4, -4, 3), (4, 4, 5)),
            scale=rep.distribution.uniform(0.5, 1),
            count=num,
        )
        return lights.node

    rep.randomizer.register(props)
    rep.randomizer.register(sphere_lights, override=True)

    camera = rep.create.camera(focus_distance=800, f_stop=0.5)
    camera2 = rep.create.camera(focal_length=18, clipping_range=(0.1, 1000))
    render_product = rep.create.render_product(camera, resolution=(160, 96))
    render_product2 = rep.create.render_product(camera2, (96, 96))

    writer = rep.WriterRegistry.get("BasicWriter")
    writer.initialize(
        output_dir="_out_scatter",
        rgb=True,
        bounding_box_2d_tight=True,
        bounding_box_3d=True,
        instance_segmentation=True,
        colorize_instance_segmentation=False,
        occlusion=True,
        camera_params=True,
    )
    writer.attach([render_product, render_product2])

    with rep.trigger.on_frame(num_frames=3):
        rep.randomizer.props(6)
        rep.randomizer.sphere_lights(2)
        with camera:
            rep.modify.pose(position=rep.distribution.uniform((-3, -9, 4), (3, -8, 6)), look_at=(0, 0, 0))
        with camera2:
            rep.modify.pose(position=(0, 0, 9), look_at=pillar)

rep.orchestrator.run_until_complete()
simulation_app.close()
