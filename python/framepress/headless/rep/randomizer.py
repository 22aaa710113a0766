"""`rep.randomizer`: of the prims of the open `with` block or of `input_prims`, at once or as the open trigger says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import instances, looks_of_prims, scatter
from framepress.headless.rep.authoring import apply, record
from framepress.headless.rep.items import Prims, ReplicatorItem, subject, targets_of
from framepress.headless.rep.poses import Pose, write_poses
from framepress.headless.rep.refused import refuse
from framepress.headless.rep.registered import named
from framepress.headless.rep.registered import register as register_function
from framepress.headless.rep.values import vector

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = [
    "color",
    "instantiate",
    "materials",
    "register",
    "rotation",
    "scatter_2d",
    "scatter_3d",
    "texture",
]

NO_LIMIT = (None, None, None)


def rotation(
    min_angle: Any = (-180.0, -180.0, -180.0),
    max_angle: Any = (180.0, 180.0, 180.0),
    seed: int | None = None,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Turn prims to orientations spread evenly over all those within the limits (degrees, about x, then y, then z).

    Without limits that is every orientation alike; angles drawn evenly would crowd around the poles.
    """
    call = "rep.randomizer.rotation"
    low, high = vector(min_angle, call), vector(max_angle, call)
    prims, stream = subject(call, input_prims), hosts.current().graph.stream(name, seed)

    def act(firing: Firing) -> None:
        targets = targets_of(prims, firing)
        unit = firing.generator(stream).random((len(targets), 3)).tolist()
        poses = []
        for x, y, z in unit:
            turned = [a + (b - a) * u for a, b, u in zip(low, high, (x, y, z), strict=True)]
            weight = _polar(low[1]) + (_polar(high[1]) - _polar(low[1])) * y
            poses.append(Pose(degrees=(turned[0], _polar_inverse(weight), turned[2])))
        write_poses(firing, targets, poses, call)

    return record("rotation", act, name)


def _polar(degrees: float) -> float:
    """Measure of orientations up to a middle angle: the integral of |cos|."""
    half_turns = math.floor((degrees + 90.0) / 180.0)
    return 2.0 * half_turns + math.sin(math.radians(degrees - 180.0 * half_turns))


def _polar_inverse(measure: float) -> float:
    half_turns = math.floor((measure + 1.0) / 2.0)
    return 180.0 * half_turns + math.degrees(math.asin(max(-1.0, min(1.0, measure - 2.0 * half_turns))))


def scatter_2d(
    surface_prims: Any,
    no_coll_prims: Any = None,
    min_samp: scatter.Limit = NO_LIMIT,
    max_samp: scatter.Limit = NO_LIMIT,
    seed: int | None = None,
    offset: float = 0.0,
    check_for_collisions: bool = False,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Put prims' origins on surfaces, evenly by area.

    Args:
        no_coll_prims: whose boxes are kept clear.
        min_samp, max_samp: bounds of the positions, world; None on an axis = none.
        offset: above the surface along its normal, scene units.
        check_for_collisions: keep the prims' boxes clear of each other.

    Raises:
        InputError: no surface there.
        OptionError: (when it fires) no free place was found.
    """
    call = "rep.randomizer.scatter_2d"
    prims, spread = _spread(call, no_coll_prims, min_samp, max_samp, seed, check_for_collisions, input_prims, name)
    act = partial(scatter.on_surfaces, subject=prims, surfaces=surface_prims, offset=float(offset), spread=spread)
    return record("scatter_2d", act, name)


def scatter_3d(
    volume_prims: Any,
    no_coll_prims: Any = None,
    volume_excl_prims: Any = None,
    min_samp: scatter.Limit = NO_LIMIT,
    max_samp: scatter.Limit = NO_LIMIT,
    resolution_scaling: float = 1.0,
    voxel_size: float = 0.0,
    check_for_collisions: bool = False,
    prevent_vol_overlap: bool = True,
    viz_sampled_voxels: bool = False,
    seed: int | None = None,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Put prims' origins into closed meshes, evenly by volume, outside of `volume_excl_prims`.

    Positions are exact: `resolution_scaling`, `voxel_size` and `viz_sampled_voxels`, about voxels, do nothing.

    Raises:
        InputError, OptionError: as `scatter_2d`.
        NotSupportedError: overlapping volumes are to be sampled twice.
    """
    if not prevent_vol_overlap:
        refuse("randomizer.scatter_3d", "prevent_vol_overlap=False is not there; overlaps are filled like the rest")()
    call = "rep.randomizer.scatter_3d"
    prims, spread = _spread(call, no_coll_prims, min_samp, max_samp, seed, check_for_collisions, input_prims, name)
    act = partial(scatter.in_volumes, subject=prims, volumes=volume_prims, excluded=volume_excl_prims, spread=spread)
    return record("scatter_3d", act, name)


def _spread(
    call: str,
    avoid: Any,
    lower: Any,
    upper: Any,
    seed: int | None,
    apart: bool,
    input_prims: Any,
    name: str | None,
) -> tuple[Any, scatter.Spread]:
    spread = scatter.Spread(
        hosts.current().graph.stream(name, seed), scatter.Region.of(lower, upper, call), avoid, apart, call
    )
    return subject(call, input_prims), spread


def color(
    colors: Any, per_sub_mesh: bool = False, seed: int | None = None, input_prims: Any = None, name: str | None = None
) -> ReplicatorItem:
    """Give each prim a material of its own in a colour: drawn, or picked from a list (linear RGB, 0 to 1).

    `per_sub_mesh`: each mesh and subset below a prim instead.
    """
    call = "rep.randomizer.color"
    painted = looks_of_prims.Painted(subject(call, input_prims), per_sub_mesh, call)
    values = {"diffuse": looks_of_prims.picked(colors, seed, name)}
    return record("color", partial(painted.paint, values=values), name)


def texture(
    textures: Any,
    texture_scale: Any = None,
    texture_rotate: Any = None,
    per_sub_mesh: bool = False,
    project_uvw: bool = False,
    seed: int | None = None,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Give each prim a material of its own with an image: drawn, or picked from a list of paths.

    Args:
        texture_scale: of the coordinates, one number or two. texture_rotate: degrees.
        project_uvw: kept for Isaac Sim; here coordinates are always the mesh's own.

    Raises:
        InputError: a file of this machine's that is not there.
    """
    call = "rep.randomizer.texture"
    if project_uvw:
        hosts.current().find(f"{call}: project_uvw has no effect, textures are laid on by the meshes' own coordinates")
    painted = looks_of_prims.Painted(subject(call, input_prims), per_sub_mesh, call)
    values = {
        "diffuse_texture": looks_of_prims.picked(looks_of_prims.files(textures, call), seed, name),
        "texture_scale": texture_scale,
        "texture_rotate": texture_rotate,
        "project_uvw": project_uvw or None,
    }
    chosen = {key: value for key, value in values.items() if value is not None}
    return record("texture", partial(painted.paint, values=chosen), name)


def materials(
    materials: Any,
    seed: int | None = None,
    max_cached_materials: int = 0,
    input_prims: Any = None,
    name: str | None = None,
) -> ReplicatorItem:
    """Bind to each prim one of several materials: items, prim paths, MDL files, or drawn from these."""
    call = "rep.randomizer.materials"
    prims, stream = subject(call, input_prims), hosts.current().graph.stream(name, seed)
    act = partial(looks_of_prims.bind_any, subject=prims, materials=materials, stream=stream, call=call)
    return record("materials", act, name)


def instantiate(
    paths: Any,
    size: int,
    weights: Sequence[float] | None = None,
    mode: instances.Mode = "scene_instance",
    with_replacements: bool = True,
    seed: int | None = None,
    name: str | None = None,
    use_cache: bool = True,
    semantics: Any = None,
) -> Prims:
    """`size` places, each of which holds one of the assets, drawn anew at each firing.

    Args:
        paths: USD files, or items or paths of prims of the stage.
        mode: "scene_instance" (native instances), "reference" (whose insides can be edited) or "point_instance" (points
            of one instancer, whose poses alone can be set).

    Raises:
        OptionError: an unknown mode, or a size that cannot be.
        InputError: a file or prim is not there.
    """
    call = "rep.randomizer.instantiate"
    if mode not in ("scene_instance", "point_instance", "reference"):
        raise OptionError(f"{call}: mode {mode!r}; one of scene_instance, point_instance, reference")
    if size != int(size) or size < 1:
        raise OptionError(f"{call}: size {size!r}; give a number of instances, at least 1")
    assets = instances.sources(paths)
    rows = instances.drawn(assets, weights, with_replacements, seed)
    item = instances.places(mode, assets, int(size), semantics, name)
    apply(partial(instances.fill, item=item, assets=assets, rows=rows), now=False)
    return item


_OWN = {*__all__}


def register(fn: Callable[..., Any], override: bool = True, fn_name: str | None = None) -> None:
    """Have `rep.randomizer.<name>` call `fn`."""
    register_function("randomizer", fn, override, fn_name, _OWN)


def __getattr__(name: str) -> Any:
    return named("randomizer", name)
