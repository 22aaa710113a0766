"""`rep.create.material_omnipbr`, and setting what it made."""

from __future__ import annotations

from functools import partial
from typing import Any

from pxr import Tf

from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.authoring import apply, check_count, copy_prim, free_paths, looks_folder
from framepress.headless.rep.graph import opened
from framepress.headless.rep.items import Prims, prims_of
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.looks import define_look, set_look
from framepress.headless.rep.values import is_fixed, per_prim

__all__ = ["material_omnipbr", "set_looks"]


def material_omnipbr(
    diffuse: Any = None,
    diffuse_texture: Any = None,
    roughness: Any = None,
    roughness_texture: Any = None,
    metallic: Any = None,
    metallic_texture: Any = None,
    specular: Any = None,
    emissive_color: Any = None,
    emissive_texture: Any = None,
    emissive_intensity: Any = 0.0,
    project_uvw: bool = False,
    semantics: Any = None,
    count: int = 1,
    name: str | None = None,
) -> Prims:
    """`count` materials of OmniPBR's inputs, see `looks`; colours are linear RGB, 0 to 1."""
    call = "rep.create.material_omnipbr"
    given = {
        "diffuse": diffuse,
        "diffuse_texture": diffuse_texture,
        "roughness": roughness,
        "roughness_texture": roughness_texture,
        "metallic": metallic,
        "metallic_texture": metallic_texture,
        "specular": specular,
        "emissive_color": emissive_color,
        "emissive_texture": emissive_texture,
        "emissive_intensity": emissive_intensity,
        "project_uvw": project_uvw,
    }
    values = {key: value for key, value in given.items() if value is not None}
    host = hosts.current()
    check_count(count, call)
    paths = free_paths(opened(host), looks_folder(opened(host)), Tf.MakeValidIdentifier(name or "OmniPBR"), count)
    first = define_look(host.stage, paths[0]).GetPrim()
    labels.author(first, labels.pairs_of(semantics, call), host.release)
    copy_prim(host.stage, paths[0], paths[1:])
    item = Prims("material_omnipbr", paths, name)
    for fixed in (True, False):
        chosen = {key: value for key, value in values.items() if is_fixed(value) is fixed}
        if chosen:
            apply(partial(set_looks, materials=item, values=chosen, call=call), now=fixed)
    return item


def set_looks(firing: Any, materials: Any, values: dict[str, Any], call: str) -> None:
    """Set parameters of `looks.PARAMETERS` on every material, constant, one for each, or drawn."""
    prims = prims_of(materials, firing, call)
    columns = {key: per_prim(value, len(prims), firing, call) for key, value in values.items()}
    edits = Edits(firing.stage)
    for row, prim in enumerate(prims):
        set_look(prim, {key: column[row] for key, column in columns.items()}, edits, call)
    edits.write()
