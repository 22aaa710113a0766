"""A stand-in for Isaac Sim where there is none: a USD renderer in Warp kernels, Replicator's payloads and its Python
interface. What it makes is marked as the stand-in's.
"""

from importlib.util import find_spec

for _module in ("pxr", "warp"):
    if find_spec(_module) is None:  # imported by those modules below that need it
        raise ImportError(f"framepress.headless needs {_module}, which is not here: pip install 'framepress[headless]'")
