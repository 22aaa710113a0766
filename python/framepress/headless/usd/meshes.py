"""A Mesh's cage as triangles: no subdivision, holes left out, whatever cannot be drawn left out and named.

Normals are the prim's own, of `primvars:normals` before `normals`, also where the mesh asks for subdivision, which most
exporters leave switched on beside their normals. Without any: facets where the scheme is "none" or "bilinear", else the
area-weighted mean of the faces at each point, which is what the subdivided surface would look like, without creases.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from pxr import Usd, UsdGeom, UsdShade

from framepress.core.arrays import Array
from framepress.headless.scene import Geometry
from framepress.headless.usd.polygons import triangulate

__all__ = ["Cut", "MeshSource", "cut", "mesh_geometry", "mesh_source", "mesh_varies", "posed_geometry"]

_SHAPING = (
    "points",
    "faceVertexCounts",
    "faceVertexIndices",
    "normals",
    "primvars:normals",
    "primvars:normals:indices",
    "holeIndices",
    "orientation",
)
_UV_TYPES = ("texCoord2f[]", "float2[]", "texCoord2d[]", "double2[]", "texCoord2h[]", "half2[]")
_UV_NAMES = ("st", "UVMap")


@dataclass(frozen=True, slots=True)
class _PerFace:
    """Values of a primvar and where they belong: one of USD's interpolations."""

    values: Array
    interpolation: str


@dataclass(frozen=True, slots=True)
class MeshSource:
    """What a Mesh prim says, before it is triangles.

    Args:
        points: float32 (P, 3); counts: int64 (F,); indices: int64 (I,).
        drawn: bool (F,), neither hole nor broken.
        subset_of_face: int32 (F,), row of `slots`.
        slots: the material subsets in use, as ordinals among the prim's; -1 = the mesh's own material.
        smooth: whether points without normals share theirs between faces.
        findings: what was left out, without the prim's path.
    """

    points: Array
    counts: Array
    indices: Array
    drawn: Array
    flipped: bool
    normals: _PerFace | None
    uvs: _PerFace | None
    subset_of_face: Array
    slots: tuple[int, ...]
    smooth: bool
    findings: tuple[str, ...]

    def digest(self) -> bytes:
        """Equal for meshes whose triangles are equal."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr((self.flipped, self.smooth)).encode())
        for part in (self.normals, self.uvs):
            digest.update(part.interpolation.encode() if part else b"-")
        arrays = [self.points, self.counts, self.indices, self.drawn, self.subset_of_face]
        for array in arrays + [part.values for part in (self.normals, self.uvs) if part]:
            digest.update(repr((array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.digest()


def mesh_varies(prim: Usd.Prim, uv_name: str) -> bool:
    """Whether the triangles may differ from one time to another."""
    names = (*_SHAPING, f"primvars:{uv_name}", f"primvars:{uv_name}:indices")
    return any(a.ValueMightBeTimeVarying() for a in map(prim.GetAttribute, names) if a) or any(
        subset.GetIndicesAttr().ValueMightBeTimeVarying() for subset in _subsets(prim)
    )


def mesh_source(prim: Usd.Prim, time: Usd.TimeCode, uv_name: str) -> MeshSource | str:
    """The mesh at one time, checked; or why nothing of it can be drawn ("" = it is empty).

    Args:
        uv_name: the primvar that the bound material looks textures up by; "st", "UVMap" and then the first primvar of
            two numbers stand in for it.
    """
    mesh = UsdGeom.Mesh(prim)
    findings: list[str] = []
    points = _points(mesh, time)
    counts = _integers(mesh.GetFaceVertexCountsAttr().Get(time))
    indices = _integers(mesh.GetFaceVertexIndicesAttr().Get(time))
    if not len(counts) or not len(points):
        return ""
    if counts.min() < 0 or counts.sum() != len(indices):
        return (
            f"faceVertexCounts add up to {counts.sum()}{', some below 0' if counts.min() < 0 else ''}, but there are "
            f"{len(indices)} faceVertexIndices: the mesh is left out"
        )
    drawn = _drawn(mesh, time, points, counts, indices, findings)
    if not drawn.any():
        return "; ".join([*findings, "nothing is left of the mesh"]) if findings else ""
    sizes = {"constant": 1, "uniform": len(counts), "faceVarying": len(indices)}
    sizes |= {"vertex": len(points), "varying": len(points)}
    subset_of_face, slots = _subset_of_face(prim, time, len(counts), drawn, findings)
    return MeshSource(
        points,
        counts,
        indices,
        drawn,
        mesh.GetOrientationAttr().Get(time) == UsdGeom.Tokens.leftHanded,
        _normals(mesh, time, sizes, findings),
        _uvs(mesh, time, uv_name, sizes, findings),
        subset_of_face,
        slots,
        mesh.GetSubdivisionSchemeAttr().Get() not in (UsdGeom.Tokens.none, UsdGeom.Tokens.bilinear),
        tuple(findings),
    )


@dataclass(frozen=True, slots=True)
class Cut:
    """Args: corners: int (T, 3), rows of a source's indices. faces: int (T,). crossed: faces that cross themselves."""

    corners: Array
    faces: Array
    crossed: int


def cut(source: MeshSource) -> Cut:
    """The faces as triangles, wound as the orientation says."""
    drawn = np.flatnonzero(source.drawn)
    starts = np.cumsum(source.counts) - source.counts
    corners, faces, crossed = triangulate(starts[drawn], source.counts[drawn], source.indices, source.points)
    return Cut(np.ascontiguousarray(corners[:, ::-1]) if source.flipped else corners, drawn[faces], crossed)


def mesh_geometry(source: MeshSource, faces: Cut) -> Geometry:
    triangles = source.indices[faces.corners].astype(np.int32)
    uvs = np.ascontiguousarray(_gathered(source.uvs, faces, triangles)) if source.uvs else None
    normals = _corner_normals(source.normals, source, source.points, faces, triangles)
    return Geometry(source.points, triangles, normals, uvs, source.subset_of_face[faces.faces])


def posed_geometry(rest: Geometry, source: MeshSource, faces: Cut, points: Array, normals: Array | None) -> Geometry:
    """The same triangles on other points; `normals` have the rows of the source's, or are made anew from the points."""
    per_face = _PerFace(normals, source.normals.interpolation) if normals is not None and source.normals else None
    corner_normals = _corner_normals(per_face, source, points, faces, rest.triangles)
    return Geometry(points, rest.triangles, corner_normals, rest.uvs, rest.subsets)


def _points(mesh: UsdGeom.Mesh, time: Usd.TimeCode) -> Array:
    return np.array(mesh.GetPointsAttr().Get(time) or (), dtype=np.float32).reshape(-1, 3)


def _integers(values: Any) -> Array:
    return np.array(values if values is not None else (), dtype=np.int64)


def _drawn(
    mesh: UsdGeom.Mesh, time: Usd.TimeCode, points: Array, counts: Array, indices: Array, findings: list[str]
) -> Array:
    """bool (F,): faces that are no holes, have three corners or more, and stand on points that are numbers."""
    drawn: Array = counts >= 3
    if not drawn.all():
        findings.append(f"{(~drawn).sum()} faces of fewer than three corners are left out")
    good = (indices >= 0) & (indices < len(points))
    missing = ~good
    if missing.any():
        wrong = indices[missing][0]
        findings.append(
            f"{missing.sum()} faceVertexIndices, the first {wrong}, name none of its {len(points)} points: "
            "their faces are left out"
        )
        indices[missing] = 0
    finite: Array = np.asarray(np.isfinite(points).all(axis=1))
    if not finite.all():
        findings.append(f"{(~finite).sum()} points are not finite: their faces are left out")
        good = good & finite[indices]
    if not good.all():
        face_of_corner = np.repeat(np.arange(len(counts)), counts)
        drawn[face_of_corner[~good]] = False
    holes = _integers(mesh.GetHoleIndicesAttr().Get(time))
    drawn[holes[(holes >= 0) & (holes < len(counts))]] = False
    return drawn


def _subsets(prim: Usd.Prim) -> list[UsdGeom.Subset]:
    return list(UsdShade.MaterialBindingAPI(prim).GetMaterialBindSubsets())


def _subset_of_face(
    prim: Usd.Prim, time: Usd.TimeCode, count: int, drawn: Array, findings: list[str]
) -> tuple[Array, tuple[int, ...]]:
    """Row of the slots for each face, int32; the slots. A face in two subsets belongs to the later one."""
    ordinal = np.full(count, -1, dtype=np.int64)
    for k, subset in enumerate(_subsets(prim)):
        if subset.GetElementTypeAttr().Get() != UsdGeom.Tokens.face:
            findings.append(f"{subset.GetPrim().GetName()} is a subset of other things than faces, and is not used")
            continue
        faces = _integers(subset.GetIndicesAttr().Get(time))
        inside = (faces >= 0) & (faces < count)
        if not inside.all():
            findings.append(f"{subset.GetPrim().GetName()} names {(~inside).sum()} faces that the mesh does not have")
        ordinal[faces[inside]] = k
    if (ordinal < 0).all():
        return np.zeros(count, np.int32), (-1,)
    slots = np.unique(ordinal[drawn])
    return np.searchsorted(slots, ordinal).clip(max=len(slots) - 1).astype(np.int32), tuple(map(int, slots))


def _normals(mesh: UsdGeom.Mesh, time: Usd.TimeCode, sizes: dict[str, int], findings: list[str]) -> _PerFace | None:
    primvar = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("normals")
    if primvar and primvar.HasValue():
        values, interpolation = primvar.ComputeFlattened(time), primvar.GetInterpolation()
    else:
        values, interpolation = mesh.GetNormalsAttr().Get(time), mesh.GetNormalsInterpolation()
    per_face = _per_face("normals", values, 3, interpolation, sizes, findings)
    if per_face is None:
        return None
    length = np.linalg.norm(per_face.values, axis=1, keepdims=True)
    # Whatever has no direction becomes NaN here, and the facet's own normal once the facet is known.
    with np.errstate(invalid="ignore", divide="ignore"):
        return _PerFace(per_face.values / length, interpolation)


def _uvs(
    mesh: UsdGeom.Mesh, time: Usd.TimeCode, name: str, sizes: dict[str, int], findings: list[str]
) -> _PerFace | None:
    api = UsdGeom.PrimvarsAPI(mesh)
    candidates = [api.GetPrimvar(n) for n in dict.fromkeys((name, *_UV_NAMES))]
    found = next((p for p in candidates if _is_uv(p)), None)
    found = found or next((p for p in api.GetPrimvarsWithValues() if _is_uv(p)), None)
    if found is None:
        return None
    primvar = found.GetPrimvarName()
    per_face = _per_face(primvar, found.ComputeFlattened(time), 2, found.GetInterpolation(), sizes, findings)
    if per_face is not None and not np.isfinite(per_face.values).all():
        findings.append(f"primvars:{primvar} holds values that are not finite: they count as 0")
        return _PerFace(np.nan_to_num(per_face.values, nan=0.0, posinf=0.0, neginf=0.0), per_face.interpolation)
    return per_face


def _is_uv(primvar: UsdGeom.Primvar) -> bool:
    return bool(primvar) and primvar.HasValue() and str(primvar.GetTypeName()) in _UV_TYPES


def _per_face(
    name: str, values: Any, width: int, interpolation: str, sizes: dict[str, int], findings: list[str]
) -> _PerFace | None:
    if values is None or not len(values):
        return None
    array = np.array(values, dtype=np.float32).reshape(-1, width)
    wanted = sizes.get(interpolation, -1)
    if len(array) != wanted:
        findings.append(f"{len(array)} {name}, where {wanted} of interpolation {interpolation} are due, are not used")
        return None
    return _PerFace(array, interpolation)


def _gathered(part: _PerFace, faces: Cut, triangles: Array) -> Array:
    """Values of any interpolation as one a triangle's corner, (T, 3, k)."""
    if part.interpolation == "faceVarying":
        return np.asarray(part.values[faces.corners])
    if part.interpolation in ("vertex", "varying"):
        return np.asarray(part.values[triangles])
    rows = faces.faces if part.interpolation == "uniform" else np.zeros_like(faces.faces)
    return np.repeat(part.values[rows][:, None], 3, axis=1)


def _corner_normals(
    part: _PerFace | None, source: MeshSource, points: Array, faces: Cut, triangles: Array
) -> Array | None:
    if part is not None:
        return _unit_normals(_gathered(part, faces, triangles), points, triangles)
    return _smooth_normals(source, points, faces, triangles) if source.smooth else None


def _unit_normals(normals: Array, points: Array, triangles: Array) -> Array:
    """Normals without a direction, NaN or 0, replaced by their facet's."""
    lost = ~(np.abs(normals).max(axis=2) > 0)
    if lost.any():
        rows = np.flatnonzero(lost.any(axis=1))
        facets = np.repeat(_unit(_facets(points, triangles[rows]))[:, None], 3, axis=1)
        normals[rows] = np.where(lost[rows][..., None], facets, normals[rows])
    return np.ascontiguousarray(normals)


def _smooth_normals(source: MeshSource, points: Array, faces: Cut, triangles: Array) -> Array:
    """The mean of the normals of the faces at a point, by their area: whole faces, so that no diagonal shows."""
    facets = _facets(points, triangles)
    sums = []
    for k in range(3):
        of_face = np.bincount(faces.faces, facets[:, k], minlength=len(source.counts))
        sums.append(np.bincount(source.indices, np.repeat(of_face, source.counts), minlength=len(points)))
    return np.asarray(_unit(np.stack(sums, axis=1))[triangles])


def _facets(points: Array, triangles: Array) -> Array:
    """Float64 (T, 3): the facets' normals, twice their area long."""
    a = points[triangles[:, 0]].astype(np.float64)
    return np.cross(points[triangles[:, 1]] - a, points[triangles[:, 2]] - a)


def _unit(vectors: Array) -> Array:
    """float32, of unit length; +z where there is no direction."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(length > 0, vectors / length, (0.0, 0.0, 1.0)).astype(np.float32)
