"""`Writer`, the base class of every script's writers, in two flavours: up to Isaac Sim 5.1, and from 6.0 on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NoReturn

from framepress.headless import host as hosts
from framepress.headless.rep import file_writes
from framepress.headless.rep.annotator import Annotator
from framepress.headless.rep.annotators import AnnotatorRegistry
from framepress.headless.rep.attached import EVERY_FRAME, Attached, WriterNode
from framepress.headless.rep.backend import BaseBackend
from framepress.headless.rep.errors import WriterError, WriterRegistryError
from framepress.headless.rep.render_products import products_of
from framepress.headless.rep.trigger import Trigger

__all__ = ["PRODUCER", "NodeWriter", "Writer"]

PRODUCER = "framepress stand-in"
"""Under "producer" in each metadata.txt, so that nobody takes the files for Isaac Sim's."""

_UNVERSIONED = "0.0.0"


class _Annotators:
    """`Writer.annotators` of the class: None from 6.0 on, before that one list that all writers share which assign
    none of their own."""

    def __get__(self, writer: Writer | None, owner: type[Writer]) -> Any:
        host = hosts.current()
        return None if host.release == "6.0" else host.kept(_shared_list)


def _shared_list(host: hosts.Host) -> list[Any]:
    return []


def _writer_ids(host: hosts.Host) -> list[int]:
    """The last id given, in a list of one."""
    return [0]


class Writer(ABC):
    """Base of writers. `WriterRegistry.get` makes one with `__new__` alone; `initialize` runs the constructor.

    Attributes:
        annotators: `Annotator`s or their names; assign it in `__init__`.
        backend: where set, metadata.txt is written through it before the first frame.
        data_structure: layout of the payload: "legacy", "renderProduct" or "annotator".
        num_written: from 6.0 on, frames written since `attach`.
    """

    annotators: Any = _Annotators()
    backend: BaseBackend | None = None
    version: str = _UNVERSIONED
    metadata: dict[str, Any] | None = None
    data_structure: str = "legacy"
    num_written: int | None = None
    _is_metadata_written: bool = False
    _is_warning_version_posted: bool = False
    _is_warning_backend_posted: bool = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Writer:
        writer = super().__new__(cls)
        host = hosts.current()
        ids = host.kept(_writer_ids)
        ids[0] += 1
        writer._writer_id = ids[0]
        writer.__data = {}
        if host.release == "6.0":
            writer.annotators = []
            writer.version = _UNVERSIONED
            writer.num_written = 0
        return writer

    _writer_id: int
    __data: dict[str, Any]

    @abstractmethod
    def write(self, data: dict[str, Any]) -> None:
        """Called once a frame that is due, with all render products together."""

    def initialize(self, **kwargs: Any) -> None:
        """Run the constructor; may be called again."""
        self.__init__(**kwargs)  # type: ignore[misc]  # what Replicator's contract says it is

    def on_final_frame(self) -> None:  # noqa: B027  # a hook, not a duty
        """Called once for each render product whenever a run ends."""

    def reset(self) -> None:
        """Forget the last payload, and what was scheduled."""
        self.__data = {}
        if (node := _node(self)) is not None:
            node.scheduled = False

    # ---- annotators --------------------------------------------------------------------------------------------------

    def add_annotator(self, annotator: Annotator | str, name: str | None = None) -> None:
        """Ask for one more.

        Args:
            name: what payloads call it.

        Raises:
            WriterError: the writer is attached already.
        """
        if _node(self) is not None:
            raise WriterError(f"{_title(self)}: is attached; add annotators before that")
        made = _resolved(annotator)
        made.name = name or made.name
        self.annotators.append(made)

    def augment_annotator(self, annotator_name: str, augmentation: Any, **kwargs: Any) -> None:
        """Let an augmentation change what an annotator delivers, under the same name.

        Raises:
            WriterError: no annotator of that name.
        """
        for place, annotator in enumerate(self.annotators):
            made = _resolved(annotator)
            if made.name == annotator_name:
                self.annotators[place] = made.twin().augment(augmentation, **kwargs)
                return
        raise WriterError(
            f"{_title(self)}: no annotator {annotator_name!r}; it has {', '.join(self.get_annotators()) or 'none'}"
        )

    def get_annotators(self) -> dict[str, Annotator]:
        return {made.name: made for made in map(_resolved, self.annotators or ())}

    def get_annotator(self, name: str) -> Annotator:
        """Raises: WriterError: none of that name."""
        found = self.get_annotators()
        if name not in found:
            raise WriterError(f"{_title(self)}: no annotator {name!r}; it has {', '.join(found) or 'none'}")
        return found[name]

    def get_attached_annotators(self) -> dict[str, Annotator]:
        node = _node(self)
        return {} if node is None else dict(node.annotators)

    # ---- attaching ---------------------------------------------------------------------------------------------------

    def attach(self, render_products: Any, trigger: Any = EVERY_FRAME) -> None:
        """Write what these products see.

        Args:
            render_products: one or several, as such or by path.
            trigger: "omni.replicator.core.OgnOnFrame" (each frame), a trigger of `rep.trigger`, a function that
                returns whether to write, or None (only after `schedule_write`).

        Raises:
            WriterRegistryError: no stage is open.
            WriterError: a trigger that is none of these.
        """
        host = hosts.current()
        if host.stage is None:
            raise WriterRegistryError(f"{_title(self)}: no stage is open to attach it to; open or make one first")
        if not (trigger is None or trigger == EVERY_FRAME or callable(trigger) or isinstance(trigger, Trigger)):
            raise WriterError(
                f"{_title(self)}: trigger {trigger!r} is no rep.trigger, function, None or {EVERY_FRAME!r}; the "
                "stand-in has no other OmniGraph nodes"
            )
        products = products_of(render_products)
        attached = host.kept(Attached)
        former = attached.node_of(self)
        if former is not None:
            products = list(dict.fromkeys([*former.products, *products]))
            attached.remove_writer(self)
        attached.add_writer(WriterNode(self, products, self.get_annotators(), trigger))
        self.__data = {}
        self._is_metadata_written = False  # the backend may be another one by now
        if host.release == "6.0":
            self.num_written = 0
        if self.version == _UNVERSIONED and not self._is_warning_version_posted:
            hosts.log.warning("%s leaves its version at %s", _title(self), _UNVERSIONED)
            self._is_warning_version_posted = True
        if self.backend is None and not self._is_warning_backend_posted:
            hosts.log.warning("%s sets no backend: no metadata.txt is written", _title(self))
            self._is_warning_backend_posted = True

    async def attach_async(self, render_products: Any, trigger: Any = EVERY_FRAME) -> None:
        """As `attach`, which is done at once here."""
        self.attach(render_products, trigger)

    def detach(self) -> None:
        """Write no more; nothing happens where it is not attached."""
        self.reset()
        hosts.current().kept(Attached).remove_writer(self)

    def schedule_write(self) -> None:
        """Write the next frame, whatever the trigger."""
        if (node := _node(self)) is not None:
            node.scheduled = True

    def get_node(self) -> WriterNode | None:
        """What stands for the OmniGraph node; None before `attach`."""
        return _node(self)

    def get_data(self) -> dict[str, Any]:
        """The last payload received."""
        return self.__data

    # ---- metadata.txt ------------------------------------------------------------------------------------------------

    def get_metadata(self) -> dict[str, Any]:
        self.metadata = {"name": type(self).__name__, "version": self.version}
        if hosts.current().release == "6.0":
            self.metadata["replicator_global_seed:"] = hosts.current().seed  # the colon is Replicator's
        return self.metadata

    def write_metadata(self) -> None:
        """Write metadata.txt through the backend, with the stand-in as the producer; nothing where there is none."""
        if self.backend is not None:
            stated = {**self.get_metadata(), "producer": PRODUCER}
            self.backend.schedule(file_writes.write_json, path="metadata.txt", data=stated)
            self._is_metadata_written = True

    # ---- for what captures -------------------------------------------------------------------------------------------

    def _receive(self, data: dict[str, Any]) -> None:
        """Write a frame. What `write` raises is logged and counted, and the run goes on, as in Replicator."""
        self.__data = data
        try:
            if not self._is_metadata_written:
                self.write_metadata()
            self.write(data)
        except Exception as error:
            hosts.current().fail(f"{_title(self)}.write", error)
        else:
            if self.num_written is not None:
                self.num_written += 1

    def _finish(self) -> None:
        """Call `on_final_frame`, with errors as in `_receive`."""
        try:
            self.on_final_frame()
        except Exception as error:
            hosts.current().fail(f"{_title(self)}.on_final_frame", error)


class NodeWriter(Writer):
    """A writer that is an OmniGraph node: known by name, and refused when it is made."""

    def __init__(self, node_type_id: str, annotators: Sequence[Any] = (), **kwargs: Any) -> None:
        """Raises: WriterError: always, since there is no OmniGraph here."""
        self._refuse(node_type_id)

    def write(self, data: dict[str, Any]) -> None:
        self._refuse("")

    def _refuse(self, node_type_id: str) -> NoReturn:
        raise WriterError(f"NodeWriter {node_type_id}: the stand-in has no OmniGraph nodes; write a Writer in Python")


def _resolved(annotator: Annotator | str) -> Annotator:
    return AnnotatorRegistry.get_annotator(annotator) if isinstance(annotator, str) else annotator


def _node(writer: Writer) -> WriterNode | None:
    return hosts.current().kept(Attached).node_of(writer)


def _title(writer: Writer) -> str:
    return type(writer).__name__
