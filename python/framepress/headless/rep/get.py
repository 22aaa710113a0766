"""`rep.get`: prims of the stage, by path, type and labels; instances' insides, which cannot be edited, are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pxr import Sdf, UsdGeom, UsdLux, UsdShade

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import labels
from framepress.headless.rep.graph import opened
from framepress.headless.rep.items import Prims, ReplicatorItem, Target, targets_of

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = ["camera", "curve", "geomsubset", "light", "material", "mesh", "prim_at_path", "prims", "shape", "xform"]

SHAPE_TYPES = ("Capsule", "Cone", "Cube", "Cylinder", "Mesh", "Plane", "Sphere")
Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class _Query:
    """Which prims are meant; every given part must hold, no exclusion may."""

    tests: tuple[Test, ...]
    exclusions: tuple[Test, ...]

    def paths(self, stage: Any) -> list[Target]:
        return [
            str(prim.GetPath())
            for prim in stage.Traverse()
            if all(test(prim) for test in self.tests) and not any(test(prim) for test in self.exclusions)
        ]


class _Found(ReplicatorItem):
    """Prims that are looked for again at every firing."""

    def __init__(self, kind: str, query: _Query, name: str | None) -> None:
        super().__init__(kind, name)
        self._query = query

    def targets(self, firing: Firing) -> list[Target]:
        return self._query.paths(firing.stage)


def _patterned(pattern: str | None, ignore_case: bool, call: str) -> list[Test]:
    if pattern is None:
        return []
    try:
        compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise OptionError(f"{call}: {pattern!r} is no regular expression ({error})") from error
    return [lambda prim: compiled.search(str(prim.GetPath())) is not None]


def _matched(part: str | None, ignore_case: bool) -> list[Test]:
    if part is None:
        return []
    folded = part.casefold() if ignore_case else part
    return [lambda prim: folded in (str(prim.GetPath()).casefold() if ignore_case else str(prim.GetPath()))]


def _typed(types: Any) -> list[Test]:
    if types is None:
        return []
    names = {str(each).casefold() for each in ([types] if isinstance(types, str) else types)}
    return [lambda prim: str(prim.GetTypeName()).casefold() in names]


def _labelled(semantics: Any, call: str) -> list[Test]:
    if semantics is None:
        return []
    wanted = {(kind.casefold(), label.casefold()) for kind, label in labels.pairs_of(semantics, call)}
    return [lambda prim: not wanted.isdisjoint((k.casefold(), v.casefold()) for k, v in labels.labels_of(prim))]


def _found(kind: str, query: _Query, cache_prims: bool, name: str | None) -> ReplicatorItem:
    if not cache_prims:
        return _Found(kind, query, name)
    host = hosts.current()
    paths = query.paths(opened(host))
    if not paths:
        host.find(f"rep.get.{kind}: no prim of the stage fits, so what is done with them does nothing")
    return Prims(kind, paths, name)


def prims(
    path_pattern: str | None = None,
    path_match: str | None = None,
    path_pattern_exclusion: str | None = None,
    path_match_exclusion: str | None = None,
    prim_types: Any = None,
    prim_types_exclusion: Any = None,
    semantics: Any = None,
    semantics_exclusion: Any = None,
    cache_prims: bool = True,
    ignore_case: bool = True,
    name: str | None = None,
) -> ReplicatorItem:
    """The prims of the stage to which all that is given applies, in its order.

    Args:
        path_pattern: regular expression, to be found anywhere in the path. path_match: part of the path.
        prim_types: type names ("Mesh"), any of which it is.
        semantics: (type, label) pairs, any of which the prim itself has.
        cache_prims: look now; False = at each firing.

    Raises:
        OptionError: no regular expression, or no labels.
    """
    call = "rep.get.prims"
    tests = [
        *_matched(path_match, ignore_case),
        *_typed(prim_types),
        *_patterned(path_pattern, ignore_case, call),
        *_labelled(semantics, call),
    ]
    exclusions = [
        *_matched(path_match_exclusion, ignore_case),
        *_typed(prim_types_exclusion),
        *_patterned(path_pattern_exclusion, ignore_case, call),
        *_labelled(semantics_exclusion, call),
    ]
    return _found("prims", _Query(tuple(tests), tuple(exclusions)), cache_prims, name)


def _of_kind(kind: str, is_kind: Test) -> Callable[..., ReplicatorItem]:
    def get(
        path_pattern: str | None = None,
        path_match: str | None = None,
        path_pattern_exclusion: str | None = None,
        path_match_exclusion: str | None = None,
        semantics: Any = None,
        semantics_exclusion: Any = None,
        cache_prims: bool = True,
        ignore_case: bool = True,
        name: str | None = None,
    ) -> ReplicatorItem:
        call = f"rep.get.{kind}"
        tests = [
            is_kind,
            *_matched(path_match, ignore_case),
            *_patterned(path_pattern, ignore_case, call),
            *_labelled(semantics, call),
        ]
        exclusions = [
            *_matched(path_match_exclusion, ignore_case),
            *_patterned(path_pattern_exclusion, ignore_case, call),
            *_labelled(semantics_exclusion, call),
        ]
        return _found(kind, _Query(tuple(tests), tuple(exclusions)), cache_prims, name)

    get.__name__ = get.__qualname__ = kind
    get.__doc__ = f"As `prims`, of what is a {kind}."
    return get


def _is_light(prim: Any) -> bool:
    return bool(prim.HasAPI(UsdLux.LightAPI))


mesh = _of_kind("mesh", lambda prim: prim.IsA(UsdGeom.Mesh))
camera = _of_kind("camera", lambda prim: prim.IsA(UsdGeom.Camera))
light = _of_kind("light", _is_light)
material = _of_kind("material", lambda prim: prim.IsA(UsdShade.Material))
xform = _of_kind("xform", lambda prim: prim.GetTypeName() == "Xform")
shape = _of_kind("shape", lambda prim: prim.GetTypeName() in SHAPE_TYPES)
curve = _of_kind("curve", lambda prim: prim.IsA(UsdGeom.Curves))
geomsubset = _of_kind("geomsubset", lambda prim: prim.IsA(UsdGeom.Subset))


def prim_at_path(path: str | Sequence[str] | Sdf.Path, name: str | None = None) -> Prims:
    """The prims at these paths.

    Raises:
        InputError: there is none.
    """
    host = hosts.current()
    paths = list(path) if isinstance(path, list | tuple) else [path]
    return Prims("prim_at_path", targets_of(paths, host.graph.now(host)), name)
