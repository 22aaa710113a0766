"""What the Synthetic Data Recorder does with a writer's name, a JSON of parameters and a table of cameras."""

import asyncio
import copy
import json
import os

import omni.kit.commands
import omni.replicator.core as rep
import omni.timeline
import omni.usd
from pxr import Gf, UsdGeom

from framepress.replicator import build_writer

WRITER_NAME = "FramepressWriter"
PARAMETERS = json.loads('{"formats": ["coco", "yolo"], "labels": ["cube", "ball"], "channels": "rgb,instance"}')
TABLE = [("/World/Left", 96, 64, ""), ("/World/Right", 64, 96, "custom")]


def started(name, folder, parameters, backend_type="DiskBackend"):
    """A writer, in the way of the release that runs: with a backend, or with a folder."""
    writer = rep.WriterRegistry.get(name)
    if RECORDER_PASSES_BACKEND:
        backend = rep.backends.get(backend_type)
        backend.initialize(output_dir=folder)
        writer.initialize(backend=backend, **parameters)
    else:
        writer.initialize(output_dir=folder, **parameters)
    return writer


try:
    from isaacsim.core.version import get_version

    RECORDER_PASSES_BACKEND = int(get_version()[2]) >= 6
except ImportError:
    RECORDER_PASSES_BACKEND = False


async def record(num_frames, rt_subframes):
    rep.orchestrator.set_capture_on_play(False)
    stage = omni.usd.get_context().get_stage()
    rep.create.cube(position=(-1, 0, 0), semantics=[("class", "Cube")])
    rep.create.sphere(position=(1, 0, 0), semantics=[("class", "Ball")])
    rep.create.light(light_type="dome")
    for path, x in (("/World/Left", -2), ("/World/Right", 2)):
        prim = stage.DefinePrim(path, "Camera")
        omni.kit.commands.execute("ChangeProperty", prop_path=f"{path}.focalLength", value=18.0, prev=None)
        UsdGeom.Xformable(prim).AddTransformOp().Set(
            Gf.Matrix4d().SetLookAt(Gf.Vec3d(x, -7, 1), Gf.Vec3d(0, 0, 0), Gf.Vec3d(0, 0, 1)).GetInverse()
        )

    out = os.path.join(os.getcwd(), "_out_recorder")
    writers = [started(WRITER_NAME, os.path.join(out, "press"), PARAMETERS)]
    writers.append(started("BasicWriter", os.path.join(out, "basic"), {"rgb": True, "bounding_box_2d_tight": True}))
    # As isaacsim.core.nodes does with each writer before it is attached.
    writers[0] = copy.deepcopy(writers[0])
    rps = [rep.create.render_product(camera, (w, h), name=name or None, force_new=True) for camera, w, h, name in TABLE]
    for writer in writers:
        writer.attach(rps)

    timeline = omni.timeline.get_timeline_interface()
    timeline.play()
    await rep.orchestrator.preview_async()
    for _ in range(num_frames):
        await rep.orchestrator.step_async(rt_subframes=rt_subframes, delta_time=None, pause_timeline=False)
    timeline.pause()
    await rep.orchestrator.wait_until_complete_async()
    for writer in writers:
        writer.detach()
    for rp in rps:
        rp.destroy()


rep.WriterRegistry.register(build_writer(rep))
asyncio.ensure_future(record(num_frames=3, rt_subframes=2))
