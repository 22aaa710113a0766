"""Render products: a camera and a size to draw it in, as `rep.create.render_product` makes them.

Each is a prim `/Render/OmniverseKit/HydraTextures/<name>` in the session layer, with its camera and resolution, where
writers look them up.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless.mosaics import grid_of

__all__ = ["HydraTexture", "RenderProduct", "FOLDER", "products_of", "render_product", "render_product_tiled"]

FOLDER = "/Render/OmniverseKit/HydraTextures"
PERSPECTIVE = "/OmniverseKit_Persp"


class HydraTexture:
    """The switch of a render product: with its updates off it is not drawn."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.updates_enabled = True

    def set_updates_enabled(self, enabled: bool = True) -> None:
        self.updates_enabled = bool(enabled)

    def get_updates_enabled(self) -> bool:
        return self.updates_enabled

    def get_render_product_path(self) -> str:
        return self._path


class RenderProduct:
    """Args: path: of its prim. cameras: paths of camera prims; of several there is a tile each. resolution: (width,
    height) of the whole.
    """

    def __init__(self, path: str, cameras: tuple[str, ...], resolution: tuple[int, int]) -> None:
        self.path = path
        self.cameras = cameras
        self.resolution = resolution
        self.hydra_texture = HydraTexture(path)

    def __deepcopy__(self, memo: Any) -> RenderProduct:
        return self  # there is one such prim, whoever holds its handle

    @property
    def is_drawn(self) -> bool:
        """Whether it is there, with its updates on."""
        return hosts.current().products.get(self.path) is self and self.hydra_texture.updates_enabled

    @property
    def camera(self) -> str:
        """The one that payloads name: of several the first."""
        return self.cameras[0]

    @property
    def tile_resolution(self) -> tuple[int, int]:
        """(width, height) of one camera's part."""
        columns, rows = grid_of(len(self.cameras))
        return self.resolution[0] // columns, self.resolution[1] // rows

    @property
    def name(self) -> str:
        """What payloads call it: the last part of its path."""
        return self.path.rpartition("/")[2]

    def destroy(self) -> None:
        """Draw it no more. What is attached to it stays attached and gets nothing; a second call does nothing."""
        host = hosts.current()
        if host.products.get(self.path) is self:
            del host.products[self.path]
            _remove(host.stage, self.path)

    def __str__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"RenderProduct({self.path!r}, cameras={self.cameras!r}, resolution={self.resolution})"


def render_product(
    camera: Any,
    resolution: tuple[int, int],
    force_new: bool = False,
    name: str | None = None,
    render_vars: Sequence[str] | None = None,
) -> RenderProduct | list[RenderProduct]:
    """`rep.create.render_product`: one product, or a list of them for several cameras.

    Args:
        camera: path, prim or Replicator item, of a camera or of a prim with one below it; or a list of these.
        resolution: (width, height).
        force_new: make a second product where there is one of this camera and size.
        name: of the product; with a name it is always new. What USD's prim names cannot hold becomes `_`.
        render_vars: release 6.0's list of AOVs; accepted, since annotators decide what is drawn.

    Raises:
        OptionError: a size that is no picture.
        InputError: a camera that does not exist.
        TypeError: `render_vars` before release 6.0.
    """
    host = hosts.current()
    if render_vars is not None and host.release != "6.0":
        raise TypeError(f"render_product() has no argument render_vars in release {host.release}; it came with 6.0")
    size = _size(resolution)
    cameras = _cameras(host.stage, camera)
    made = [_product(host, (path,), size, force_new, name) for path in cameras]
    return made[0] if len(made) == 1 else made


def render_product_tiled(
    cameras: Sequence[Any], tile_resolution: tuple[int, int], force_new: bool = False, name: str | None = None
) -> RenderProduct:
    """`rep.create.render_product_tiled`: one product whose picture has a tile for each camera, by rows.

    Args:
        cameras: paths or Replicator items.
        tile_resolution: (width, height) of one camera's tile.
        force_new, name: as of `render_product`.

    Raises:
        OptionError: a size that is no picture, or no camera.
        InputError: a camera that does not exist.
    """
    host = hosts.current()
    width, height = _size(tile_resolution)
    paths = tuple(_cameras(host.stage, list(cameras)))
    if not paths:
        raise OptionError("render_product_tiled: cameras is empty; name the cameras of the tiles")
    columns, rows = grid_of(len(paths))
    return _product(host, paths, (columns * width, rows * height), force_new, name)


def products_of(render_products: Any) -> list[RenderProduct]:
    """One product or several, given as objects with `.path`, or by path.

    Raises:
        OptionError: something else, or an unknown product.
    """
    many = render_products if isinstance(render_products, list | tuple) else [render_products]
    known = hosts.current().products
    found = []
    for one in many:
        path = one if isinstance(one, str) else getattr(one, "path", None)
        if path is None:
            raise OptionError(f"{one!r} is no render product; give what create.render_product returned, or its path")
        if str(path) not in known:
            raise OptionError(f"{path}: no such render product, or destroyed (there are: {', '.join(known) or 'none'})")
        found.append(known[str(path)])
    return list(dict.fromkeys(found))


def _product(
    host: hosts.Host, cameras: tuple[str, ...], resolution: tuple[int, int], force_new: bool, name: str | None
) -> RenderProduct:
    if not force_new and name is None:
        for product in host.products.values():
            if (product.cameras, product.resolution) == (cameras, resolution):
                return product
    product = RenderProduct(_free_path(host, _prim_name(host, name or "Replicator")), cameras, resolution)
    host.products[product.path] = product
    _author(host.stage, product)
    return product


def _prim_name(host: hosts.Host, name: str) -> str:
    from pxr import Tf

    valid = str(Tf.MakeValidIdentifier(name))
    if valid != name:
        host.find(f"render product {name!r} is named {valid}: USD's prim names are letters, digits and _")
    return valid


def _free_path(host: hosts.Host, name: str) -> str:
    path, count = f"{FOLDER}/{name}", 0
    while path in host.products:
        count += 1
        path = f"{FOLDER}/{name}_{count:02d}"
    return path


def _author(stage: Any, product: RenderProduct) -> None:
    from pxr import Gf, Sdf, Usd, UsdRender

    with Usd.EditContext(stage, stage.GetSessionLayer()):
        prim = UsdRender.Product.Define(stage, product.path)
        prim.CreateResolutionAttr(Gf.Vec2i(*product.resolution))
        prim.CreateCameraRel().SetTargets([Sdf.Path(camera) for camera in product.cameras])


def _remove(stage: Any, path: str) -> None:
    from pxr import Usd

    with Usd.EditContext(stage, stage.GetSessionLayer()):
        stage.RemovePrim(path)


def _size(resolution: Any) -> tuple[int, int]:
    try:
        width, height = (operator.index(side) for side in resolution)
    except (TypeError, ValueError):
        raise OptionError(f"resolution {resolution!r}: expected (width, height), two whole numbers") from None
    if width < 1 or height < 1:
        raise OptionError(f"resolution {width} x {height}: a render product has at least one pixel each way")
    return width, height


def _cameras(stage: Any, camera: Any) -> list[str]:
    """Camera prim paths; of an item that outputs several prims, all of theirs."""
    if isinstance(camera, list | tuple):
        return [path for one in camera for path in _cameras(stage, one)]
    if hasattr(camera, "get_output_prims"):
        return [path for prim in camera.get_output_prims()["prims"] for path in _cameras(stage, prim)]
    path = camera if isinstance(camera, str) else str(getattr(camera, "GetPath", lambda: camera)())
    return [_camera_below(stage, path)]


def _camera_below(stage: Any, path: str) -> str:
    """The prim itself, or the first camera below it: what Replicator makes is a camera in an Xform."""
    from pxr import Sdf, Usd, UsdGeom

    prim = stage.GetPrimAtPath(path) if Sdf.Path.IsValidPathString(path) and path.startswith("/") else None
    if not prim and path == PERSPECTIVE:
        prim = _perspective(stage)
    if not prim:
        raise InputError(f"camera {path!r}: no such prim on the stage; is the path right?")
    for below in Usd.PrimRange(prim, Usd.TraverseInstanceProxies()):
        if below.IsA(UsdGeom.Camera):
            return str(below.GetPath())
    raise InputError(f"camera {path}: a {prim.GetTypeName() or 'prim without type'}, with no camera below it")


def _perspective(stage: Any) -> Any:
    """The camera prim that every stage has in an editor, where an empty stage of metres has it: at (5, 5, 5)."""
    from pxr import Gf, Usd, UsdGeom

    metre = 1.0 / UsdGeom.GetStageMetersPerUnit(stage)
    up = Gf.Vec3d(0, 0, 1) if UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z else Gf.Vec3d(0, 1, 0)
    with Usd.EditContext(stage, stage.GetSessionLayer()):
        camera = UsdGeom.Camera.Define(stage, PERSPECTIVE)
        view = Gf.Matrix4d().SetLookAt(Gf.Vec3d(5, 5, 5) * metre, Gf.Vec3d(0), up)
        camera.AddTransformOp().Set(view.GetInverse())
        camera.CreateClippingRangeAttr(Gf.Vec2f(0.01 * metre, 1e5 * metre))
    hosts.current().find(f"camera {PERSPECTIVE}: stands at (5, 5, 5) metres and looks at the origin")
    return camera.GetPrim()
