"""Meshes as triangles: areas, winding, primvars, subsets, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Sdf, UsdGeom, UsdShade, Vt  # noqa: E402

from framepress.core.arrays import Array  # noqa: E402
from framepress.headless.scene import Geometry  # noqa: E402
from framepress.headless.usd.meshes import cut, mesh_geometry, mesh_source  # noqa: E402
from framepress.headless.usd.polygons import triangulate  # noqa: E402
from framepress.headless.usd.reader import StageReader  # noqa: E402

DEFAULT = Usd.TimeCode.Default()
QUAD = [(0, 0, 0), (2, 0, 0), (2, 1, 0), (0, 1, 0)]
STAGE = Usd.Stage.CreateInMemory()


def mesh(points: Any, counts: Any, indices: Any, stage: Any = None, path: str = "/Mesh") -> Any:
    if stage is None:
        stage = STAGE
        stage.RemovePrim(path)
    made = UsdGeom.Mesh.Define(stage, path)
    made.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(np.asarray(points, np.float32)))
    made.CreateFaceVertexCountsAttr([int(n) for n in counts])
    made.CreateFaceVertexIndicesAttr([int(k) for k in indices])
    made.CreateSubdivisionSchemeAttr("none")
    return made


def polygon(points: Any, **kwargs: Any) -> Any:
    return mesh(points, [len(points)], range(len(points)), **kwargs)


def geometry(made: Any, uv_name: str = "st") -> Geometry:
    source = mesh_source(made.GetPrim(), DEFAULT, uv_name)
    assert not isinstance(source, str), source
    return mesh_geometry(source, cut(source))


def refusal(made: Any) -> str:
    source = mesh_source(made.GetPrim(), DEFAULT, "st")
    return source if isinstance(source, str) else "; ".join(source.findings)


def facets(shape: Geometry) -> Array:
    a, b, c = shape.points.astype(np.float64)[shape.triangles].transpose(1, 0, 2)
    return np.asarray(np.cross(b - a, c - a) / 2)


def area(points: Any) -> float:
    """A plane polygon's, by the shoelace formula."""
    x, y = np.asarray(points, float)[:, :2].T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def star(corners: int, rng: np.random.Generator) -> Array:
    angles = np.sort([*rng.uniform(0, 2 * np.pi, corners - 4), 0.0, 1.57, 3.14, 4.71])
    radii = rng.uniform(0.2, 1.0, corners)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles), 0 * angles], axis=1)


@pytest.mark.parametrize("turn", range(4))
def test_a_concave_quad_is_cut_inside(turn: int) -> None:
    arrow = np.roll([(0, 0, 0), (2, 1, 0), (0, 2, 0), (0.5, 1, 0)], turn, axis=0)
    areas = facets(geometry(polygon(arrow)))[:, 2]
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx(area(arrow))


@pytest.mark.parametrize("plane", range(3))
@pytest.mark.parametrize("reverse", [False, True])
def test_random_stars_are_covered_once(plane: int, reverse: bool) -> None:
    rng = np.random.default_rng(plane)
    for corners in (5, 7, 12, 30, 61):
        points = star(corners, rng)[:: -1 if reverse else 1]
        shape = geometry(polygon(np.roll(points, plane, axis=1)))
        areas = facets(shape)[:, (2 + plane) % 3]
        assert len(areas) == corners - 2
        assert ((areas < 0) == reverse).all() or np.isclose(areas, 0, atol=1e-9).any()
        assert areas.sum() == pytest.approx(area(points), rel=1e-5)
        assert np.abs(areas).sum() == pytest.approx(abs(area(points)), rel=1e-5), "no triangle lies on another"


def test_corners_on_a_straight_edge_do_no_harm() -> None:
    points = [(0, 0, 0), (1, 0, 0), (2, 0, 0), (2, 2, 0), (1, 1, 0), (0, 2, 0), (0, 1, 0)]
    assert np.abs(facets(geometry(polygon(points)))).sum() == pytest.approx(area(points))


def test_faces_keep_their_order_and_winding() -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(3, 8, 200)
    rings = [star(max(int(n), 5), rng)[:n] if n > 4 else np.array(QUAD, float)[:n] for n in counts]
    points = np.concatenate([ring + np.array([10 * k, 0, 0]) for k, ring in enumerate(rings)])
    shape = geometry(mesh(points, counts, range(len(points))))
    assert len(shape.triangles) == (counts - 2).sum()
    face = (shape.points[shape.triangles].mean(axis=1)[:, 0] + 5) // 10
    np.testing.assert_array_equal(face, np.repeat(np.arange(200), counts - 2))


def test_a_polygon_that_crosses_itself_is_counted_and_survives() -> None:
    points = np.array([(2, 1, 0), (2, 2, 0), (5, 4, 0), (4, 0, 0), (1, 5, 0), (1, 3, 0)], np.float32)
    corners, _, crossed = triangulate(np.array([0]), np.array([6]), np.arange(6), points)
    assert len(corners) == 4
    assert crossed == 1


def test_left_handed_meshes_are_wound_the_other_way() -> None:
    made = polygon(QUAD)
    made.CreateOrientationAttr("leftHanded")
    assert (facets(geometry(made))[:, 2] < 0).all()


def test_holes_are_left_out() -> None:
    made = mesh([*QUAD, (0, 2, 0), (2, 2, 0)], [4, 4], [0, 1, 2, 3, 3, 2, 5, 4])
    made.CreateHoleIndicesAttr([1, 7])
    assert facets(geometry(made))[:, 2].sum() == pytest.approx(2)


INTERPOLATIONS = ["constant", "uniform", "vertex", "varying", "faceVarying"]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("flipped", [False, True])
def test_primvars_of_every_interpolation_reach_their_corners(interpolation: str, indexed: bool, flipped: bool) -> None:
    rng = np.random.default_rng(1)
    counts, indices = [5, 3, 4], [0, 1, 2, 3, 4, 0, 5, 1, 1, 5, 6, 2]
    made = mesh(np.c_[rng.uniform(-1, 1, (7, 2)), np.zeros(7)], counts, indices)
    made.CreateOrientationAttr("leftHanded" if flipped else "rightHanded")
    size = {"constant": 1, "uniform": 3, "faceVarying": 12}.get(interpolation, 7)
    values = rng.random((size, 2)).astype(np.float32)
    primvar = UsdGeom.PrimvarsAPI(made).CreatePrimvar("map", Sdf.ValueTypeNames.TexCoord2fArray, interpolation)
    order = rng.permutation(size) if indexed else np.arange(size)
    stored = np.empty_like(values)
    stored[order] = values
    primvar.Set(Vt.Vec2fArray.FromNumpy(stored))
    if indexed:
        primvar.SetIndices(Vt.IntArray.FromNumpy(order.astype(np.int32)))
    shape = geometry(made, "map")
    assert shape.uvs is not None
    starts = np.cumsum([0, *counts])
    triangle = 0
    for face, count in enumerate(counts):
        corners = list(range(starts[face], starts[face + 1]))
        for _ in range(count - 2):
            for k in range(3):
                point = int(shape.triangles[triangle, k])
                corner = next(c for c in corners if indices[c] == point)
                due = {"constant": 0, "uniform": face, "faceVarying": corner}.get(interpolation, point)
                np.testing.assert_array_equal(shape.uvs[triangle, k], values[due])
            triangle += 1
    assert triangle == len(shape.triangles)


def test_normals_come_from_the_primvar_before_the_attribute_and_are_made_unit() -> None:
    made = polygon(QUAD)
    made.CreateNormalsAttr([(0, 0, 3)] * 4)
    made.SetNormalsInterpolation("vertex")
    np.testing.assert_allclose(geometry(made).normals, np.broadcast_to([0, 0, 1.0], (2, 3, 3)))
    primvar = UsdGeom.PrimvarsAPI(made).CreatePrimvar("normals", Sdf.ValueTypeNames.Normal3fArray, "constant")
    primvar.Set([(0, 4, 0)])
    np.testing.assert_allclose(geometry(made).normals, np.broadcast_to([0, 1.0, 0], (2, 3, 3)))


def test_normals_without_direction_become_the_facets() -> None:
    made = polygon(QUAD)
    made.CreateNormalsAttr([(0, 0, 0), (np.nan, 0, 0), (1, 0, 0), (1, 0, 0)])
    made.SetNormalsInterpolation("vertex")
    normals = geometry(made).normals
    assert normals is not None
    np.testing.assert_allclose(normals[0], [(0, 0, 1), (0, 0, 1), (1, 0, 0)])


def test_without_normals_cages_are_smooth_and_plain_meshes_have_facets() -> None:
    roof = mesh([(0, 0, 0), (2, 0, 0), (1, 0, 1), (0, 3, 0), (2, 3, 0), (1, 3, 1)], [4, 4], [0, 2, 5, 3, 2, 1, 4, 5])
    assert geometry(roof).normals is None
    roof.CreateSubdivisionSchemeAttr("catmullClark")
    normals = geometry(roof).normals
    assert normals is not None
    ridge = np.isin(geometry(roof).triangles, (2, 5))
    np.testing.assert_allclose(np.abs(normals[ridge]), np.broadcast_to([0, 0, 1], (ridge.sum(), 3)), atol=1e-6)


def test_uvs_are_found_under_the_usual_names_when_the_materials_is_missing() -> None:
    for name in ("st", "UVMap", "uvs_of_somebody"):
        made = polygon(QUAD)
        api = UsdGeom.PrimvarsAPI(made)
        api.CreatePrimvar("weights", Sdf.ValueTypeNames.FloatArray, "vertex").Set([0.0] * 4)
        api.CreatePrimvar(name, Sdf.ValueTypeNames.Float2Array, "vertex").Set([(0, 0), (1, 0), (1, 1), (0, 1)])
        uvs = geometry(made, "elsewhere").uvs
        assert uvs is not None
        assert uvs.max() == 1
    assert geometry(polygon(QUAD)).uvs is None


def test_subsets_are_slots_and_the_rest_is_the_meshs_own() -> None:
    stage = Usd.Stage.CreateInMemory()
    made = mesh([*QUAD, (0, 2, 0), (2, 2, 0)], [3, 3, 4], [0, 1, 2, 0, 2, 3, 3, 2, 5, 4], stage)
    for name, faces in (("a", [0]), ("b", [2, 9])):
        subset = UsdGeom.Subset.CreateGeomSubset(made, name, "face", faces, "materialBind")
        material = UsdShade.Material.Define(stage, f"/Looks/{name}")
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(material)
    scene = StageReader(stage).read()
    assert [scene.materials[row].path for row in scene.placements[0].materials] == ["", "/Looks/a", "/Looks/b"]
    np.testing.assert_array_equal(scene.geometries[0].subsets, [1, 0, 2, 2])
    assert any("b names 1 faces" in finding for finding in scene.findings)
    stage.GetPrimAtPath("/Mesh/a").GetAttribute("indices").Set([0, 1])
    scene = StageReader(stage).read()
    assert [scene.materials[row].path for row in scene.placements[0].materials] == ["/Looks/a", "/Looks/b"]


BROKEN: list[tuple[str, Any, Any, Any, int, str]] = [
    ("counts that do not add up", QUAD, [4, 4], [0, 1, 2, 3], 0, "add up to 8"),
    ("negative counts", QUAD, [7, -3], [0, 1, 2, 3], 0, "below 0"),
    ("indices past the points", QUAD, [4, 3], [0, 1, 2, 3, 0, 1, 9], 2, "the first 9"),
    ("negative indices", QUAD, [4, 3], [0, 1, 2, 3, 0, 1, -1], 2, "the first -1"),
    ("faces of two corners", QUAD, [4, 2], [0, 1, 2, 3, 0, 1], 2, "fewer than three"),
    ("points that are no numbers", [*QUAD, (np.nan, 0, 0)], [4, 3], [0, 1, 2, 3, 0, 1, 4], 2, "not finite"),
    ("nothing but broken faces", QUAD, [3], [0, 1, 9], 0, "nothing is left"),
]


@pytest.mark.parametrize(("points", "counts", "indices", "left", "named"), [case[1:] for case in BROKEN])
def test_broken_faces_are_left_out_and_named_once(
    points: Any, counts: Any, indices: Any, left: int, named: str
) -> None:
    stage = Usd.Stage.CreateInMemory()
    mesh(points, counts, indices, stage)
    scene = StageReader(stage).read()
    assert sum(len(shape.triangles) for shape in scene.geometries) == left
    assert len(scene.placements) == (left > 0)
    assert [finding for finding in scene.findings if named in finding and finding.startswith("/Mesh")], scene.findings


@pytest.mark.parametrize("what", ["normals", "uvs"])
def test_primvars_of_another_length_are_not_used_and_named(what: str) -> None:
    made = polygon(QUAD)
    if what == "normals":
        made.CreateNormalsAttr([(0, 0, 1)] * 3)
        made.SetNormalsInterpolation("vertex")
    else:
        UsdGeom.PrimvarsAPI(made).CreatePrimvar("st", Sdf.ValueTypeNames.Float2Array, "vertex").Set([(0, 0)] * 3)
    assert "3" in refusal(made)
    shape = geometry(made)
    assert (shape.normals if what == "normals" else shape.uvs) is None


def test_an_empty_mesh_is_nothing_and_no_finding() -> None:
    assert refusal(UsdGeom.Mesh.Define(STAGE, "/Empty")) == ""


def test_equal_meshes_share_a_geometry_and_unequal_ones_do_not() -> None:
    stage = Usd.Stage.CreateInMemory()
    for k in range(3):
        polygon(QUAD, stage=stage, path=f"/Mesh{k}")
    polygon(np.array(QUAD) * 2, stage=stage, path="/Other")
    scene = StageReader(stage).read()
    assert [placement.geometry for placement in scene.placements] == [0, 0, 0, 1]


ROOTS = [
    "OpenChessSet/chess_set_semantics.usda",
    "Vehicles/vehicles_legacy_semantics.usda",
    "Teapot/Teapot.usd",
    "Teapot/DrawModes.usd",
]


@pytest.mark.parametrize("root", ROOTS)
def test_every_mesh_of_real_assets_has_all_its_triangles(shared: Path, root: str) -> None:
    path = shared / "usd-wg-assets" / root
    if not path.is_file():
        pytest.skip(f"no USD assets at {path}")
    stage = Usd.Stage.Open(str(path))
    scene = StageReader(stage).read()
    due = {}
    for prim in stage.Traverse(Usd.TraverseInstanceProxies()):
        if prim.IsA(UsdGeom.Mesh) and UsdGeom.Imageable(prim).ComputePurpose() in ("default", "render"):
            due[str(prim.GetPath())] = sum(n - 2 for n in prim.GetAttribute("faceVertexCounts").Get())
    have = {p.path: len(scene.geometries[p.geometry].triangles) for p in scene.placements}
    below_instancers = {path for path in due if path not in have}
    assert {path: have[path] for path in due if path in have} == {p: n for p, n in due.items() if p in have}
    assert all(
        any(parent.IsA(UsdGeom.PointInstancer) for parent in _above(stage.GetPrimAtPath(path)))
        for path in below_instancers
    )
    for shape in scene.geometries:
        assert np.isfinite(shape.points).all()
        assert shape.normals is None or np.allclose(np.linalg.norm(shape.normals, axis=2), 1, atol=1e-5)


def _above(prim: Any) -> list[Any]:
    chain = []
    while prim := prim.GetParent():
        chain.append(prim)
    return chain
