"""The look-alike of `omni.replicator.core`: the same names, answered by the stand-in's session (`headless.host`).

`from framepress.headless import rep` stands for `import omni.replicator.core as rep`. Each name is imported when it is
first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = (
    "annotators",
    "augmentations_default",
    "backends",
    "create",
    "distribution",
    "functional",
    "get",
    "modify",
    "orchestrator",
    "physics",
    "randomizer",
    "rng",
    "settings",
    "trigger",
    "utils",
    "writers",
)
_FROM = {
    "AnnotatorRegistry": "annotators",
    "BackendDispatch": "backends",
    "BackendRegistry": "backends",
    "Writer": "writers",
    "WriterRegistry": "writers",
    "get_global_seed": "rng",
    "new_layer": "layers",
    "open_stage": "opening",
    "set_global_seed": "rng",
}

__all__ = [*_MODULES, *_FROM]


def __getattr__(name: str) -> Any:
    if name in _FROM:
        return getattr(importlib.import_module(f"{__name__}.{_FROM[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
