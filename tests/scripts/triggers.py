"""Triggers by frames and by time, events that a script sends, and a writer that one of the triggers drives."""

import os

from isaacsim import SimulationApp

simulation_app = SimulationApp(launch_config={"headless": True})

import omni.replicator.core as rep
import omni.usd
from omni.replicator.core import AnnotatorRegistry, Writer

omni.usd.get_context().new_stage()
rep.set_global_seed(5)
rep.orchestrator.set_capture_on_play(False)


class WhenWriter(Writer):
    """What every trigger has counted so far, frame by frame."""

    def __init__(self, output_dir: str):
        self.version = "0.1.0"
        self.data_structure = "annotator"
        self.backend = rep.BackendDispatch(output_dir=output_dir)
        self.annotators = [AnnotatorRegistry.get_annotator("bounding_box_2d_tight")]
        self._frame_id = 0

    def write(self, data):
        boxes = data["annotators"]["bounding_box_2d_tight"]
        row = {
            "triggers": data["trigger_outputs"],
            "size": {name: [float(v) for v in values] for name, values in data["distribution_outputs"].items()},
            "time": data["reference_time"][0] / data["reference_time"][1],
            "boxes": {rp: [[int(v) for v in list(box)[:5]] for box in found["data"]] for rp, found in boxes.items()},
        }
        self.backend.schedule(write_json, path=f"frame_{self._frame_id:02d}.json", data=row)
        self._frame_id += 1


try:
    from omni.replicator.core.functional import write_json
except ImportError:
    from omni.replicator.core.scripts.functional import write_json

rep.WriterRegistry.register(WhenWriter, category="lessons")
assert list(rep.WriterRegistry.get_writers(category="lessons")) == ["WhenWriter"]

large_cube = rep.create.cube(scale=1.25, position=(1, 1, 0), semantics=[("class", "large")])
small_cube = rep.create.cube(scale=0.75, position=(-1, -1, 0), semantics=[("class", "small")])
ball = rep.create.sphere(position=(2, -1, 0), semantics=[("class", "ball")])
large_cube_prim = large_cube.get_output_prims()["prims"][0]
small_cube_prim = small_cube.get_output_prims()["prims"][0]

cam = rep.create.camera(position=(0, 0, 9), look_at=(0, 0, 0))
rp = rep.create.render_product(cam, (128, 128), name="above")

with rep.trigger.on_custom_event(event_name="randomize_large_cube"):
    with large_cube:
        rep.randomizer.rotation()

with rep.trigger.on_custom_event("randomize_small_cube"):
    with small_cube:
        rep.randomizer.rotation(min_angle=(0, 0, 0), max_angle=(0, 0, 90))

with rep.trigger.on_frame(interval=2, name="second"):
    with ball:
        rep.modify.pose(scale=rep.distribution.uniform(0.5, 1.5, name="ball_size"))

with rep.trigger.on_time(interval=0.05, name="on_time_ball"):
    with ball:
        rep.modify.pose(position=rep.distribution.uniform((1.5, -2, 0), (2.5, 0, 0)))

every = rep.WriterRegistry.get("WhenWriter")
every.initialize(output_dir=os.path.join(os.getcwd(), "_out_triggers", "every"))
every.attach(rp)

# A writer of BasicWriter's kind, only for the frames that are asked for.
asked = rep.WriterRegistry.get("BasicWriter")
asked.initialize(output_dir=os.path.join(os.getcwd(), "_out_triggers", "asked"), rgb=True, bounding_box_2d_tight=True)
asked.attach(rp, trigger=None)


def run_example():
    rep.utils.send_og_event(event_name="randomize_small_cube")
    rep.orchestrator.step(rt_subframes=8)

    small_cube_prim.GetAttribute("xformOp:translate").Set((-2, -2, 0))
    rep.orchestrator.step(rt_subframes=8)

    rep.utils.send_og_event(event_name="randomize_large_cube")
    asked.schedule_write()
    rep.orchestrator.step(rt_subframes=8)

    large_cube_prim.GetAttribute("xformOp:translate").Set((2, 2, 0))
    rep.orchestrator.step(rt_subframes=8)

    rep.orchestrator.step(rt_subframes=8, delta_time=0.05)
    rep.orchestrator.step(rt_subframes=8, delta_time=0.0)
    rep.orchestrator.wait_until_complete()


run_example()
every.detach()
asked.detach()
simulation_app.close()
