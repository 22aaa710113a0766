"""A dataset of a table-top: things move about on it, the light changes, two cameras look on.

    framepress run docs/examples/sdg_tabletop.py -- out/tabletop            without Isaac Sim
    <Isaac Sim>/python.sh docs/examples/sdg_tabletop.py out/tabletop        with it

The script is an ordinary one of Replicator's; all that is framepress in it is the writer.
"""

import argparse
from pathlib import Path

from isaacsim import SimulationApp

parser = argparse.ArgumentParser()
parser.add_argument("out", type=Path, help="a new folder")
parser.add_argument("--frames", type=int, default=10)
parser.add_argument("--size", type=int, nargs=2, default=[640, 400], metavar=("WIDTH", "HEIGHT"))
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

app = SimulationApp({"headless": True})

import omni.replicator.core as rep  # noqa: E402  # is there only once the application runs
import omni.usd  # noqa: E402

from framepress.replicator import build_writer  # noqa: E402

SCENE = Path(__file__).resolve().parents[2] / "data" / "scenes" / "tabletop" / "tabletop.usda"

omni.usd.get_context().open_stage(str(SCENE))
rep.set_global_seed(args.seed)
rep.orchestrator.set_capture_on_play(False)  # frames are captured by step() alone

mug = rep.get.prim_at_path("/World/Mug")
box = rep.get.prim_at_path("/World/Box")
sky = rep.get.prim_at_path("/World/Lights/Sky")
ball = rep.get.prim_at_path("/World/Ball")
can = rep.create.cylinder(scale=(0.07, 0.07, 0.12), semantics=[("class", "can")])

turn = rep.distribution.uniform((0, 0, 0), (0, 0, 360))
with rep.trigger.on_frame():
    # Each has a part of the table, 0.74 m high, to itself; a cylinder's own origin is its middle.
    with box:
        rep.modify.pose(position=rep.distribution.uniform((-0.4, -0.2, 0.74), (-0.2, 0.2, 0.74)), rotation=turn)
    with mug:
        rep.modify.pose(position=rep.distribution.uniform((0.05, -0.3, 0.742), (0.5, -0.1, 0.742)), rotation=turn)
    with ball:
        rep.modify.pose(position=rep.distribution.uniform((0.05, 0.05, 0.796), (0.25, 0.3, 0.796)))
    with can:
        rep.modify.pose(position=rep.distribution.uniform((0.35, 0.05, 0.802), (0.5, 0.3, 0.802)))
        rep.randomizer.color(colors=rep.distribution.uniform((0.1, 0.1, 0.1), (0.9, 0.9, 0.9)))
    with sky:
        rep.modify.attribute("inputs:intensity", rep.distribution.uniform(0.3, 1.2))

cameras = ("Main", "Side")
products = [rep.create.render_product(f"/World/Cameras/{name}", tuple(args.size), name=name) for name in cameras]

rep.WriterRegistry.register(build_writer(rep))
writer = rep.WriterRegistry.get("FramepressWriter")
writer.initialize(
    output_dir=str(args.out.absolute()),
    formats="coco,yolo,kitti",
    labels=["ball", "box", "can", "cloth", "mug", "table"],
    split="train=.8,val=.2",
    seed=args.seed,
)
writer.attach(products)

for _ in range(args.frames):
    rep.orchestrator.step(rt_subframes=4)
rep.orchestrator.wait_until_complete()  # every file is written, and the dataset is sealed

writer.detach()
for product in products:
    product.destroy()
app.close()
