"""Values of scripts as attributes of USD hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pxr import Sdf

from framepress.errors import InputError, OptionError
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.values import number, plain

__all__ = ["converted", "is_array", "set_attribute"]

SCALARS: dict[Any, Any] = {
    Sdf.ValueTypeNames.Bool: bool,
    Sdf.ValueTypeNames.String: str,
    Sdf.ValueTypeNames.Token: str,
    Sdf.ValueTypeNames.Asset: lambda value: value if isinstance(value, Sdf.AssetPath) else Sdf.AssetPath(str(value)),
    **dict.fromkeys((getattr(Sdf.ValueTypeNames, name) for name in ("Int", "Int64", "UInt", "UInt64", "UChar")), round),
    **dict.fromkeys((getattr(Sdf.ValueTypeNames, name) for name in ("Float", "Double", "Half", "TimeCode")), float),
}


def set_attribute(prim: Any, name: str, value: Any, edits: Edits, call: str, attribute_type: str | None = None) -> None:
    """Have an attribute set, in its own type; one that is not there is made if its type is given ("float", ...).

    Of an Xform that has it not, the attribute of what it holds is meant: so it is with all that `rep.create` makes. A
    light's may be named as before USD 21.02, "intensity" for "inputs:intensity".

    Raises:
        InputError: the prim has no such attribute.
        OptionError: the value or the type does not fit.
    """
    attribute = _attribute(prim, name)
    if not attribute:
        if attribute_type is None:
            raise InputError(f"{call}: {prim.GetPath()} has no attribute {name!r}; give attribute_type= to make it")
        declared = Sdf.ValueTypeNames.Find(attribute_type)
        if not declared:
            raise OptionError(f"{call}: {attribute_type!r} is no type of USD's, such as 'float', 'color3f' or 'token'")
        attribute = prim.CreateAttribute(name, declared)
    edits.set(attribute, converted(attribute, value, call))


def is_array(prim: Any, name: str, attribute_type: str | None) -> bool:
    """Whether an attribute, there or to be made, holds an array."""
    attribute = _attribute(prim, name)
    declared = attribute.GetTypeName() if attribute else Sdf.ValueTypeNames.Find(attribute_type or "")
    return bool(declared.isArray)


def _attribute(prim: Any, name: str) -> Any:
    """A prim's, or that of the only prim that an Xform holds and that has one; invalid where there is none."""
    candidates = [prim, *(prim.GetChildren() if prim.GetTypeName() == "Xform" else ())]
    for spelling in (name, f"inputs:{name}"):
        found = [attribute for each in candidates if (attribute := each.GetAttribute(spelling))]
        if found and (found[0].GetPrim() == prim or len(found) == 1):
            return found[0]
    return prim.GetAttribute(name)


def converted(attribute: Any, value: Any, call: str) -> Any:
    """A value in an attribute's own type; a single element fills an array of one.

    Raises:
        OptionError: it does not fit.
    """
    declared = attribute.GetTypeName()
    place = f"{call}: {attribute.GetPath()}"
    value = plain(value)
    if not declared.isArray:
        return _element(declared, value, place)
    scalar = declared.scalarType
    several = isinstance(value, Sequence) and not isinstance(value, str)
    size = scalar.type.pythonClass.dimension if hasattr(scalar.type.pythonClass, "dimension") else 0
    if not several or (size and len(value) == size and not hasattr(plain(value[0]), "__len__")):
        value = [value]
    return [_element(scalar, plain(each), place, spread=False) for each in value]


def _element(declared: Any, value: Any, place: str, spread: bool = True) -> Any:
    """`spread`: whether one number stands for all entries of a vector."""
    if declared in SCALARS:
        fits = isinstance(value, str) == (SCALARS[declared] is str) or declared == Sdf.ValueTypeNames.Asset
        if not fits or (isinstance(value, Sequence) and not isinstance(value, str)):
            raise OptionError(f"{place} is of type {declared}, which {value!r} does not fit")
        return SCALARS[declared](number(value, place) if SCALARS[declared] in (float, round) else value)
    made = declared.type.pythonClass
    size = getattr(made, "dimension", None)
    try:
        if isinstance(size, int) and not isinstance(value, made):
            several = isinstance(value, Sequence) and not isinstance(value, str)
            entries = list(value) if several else [value] * (size if spread else 1)
            if len(entries) != size:
                raise TypeError(f"{len(entries)} entries")
            return made(*(number(each, place) for each in entries))
        return made(value) if not isinstance(value, Sequence) or isinstance(value, str) else made(*value)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{place} is of type {declared}, which {value!r} does not fit") from error
