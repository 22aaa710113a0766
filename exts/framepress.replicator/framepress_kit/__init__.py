"""The part of framepress that Kit loads: an extension that puts the writer into Replicator's registry."""

from framepress_kit.extension import FramepressExtension

__all__ = ["FramepressExtension"]
