"""What Kit starts and stops."""

from __future__ import annotations

import omni.ext

from framepress_kit import registration

__all__ = ["FramepressExtension"]


class FramepressExtension(omni.ext.IExt):
    """From its start to its end `FramepressWriter` is in Replicator's registry; nothing else is changed anywhere."""

    def on_startup(self, ext_id: str = "") -> None:
        """Raises: LibraryClash: another version of the library is loaded."""
        registration.hold(self)

    def on_shutdown(self) -> None:
        registration.release(self)
