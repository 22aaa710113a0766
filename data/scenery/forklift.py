"""A counterbalanced forklift of 1.6 t, 1.1 m wide, 2.1 m high; its forks point along +x, their heels at x = 0."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenery.mesh import Mesh, bar, box, moved, prism, turned, turned_profile

__all__ = ["FORK_HEIGHT", "LABELS", "parts"]

FORK_HEIGHT = 0.1  # of the forks' upper faces while they are down
LABELS = {"Mast": "mast", "Carriage": "fork", "Cabin": "cabin", "Counterweight": "counterweight"}
BODY, STEEL = "forklift_body", "dark_steel"


def _wheel(radius: float, width: float) -> Mesh:
    """A tyre on a rim, its axle along y, its middle at the origin."""
    half = width / 2
    profile = [(0.0, -half * 0.6), (radius * 0.5, -half * 0.6), (radius * 0.55, -half), (radius * 0.9, -half)]
    profile += [(radius, -half * 0.6), (radius, half * 0.6), (radius * 0.9, half), (radius * 0.55, half)]
    profile += [(radius * 0.5, half * 0.6), (0.0, half * 0.6)]
    looks = ["galvanised", "galvanised", *["rubber"] * 5, "galvanised", "galvanised"]
    return Mesh().add(turned_profile(profile, looks, segments=24), turned("x", 90))


def _wheels() -> dict[str, Mesh]:
    places = {"FrontLeft": (-0.42, 0.47, 0.29, 0.2), "FrontRight": (-0.42, -0.47, 0.29, 0.2)}
    places |= {"RearLeft": (-1.62, 0.42, 0.23, 0.17), "RearRight": (-1.62, -0.42, 0.23, 0.17)}
    return {
        f"Wheels/{name}": Mesh().add(_wheel(radius, width), moved(x, y, radius))
        for name, (x, y, radius, width) in places.items()
    }


def _counterweight() -> Mesh:
    """The cast rear, rounded in plan, with a dark bumper edge and two lamps."""
    right = [(-1.36, -0.52), (-1.72, -0.52), (-1.86, -0.47), (-1.96, -0.36), (-2.02, -0.18)]
    outline = [*right, *((x, -y) for x, y in reversed(right))]
    mesh = _upright(outline, 0.16, 0.62, BODY)
    mesh.add(_upright([(x * 0.985 - 0.02, y * 0.97) for x, y in outline], 0.62, 0.98, BODY))
    mesh.add(_upright([(x * 1.006 + 0.008, y * 1.012) for x, y in outline], 0.3, 0.36, STEEL))
    for y in (-0.3, 0.3):
        lamp = turned_profile([(0.05, 0.0), (0.045, 0.03), (0.0, 0.035)], "lamp_red", segments=16)
        mesh.add(lamp, turned("y", -90) @ moved(-1.985, y, 0.8))
    return mesh


def _upright(outline: Sequence[tuple[float, float]], low: float, high: float, look: str) -> Mesh:
    """A convex outline in x and y, clockwise seen from above, drawn out from z = low to z = high."""
    swap = np.eye(4)[[0, 2, 1, 3]]  # y and z
    mesh = Mesh()
    made = prism(list(outline), low, high, look)
    for corners, uvs, name in zip(made.corners, made.uvs, made.looks, strict=True):
        mesh.face(corners @ swap[:3, :3], uvs, name)
    return mesh


def _chassis() -> Mesh:
    """The frame between the axles: battery box, steps, floor, cowl with the dashboard."""
    mesh = box((-1.4, -0.5, 0.2), (-0.72, 0.5, 0.86), BODY)
    mesh.add(box((-1.36, -0.505, 0.3), (-0.78, 0.505, 0.78), STEEL))
    mesh.add(box((-0.74, -0.5, 0.2), (-0.2, 0.5, 0.44), BODY))
    mesh.add(box((-0.72, -0.52, 0.3), (-0.3, 0.52, 0.325), STEEL))
    mesh.add(prism([(-0.34, 0.44), (-0.16, 0.44), (-0.16, 0.98), (-0.24, 1.06), (-0.34, 1.0)], -0.42, 0.42, BODY))
    for y in (-0.47, 0.47):  # mudguards
        mesh.add(box((-0.72, y - 0.06, 0.6), (-0.14, y + 0.06, 0.64), STEEL))
    mesh.add(box((-1.38, -0.515, 0.86), (-0.86, 0.515, 0.89), STEEL))
    for y in (-0.511, 0.511):  # a stripe along each side
        mesh.add(box((-1.34, y - 0.002, 0.8), (-0.76, y + 0.002, 0.85), "hazard", tile=0.25))
    return mesh


def _cabin() -> Mesh:
    """Overhead guard, seat, steering wheel, beacon and work lights."""
    mesh = Mesh()
    for y in (-0.46, 0.46):
        mesh.add(bar((-0.2, y, 0.98), (-0.42, y * 0.96, 2.06), 0.06, 0.06, STEEL))
        mesh.add(bar((-1.5, y, 0.96), (-1.38, y * 0.96, 2.06), 0.06, 0.06, STEEL))
        mesh.add(bar((-0.38, y * 0.96, 2.07), (-1.42, y * 0.96, 2.07), 0.06, 0.06, STEEL))
    for k in range(8):
        x = -0.38 - k * 1.04 / 7
        mesh.add(bar((x, -0.44, 2.08), (x, 0.44, 2.08), 0.05, 0.025, STEEL))
    mesh.add(box((-1.28, -0.25, 0.89), (-0.8, 0.25, 1.02), "black_plastic"))
    mesh.add(prism([(-1.32, 1.0), (-1.2, 1.0), (-1.28, 1.5), (-1.38, 1.5)], -0.23, 0.23, "black_plastic"))
    mesh.add(bar((-0.3, 0, 0.98), (-0.5, 0, 1.2), 0.05, 0.05, STEEL))
    ring = [(0.17 + 0.016 * np.cos(a), 0.016 * np.sin(a)) for a in np.arange(9) * np.pi / 4]
    wheel = turned_profile([(float(r), float(z)) for r, z in ring], "black_plastic", segments=24)
    wheel.add(box((-0.165, -0.02, -0.01), (0.165, 0.02, 0.01), "black_plastic"))
    mesh.add(wheel, turned("y", -42) @ moved(-0.51, 0, 1.21))
    beacon = [(0.05, 0.0), (0.05, 0.03), (0.045, 0.09), (0.03, 0.11), (0.0, 0.115)]
    mesh.add(turned_profile(beacon, "cone_orange", segments=16), moved(-1.3, 0.3, 2.1))
    for y in (-0.36, 0.36):
        lamp = turned_profile(
            [(0.03, 0.0), (0.06, 0.05), (0.06, 0.07), (0.0, 0.07)], ["black_plastic"] * 2 + ["lamp"], segments=16
        )
        mesh.add(lamp, turned("y", 90) @ moved(-0.36, y, 1.94))
    return mesh


def _mast(lift: float) -> Mesh:
    """Outer and inner uprights, cross members, the tilt cylinders, the lift cylinder and its chains."""
    mesh = Mesh()
    for y in (-0.33, 0.33):
        mesh.add(box((-0.13, y - 0.04, 0.08), (-0.02, y + 0.04, 2.06), STEEL))
        mesh.add(box((-0.11, y * 0.8 - 0.025, 0.1 + lift / 2), (-0.03, y * 0.8 + 0.025, 2.02 + lift / 2), "fork_steel"))
        mesh.add(bar((-0.6, y, 0.56), (-0.12, y, 1.0), 0.06, 0.06, STEEL))
        chain = y * 0.32
        mesh.add(box((-0.05, chain - 0.02, 0.3 + lift), (-0.035, chain + 0.02, 1.95 + lift / 2), "galvanised"))
    for z in (0.14, 1.0, 1.98):
        mesh.add(box((-0.15, -0.36, z), (-0.11, 0.36, z + 0.1), STEEL))
    mesh.add(box((-0.1, -0.27, 1.9 + lift / 2), (-0.04, 0.27, 1.99 + lift / 2), "fork_steel"))
    lifter = [(0.0, 0.12), (0.045, 0.12), (0.045, 1.1), (0.03, 1.12), (0.03, 1.94 + lift / 2), (0.0, 1.94 + lift / 2)]
    looks = [STEEL, STEEL, STEEL, "galvanised", "galvanised"]
    return mesh.add(turned_profile(lifter, looks, segments=16), moved(-0.08, 0, 0))


def _carriage(lift: float) -> Mesh:
    """Fork carriage, load backrest and the two forks, 1.07 m long."""
    mesh = Mesh()
    for z in (0.16, 0.5):
        mesh.add(box((-0.035, -0.49, z), (0.0, 0.49, z + 0.1), STEEL))
    for y in (-0.47, -0.235, 0.0, 0.235, 0.47):
        mesh.add(box((-0.03, y - 0.014, 0.6), (-0.006, y + 0.014, 1.16), STEEL))
    mesh.add(box((-0.03, -0.49, 1.15), (-0.004, 0.49, 1.18), STEEL))
    for y in (-0.26, 0.26):
        mesh.add(box((0.0, y - 0.05, 0.06), (0.035, y + 0.05, 0.62), "fork_steel"))
        blade = [(0.0, 0.06), (1.07, 0.085), (1.07, FORK_HEIGHT), (0.0, FORK_HEIGHT)]
        mesh.add(prism(blade, y - 0.05, y + 0.05, "fork_steel"))
    return Mesh().add(mesh, moved(0, 0, lift))


def parts(lift: float) -> dict[str, Mesh]:
    """Part -> mesh; `lift` is how far the forks are up [m]."""
    return {
        "Chassis": _chassis(),
        "Counterweight": _counterweight(),
        "Cabin": _cabin(),
        "Mast": _mast(lift),
        "Carriage": _carriage(lift),
        **_wheels(),
    }
