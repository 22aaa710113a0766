"""Compiling and loading the kernels."""

from __future__ import annotations

import threading

import warp as wp

from framepress.headless.render.kernels import structs

__all__ = ["load"]

_LOCK = threading.Lock()


def load(device: str, module: str = structs.MODULE) -> None:
    """Compile a module, or take it from Warp's cache; at once where that was done before.

    Two threads that meet a module for the first time would each compile it.
    """
    with _LOCK:
        wp.load_module(module, device=device)
