"""`rep.functional`: what acts at once, as far as writing files goes."""

from __future__ import annotations

from framepress.headless.rep.file_writes import write_exr, write_image, write_json, write_np

__all__ = ["write_exr", "write_image", "write_json", "write_np"]
