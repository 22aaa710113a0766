"""A table with a mug, a box and a ball: the smallest scene that has something of everything, for tests."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from pxr import Gf, Usd, UsdGeom, UsdLux, UsdShade

from scenery.authoring import define_mesh, label, label_formerly, new_stage, place, save
from scenery.hall import build_cameras
from scenery.looks import define_looks
from scenery.mesh import Mesh, bar, box, quad, turned_profile

__all__ = ["write_tabletop"]

TOP = 0.74
CAMERAS = {
    "Main": ((0.62, -1.05, 1.42), (0.02, -0.04, 0.74), 40.0),
    "Side": ((-1.2, -0.75, 1.12), (0.04, 0.0, 0.74), 46.0),
}


def _table() -> Mesh:
    mesh = box((-0.6, -0.4, TOP - 0.04), (0.6, 0.4, TOP), "oak", tile=0.8)
    for x in (-0.55, 0.55):
        for y in (-0.35, 0.35):
            mesh.add(box((x - 0.03, y - 0.03, 0), (x + 0.03, y + 0.03, TOP - 0.04), "oak", tile=0.5))
    return mesh


def _mug() -> Mesh:
    """Open above, 9 cm high, with a handle of seven pieces."""
    outside = [(0.0, 0.0), (0.034, 0.0), (0.038, 0.005), (0.04, 0.05), (0.04, 0.088), (0.038, 0.09)]
    inside = [(0.036, 0.088), (0.036, 0.012), (0.03, 0.006), (0.0, 0.006)]
    mesh = turned_profile(outside + inside, "ceramic", segments=24)
    arc = [(0.038, 0.072), (0.054, 0.076), (0.065, 0.066), (0.068, 0.048), (0.062, 0.03), (0.05, 0.022), (0.038, 0.024)]
    for (x, z), (to_x, to_z) in pairwise(arc):
        mesh.add(bar((x, 0, z), (to_x, 0, to_z), 0.009, 0.014, "ceramic"))
    return mesh


def write_tabletop(folder: Path) -> None:
    """tabletop.usda below `folder`; its three pictures lie with the warehouse's."""
    stage = new_stage(folder / "tabletop.usda", "/World")
    parts = {"Table": _table(), "Mug": _mug()}
    parts["Box"] = box(
        (-0.09, -0.06, 0), (0.09, 0.06, 0.12), "carton", sides={"-y": "carton_print", "+y": "carton_print"}
    )
    floor = quad([(-2, -2, 0), (2, -2, 0), (2, 2, 0), (-2, 2, 0)], "plaster", tile=(2, 2))
    cloth = quad(
        [(-0.3, -0.28, TOP + 0.001), (0.3, -0.28, TOP + 0.001), (0.3, 0.28, TOP + 0.001), (-0.3, 0.28, TOP + 0.001)],
        "checker",
        tile=(3, 2.8),
    )
    used = [look for mesh in (*parts.values(), floor, cloth) for look in mesh.looks]
    looks = define_looks(stage, "/World/Looks", [*used, "crate_yellow"], "../warehouse/textures")
    UsdGeom.Scope.Define(stage, "/World/Looks")
    define_mesh(stage, "/World/Floor", floor, looks)
    for name, mesh in parts.items():
        define_mesh(stage, f"/World/{name}", mesh, looks)
    define_mesh(stage, "/World/Table/Cloth", cloth, looks)
    place(stage.GetPrimAtPath("/World/Mug"), (0.2, -0.1, TOP), 40)
    place(stage.GetPrimAtPath("/World/Box"), (-0.1, 0.1, TOP), -18)
    _ball(stage, looks["crate_yellow"])
    label(stage.GetPrimAtPath("/World/Table"), "table")
    label(stage.GetPrimAtPath("/World/Table/Cloth"), "cloth")
    label(stage.GetPrimAtPath("/World/Mug"), "mug")
    label_formerly(stage.GetPrimAtPath("/World/Box"), "box")
    label_formerly(stage.GetPrimAtPath("/World/Ball"), "ball")
    UsdGeom.Scope.Define(stage, "/World/Lights")
    UsdLux.DomeLight.Define(stage, "/World/Lights/Sky").CreateIntensityAttr(0.6)
    sun = UsdLux.DistantLight.Define(stage, "/World/Lights/Sun")
    sun.CreateIntensityAttr(2.4)
    UsdGeom.Xformable(sun).AddRotateXYZOp().Set(Gf.Vec3f(-30, 35, 0))
    build_cameras(stage, CAMERAS)
    save(stage)


def _ball(stage: Usd.Stage, look: UsdShade.Material) -> None:
    ball = UsdGeom.Sphere.Define(stage, "/World/Ball")
    ball.CreateRadiusAttr(0.055)
    ball.CreateExtentAttr([Gf.Vec3f(-0.055, -0.055, -0.055), Gf.Vec3f(0.055, 0.055, 0.055)])
    ball.AddTranslateOp().Set(Gf.Vec3d(0.06, -0.2, TOP + 0.056))
    UsdShade.MaterialBindingAPI.Apply(ball.GetPrim()).Bind(look)
