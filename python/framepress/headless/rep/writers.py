"""`WriterRegistry` and `rep.writers`: writers by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from framepress.headless import host as hosts
from framepress.headless.rep.annotator import Annotator
from framepress.headless.rep.attached import EVERY_FRAME, Attached
from framepress.headless.rep.basic_writer import BasicWriter
from framepress.headless.rep.errors import InvalidWriterError, WriterError, WriterRegistryError
from framepress.headless.rep.render_products import RenderProduct
from framepress.headless.rep.writer import NodeWriter, Writer

__all__ = [
    "BasicWriter",
    "InvalidWriterError",
    "NodeWriter",
    "Writer",
    "WriterError",
    "WriterRegistry",
    "WriterRegistryError",
    "get",
    "register_node_writer",
    "register_writer",
    "unregister_writer",
]

_DEFAULTS = {
    "4.5": ("BasicWriter", "KittiWriter", "FPSWriter"),
    "5.0": ("BasicWriter", "CocoWriter", "KittiWriter", "FPSWriter"),
    "5.1": ("BasicWriter", "CocoWriter", "KittiWriter", "FPSWriter"),
    "6.0": ("BasicWriter", "CocoWriter", "KittiWriter", "FPSWriter", "CosmosWriter"),
}
"""Release -> what Replicator registers itself; of these the stand-in has BasicWriter."""


class _DefaultWriters:
    """The class attribute `_default_writers`, which extensions append their writers to; of this session."""

    def __get__(self, registry: object, owner: type[WriterRegistry]) -> list[str]:
        return hosts.current().kept(owner)._names


class WriterRegistry:
    """Writer classes by name."""

    _default_writers = _DefaultWriters()

    def __init__(self, host: hosts.Host) -> None:
        self._names = list(_DEFAULTS[host.release])
        self._classes: dict[str, tuple[type[Writer], str | None]] = {"BasicWriter": (BasicWriter, None)}

    @classmethod
    def register(cls, writer_class: type, category: str | None = None) -> None:
        """Make a writer known by the name of its class; one of the same name gives way, with a warning.

        Raises:
            InvalidWriterError: it is no subclass of `Writer`.
        """
        if not (isinstance(writer_class, type) and issubclass(writer_class, Writer)):
            name = getattr(writer_class, "__name__", repr(writer_class))
            raise InvalidWriterError(name, writer_class, "derive it from omni.replicator.core.Writer")
        classes = hosts.current().kept(cls)._classes
        if writer_class.__name__ in classes:
            hosts.log.warning("writer %s is registered already and is replaced", writer_class.__name__)
        classes[writer_class.__name__] = (writer_class, category)

    @classmethod
    def register_node_writer(
        cls, name: str, node_type_id: str, annotators: Any, category: str | None = None, **kwargs: Any
    ) -> NoReturn:
        """Raises: WriterError: always, since there is no OmniGraph here."""
        raise WriterError(f"writer {name}: is an OmniGraph node ({node_type_id}), which the stand-in cannot run")

    @classmethod
    def unregister(cls, name: str) -> None:
        """Forget a writer, and detach those that were made from it.

        Raises:
            WriterRegistryError: none of that name.
        """
        cls._class(name)
        cls.detach(name)
        del hosts.current().kept(cls)._classes[name]

    @classmethod
    def get(
        cls,
        writer_name: str,
        init_params: Mapping[str, Any] | None = None,
        render_products: Any = None,
        trigger: Any = EVERY_FRAME,
    ) -> Writer:
        """A writer whose constructor has not run, unless `init_params` holds anything; attached where products are
        given.

        Raises:
            WriterRegistryError: none of that name.
        """
        writer_class = cls._class(writer_name)
        writer = writer_class.__new__(writer_class)
        if init_params:
            writer.initialize(**init_params)
        if render_products is not None:
            writer.attach(render_products, trigger)
        return writer

    @classmethod
    def get_writers(cls, category: str | None = None) -> dict[str, type[Writer]]:
        """Name -> class, of one category or all."""
        classes = hosts.current().kept(cls)._classes
        return {name: found for name, (found, kind) in classes.items() if category in (None, kind)}

    @classmethod
    def attach(
        cls,
        writer_name: str,
        render_products: Any,
        init_params: Mapping[str, Any] | None = None,
        trigger: Any = EVERY_FRAME,
    ) -> Writer:
        """As `get`, attached."""
        return cls.get(writer_name, init_params, render_products, trigger)

    @classmethod
    def detach(cls, writer_name: str, render_products: Any = None) -> None:
        """Detach the writers of a name: all, or those of the given products."""
        for node in list(_attached().nodes):
            if type(node.writer).__name__ == writer_name and _meets(node.products, render_products):
                node.writer.detach()

    @classmethod
    def detach_all(cls) -> None:
        for node in list(_attached().nodes):
            node.writer.detach()

    @classmethod
    def get_attached_writers(cls, render_products: Any) -> dict[str, Writer]:
        """Name -> writer, of those that are attached to any of the products."""
        nodes = _attached().nodes
        return {type(node.writer).__name__: node.writer for node in nodes if _meets(node.products, render_products)}

    @classmethod
    def get_attached_writer(cls, writer_name: str, render_products: Any) -> Writer | None:
        return cls.get_attached_writers(render_products).get(writer_name)

    @classmethod
    def get_writer_render_products(cls) -> dict[str, list[str]]:
        """Name of an attached writer -> paths of its products."""
        return {type(node.writer).__name__: [product.path for product in node.products] for node in _attached().nodes}

    @classmethod
    def get_annotators(cls, render_products: Any) -> dict[str, Annotator]:
        """Name -> annotator, of the writers that are attached to any of the products."""
        found: dict[str, Annotator] = {}
        for node in _attached().nodes:
            if _meets(node.products, render_products):
                found |= node.annotators
        return found

    @classmethod
    def _class(cls, name: str) -> type[Writer]:
        registry = hosts.current().kept(cls)
        if name in registry._classes:
            return registry._classes[name][0]
        if name in _DEFAULTS["6.0"] or name in ("PoseWriter", "DataVisualizationWriter", "PytorchWriter", "DOPEWriter"):
            raise WriterRegistryError(
                f"{name} is one of Isaac Sim's own writers, of which the stand-in has BasicWriter only; "
                "give its data to a format of framepress, or to a writer of yours"
            )
        raise WriterRegistryError(f"no writer {name!r} is registered; there are {', '.join(registry._classes)}")


get = WriterRegistry.get
register_node_writer = WriterRegistry.register_node_writer
register_writer = WriterRegistry.register
unregister_writer = WriterRegistry.unregister


def _attached() -> Attached:
    return hosts.current().kept(Attached)


def _meets(products: list[RenderProduct], render_products: Any) -> bool:
    if render_products is None:
        return True
    many = render_products if isinstance(render_products, list | tuple) else [render_products]
    return not set(map(str, products)).isdisjoint(map(str, many))
