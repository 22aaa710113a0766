"""As started with `--exec`: coroutines that step, wait for updates of the application, and end it."""

import asyncio
import os

import carb
import omni.kit.app
import omni.replicator.core as rep
import omni.timeline
import omni.usd


async def setup():
    await omni.usd.get_context().new_stage_async()
    await omni.kit.app.get_app().next_update_async()
    rep.orchestrator.set_capture_on_play(False)
    with rep.new_layer():
        light = rep.create.light(rotation=(-45, 30, 0), light_type="distant")
        with light:
            rep.modify.attribute("inputs:intensity", 2500)
        cube = rep.create.cube(semantics=[("class", "cube")], position=(0, 0, 0.5))
        camera = rep.create.camera(position=(6, 6, 4), look_at=cube)
        rp = rep.create.render_product(camera, (128, 80), name="eye")
        with rep.trigger.on_custom_event("move"):
            with cube:
                rep.modify.pose(
                    position=rep.distribution.uniform((-1, -1, 0), (1, 1, 1)),
                    rotation=rep.distribution.uniform((0, 0, 0), (0, 0, 360)),
                )
    return rp


async def run_example_async(num_frames, out_dir):
    rp = await setup()
    writer = rep.WriterRegistry.get("BasicWriter")
    writer.initialize(
        output_dir=out_dir,
        rgb=True,
        bounding_box_2d_tight=True,
        instance_segmentation=True,
        colorize_instance_segmentation=False,
        distance_to_image_plane=True,
    )
    await writer.attach_async([rp])
    timeline = omni.timeline.get_timeline_interface()
    timeline.play()
    timeline.commit()
    await rep.orchestrator.preview_async()
    for i in range(num_frames):
        for _ in range(2):
            await omni.kit.app.get_app().next_update_async()
        rep.utils.send_og_event("move")
        await rep.orchestrator.step_async(rt_subframes=4, delta_time=0.0, pause_timeline=False)
        carb.log_info(f"frame {i} at {timeline.get_current_time():.4f} s")
    timeline.pause()
    await rep.orchestrator.wait_until_complete_async()
    writer.detach()
    rp.destroy()


async def main():
    await run_example_async(3, os.path.join(os.getcwd(), "_out_async"))
    omni.kit.app.get_app().post_quit()


asyncio.ensure_future(main())
