"""What changes in NVIDIA's warehouse: a camera at the height of a person walks about, and looks around.

Everything drawn here comes from `randomize`, whose numbers depend on the job's seed and the frame alone: shards agree
whatever the renderer's own randomisers do.
"""

import omni.replicator.core as rep
import omni.usd
from pxr import Gf, Usd, UsdGeom

# Names of prims tell the class: not every asset brings a label of the taxonomy "class".
CLASSES = {"forklift": "forklift", "palette": "pallet", "pallet": "pallet", "rack": "rack", "cardbox": "box"}

stage = omni.usd.get_context().get_stage()
labelled: list[str] = []
for prim in Usd.PrimRange(stage.GetPseudoRoot()):
    path, name = str(prim.GetPath()), prim.GetName().lower()
    found = next((label for word, label in CLASSES.items() if word in name), None)
    if found is None or not prim.IsA(UsdGeom.Xformable) or path.startswith(tuple(f"{each}/" for each in labelled)):
        continue
    labelled.append(path)
    with rep.get.prim_at_path(path):
        rep.modify.semantics([("class", found)])

camera = UsdGeom.Camera.Define(stage, "/World/FramepressCamera")
camera.CreateFocalLengthAttr(18.0)
pose = UsdGeom.Xformable(camera).MakeMatrixXform()
rep.create.render_product(str(camera.GetPath()), (1280, 720), name="Walk")


def randomize(frame_index, rng):
    x, y = rng.uniform((-6.0, -10.0), (6.0, 20.0))
    tilt = Gf.Rotation(Gf.Vec3d(1, 0, 0), float(rng.uniform(70, 90)))
    turn = Gf.Rotation(Gf.Vec3d(0, 0, 1), float(rng.uniform(0, 360)))
    pose.Set(Gf.Matrix4d(tilt * turn, Gf.Vec3d(float(x), float(y), 1.7)))
