"""What Replicator raises, by its names."""

from __future__ import annotations

from framepress.errors import OptionError

__all__ = [
    "AnnotatorError",
    "AnnotatorRegistryError",
    "InvalidWriterError",
    "OrchestratorError",
    "WriterError",
    "WriterRegistryError",
]


class AnnotatorError(OptionError):
    """An annotator is used in a way that it cannot be."""


class AnnotatorRegistryError(OptionError):
    """No annotator of that name, or not on that device."""


class OrchestratorError(OptionError):
    """A call that the orchestrator does not allow now."""


class WriterError(OptionError):
    """A writer is used in a way that it cannot be."""


class WriterRegistryError(OptionError):
    """No writer of that name, or nothing that it could be attached to."""


class InvalidWriterError(OptionError):
    """What was registered is no writer."""

    def __init__(self, writer_name: str, writer: object, msg: str = "") -> None:
        super().__init__(f"{writer_name} is no writer: {msg or repr(writer)}")
        self.writer_name, self.writer = writer_name, writer
