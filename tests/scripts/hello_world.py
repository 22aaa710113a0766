"""Three shapes thrown about before a camera: a layer, a trigger, a writer; run until no frame is left."""

from isaacsim import SimulationApp

simulation_app = SimulationApp({"headless": True})

import omni.replicator.core as rep

with rep.new_layer():
    camera = rep.create.camera(position=(0, 0, 14), look_at=(0, 0, 0))
    render_product = rep.create.render_product(camera, (160, 96))

    torus = rep.create.torus(semantics=[("class", "Torus")], position=(-2, -2, 1))
    sphere = rep.create.sphere(semantics=[("class", "Sphere")], position=(0, 1, 1))
    cube = rep.create.cube(semantics=[("class", "Cube")], position=[2, -2, 1])
    rep.create.light(light_type="Distant", rotation=(315, 0, 0), intensity=3000)
    rep.create.light(light_type="Dome", intensity=400)

    with rep.trigger.on_frame(num_frames=3):
        with rep.create.group([torus, sphere, cube]):
            rep.modify.pose(
                position=rep.distribution.uniform((-4, -2, -1), (4, 2, 1)),
                rotation=rep.distribution.uniform((0, 0, 0), (90, 90, 90)),
                scale=rep.distribution.uniform(0.6, 2.5),
            )

    writer = rep.WriterRegistry.get("BasicWriter")
    writer.initialize(
        output_dir="_out_hello",
        rgb=True,
        bounding_box_2d_tight=True,
        instance_segmentation=True,
        colorize_instance_segmentation=False,
    )
    writer.attach([render_product])

rep.orchestrator.run()

while not rep.orchestrator.get_is_started():
    simulation_app.update()
while rep.orchestrator.get_is_started():
    simulation_app.update()

rep.BackendDispatch.wait_until_done()
rep.orchestrator.stop()
writer.detach()
render_product.destroy()
simulation_app.close()
