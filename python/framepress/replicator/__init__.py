"""The writer that Replicator calls, for whichever Replicator there is: Isaac Sim's or the stand-in's."""

from framepress.replicator.writer import build_writer

__all__ = ["build_writer"]
