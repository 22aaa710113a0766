"""Draws the open stage for its render products: stage -> scene -> buffers -> shots."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from framepress.headless.buffers import Passes
from framepress.headless.mosaics import mosaic_buffers
from framepress.headless.payloads.predicate import EVERYTHING
from framepress.headless.payloads.shot import Shot
from framepress.headless.render import modules
from framepress.headless.render.kernels import texture
from framepress.headless.render.renderer import Renderer
from framepress.headless.usd.cameras import scene_camera
from framepress.headless.usd.reader import StageReader

if TYPE_CHECKING:
    from framepress.headless.host import Host
    from framepress.headless.rep.render_products import RenderProduct

__all__ = ["Renderings"]


class Renderings:
    """A reader for the stage that is open, and one renderer for the whole session.

    Kernels that Warp's cache does not hold take seconds to compile: that is begun on threads before the stage is read.
    """

    def __init__(self, device: str, threads: int | None) -> None:
        self._device = modules.device_name(device)
        self._pool = ThreadPoolExecutor(2, "framepress-kernels")
        self._renderer = self._pool.submit(Renderer, device=device, threads=threads)
        self._pictures: Future[None] | None = None
        self._reader: StageReader | None = None
        self._stage: Any = None
        self._former: dict[str, Shot] = {}

    def capture(
        self, host: Host, products: Mapping[str, RenderProduct], wanted: Mapping[str, Passes]
    ) -> dict[str, Shot]:
        """Product path -> shot, for each product in `wanted`.

        Raises:
            FramepressError: the stage, or a product's camera, cannot be drawn.
        """
        if self._pictures is None and any(passes.rgb for passes in wanted.values()):
            self._pictures = self._pool.submit(modules.load, self._device, texture.MODULE)
        if self._reader is None or self._stage is not host.stage:
            self._stage, self._reader, self._former = host.stage, StageReader(host.stage), {}
        scene = self._reader.read(host.time)
        host.find(*scene.findings)
        if not scene.lights and any(passes.rgb for passes in wanted.values()):
            host.find("the stage has no light: pictures are lit by a lamp and a sky of the stand-in's own")
        renderer = self._renderer.result()
        renderer.begin_frame(scene)
        shots = {}
        for path, passes in wanted.items():
            product = products[path]
            # Of a mosaic too: what is one camera's there is the first one's, with the size of all.
            camera = scene_camera(host.stage, product.camera, product.resolution, host.time)
            tiles = [scene_camera(host.stage, tile, product.tile_resolution, host.time) for tile in product.cameras]
            drawn = [renderer.render(tile, passes) for tile in tiles]
            shots[path] = Shot(
                scene,
                camera,
                drawn[0] if len(drawn) == 1 else mosaic_buffers(drawn),
                host.frame,
                host.reference_time,
                host.semantic_filters.get("instance_mapping", EVERYTHING),
                self._former.get(path),
            )
        if host.quirks.stale_semantics:
            self._former = {path: replace(shot, former=None) for path, shot in shots.items()}
        return shots
