"""The scene that the renderer is measured on, made, not downloaded: a yard full of things, the same bytes every time.

    python bench/stage.py FOLDER

About 200 instances of 130 meshes, 512,000 triangles, 16 textures of 1024 px, cut-out foliage, native instances, a point
instancer, gprims, a skinned character, a dome, a sun, two sphere lights and a rect light; labels in both schemas; the
cameras /World/Cameras/Main (pinhole) and /World/Cameras/Fish (OpenCV's fisheye, 190 degrees). z up, metres.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
from authoring import bind, label, material, mesh_of, placed
from character import FRAMES, write_character
from PIL import Image
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, Vt
from surfaces import SHAPES, Surface, grid, leaves, sheet, sky, tile

SIZE = 1024  # px, of every texture
TILES = 14
DETAIL = (50, 26)  # quads across and along: 2,600 triangles


def write_stage(folder: Path) -> Path:
    """Everything below `folder`; the path of the scene."""
    write_textures(folder / "textures")
    path = folder / "yard.usdc"
    path.unlink(missing_ok=True)
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    stage.SetTimeCodesPerSecond(24)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(FRAMES)
    yard = Yard(stage)
    yard.ground()
    yard.things(110)
    yard.instances(60)
    yard.pebbles(16)
    yard.gprims(10)
    yard.bushes(3)
    write_character(stage, yard.tiled[5])
    lights(stage)
    cameras(stage)
    stage.GetRootLayer().Save()
    return path


def write_textures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {f"tile_{number:02d}": tile(number, SIZE) for number in range(TILES)}
    for name, pixels in {**pictures, "leaves": leaves(SIZE), "sky": sky(SIZE)}.items():
        Image.fromarray(pixels).save(folder / f"{name}.png", compress_level=1)


class Yard:
    """Adds groups of things to a stage, in places and with looks drawn from one generator."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.rng = np.random.default_rng(3)
        names = [f"tile_{number:02d}" for number in range(2, TILES)]
        self.tiled = [material(stage, name, name, scale=2, roughness=0.15 + 0.06 * k) for k, name in enumerate(names)]
        colours = self.rng.uniform(0.1, 0.9, (6, 3))
        self.plain = [material(stage, f"plain_{k}", colour=tuple(c), roughness=0.2) for k, c in enumerate(colours)]

    def ground(self) -> None:
        floor = material(self.stage, "floor", "tile_00", scale=3, roughness=0.35)
        wall = material(self.stage, "wall", "tile_01", scale=4, roughness=0.8)
        self.mesh("/World/Floor", sheet((-12, -12, 0), (24, 0, 0), (0, 24, 0)), (40, 40), floor, "floor")
        self.mesh("/World/WallNorth", sheet((-12, 12, 0), (24, 0, 0), (0, 0, 5)), (40, 12), wall, "wall", old=True)
        self.mesh("/World/WallWest", sheet((-12, -12, 0), (0, 24, 0), (0, 0, 5)), (40, 12), wall, "wall")

    def things(self, count: int) -> None:
        for k in range(count):
            kind = list(SHAPES)[k % len(SHAPES)]
            path = f"/World/Objects/{kind}_{k:03d}"
            self.somewhere(UsdGeom.Xform.Define(self.stage, path))
            looks = self.tiled[k % len(self.tiled)] if k % 5 else self.plain[k % len(self.plain)]
            self.mesh(f"{path}/geometry", SHAPES[kind](self.rng), DETAIL, looks)
            label(self.stage.GetPrimAtPath(path), kind, old=k % 2 == 1)

    def instances(self, count: int) -> None:
        kinds = list(SHAPES)[:6]
        self.stage.CreateClassPrim("/Prototypes")
        for k, kind in enumerate(kinds):
            self.stage.CreateClassPrim(f"/Prototypes/{kind}")
            self.mesh(f"/Prototypes/{kind}/geometry", SHAPES[kind](self.rng), DETAIL, self.tiled[5 * k % 12])
        for k in range(count):
            kind = kinds[k % len(kinds)]
            place = UsdGeom.Xform.Define(self.stage, f"/World/Instances/{kind}_{k:03d}")
            place.GetPrim().GetReferences().AddInternalReference(f"/Prototypes/{kind}")
            place.GetPrim().SetInstanceable(True)
            self.somewhere(place)
            label(place.GetPrim(), kind, old=k % 2 == 0)

    def pebbles(self, count: int) -> None:
        instancer = UsdGeom.PointInstancer.Define(self.stage, "/World/Pebbles")
        self.mesh("/World/Pebbles/prototypes/pebble", SHAPES["boulder"](self.rng), DETAIL, self.tiled[7])
        instancer.CreatePrototypesRel().SetTargets(["/World/Pebbles/prototypes/pebble"])
        instancer.CreateProtoIndicesAttr([0] * count)
        places = np.c_[self.rng.uniform(-6, 6, (count, 2)), np.full(count, 0.15)]
        instancer.CreatePositionsAttr(Vt.Vec3fArray.FromNumpy(places.astype(np.float32)))
        instancer.CreateScalesAttr([Gf.Vec3f(0.4)] * count)
        label(instancer.GetPrim(), "pebble")

    def gprims(self, count: int) -> None:
        kinds = [UsdGeom.Cube, UsdGeom.Sphere, UsdGeom.Cylinder, UsdGeom.Cone, UsdGeom.Capsule]
        for k in range(count):
            kind = kinds[k % len(kinds)]
            prim = kind.Define(self.stage, f"/World/Gprims/{kind.__name__}_{k}")
            self.somewhere(prim, 0.35)
            bind(prim, self.plain[k % len(self.plain)])
            label(prim.GetPrim(), kind.__name__.lower(), old=k % 2 == 1)

    def bushes(self, count: int) -> None:
        looks = material(self.stage, "leaves", "leaves", cut_out=True, roughness=0.6)
        for k in range(count):
            place = UsdGeom.Xform.Define(self.stage, f"/World/Bushes/bush_{k}")
            placed(place, (4 * k - 4, -3.5, 0), turn=(0, 0, 20 * k))
            wavy = sheet((-1, 0, 0), (2, 0, 0), (0, 0, 2))
            self.mesh(
                f"/World/Bushes/bush_{k}/leaves",
                lambda u, v, flat=wavy: flat(u, v) + np.stack([0 * u, 0.1 * np.sin(6 * u), 0 * u], axis=-1),
                (24, 24),
                looks,
            )
            label(place.GetPrim(), "bush")

    def mesh(
        self, path: str, surface: Surface, detail: tuple[int, int], looks: Any, name: str = "", old: bool = False
    ) -> Any:
        mesh = mesh_of(self.stage, path, *grid(surface, *detail))
        bind(mesh, looks)
        if name:
            label(mesh.GetPrim(), name, old)
        return mesh

    def somewhere(self, prim: Any, scale: float = 1.0) -> None:
        size = self.rng.uniform(0.5, 1.5)
        x, y = self.rng.uniform(-10, 10, 2)
        place = (x, y, size / 2 + self.rng.uniform(0, 0.8))
        placed(prim, place, self.rng.uniform(0, 360, 3), (scale * size,) * 3)


def lights(stage: Any) -> None:
    dome = UsdLux.DomeLight.Define(stage, "/World/Lights/Dome")
    dome.CreateIntensityAttr(0.6)
    dome.CreateTextureFileAttr("./textures/sky.png")
    dome.CreateTextureFormatAttr("latlong")
    sun = UsdLux.DistantLight.Define(stage, "/World/Lights/Sun")
    sun.CreateIntensityAttr(2.2)
    sun.CreateAngleAttr(0.53)
    sun.AddRotateXYZOp().Set(Gf.Vec3f(-42, 25, 0))
    for k, (place, colour) in enumerate((((-4, -2, 4), (1, 0.6, 0.35)), ((5, 3, 4), (0.4, 0.6, 1)))):
        bulb = UsdLux.SphereLight.Define(stage, f"/World/Lights/Bulb{k}")
        bulb.CreateRadiusAttr(0.15)
        bulb.CreateIntensityAttr(160)
        bulb.CreateColorAttr(Gf.Vec3f(*colour))
        bulb.AddTranslateOp().Set(Gf.Vec3d(*place))
    panel = UsdLux.RectLight.Define(stage, "/World/Lights/Panel")
    panel.CreateWidthAttr(2)
    panel.CreateHeightAttr(1)
    panel.CreateIntensityAttr(8)
    panel.AddTranslateOp().Set(Gf.Vec3d(0, 6, 4.5))


def cameras(stage: Any) -> None:
    for name, eye, aim in (("Main", (3, -12, 3.6), (-0.5, 0, 0.6)), ("Fish", (0, -6, 2), (0, 0, 1))):
        camera = UsdGeom.Camera.Define(stage, f"/World/Cameras/{name}")
        camera.CreateFocalLengthAttr(18)
        camera.CreateHorizontalApertureAttr(20.955)
        camera.CreateVerticalApertureAttr(20.955 * 9 / 16)
        camera.CreateClippingRangeAttr(Gf.Vec2f(0.05, 1000))
        looking = Gf.Matrix4d().SetLookAt(Gf.Vec3d(*eye), Gf.Vec3d(*aim), Gf.Vec3d(0, 0, 1))
        camera.AddTransformOp().Set(looking.GetInverse())
    fisheye(stage.GetPrimAtPath("/World/Cameras/Fish"))


def fisheye(prim: Any, width: int = 1280, height: int = 720) -> None:
    """Make a camera an equidistant fisheye whose view, 190 degrees, is as wide as the image."""
    prim.AddAppliedSchema("OmniLensDistortionOpenCvFisheyeAPI")
    prefix = "omni:lensdistortion:opencvFisheye:"
    focal = width / 2 / math.radians(95)
    for name, value in {"fx": focal, "fy": focal, "cx": width / 2, "cy": height / 2, "k1": 0, "k2": 0}.items():
        prim.CreateAttribute(prefix + name, Sdf.ValueTypeNames.Float).Set(float(value))
    prim.CreateAttribute(f"{prefix}imageSize", Sdf.ValueTypeNames.Int2).Set(Gf.Vec2i(width, height))


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    print(write_stage(parser.parse_args(argv).folder))


if __name__ == "__main__":
    main()
