"""What the renderer draws: flat arrays, made from a USD stage by `headless.usd`, drawn by `headless.render`.

Conventions are USD's, as Replicator's payloads have them: row vectors (`p_world = [x y z 1] @ matrix`), scene units,
cameras that look along -z with +y up. Every part is a value that is replaced, never changed in place: what is the same
object as in the last frame has not changed, and need not be uploaded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from framepress.core.arrays import Array

__all__ = [
    "Entity",
    "Geometry",
    "LensModel",
    "Lens",
    "Light",
    "LightKind",
    "Material",
    "Placement",
    "Scene",
    "SceneCamera",
    "Skeleton",
    "Texture",
    "TextureUse",
]

LensModel = Literal["pinhole", "opencvPinhole", "opencvFisheye"]
LightKind = Literal["dome", "distant", "sphere", "rect", "disk", "cylinder"]


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Triangles in a space of their own; placed any number of times.

    Args:
        points: float32 (P, 3), scene units.
        triangles: int32 (T, 3), rows of `points`.
        normals: float32 (T, 3, 3), one a corner, unit length; None = the facets' own.
        uvs: float32 (T, 3, 2), one a corner, v upwards as in USD; None = none.
        subsets: int32 (T,), which of a placement's `materials` a triangle has.
    """

    points: Array
    triangles: Array
    normals: Array | None
    uvs: Array | None
    subsets: Array


@dataclass(frozen=True, slots=True)
class Placement:
    """One visible leaf: a geometry somewhere in the world.

    Args:
        path: prim path; of a native instance's content the path below the instance, of a point of an instancer
            `<instancer>/<prototype prim name>_<point index>`, followed by the path inside the prototype if any.
        geometry: row of `Scene.geometries`.
        materials: rows of `Scene.materials`, one for each subset of the geometry.
        entity: row of `Scene.entities`, the nearest labelled prim at or above; -1 = unlabelled.
    """

    path: str
    geometry: int
    materials: tuple[int, ...]
    entity: int


@dataclass(frozen=True, slots=True)
class Entity:
    """A labelled prim.

    Args:
        path: prim path.
        own: taxonomy -> labels authored on the prim itself, as authored.
        inherited: taxonomy -> labels of labelled ancestors, nearest first, those of `own` left out.
        parent: row of the nearest labelled ancestor; -1 = none.
        has_children: whether any labelled prim is below.
    """

    path: str
    own: Mapping[str, tuple[str, ...]]
    inherited: Mapping[str, tuple[str, ...]]
    parent: int
    has_children: bool


@dataclass(frozen=True, slots=True, eq=False)
class Texture:
    """Args: path: what it was read from. pixels: uint8 (H, W, 4), row 0 at the top. srgb: encoded so, else linear."""

    path: str
    pixels: Array
    srgb: bool


@dataclass(frozen=True, slots=True)
class TextureUse:
    """A texture on a surface: `uv' = rotate(uv * scale, degrees) + offset`, as UsdTransform2d; `channel` of "rgba"."""

    texture: int
    channel: str = "rgb"
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    degrees: float = 0.0
    wrap: Literal["repeat", "mirror", "clamp", "black"] = "repeat"


@dataclass(frozen=True, slots=True)
class Material:
    """UsdPreviewSurface in linear RGB; a texture stands in place of the value beside it.

    A pixel is cut out where opacity < `opacity_threshold` (0 = never cut out: everything else is opaque, as an occluder
    is to Isaac Sim's annotators).
    """

    path: str
    diffuse: tuple[float, float, float] = (0.18, 0.18, 0.18)
    diffuse_texture: TextureUse | None = None
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    emissive_texture: TextureUse | None = None
    roughness: float = 0.5
    roughness_texture: TextureUse | None = None
    metallic: float = 0.0
    metallic_texture: TextureUse | None = None
    opacity: float = 1.0
    opacity_texture: TextureUse | None = None
    opacity_threshold: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """A UsdLux light.

    Args:
        color: linear RGB, with intensity, exposure and normalisation (area, for `inputs:normalize`) already in it.
        matrix: float64 (4, 4), local to world, row vectors; distant, rect and disk lights shine along local -z.
        size: (radius, 0), (width, height) or (radius, length) by kind, scene units; a distant light's angle [deg].
        texture: row of `Scene.textures` (dome: latitude-longitude, +z or +y up as the stage); -1 = none.
        shadow: whether it casts one.
    """

    path: str
    kind: LightKind
    color: tuple[float, float, float]
    matrix: Array
    size: tuple[float, float] = (0.0, 0.0)
    texture: int = -1
    shadow: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """A UsdSkel skeleton in its pose of this frame; J joints.

    Args:
        path, root: prim paths of the Skeleton and of its SkelRoot.
        entity: row of `Scene.entities`, the nearest labelled prim at or above; -1 = none.
        joints: the authored joint paths, "Hips/Spine/Head".
        parents: int32 (J,), -1 = a root.
        matrices: float64 (J, 4, 4), joint to world now; rest_local: float64 (J, 4, 4), joint to parent at rest;
        local: float64 (J, 4, 4), joint to parent now; bind: float64 (J, 4, 4), joint to world at bind time.
    """

    path: str
    root: str
    entity: int
    joints: tuple[str, ...]
    parents: Array
    matrices: Array
    local: Array
    rest_local: Array
    bind: Array


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything at one time. N placements, E entities.

    Args:
        matrices: float64 (N, 4, 4), local to world.
        visible: bool (N,).
        entity_matrices: float64 (E, 4, 4), the labelled prim's local to world.
        entity_bounds: float64 (E, 2, 3), minimum and maximum of its whole visible subtree in that local space; NaN
            where it holds no geometry.
        findings: sentences on what was left out or stood in for, each once ("/World/A: no material ...").
    """

    meters_per_unit: float
    up_axis: Literal["Y", "Z"]
    geometries: tuple[Geometry, ...]
    placements: tuple[Placement, ...]
    matrices: Array
    visible: Array
    entities: tuple[Entity, ...]
    entity_matrices: Array
    entity_bounds: Array
    materials: tuple[Material, ...]
    textures: tuple[Texture, ...]
    lights: tuple[Light, ...]
    skeletons: tuple[Skeleton, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lens:
    """Which pixel a direction falls on. Edge pixel convention: the centre of pixel i is at i + 0.5.

    With x right, y down, z forward (the camera's own axes turned into OpenCV's):

    pinhole          u = fx x / z + cx, v = fy y / z + cy
    opencvPinhole    OpenCV's rational, tangential and thin-prism model, coefficients (k1, k2, p1, p2, k3, k4, k5, k6,
                     s1, s2, s3, s4)
    opencvFisheye    OpenCV's fisheye (Kannala-Brandt), coefficients (k1, k2, k3, k4)

    Args:
        fx, fy, cx, cy: px, for this width and height.
        near, far: clip distances along the axis (fisheye: from the centre), scene units.
        max_theta: half of the field of view, rad: directions beyond it are not seen.
    """

    model: LensModel
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    coefficients: tuple[float, ...] = ()
    near: float = 0.01
    far: float = 1e6
    max_theta: float = 1.5707963267948966


@dataclass(frozen=True, slots=True, eq=False)
class SceneCamera:
    """A camera prim at one time, for one render product.

    Args:
        view: float64 (4, 4), world to camera, row vectors, rigid (a camera's scale is dropped).
        attributes: the prim's own values that `camera_params` repeats: focalLength, horizontalAperture,
            verticalAperture, horizontalApertureOffset, verticalApertureOffset, focusDistance, fStop.
    """

    path: str
    lens: Lens
    view: Array
    attributes: Mapping[str, float] = field(default_factory=dict)
