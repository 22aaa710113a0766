"""`omni.kit.viewport.utility`: the one viewport that scripts ask for a render product. Nothing is shown."""

from __future__ import annotations

from typing import Any

from framepress.headless.neighbours.module import Partly
from framepress.headless.neighbours.session import Session
from framepress.headless.rep.render_products import RenderProduct, render_product

__all__ = ["Viewport", "modules"]

NAME = "omni_kit_widget_viewport_ViewportTexture_0"
PERSPECTIVE = "/OmniverseKit_Persp"


class Viewport(Partly):
    """A camera and a size; its render product is made when first asked for, and made anew when they have changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._camera, self._resolution = PERSPECTIVE, (1280, 720)
        self._product: RenderProduct | None = None
        self.updates_enabled = True

    @property
    def stage(self) -> Any:
        return self._session.host.stage

    @property
    def camera_path(self) -> str:
        return self._camera

    @camera_path.setter
    def camera_path(self, path: Any) -> None:
        self._camera = str(path)

    def get_active_camera(self) -> str:
        return self._camera

    def set_active_camera(self, path: Any) -> None:
        self.camera_path = path

    @property
    def resolution(self) -> tuple[int, int]:
        return self._resolution

    @resolution.setter
    def resolution(self, size: tuple[int, int]) -> None:
        self._resolution = (int(size[0]), int(size[1]))

    def get_texture_resolution(self) -> tuple[int, int]:
        return self._resolution

    def set_texture_resolution(self, size: tuple[int, int]) -> None:
        self.resolution = size

    @property
    def render_product_path(self) -> str:
        """Path of the render product of this camera and size.

        Raises:
            InputError: there is no such camera.
        """
        product = self._product
        stale = product is None or self._session.host.products.get(product.path) is not product
        if product is None or stale or (product.camera, product.resolution) != (self._camera, self._resolution):
            if product is not None:
                product.destroy()
            made = render_product(self._camera, self._resolution, name=NAME)
            assert isinstance(made, RenderProduct)  # of one camera
            self._product = product = made
        return product.path

    def get_render_product_path(self) -> str:
        return self.render_product_path


def modules(session: Session) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    viewport = Viewport(session)
    return {
        "omni.kit.viewport": {},
        "omni.kit.viewport.utility": {"get_active_viewport": lambda usd_context_name="": viewport},
    }
