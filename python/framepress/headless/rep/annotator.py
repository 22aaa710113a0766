"""`Annotator`: something that is asked of a render product."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.buffers import Passes
from framepress.headless.payloads import annotators as payloads
from framepress.headless.payloads import layouts
from framepress.headless.payloads.shot import Shot, Value
from framepress.headless.rep.attached import Attached
from framepress.headless.rep.augmentations import Augmentation, augmentation_of
from framepress.headless.rep.errors import AnnotatorError, AnnotatorRegistryError
from framepress.headless.rep.render_products import RenderProduct, products_of

__all__ = ["Annotator", "device_of"]

_DEVICE = re.compile(r"cpu|cuda(:\d+)?")
_CPU_ONLY = ("bounding_box_", "RtxSensor", "GenericModelOutput")


class Annotator:
    """One annotator, and the render product that it is attached to.

    Args:
        name: of the payload, "rgb", "semantic_segmentation", ...
        init_params: its parameters, such as `{"colorize": True}`.
        device: "cpu", "cuda" or "cuda:<n>"; None = CPU.
        public_name: what payloads call it; by default `name`.

    Raises:
        AnnotatorRegistryError: no such annotator, parameter or device, or not on a GPU.
    """

    def __init__(
        self,
        name: str,
        init_params: Mapping[str, Any] | None = None,
        render_product_idxs: Sequence[int] | None = None,
        device: str | None = None,
        render_products: Any = None,
        template_name: str | None = None,
        do_array_copy: bool = True,
        public_name: str | None = None,
    ) -> None:
        self.source = template_name or name
        self.name = public_name or name
        self.init_params = dict(init_params or {})
        self.device = device_of(device, self.source)
        self.augmentations: list[Augmentation] = []
        self.product: RenderProduct | None = None
        try:
            self.passes  # noqa: B018
        except OptionError as error:
            raise AnnotatorRegistryError(str(error)) from error
        if render_products is not None:
            self.attach(render_products)

    # ---- Replicator's ------------------------------------------------------------------------------------------------

    @property
    def is_attached(self) -> bool:
        return self.product is not None

    @property
    def template_name(self) -> str:
        return self.source

    def get_name(self) -> str:
        return self.name

    def get_node(self) -> None:
        """There is no OmniGraph here."""

    def initialize(self, **init_params: Any) -> None:
        """Give the parameters.

        Raises:
            AnnotatorError: it is attached already.
        """
        if self.is_attached:
            raise AnnotatorError(f"annotator {self.name}: is attached; give its parameters before that")
        self.init_params = dict(init_params)
        self.passes  # noqa: B018

    def attach(self, render_products: Any) -> Annotator:
        """Attach to one render product, given as such, by path, or as a list of one.

        Raises:
            NotImplementedError: several products.
            AnnotatorError: it is attached to another one.
        """
        products = products_of(render_products)
        if len(products) != 1:
            raise NotImplementedError(f"annotator {self.name}: attaches to one render product, got {len(products)}")
        if self.product not in (None, products[0]):
            raise AnnotatorError(f"annotator {self.name}: is attached to {self.product}; detach it, or get another one")
        self.product = products[0]
        hosts.current().kept(Attached).add_annotator(self)
        return self

    def detach(self, render_products: Any = None) -> None:
        """Detach, if it is attached (to one of the products named)."""
        many = render_products if isinstance(render_products, list | tuple) else [render_products]
        if render_products is not None and str(self.product) not in map(str, many):
            return
        hosts.current().kept(Attached).remove_annotator(self)
        self.product = None

    def get_data(
        self, device: str | None = None, do_array_copy: bool = False, use_legacy_structure: bool = True
    ) -> Any:
        """What it saw in the last frame: an array, `{"data", "info"}`, or a dict; empty before the first one.

        Args:
            use_legacy_structure: False = the flat form of release 6.0, `{"data", **info}`.

        Raises:
            AnnotatorError: it is not attached.
            TypeError: the flat form before release 6.0.
        """
        if not use_legacy_structure and hosts.current().release != "6.0":
            raise TypeError("get_data() has no argument use_legacy_structure before release 6.0")
        if self.product is None:
            raise AnnotatorError(f"annotator {self.name}: attach it to a render product before get_data()")
        found = hosts.current().kept(Attached).value(self, self.product, copied=True)
        device = self.device if device is None else device_of(device, self.source)
        if device != "cpu" and found.data is not None:
            found = Value(_on_gpu(found.data, device), found.info)
        return layouts.legacy(found) if use_legacy_structure else layouts.flat(found)

    def augment(
        self,
        augmentation: Any,
        data_out_shape: Sequence[int] | None = None,
        name: str | None = None,
        device: str | None = None,
        **kwargs: Any,
    ) -> Annotator:
        """Let an augmentation (or its registered name, or a function) change the array; returns itself.

        Raises:
            AnnotatorError: it is no augmentation, has no such argument, or lacks one.
        """
        made = augmentation_of(augmentation).of_annotator(kwargs, data_out_shape)
        made.check()
        self.augmentations.append(made)
        self.name = name or self.name
        self.device = self.device if device is None else device_of(device, self.source)
        return self

    def augment_compose(self, augmentations: Sequence[Any], name: str | None = None) -> Annotator:
        """Several augmentations, one after the other."""
        for one in augmentations:
            self.augment(one)
        self.name = name or self.name
        return self

    # ---- for what captures -------------------------------------------------------------------------------------------

    @property
    def passes(self) -> Passes:
        """What has to be rendered for it."""
        return payloads.passes_for(self.source, self.init_params)

    def value(self, shot: Shot, init_params: Mapping[str, Any], *, copied: bool) -> Value:
        """Its value of one frame.

        Args:
            init_params: those in force on the product, which may be another one's.
            copied: whether the arrays are nobody else's.
        """
        host = hosts.current()
        init_params = self._filtered(init_params, host.semantic_filters.get("default"))
        found = payloads.value(self.source, shot, init_params, release=host.release, quirks=host.quirks)
        if found.data is None or not (copied or self.augmentations):
            return found
        data = found.data.copy()
        for augmentation in self.augmentations if data.size else ():
            data = augmentation(data, f"{shot.camera.path} {shot.frame}")
        return Value(data, found.info)

    def nothing(self) -> Value:
        """Its value of a product that was not drawn."""
        return payloads.nothing(self.source)

    def _filtered(self, init_params: Mapping[str, Any], predicate: str | None) -> Mapping[str, Any]:
        """With the default filter of `omni.syntheticdata`, where there is one and the annotator has none of its own."""
        if not predicate or any(init_params.get(name) for name in ("semanticTypes", "semanticFilter")):
            return init_params
        with_filter = {**init_params, "semanticFilter": predicate}
        try:
            payloads.passes_for(self.source, with_filter)
        except OptionError:  # an annotator that knows no labels
            return init_params
        return with_filter

    def twin(self) -> Annotator:
        """One like it, attached to nothing."""
        made = copy(self)
        made.product = None
        made.init_params = dict(self.init_params)
        made.augmentations = list(self.augmentations)
        return made


def device_of(device: str | None, name: str) -> str:
    """A device for an annotator, "cpu" where none is asked for.

    Raises:
        AnnotatorRegistryError: there is no such device, or nothing of that annotator runs there.
    """
    if device is None:
        return "cpu"
    if not _DEVICE.fullmatch(device):
        raise AnnotatorRegistryError(f"annotator {name}: device {device!r} is none of cpu, cuda, cuda:<n>")
    if device != "cpu" and name.startswith(_CPU_ONLY):
        raise AnnotatorRegistryError(f"annotator {name} is computed on the CPU only; leave device out")
    return device


def _on_gpu(data: Any, device: str) -> Any:
    """A Warp array on a GPU; where there is none, the numpy array, as Isaac Sim may hand out too."""
    warp = sys.modules.get("warp")
    if warp is None or not warp.is_cuda_available():
        hosts.current().find(f"device={device!r}: there is no such GPU here, so that annotators deliver numpy arrays")
        return data
    return warp.array(np.ascontiguousarray(data), device=device)
