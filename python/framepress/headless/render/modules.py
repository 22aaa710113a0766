"""Compiling and loading the kernels."""

from __future__ import annotations

import threading

import warp as wp

from framepress.errors import OptionError
from framepress.headless.render.kernels import structs

__all__ = ["device_name", "load"]

_LOCK = threading.Lock()
_LOADING: dict[tuple[str, str], threading.Lock] = {}


def device_name(device: str) -> str:
    """Warp's own name of a device, "cuda:0" of "cuda".

    Raises:
        OptionError: there is no such device.
    """
    if wp.config.log_level == wp.LOG_INFO:
        wp.config.log_level = wp.LOG_WARNING  # its banner is no news to somebody who renders
    try:
        return str(wp.get_device(device))
    except (RuntimeError, ValueError) as error:
        raise OptionError(f"there is no device {device!r} to render on; Warp says: {error}") from error


def load(device: str, module: str = structs.MODULE) -> None:
    """Compile a module, or take it from Warp's cache; at once where that was done before.

    Two threads that meet a module for the first time would each compile it: here one waits for the other. Modules that
    differ compile at the same time.
    """
    with _LOCK:
        loading = _LOADING.setdefault((device, module), threading.Lock())
    # Warp precompiles its headers for every thread anew, which pays from a thread's third module on.
    wp.config.use_precompiled_headers = False
    with loading:
        wp.load_module(module, device=device)
