"""A warehouse aisle: what stands where, and what it is called.

Half of the loads are labelled in the new schema and half in the former one; the forklift's parts are labelled below it,
in a taxonomy of their own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pxr import Gf, Usd, UsdGeom, UsdSkel, Vt

from scenery import forklift, person
from scenery.authoring import define_mesh, label, label_formerly, new_stage, place, refer, save, write_prop
from scenery.hall import CAMERAS, LOOKS_USED, build_cameras, build_hall, build_lights
from scenery.looks import define_looks
from scenery.mesh import Point
from scenery.props import BAY, CARTONS, CRATES, DEPTH, LEVELS, PALLET, PROPS

__all__ = ["write_warehouse"]

BAYS = 4
AISLE = 1.8  # half of its width
RACKS = {"Left": -AISLE, "Right": AISLE}
LIFT = 0.18

# Cartons on one pallet: (length along its long side, width, height, how many each way, layers).
STACKS = [
    ((0.395, 0.395, 0.3), (3, 2), 3),
    ((0.595, 0.395, 0.28), (2, 2), 3),
    ((0.595, 0.395, 0.4), (2, 2), 2),
    ((0.395, 0.265, 0.24), (3, 3), 2),
    ((1.15, 0.76, 0.62), (1, 1), 1),
    ((0.595, 0.79, 0.45), (2, 1), 2),
]
BARRELS = [
    (-4.2, -1.75, "blue"),
    (-3.52, -1.7, "red"),
    (-2.86, -1.75, "blue"),
    (-3.85, -2.4, "green"),
    (-3.2, -2.35, "blue"),
    (-4.45, -2.95, "red"),
    (-2.5, -2.35, "red"),
]
CONES = [(2.0, -0.85), (1.2, 2.4), (-1.75, -3.75), (1.95, -4.55), (3.4, -4.75)]
WALK = (1.3, -1.55, 118.0)  # where it begins, x and y [m], and the heading [degrees from +y]


def write_warehouse(folder: Path, seed: int = 7) -> None:
    """warehouse.usda and its props below `folder`; the pictures are there already or come later."""
    for name, (root, make) in PROPS.items():
        write_prop(folder / "props" / f"{name}.usda", root, {"Geometry": make()})
    write_prop(folder / "props" / "forklift.usda", "Forklift", forklift.parts(LIFT), forklift.LABELS)
    person.write_person(folder / "props" / "person.usda")
    _write_stage(folder / "warehouse.usda", np.random.default_rng(seed))


def _write_stage(file: Path, rng: np.random.Generator) -> None:
    stage = new_stage(file, "/World")
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(person.CYCLE)
    stage.SetTimeCodesPerSecond(24)
    used = {*LOOKS_USED, *(look for make in CRATES.values() for look in make().looks)}
    looks = define_looks(stage, "/World/Looks", used, "./textures")
    UsdGeom.Scope.Define(stage, "/World/Looks")
    build_hall(stage, looks)
    _racks(stage)
    _loads(stage, rng)
    _forklift(stage, rng)
    _goods(stage, rng)
    _crates(stage, looks)
    _person(stage)
    build_lights(stage)
    build_cameras(stage, CAMERAS)
    save(stage)


def _racks(stage: Usd.Stage) -> None:
    """Frames and shelves, instances all; one label a rack."""
    UsdGeom.Xform.Define(stage, "/World/Racks")
    for name, x in RACKS.items():
        rack = UsdGeom.Xform.Define(stage, f"/World/Racks/{name}").GetPrim()
        place(rack, (x, 0 if x < 0 else BAYS * BAY, 0), 90 if x < 0 else -90)
        label(rack, "rack")
        for k in range(BAYS + 1):
            place(refer(stage, f"{rack.GetPath()}/Frame_{k}", "./props/rack_frame.usda"), (k * BAY, 0, 0))
        for k in range(BAYS):
            for level, z in enumerate(LEVELS):
                path = f"{rack.GetPath()}/Shelf_{k}_{level}"
                place(refer(stage, path, "./props/rack_shelf.usda"), (k * BAY, 0, z))


def _loads(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Pallets on the floor and the two shelves, three a bay, some places empty."""
    UsdGeom.Xform.Define(stage, "/World/Loads")
    count = 0
    for side, x in RACKS.items():
        for bay in range(BAYS):
            for level, z in enumerate((0.0, *LEVELS)):
                for slot in range(3):
                    if rng.random() < 0.3:
                        continue
                    y = bay * BAY + 0.05 + (slot + 0.5) * (BAY - 0.1) / 3 + rng.uniform(-0.02, 0.02)
                    middle = x + (1 if x > 0 else -1) * (DEPTH / 2 + rng.uniform(-0.03, 0.05))
                    yaw = (0.0 if side == "Right" else 180.0) + rng.uniform(-1.5, 1.5)
                    stack = STACKS[int(rng.integers(len(STACKS)))]
                    room = 1.3 if level < 2 else 2.0
                    _load(
                        stage, f"/World/Loads/Load_{count:02d}", (middle, y, z), yaw, stack, rng, count % 2 == 0, room
                    )
                    count += 1


def _load(
    stage: Usd.Stage,
    path: str,
    at: Point,
    yaw: float,
    stack: tuple[tuple[float, float, float], tuple[int, int], int],
    rng: np.random.Generator,
    formerly: bool,
    room: float = 2.0,
) -> None:
    """A pallet and cartons on it, the topmost layer not always full; `room` is the height that there is [m]."""
    load = UsdGeom.Xform.Define(stage, path).GetPrim()
    place(load, at, yaw)
    name = label_formerly if formerly else label
    name(refer(stage, f"{path}/Pallet", "./props/pallet.usda"), "pallet")
    size, (along, across), layers = stack
    layers = max(1, min(layers, int((room - PALLET[2]) / size[2])))
    number, board = 0, CARTONS[int(rng.choice(3, p=(0.5, 0.3, 0.2)))]
    for layer in range(layers):
        for i in range(along):
            for j in range(across):
                if layer == layers - 1 and layer > 0 and rng.random() < 0.3:
                    continue
                carton = refer(stage, f"{path}/Box_{number:02d}", f"./props/{board}.usda")
                spot = ((i - (along - 1) / 2) * (size[0] + 0.006), (j - (across - 1) / 2) * (size[1] + 0.006))
                nudge = rng.uniform(-0.004, 0.004, 2)
                height = PALLET[2] + layer * size[2]
                place(carton, (spot[0] + nudge[0], spot[1] + nudge[1], height), rng.uniform(-0.8, 0.8), size)
                name(carton, "box")
                number += 1


def _forklift(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Coming out of the aisle with a load on its forks; its parts are labelled below it, as parts."""
    truck = UsdGeom.Xform.Define(stage, "/World/Truck").GetPrim()
    place(truck, (-0.3, 0.75, 0), -58)
    label(refer(stage, "/World/Truck/Forklift", "./props/forklift.usda", instance=False), "forklift")
    lift = forklift.FORK_HEIGHT + LIFT - 0.1
    _load(stage, "/World/Truck/Load", (0.64, 0, lift), 0.0, STACKS[2], rng, False, 0.7)


def _goods(stage: Usd.Stage, rng: np.random.Generator) -> None:
    """Barrels and cones on the floor, pallets in the bay for goods that come in, the fence, the sign, extinguishers."""
    for group in ("Barrels", "Cones", "Incoming", "Fences", "Extinguishers"):
        UsdGeom.Xform.Define(stage, f"/World/{group}")
    for k, (x, y, colour) in enumerate(BARRELS):
        prim = refer(stage, f"/World/Barrels/Barrel_{k}", f"./props/barrel_{colour}.usda")
        place(prim, (x, y, 0), float(rng.uniform(0, 360)))
        label(prim, "barrel")
        label(prim, colour, taxonomy="color")
    for k, (x, y) in enumerate(CONES):
        prim = refer(stage, f"/World/Cones/Cone_{k}", "./props/cone.usda")
        place(prim, (x, y, 0), float(rng.uniform(0, 90)))
        label_formerly(prim, "traffic_cone")
    for k, (x, y, yaw, stack) in enumerate([(3.05, -2.35, 4, 0), (4.55, -2.2, 91, 2), (4.5, -3.7, -3, 5)]):
        _load(stage, f"/World/Incoming/Load_{k}", (x, y, 0), yaw, STACKS[stack], rng, k == 1)
    for k in range(4):  # empties
        prim = refer(stage, f"/World/Incoming/Empty_{k}", "./props/pallet.usda")
        place(prim, (3.05 + 0.01 * k, -3.75, k * PALLET[2]), float(rng.uniform(-2, 2)))
        label(prim, "pallet")
    for k in range(3):
        prim = refer(stage, f"/World/Fences/Fence_{k}", "./props/fence.usda")
        place(prim, (-5.55 + 2.0 * k, 12.1, 0))
        label(prim, "fence")
    sign = refer(stage, "/World/Sign", "./props/sign.usda")
    place(sign, (0.0, 0.3, 4.0))
    label(sign, "sign")
    for k, (x, y) in enumerate([(6.28, -1.3), (-6.28, 4.2)]):
        prim = refer(stage, f"/World/Extinguishers/Extinguisher_{k}", "./props/extinguisher.usda")
        place(prim, (x, y, 0.9), 90.0 if x > 0 else -90.0)
        label(prim, "fire_extinguisher")


def _crates(stage: Usd.Stage, looks: dict[str, object]) -> None:
    """Stacks of containers: one PointInstancer with three prototypes, labelled as a whole."""
    instancer = UsdGeom.PointInstancer.Define(stage, "/World/Crates")
    UsdGeom.Scope.Define(stage, "/World/Crates/Prototypes")
    targets = []
    for name, make in CRATES.items():
        define_mesh(stage, f"/World/Crates/Prototypes/{name}", make(), looks)
        targets.append(f"/World/Crates/Prototypes/{name}")
    instancer.CreatePrototypesRel().SetTargets(targets)
    stacks = [(-5.85, 0.35, 4, 0), (-5.85, 1.05, 5, 1), (-5.85, 1.75, 3, 2), (-5.3, -4.2, 3, 1), (-4.55, -4.25, 2, 0)]
    stacks += [(-3.75, -4.2, 4, 2), (5.85, 0.5, 5, 0), (5.85, 1.2, 3, 1)]
    places, kinds, turns = [], [], []
    for x, y, height, kind in stacks:
        for level in range(height):
            places.append(Gf.Vec3f(x, y, round(level * 0.3, 4)))
            kinds.append((kind + (level == height - 1)) % 3)
            angle = (90 if abs(x) > 5.5 else 0) + (level * 7 + kind * 3) % 5 - 2
            half = np.radians(angle / 2)
            turns.append(Gf.Quath(round(float(np.cos(half)), 4), 0, 0, round(float(np.sin(half)), 4)))
    instancer.CreatePositionsAttr(places)
    instancer.CreateOrientationsAttr(turns)
    instancer.CreateProtoIndicesAttr(Vt.IntArray(kinds))
    label(instancer.GetPrim(), "crate")


def _person(stage: Usd.Stage) -> None:
    """Walks out of the aisle, a stride a second."""
    x, y, heading = WALK
    walker = refer(stage, "/World/Person", "./props/person.usda", instance=False)
    way = UsdSkel.Root(walker)
    move = way.AddTranslateOp()
    way.AddRotateZOp().Set(heading)
    forward = np.array([-np.sin(np.radians(heading)), np.cos(np.radians(heading))])
    for frame in (0, person.CYCLE):
        at = np.array([x, y]) + forward * person.STRIDE * frame / person.CYCLE
        move.Set(Gf.Vec3d(round(float(at[0]), 5), round(float(at[1]), 5), 0.0), frame)
    label(walker, "person")
