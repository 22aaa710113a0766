"""What stands around in a warehouse: pallets, cartons, barrels, cones, crates, racks, a fence, a lamp."""

from __future__ import annotations

from collections.abc import Callable

from scenery.mesh import Mesh, bar, box, moved, quad, turned_profile

__all__ = ["BAY", "CARTONS", "CRATES", "DEPTH", "LEVELS", "PALLET", "PROPS"]

PALLET = (1.2, 0.8, 0.144)
BAY, DEPTH, LEVELS = 2.7, 1.1, (1.56, 3.02)  # a rack's bay and depth, the upper edges of its beams
POST, HEIGHT = 0.1, 4.35
CARTONS = ("carton", "carton_dark", "carton_white")


def pallet() -> Mesh:
    """A EUR pallet, its middle at the origin: three boards below, nine blocks, three cross boards, five on top."""
    mesh = Mesh()
    for y, width in ((-0.35, 0.1), (0.0, 0.145), (0.35, 0.1)):
        mesh.add(box((-0.6, y - width / 2, 0), (0.6, y + width / 2, 0.022), "wood", tile=0.45))
        for x in (-0.5275, 0.0, 0.5275):
            mesh.add(box((x - 0.0725, y - width / 2, 0.022), (x + 0.0725, y + width / 2, 0.1), "wood", tile=0.4))
    for x in (-0.5275, 0.0, 0.5275):
        mesh.add(box((x - 0.0725, -0.4, 0.1), (x + 0.0725, 0.4, 0.122), "wood", tile=0.45))
    for y, width in ((-0.3275, 0.145), (-0.17, 0.1), (0.0, 0.145), (0.17, 0.1), (0.3275, 0.145)):
        mesh.add(box((-0.6, y - width / 2, 0.122), (0.6, y + width / 2, 0.144), "wood", tile=0.45))
    return mesh


def carton(look: str) -> Callable[[], Mesh]:
    """A cube of 1 m, standing on the origin: to be scaled. Printed on its long sides, taped on the others."""
    printed = {side: f"{look}_print" for side in ("-y", "+y")}
    return lambda: box((-0.5, -0.5, 0), (0.5, 0.5, 1), look, sides=printed)


def barrel(look: str) -> Callable[[], Mesh]:
    """A steel drum of 200 l with two rolling hoops and two bungs."""

    def make() -> Mesh:
        profile = [(0.0, 0.012), (0.27, 0.012), (0.28, 0.0), (0.29, 0.008), (0.29, 0.02), (0.281, 0.03), (0.281, 0.28)]
        profile += [(0.29, 0.295), (0.29, 0.31), (0.281, 0.325), (0.281, 0.565), (0.29, 0.58), (0.29, 0.595)]
        profile += [
            (0.281, 0.61),
            (0.281, 0.85),
            (0.29, 0.86),
            (0.29, 0.876),
            (0.28, 0.88),
            (0.27, 0.866),
            (0.0, 0.866),
        ]
        looks = [look] * 9 + ["white_band"] + [look] * 9
        mesh = turned_profile(profile, looks, segments=32)
        bung = turned_profile([(0.035, 0.0), (0.035, 0.016), (0.0, 0.016)], "galvanised", segments=12)
        return mesh.add(bung, moved(0.17, 0, 0.866)).add(bung, moved(-0.19, 0.05, 0.866))

    return make


def cone() -> Mesh:
    """A traffic cone of 0.5 m with two bands, on a square foot."""
    profile = [(0.135, 0.03), (0.115, 0.06), (0.094, 0.17), (0.079, 0.25), (0.066, 0.32), (0.053, 0.39)]
    profile += [(0.036, 0.48), (0.03, 0.5), (0.02, 0.5), (0.0, 0.44)]
    looks = ["cone_orange", "cone_orange", "white_band", "cone_orange", "white_band", *["cone_orange"] * 3, "rubber"]
    return box((-0.17, -0.17, 0), (0.17, 0.17, 0.03), "rubber").add(turned_profile(profile, looks, segments=24))


def crate(look: str) -> Callable[[], Mesh]:
    """A stacking container of 0.6 x 0.4 x 0.32 m, open above, ribbed, with a darker grip at each end."""

    def make() -> Mesh:
        mesh = box((-0.28, -0.18, 0), (0.28, 0.18, 0.29), look, without=("+z",))
        mesh.add(box((-0.265, -0.165, 0.012), (0.265, 0.165, 0.012), look, without=("-x", "+x", "-y", "+y", "-z")))
        for y, side in ((-0.165, "+y"), (0.165, "-y")):  # the inside
            keep = [name for name in ("-x", "+x", "-y", "+y", "-z", "+z") if name != side]
            mesh.add(box((-0.265, y, 0.012), (0.265, y, 0.32), look, without=keep))
        for x, side in ((-0.265, "+x"), (0.265, "-x")):
            keep = [name for name in ("-x", "+x", "-y", "+y", "-z", "+z") if name != side]
            mesh.add(box((x, -0.165, 0.012), (x, 0.165, 0.32), look, without=keep))
        for low, high in (
            ((-0.3, -0.2, 0.27), (0.3, -0.165, 0.32)),
            ((-0.3, 0.165, 0.27), (0.3, 0.2, 0.32)),
            ((-0.3, -0.165, 0.27), (-0.265, 0.165, 0.32)),
            ((0.265, -0.165, 0.27), (0.3, 0.165, 0.32)),
        ):
            mesh.add(box(low, high, look))
        for x in (-0.2, -0.07, 0.07, 0.2):
            for y in (-0.19, 0.19):
                mesh.add(box((x - 0.012, y - 0.01, 0.02), (x + 0.012, y + 0.01, 0.27), look))
        for x in (-0.282, 0.282):
            mesh.add(box((x - 0.003, -0.06, 0.19), (x + 0.003, 0.06, 0.23), "black_plastic"))
        return mesh

    return make


def frame() -> Mesh:
    """An upright frame of a rack, in the plane x = 0, from y = 0 to y = DEPTH."""
    mesh = Mesh()
    for y in (0.0, DEPTH - 0.08):
        mesh.add(box((-POST / 2, y, 0), (POST / 2, y + 0.08, HEIGHT), "rack_post"))
        mesh.add(box((-0.08, y - 0.025, 0), (0.08, y + 0.105, 0.012), "dark_steel"))
    step, levels = 0.62, 7
    for k in range(levels):
        ends = (0.04, DEPTH - 0.04) if k % 2 else (DEPTH - 0.04, 0.04)
        mesh.add(
            bar((0, ends[0], 0.12 + k * step), (0, ends[1], 0.12 + (k + 1) * step - 0.06), 0.035, 0.035, "rack_post")
        )
    for z in (0.12, HEIGHT - 0.12):
        mesh.add(bar((0, 0.04, z), (0, DEPTH - 0.04, z), 0.035, 0.035, "rack_post"))
    guard = box((-0.075, -0.09, 0), (0.075, -0.03, 0.4), "hazard", tile=0.3)
    return mesh.add(guard)


def shelf() -> Mesh:
    """Two beams and a wire deck of one bay, its upper face at z = 0, from x = 0 to x = BAY."""
    mesh = Mesh()
    low, high = POST / 2, BAY - POST / 2
    for y in (0.0, DEPTH - 0.05):
        mesh.add(box((low, y, -0.12), (high, y + 0.05, 0.0), "rack_beam"))
        for x in (low, high - 0.012):
            mesh.add(box((x, y - 0.008, -0.17), (x + 0.012, y + 0.058, 0.03), "rack_beam"))
    for k in range(9):
        x = low + 0.15 + k * (high - low - 0.3) / 8
        mesh.add(box((x - 0.02, 0.05, -0.045), (x + 0.02, DEPTH - 0.05, -0.012), "rack_deck"))
    return mesh


def fence() -> Mesh:
    """A panel of welded wire, 2 x 2.2 m, in a frame on two posts; seen from both sides."""
    mesh = Mesh()
    for x in (-1.0, 1.0):
        mesh.add(box((x - 0.03, -0.03, 0), (x + 0.03, 0.03, 2.3), "rack_beam"))
        mesh.add(box((x - 0.08, -0.08, 0), (x + 0.08, 0.08, 0.012), "dark_steel"))
    for z in (0.12, 2.18):
        mesh.add(box((-0.97, -0.015, z - 0.02), (0.97, 0.015, z + 0.02), "galvanised"))
    tile = (1.94 / 0.4, 2.02 / 0.4)
    mesh.add(
        quad(
            [(-0.97, -0.004, 0.14), (0.97, -0.004, 0.14), (0.97, -0.004, 2.16), (-0.97, -0.004, 2.16)],
            "mesh_fence",
            tile=tile,
        )
    )
    return mesh.add(
        quad(
            [(0.97, 0.004, 0.14), (-0.97, 0.004, 0.14), (-0.97, 0.004, 2.16), (0.97, 0.004, 2.16)],
            "mesh_fence",
            tile=tile,
        )
    )


def sign() -> Mesh:
    """The aisle's number, 0.7 m wide, on two rods; its digit is cut out, so that it is mirrored from behind."""
    mesh = Mesh()
    mesh.add(quad([(-0.35, -0.003, -0.7), (0.35, -0.003, -0.7), (0.35, -0.003, 0), (-0.35, -0.003, 0)], "aisle_sign"))
    back = [(0.35, 0.003, -0.7), (-0.35, 0.003, -0.7), (-0.35, 0.003, 0), (0.35, 0.003, 0)]
    mesh.add(quad(back, "aisle_sign", tile=(-1.0, 1.0)))
    for x in (-0.22, 0.22):
        mesh.add(box((x - 0.006, -0.006, -0.03), (x + 0.006, 0.006, 1.6), "dark_steel"))
    return mesh


def lamp() -> Mesh:
    """A hall lamp: a flat bell on a rod, glowing below."""
    bell = [(0.25, 0.0), (0.245, 0.03), (0.17, 0.12), (0.08, 0.2), (0.06, 0.3), (0.0, 0.3)]
    mesh = turned_profile(bell, "galvanised", segments=24)
    mesh.add(turned_profile([(0.0, 0.01), (0.24, 0.01)], "lamp", segments=24))
    return mesh.add(box((-0.01, -0.01, 0.3), (0.01, 0.01, 1.2), "dark_steel"))


def extinguisher() -> Mesh:
    """A fire extinguisher of 6 kg with its hose and a bracket."""
    body = [(0.0, 0.0), (0.075, 0.0), (0.08, 0.02), (0.08, 0.38), (0.065, 0.44), (0.03, 0.47), (0.025, 0.5), (0.0, 0.5)]
    mesh = turned_profile(body, "brick_red", segments=20)
    mesh.add(box((-0.02, -0.05, 0.5), (0.02, 0.07, 0.53), "black_plastic"))
    return mesh.add(bar((0.0, -0.05, 0.5), (0.07, -0.09, 0.12), 0.022, 0.022, "rubber"))


# File name -> (root prim, how to make it).
PROPS: dict[str, tuple[str, Callable[[], Mesh]]] = {
    "barrel_blue": ("Barrel", barrel("barrel_blue")),
    "barrel_green": ("Barrel", barrel("barrel_green")),
    "barrel_red": ("Barrel", barrel("barrel_red")),
    **{name: ("Carton", carton(name)) for name in CARTONS},
    "cone": ("Cone", cone),
    "extinguisher": ("Extinguisher", extinguisher),
    "fence": ("Fence", fence),
    "lamp": ("Lamp", lamp),
    "pallet": ("Pallet", pallet),
    "rack_frame": ("Frame", frame),
    "rack_shelf": ("Shelf", shelf),
    "sign": ("Sign", sign),
}
CRATES = {"crate_blue": crate("crate_blue"), "crate_yellow": crate("crate_yellow"), "crate_grey": crate("crate_grey")}
