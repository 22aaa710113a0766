"""Gprims against USD's own extents, and areas and volumes against their formulas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import UsdGeom  # noqa: E402

from framepress.core.arrays import Array  # noqa: E402
from framepress.headless.scene import Geometry  # noqa: E402
from framepress.headless.usd.gprims import AROUND, SHAPES, shape_geometry, shape_key  # noqa: E402

DEFAULT = Usd.TimeCode.Default()
STAGE = Usd.Stage.CreateInMemory()

# Inscribed polygons have less area than their circles by this much.
RING = math.sin(2 * math.pi / AROUND) / (2 * math.pi / AROUND)

SOLIDS: list[tuple[str, dict[str, Any], float]] = [
    ("Cube", {"size": 1.5}, 1.5**3),
    ("Sphere", {"radius": 0.75}, 4 / 3 * math.pi * 0.75**3),
    ("Cylinder", {"radius": 0.5, "height": 3.0}, math.pi * 0.5**2 * 3 * RING),
    ("Cylinder_1", {"radiusTop": 0.5, "radiusBottom": 1.0, "height": 2.0}, math.pi / 3 * 2 * 1.75 * RING),
    ("Cone", {"radius": 0.5, "height": 3.0}, math.pi * 0.5**2 * RING),
    ("Capsule", {"radius": 0.5, "height": 1.0}, math.pi * 0.25 + 4 / 3 * math.pi * 0.125),
    ("Capsule_1", {"radiusTop": 0.5, "radiusBottom": 0.5, "height": 1.0}, math.pi * 0.25 + 4 / 3 * math.pi * 0.125),
]


def made(kind: str, values: dict[str, Any]) -> tuple[Any, Geometry]:
    STAGE.RemovePrim("/Shape")
    prim = STAGE.DefinePrim("/Shape", kind)
    for name, value in values.items():
        prim.GetAttribute(name).Set(value)
    return prim, shape_geometry(shape_key(prim, DEFAULT))


def facets(shape: Geometry) -> Array:
    """float64 (T, 3): normals, twice the area long."""
    a, b, c = shape.points.astype(np.float64)[shape.triangles].transpose(1, 0, 2)
    return np.asarray(np.cross(b - a, c - a))


def volume(shape: Geometry) -> float:
    a, b, c = shape.points.astype(np.float64)[shape.triangles].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def with_axes() -> list[tuple[str, dict[str, Any]]]:
    shapes = [(kind, values) for kind, values, _ in SOLIDS] + [("Plane", {"width": 3.0, "length": 5.0})]
    shapes += [("Capsule_1", {"radiusTop": 1.0, "radiusBottom": 2.0, "height": 4.0})]
    return [
        (kind, values | axis)
        for kind, values in shapes
        for axis in ([{"axis": a} for a in "XYZ"] if "axis" in SHAPES[kind] else [{}])
    ]


@pytest.mark.parametrize(("kind", "values"), with_axes())
def test_bounds_are_the_extent_that_usd_computes(kind: str, values: dict[str, Any]) -> None:
    prim, shape = made(kind, values)
    used = shape.points[np.unique(shape.triangles)]
    extent = np.array(UsdGeom.Boundable(prim).ComputeExtent(DEFAULT))
    tolerance = 3e-3 if values.get("radiusTop") == 1.0 else 1e-6  # a slanted capsule's widest circle is no vertex ring
    np.testing.assert_allclose(np.stack([used.min(axis=0), used.max(axis=0)]), extent, atol=tolerance)


@pytest.mark.parametrize(("kind", "values", "due"), SOLIDS)
def test_the_volume_is_the_formulas(kind: str, values: dict[str, Any], due: float) -> None:
    _, shape = made(kind, values)
    exact = kind in ("Cube", "Cylinder", "Cylinder_1", "Cone")
    assert volume(shape) == pytest.approx(due, rel=1e-6 if exact else 5e-3)
    assert volume(shape) <= due * (1 + 1e-6), "an inscribed surface holds less"


@pytest.mark.parametrize(("kind", "values", "_due"), SOLIDS)
def test_a_solid_has_no_gap(kind: str, values: dict[str, Any], _due: float) -> None:
    _, shape = made(kind, values)
    corners = shape.points[shape.triangles]
    edges = {}
    for triangle in corners:
        for k in range(3):
            edge = triangle[k].tobytes(), triangle[(k + 1) % 3].tobytes()
            edges[edge] = edges.get(edge, 0) + 1
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges), "each edge is met by its neighbour's, bit for bit"


@pytest.mark.parametrize(("kind", "values"), with_axes())
def test_normals_are_unit_and_on_the_facets_side(kind: str, values: dict[str, Any]) -> None:
    _, shape = made(kind, values)
    assert shape.normals is not None
    np.testing.assert_allclose(np.linalg.norm(shape.normals, axis=2), 1, atol=1e-6)
    facet = facets(shape)
    assert (np.linalg.norm(facet, axis=1) > 0).all(), "no triangle without area"
    assert (np.einsum("tck,tk->tc", shape.normals, facet) > 0).all()


@pytest.mark.parametrize(("kind", "values"), with_axes())
def test_uvs_stay_in_the_unit_square(kind: str, values: dict[str, Any]) -> None:
    _, shape = made(kind, values)
    assert shape.uvs is not None
    assert shape.uvs.shape == (*shape.triangles.shape, 2)
    assert shape.uvs.min() == 0
    assert shape.uvs.max() == 1


def test_a_plane_faces_its_axis() -> None:
    for k, axis in enumerate("XYZ"):
        _, shape = made("Plane", {"axis": axis})
        assert (facets(shape)[:, k] > 0).all()


def test_the_outline_of_a_ball_of_200_px_is_within_a_quarter_of_a_pixel() -> None:
    _, shape = made("Sphere", {"radius": 200.0})
    a, b, c = shape.points.astype(np.float64)[shape.triangles].transpose(1, 0, 2)
    middles = np.concatenate([(a + b) / 2, (b + c) / 2, (c + a) / 2])
    around = middles[np.isclose(middles[:, 2], 0, atol=1e-9)]
    assert 199.75 < np.linalg.norm(around, axis=1).min() < 200


def test_a_shape_of_no_size_has_no_triangles() -> None:
    assert len(made("Sphere", {"radius": 0.0})[1].triangles) == 0


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_a_size_that_is_none_is_refused_by_name(value: float) -> None:
    with pytest.raises(ValueError, match="radius"):
        made("Sphere", {"radius": value})
