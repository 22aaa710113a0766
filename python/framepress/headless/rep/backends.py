"""`rep.backends`: backends by name."""

from __future__ import annotations

from framepress.headless.rep.backend import BackendGroup, BackendRegistry, BaseBackend, DiskBackend, S3Backend
from framepress.headless.rep.dispatch import BackendDispatch

__all__ = [
    "BackendDispatch",
    "BackendGroup",
    "BackendRegistry",
    "BaseBackend",
    "DiskBackend",
    "S3Backend",
    "get",
    "register",
]

get = BackendRegistry.get
register = BackendRegistry.register
