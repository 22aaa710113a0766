"""The hall around the aisle: floor and markings, walls, doors, columns, roof trusses, lamps and lights, cameras."""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot

from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, UsdShade

from scenery.authoring import define_mesh, label, place, refer
from scenery.mesh import Mesh, Point, bar, box, quad, turned_profile

__all__ = ["CAMERAS", "LOOKS_USED", "build_cameras", "build_hall", "build_lights"]

LEFT, RIGHT, FRONT, BACK, ROOF = -6.6, 6.6, -9.0, 13.5, 6.2
LAMPS = [(x, y, 4.55) for y in (-4.5, -0.3, 4.0, 8.3, 12.0) for x in (0.0,)] + [
    (x, y, 4.55) for y in (-4.5, 12.0) for x in (-4.2, 4.2)
]
# Name -> (eye, target, focal length on 36 mm).
CAMERAS: dict[str, tuple[Point, Point, float]] = {
    "Front": ((0.55, -7.6, 2.4), (-0.1, 1.5, 0.95), 25.0),
    "Aisle": ((-0.75, 11.0, 2.9), (0.25, -1.2, 0.75), 24.0),
}
LOOKS_USED = (
    "concrete dark_steel door galvanised hazard line plaster rack_post rack_beam wall white_band black_plastic".split()
)


def _floor() -> Mesh:
    size = (RIGHT - LEFT, BACK - FRONT)
    corners = [(LEFT, FRONT, 0), (RIGHT, FRONT, 0), (RIGHT, BACK, 0), (LEFT, BACK, 0)]
    return quad(corners, "concrete", tile=(size[0] / 3.3, size[1] / 3.3))


def _stripe(start: tuple[float, float], end: tuple[float, float], width: float, look: str = "line") -> Mesh:
    """A painted line, 1 mm above the floor."""
    length = hypot(end[0] - start[0], end[1] - start[1])
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    side = (-along[1] * width / 2, along[0] * width / 2)
    corners = [
        (start[0] - side[0], start[1] - side[1], 0.001),
        (end[0] - side[0], end[1] - side[1], 0.001),
        (end[0] + side[0], end[1] + side[1], 0.001),
        (start[0] + side[0], start[1] + side[1], 0.001),
    ]
    return quad(corners, look, tile=(length / 1.2, 1.0) if look == "line" else (length / 0.4, width / 0.4))


def _markings() -> Mesh:
    mesh = Mesh()
    for x in (-1.78, 1.78):
        mesh.add(_stripe((x, -0.4), (x, 11.2), 0.1))
    for y in (-0.45, 11.25):
        mesh.add(_stripe((-5.6, y), (-1.73, y), 0.1)).add(_stripe((1.73, y), (5.6, y), 0.1))
    for x in (2.3, 5.3):  # the bay for goods that come in
        mesh.add(_stripe((x, -4.4), (x, -1.6), 0.1))
    for y in (-4.4, -1.6):
        mesh.add(_stripe((2.25, y), (5.35, y), 0.1))
    for x in (-4.9, -2.1):
        mesh.add(_stripe((x, -3.6), (x, -1.3), 0.1))
    for y in (-3.6, -1.3):
        mesh.add(_stripe((-4.95, y), (-2.05, y), 0.1))
    for k in range(7):  # where people cross
        mesh.add(_stripe((-1.5 + 0.5 * k, -2.35), (-1.5 + 0.5 * k, -1.15), 0.26, "white_band"))
    return mesh


def _walls() -> Mesh:
    """Plinth and sheets, seen from within; each wall a quad with its front inwards."""
    mesh = Mesh()
    walls = [((LEFT, BACK), (RIGHT, BACK)), ((RIGHT, BACK), (RIGHT, FRONT))]
    walls += [((RIGHT, FRONT), (LEFT, FRONT)), ((LEFT, FRONT), (LEFT, BACK))]
    for (x, y), (to_x, to_y) in walls:
        length = hypot(to_x - x, to_y - y)
        for low, high, look, tile in ((0.0, 1.1, "plaster", 1.8), (1.1, ROOF, "wall", 2.2)):
            corners = [(x, y, low), (to_x, to_y, low), (to_x, to_y, high), (x, y, high)]
            mesh.add(quad(corners, look, tile=(length / tile, (high - low) / tile)))
    return mesh


def _doors() -> Mesh:
    """Rolling doors in the front and back wall, with frames and crash posts."""
    mesh = Mesh()
    for y, way, places in ((BACK, -1, (-3.9, 0.0, 3.9)), (FRONT, 1, (-4.0, 0.0, 4.0))):
        for x in places:
            depths = sorted((y, y + way * 0.1))
            mesh.add(box((x - 1.35, depths[0], 0), (x + 1.35, depths[1], 3.1), "door"))
            for edge in (x - 1.45, x + 1.35):
                mesh.add(box((edge, depths[0], 0), (edge + 0.1, depths[1] + 0.02, 3.2), "hazard", tile=0.5))
            mesh.add(box((x - 1.45, depths[0], 3.1), (x + 1.45, depths[1] + 0.02, 3.42), "galvanised"))
            mesh.add(box((x - 1.3, depths[0] - 0.01, 0.02), (x + 1.3, depths[1] + 0.01, 0.1), "black_plastic"))
    return mesh


def _steel() -> Mesh:
    """Columns along the side walls and the trusses between them."""
    mesh = Mesh()
    for y in (-6.5, -1.0, 4.5, 10.0):
        for x in (LEFT + 0.16, RIGHT - 0.16):
            for side in (-0.13, 0.11):
                mesh.add(box((x - 0.11, y + side, 0), (x + 0.11, y + side + 0.02, ROOF), "galvanised"))
            mesh.add(box((x - 0.01, y - 0.11, 0), (x + 0.01, y + 0.11, ROOF), "galvanised"))
        for z in (5.3, 6.0):
            mesh.add(box((LEFT, y - 0.06, z), (RIGHT, y + 0.06, z + 0.1), "galvanised"))
        span = RIGHT - LEFT
        for k in range(12):
            low, high = (5.35, 6.05) if k % 2 else (6.05, 5.35)
            mesh.add(
                bar((LEFT + span * k / 12, y, low), (LEFT + span * (k + 1) / 12, y, high), 0.05, 0.05, "galvanised")
            )
    return mesh


def _bollards() -> Mesh:
    """Posts that keep vehicles off the rack ends."""
    mesh = Mesh()
    for x in (-3.15, -1.62, 1.62, 3.15):
        profile = [(0.075, 0.0), (0.075, 0.25), (0.075, 0.5), (0.075, 0.75), (0.065, 0.9), (0.04, 0.93), (0.0, 0.94)]
        looks = ["rack_beam", "black_plastic", "rack_beam", "black_plastic", "rack_beam", "rack_beam"]
        post = turned_profile(profile, looks, segments=16)
        for corners in post.corners:
            corners += (x, -0.22, 0.0)
        mesh.add(post)
    return mesh


def build_hall(stage: Usd.Stage, looks: dict[str, UsdShade.Material]) -> None:
    """Below /World/Hall; floor, walls and doors carry labels, the rest none."""
    parts = {"Floor": _floor(), "Markings": _markings(), "Walls": _walls(), "Doors": _doors()}
    parts |= {"Steel": _steel(), "Bollards": _bollards()}
    UsdGeom.Xform.Define(stage, "/World/Hall")
    for name, mesh in parts.items():
        prim = define_mesh(stage, f"/World/Hall/{name}", mesh, looks).GetPrim()
        if name in ("Floor", "Walls", "Doors"):
            label(prim, name.lower().rstrip("s"))
    UsdGeom.Xform.Define(stage, "/World/Hall/Lamps")
    for k, at in enumerate(LAMPS):
        place(refer(stage, f"/World/Hall/Lamps/Lamp_{k:02d}", "./props/lamp.usda"), at)


def build_lights(stage: Usd.Stage) -> None:
    """Light of the hall from all around, daylight through the roof that throws shadows, and one light a lamp."""
    UsdGeom.Scope.Define(stage, "/World/Lights")
    around = UsdLux.DomeLight.Define(stage, "/World/Lights/Hall")
    around.CreateIntensityAttr(0.75)
    around.CreateTextureFileAttr("./textures/hall_light.jpg")
    around.CreateTextureFormatAttr(UsdLux.Tokens.latlong)
    day = UsdLux.DistantLight.Define(stage, "/World/Lights/Daylight")
    day.CreateIntensityAttr(1.9)
    day.CreateAngleAttr(2.0)
    day.CreateColorAttr(Gf.Vec3f(1.0, 0.96, 0.88))
    UsdGeom.Xformable(day).AddRotateXYZOp().Set(Gf.Vec3f(-24, 28, 0))
    for k, (x, y, z) in enumerate(LAMPS):
        bulb = UsdLux.SphereLight.Define(stage, f"/World/Lights/Lamp_{k:02d}")
        bulb.CreateRadiusAttr(0.2)
        bulb.CreateIntensityAttr(28.0)
        bulb.CreateColorAttr(Gf.Vec3f(1.0, 0.95, 0.86))
        bulb.GetPrim().CreateAttribute("inputs:shadow:enable", Sdf.ValueTypeNames.Bool, False).Set(False)
        bulb.AddTranslateOp().Set(Gf.Vec3d(x, y, z - 0.25))


def build_cameras(stage: Usd.Stage, cameras: Mapping[str, tuple[Point, Point, float]]) -> None:
    """Cameras at /World/Cameras/<name>, 36 x 20.25 mm."""
    UsdGeom.Scope.Define(stage, "/World/Cameras")
    for name, (eye, target, focal_length) in cameras.items():
        camera = UsdGeom.Camera.Define(stage, f"/World/Cameras/{name}")
        camera.CreateFocalLengthAttr(focal_length)
        camera.CreateHorizontalApertureAttr(36.0)
        camera.CreateVerticalApertureAttr(20.25)
        camera.CreateClippingRangeAttr(Gf.Vec2f(0.05, 1000.0))
        view = Gf.Matrix4d().SetLookAt(Gf.Vec3d(*eye), Gf.Vec3d(*target), Gf.Vec3d(0, 0, 1))
        turn = view.GetInverse().ExtractRotation().Decompose(Gf.Vec3d.ZAxis(), Gf.Vec3d.YAxis(), Gf.Vec3d.XAxis())
        camera.AddTranslateOp().Set(Gf.Vec3d(*eye))
        camera.AddRotateXYZOp().Set(Gf.Vec3f(*(round(float(angle), 4) for angle in reversed(turn))))
