"""What is attached to render products in a session, and the frame that all of it sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.buffers import Passes
from framepress.headless.payloads import layouts
from framepress.headless.payloads.shot import Shot, Value

if TYPE_CHECKING:
    from framepress.headless.rep.annotator import Annotator
    from framepress.headless.rep.graph import Step
    from framepress.headless.rep.render_products import RenderProduct
    from framepress.headless.rep.writer import Writer

__all__ = ["Attached", "EVERY_FRAME", "WriterNode"]

_OF_ONE_CAMERA = ("pointcloud", "skeleton_data")
EVERY_FRAME = "omni.replicator.core.OgnOnFrame"


@dataclass(eq=False)
class WriterNode:
    """A writer at work.

    Args:
        products: in the order of attaching.
        annotators: by the names that payloads call them.
        trigger: when it writes: every frame, when a trigger of the graph fires, when a function says so, or (None)
            when it is scheduled.
        scheduled: whether it writes the next frame for having been scheduled.
    """

    writer: Writer
    products: list[RenderProduct]
    annotators: dict[str, Annotator]
    trigger: Any
    scheduled: bool = field(default=False)

    def is_due(self, step: Step) -> bool:
        """Whether it writes this frame; asks a function once a frame."""
        scheduled, self.scheduled = self.scheduled, False
        if self.trigger is None:
            return scheduled
        if callable(self.trigger):
            return bool(self.trigger()) or scheduled
        return scheduled or self.trigger == EVERY_FRAME or any(self.trigger is fired for fired in step.fired)


class Attached:
    """Writers and annotators that are attached now, and the last shot of each product."""

    def __init__(self, host: hosts.Host) -> None:
        self._host = host
        self.nodes: list[WriterNode] = []
        self._annotators: list[Annotator] = []
        self._params: dict[tuple[RenderProduct, str], Mapping[str, Any]] = {}
        self._shots: dict[RenderProduct, tuple[Shot, Passes]] = {}

    # ---- what is attached --------------------------------------------------------------------------------------------

    def add_writer(self, node: WriterNode) -> None:
        self.nodes.append(node)
        for product in node.products:
            self.share(product, node.annotators.values())

    def remove_writer(self, writer: Writer) -> None:
        self.nodes = [node for node in self.nodes if node.writer is not writer]
        self._forget()

    def add_annotator(self, annotator: Annotator) -> None:
        if not any(annotator is one for one in self._annotators):
            self._annotators.append(annotator)
        if annotator.product is not None:
            self.share(annotator.product, [annotator])

    def remove_annotator(self, annotator: Annotator) -> None:
        self._annotators = [one for one in self._annotators if one is not annotator]
        self._forget()

    def clear(self) -> None:
        """Detach all, as when another stage is opened."""
        for annotator in self._annotators:
            annotator.product = None
        self.nodes, self._annotators, self._params, self._shots = [], [], {}, {}

    def node_of(self, writer: Writer) -> WriterNode | None:
        return next((node for node in self.nodes if node.writer is writer), None)

    def share(self, product: RenderProduct, annotators: Iterable[Annotator]) -> None:
        """Put parameters in force on a product: who attaches last decides for all, as Replicator shares its nodes.

        Raises:
            OptionError: what a mosaic of many cameras would deliver is not known.
        """
        for annotator in annotators:
            if len(product.cameras) > 1 and annotator.source in _OF_ONE_CAMERA:
                raise OptionError(
                    f"{product}: {annotator.source} of a tiled render product is not imitated; make a render "
                    "product of each camera for it"
                )
            key = (product, annotator.source)
            former = self._params.setdefault(key, annotator.init_params)
            if former != annotator.init_params:
                self._host.find(
                    f"{product}: {annotator.source} has now the parameters {annotator.init_params} for all that is "
                    f"attached there, those attached before with {dict(former)} too: Replicator shares one node"
                )
                self._params[key] = annotator.init_params

    def _forget(self) -> None:
        used = {(product, annotator.source) for product, annotator in self._readers()}
        self._params = {key: params for key, params in self._params.items() if key in used}
        products = {product for product, _ in used}
        self._shots = {product: shot for product, shot in self._shots.items() if product in products}

    def _readers(self) -> Iterable[tuple[RenderProduct, Annotator]]:
        """Everyone who reads a product, attached annotators and those of writers."""
        for annotator in self._annotators:
            if annotator.product is not None:
                yield annotator.product, annotator
        for node in self.nodes:
            for product in node.products:
                yield from ((product, annotator) for annotator in node.annotators.values())

    # ---- frames ------------------------------------------------------------------------------------------------------

    def capture(self, due: Iterable[WriterNode]) -> None:
        """Draw what the writers that are due and the attached annotators want."""
        readers = [(one.product, one) for one in self._annotators if one.product is not None]
        readers += [(product, one) for node in due for product in node.products for one in node.annotators.values()]
        wanted: dict[RenderProduct, Passes] = {}
        for product, annotator in readers:
            wanted[product] = wanted.get(product, Passes()) | annotator.passes
        # The renderer is told of frames that nobody writes too: motion vectors are against the frame before.
        if wanted or any(annotator.passes.motion for _, annotator in self._readers()):
            live = {product.path: product for product in wanted if product.is_drawn}
            drawn = self._host.capture({path: wanted[product] for path, product in live.items()})
            self._shots = {product: shot for product, shot in self._shots.items() if product not in wanted}
            self._shots |= {live[path]: (shot, wanted[live[path]]) for path, shot in drawn.items()}

    def value(self, annotator: Annotator, product: RenderProduct, *, copied: bool) -> Value:
        """What an annotator saw in a product's last frame; nothing, in its form, where that was not drawn for it."""
        shot, passes = self._shots.get(product, (None, None))
        if shot is None or passes is None or passes | annotator.passes != passes:
            return annotator.nothing()
        params = self._params.get((product, annotator.source), annotator.init_params)
        return annotator.value(shot, params, copied=copied)

    def payload(self, node: WriterNode, step: Step) -> dict[str, Any]:
        """What a writer gets of the frame that was captured."""
        readers = [product for product, _ in self._readers()]
        products = {}
        for product in node.products:
            alone = readers.count(product) == len(node.annotators)
            values = {
                name: self.value(annotator, product, copied=not alone) for name, annotator in node.annotators.items()
            }
            products[product.name] = layouts.ProductValues(product.camera, product.resolution, values)
        return layouts.payload(
            node.writer.data_structure,
            products,
            release=self._host.release,
            reference_time=self._host.reference_time,
            distribution_outputs=step.distribution_outputs,
            trigger_outputs=step.trigger_outputs,
        )

    def is_drawn(self, node: WriterNode) -> bool:
        """Whether any product of a writer was drawn in the last frame."""
        return any(product in self._shots for product in node.products)
