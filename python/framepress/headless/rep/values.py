"""What scripts pass as values: constants, one for each prim, or distributions; turned into one value a prim."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from framepress.errors import OptionError
from framepress.headless.rep.distribution import Distribution

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = ["Vector", "is_fixed", "number", "numbers", "per_prim", "plain", "vector", "vectors"]

Vector = tuple[float, float, float]


def is_fixed(value: Any) -> bool:
    """Whether a value is the same at every firing."""
    return not isinstance(value, Distribution)


def per_prim(value: Any, count: int, firing: Firing, call: str) -> list[Any]:
    """`count` values: a distribution's samples, a list with one entry a prim, or the same value for all.

    Raises:
        OptionError: a list of another length.
    """
    if isinstance(value, Distribution):
        return firing.samples(value, count)
    if isinstance(value, list):
        if len(value) != count:
            raise OptionError(f"{call}: {len(value)} values for {count} prims; give one value, or one a prim")
        return value
    return [value] * count


def vector(value: Any, call: str) -> Vector:
    """Three finite numbers; one stands for all three.

    Raises:
        OptionError: it is something else.
    """
    value = plain(value)
    entries = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    found = [number(each, call) for each in entries] * (3 if len(entries) == 1 else 1)
    if len(found) != 3:
        raise OptionError(f"{call}: {value!r} has {len(found)} entries; give three numbers, or one for all axes")
    return found[0], found[1], found[2]


def plain(value: Any) -> Any:
    """NumPy's arrays and USD's vectors as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return tuple(value) if hasattr(value, "dimension") else value


def number(value: Any, call: str) -> float:
    """A finite number.

    Raises:
        OptionError: it is something else; distributions inside of tuples are named.
    """
    if isinstance(value, Distribution):
        raise OptionError(f"{call}: a distribution inside a tuple; join them: rep.distribution.combine([...])")
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{call}: {value!r} is no number") from None
    if not math.isfinite(found):
        raise OptionError(f"{call}: {value!r} is not finite")
    return found


def vectors(value: Any, count: int, firing: Firing, call: str) -> list[Vector]:
    """`count` vectors, from what `per_prim` and `vector` accept; a list of three numbers is one vector.

    Raises:
        OptionError: not so.
    """
    if isinstance(value, Distribution):
        samples = firing.samples(value, count)
        if value.is_finite and samples and isinstance(samples[0], float):
            return [(each, each, each) for each in samples]
        if value.is_finite and samples and len(samples[0]) == 3:
            return samples
        return [vector(each, call) for each in samples]
    value = plain(value)
    if isinstance(value, Sequence) and value and all(hasattr(plain(each), "__len__") for each in value):
        return [vector(each, call) for each in per_prim(list(value), count, firing, call)]
    return [vector(value, call)] * count


def numbers(value: Any, count: int, firing: Firing, call: str) -> list[float]:
    """`count` numbers, from what `per_prim` accepts.

    Raises:
        OptionError: not so.
    """
    return [number(each, call) for each in per_prim(value, count, firing, call)]
