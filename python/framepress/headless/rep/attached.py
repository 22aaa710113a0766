"""What is attached to render products in a session, and the frame that all of it sees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from framepress.headless import host as hosts
from framepress.headless.buffers import Passes
from framepress.headless.payloads import layouts
from framepress.headless.payloads.shot import Shot, Value

if TYPE_CHECKING:
    from framepress.headless.rep.annotator import Annotator
    from framepress.headless.rep.graph import Step
    from framepress.headless.rep.writer import Writer

__all__ = ["Attached", "EVERY_FRAME", "WriterNode"]

EVERY_FRAME = "omni.replicator.core.OgnOnFrame"


@dataclass(eq=False)
class WriterNode:
    """A writer at work.

    Args:
        products: paths, in the order of attaching.
        annotators: by the names that payloads call them.
        trigger: when it writes: every frame, when a trigger of the graph fires, when a function says so, or (None)
            when it is scheduled.
        scheduled: whether it writes the next frame for having been scheduled.
    """

    writer: Writer
    products: list[str]
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
        self._params: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._shots: dict[str, tuple[Shot, Passes]] = {}

    # ---- what is attached --------------------------------------------------------------------------------------------

    def add_writer(self, node: WriterNode) -> None:
        self.nodes.append(node)
        for path in node.products:
            self.share(path, node.annotators.values())

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

    def share(self, path: str, annotators: Iterable[Annotator]) -> None:
        """Put parameters in force on a product: who attaches last decides for all, as Replicator shares its nodes."""
        for annotator in annotators:
            key = (path, annotator.source)
            former = self._params.setdefault(key, annotator.init_params)
            if former != annotator.init_params:
                self._host.find(
                    f"{path}: {annotator.source} has now the parameters {annotator.init_params} for all that is "
                    f"attached there, those attached before with {dict(former)} too: Replicator shares one node"
                )
                self._params[key] = annotator.init_params

    def _forget(self) -> None:
        used = {(path, annotator.source) for path, annotator in self._readers()}
        self._params = {key: params for key, params in self._params.items() if key in used}
        paths = {path for path, _ in used}
        self._shots = {path: shot for path, shot in self._shots.items() if path in paths}

    def _readers(self) -> Iterable[tuple[str, Annotator]]:
        """Everyone who reads a product, attached annotators and those of writers."""
        for annotator in self._annotators:
            if annotator.product is not None:
                yield annotator.product, annotator
        for node in self.nodes:
            for path in node.products:
                yield from ((path, annotator) for annotator in node.annotators.values())

    # ---- frames ------------------------------------------------------------------------------------------------------

    def capture(self, due: Iterable[WriterNode]) -> None:
        """Draw what the writers that are due and the attached annotators want."""
        wanted: dict[str, Passes] = {}

        def want(path: str, annotators: Iterable[Annotator]) -> None:
            for annotator in annotators:
                wanted[path] = wanted.get(path, Passes()) | annotator.passes

        for node in due:
            for path in node.products:
                want(path, node.annotators.values())
        for annotator in self._annotators:
            if annotator.product is not None:
                want(annotator.product, [annotator])
        # The renderer is told of frames that nobody writes too: motion vectors are against the frame before.
        if wanted or any(annotator.passes.motion for _, annotator in self._readers()):
            drawn = self._host.capture(wanted)
            self._shots = {path: shot for path, shot in self._shots.items() if path not in wanted}
            self._shots |= {path: (shot, wanted[path]) for path, shot in drawn.items()}

    def value(self, annotator: Annotator, path: str, *, copied: bool) -> Value:
        """What an annotator saw in a product's last frame; an empty array where that was not drawn for it."""
        shot, passes = self._shots.get(path, (None, None))
        if shot is None or passes is None or passes | annotator.passes != passes:
            return Value(np.array([]))
        params = self._params.get((path, annotator.source), annotator.init_params)
        return annotator.value(shot, params, copied=copied)

    def payload(self, node: WriterNode, step: Step) -> dict[str, Any]:
        """What a writer gets of the frame that was captured."""
        readers = [path for path, _ in self._readers()]
        products = {}
        for path in node.products:
            product = self._host.products.get(path)
            alone = readers.count(path) == len(node.annotators)
            values = {
                name: self.value(annotator, path, copied=not alone) for name, annotator in node.annotators.items()
            }
            shown = (product.camera, product.resolution) if product else ("", (0, 0))
            products[path.rpartition("/")[2]] = layouts.ProductValues(*shown, values)
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
        return any(path in self._shots for path in node.products)
