"""`rep.distribution`: samples in place of values, one a prim at every firing.

With `name=` the latest samples appear in the payload's `distribution_outputs`, and the random numbers belong to that
name instead of the place in the script. Of the same stream, asking for more samples never changes the first ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.rep.items import ReplicatorItem, Target, targets_of

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing

__all__ = ["Distribution", "choice", "combine", "log_uniform", "normal", "sequence", "uniform"]


class Distribution(ReplicatorItem):
    """Drawn by a firing, at most once in each.

    Attributes:
        output_name: key in `distribution_outputs`; None = not told.
        num_samples: how many are drawn where nobody asks for more.
        is_finite: whether samples are finite floats, or tuples of equal length of them, and need no look.
    """

    is_finite = False

    def __init__(self, kind: str, name: str | None, seed: int | None = None, num_samples: int = 1) -> None:
        super().__init__(kind, name, seed)
        if num_samples < 1:
            raise OptionError(f"rep.distribution.{kind}: num_samples={num_samples}; give at least 1")
        self.output_name = name
        self.num_samples = int(num_samples)

    def draw(self, count: int, firing: Firing) -> list[Any]:
        """`count` samples: floats or tuples of them, or items of a list. The same for a firing, up to the count."""
        raise NotImplementedError


class _Continuous(Distribution):
    """One number or several independent ones a sample, from two parameters of equal length."""

    is_finite = True

    def __init__(self, kind: str, first: Any, second: Any, seed: int | None, name: str | None, samples: int) -> None:
        super().__init__(kind, name, seed, samples)
        call = f"rep.distribution.{kind}"
        self._scalar = np.ndim(first) == 0 and np.ndim(second) == 0
        self._first, self._second = _parameter(first, call), _parameter(second, call)
        if self._first.shape != self._second.shape:
            raise OptionError(f"{call}: {first!r} and {second!r} differ in length")

    def draw(self, count: int, firing: Firing) -> list[Any]:
        drawn = self._values(firing.generator(self.stream), count)
        return [row[0] for row in drawn.tolist()] if self._scalar else [tuple(row) for row in drawn.tolist()]

    def _values(self, generator: np.random.Generator, count: int) -> Array:
        """float64 (count, K)."""
        raise NotImplementedError


class _Uniform(_Continuous):
    def _values(self, generator: np.random.Generator, count: int) -> Array:
        unit = generator.random((count, len(self._first)))
        return self._first * (1.0 - unit) + self._second * unit


class _LogUniform(_Uniform):
    def _values(self, generator: np.random.Generator, count: int) -> Array:
        unit = generator.random((count, len(self._first)))
        return self._first ** (1.0 - unit) * self._second**unit


class _Normal(_Continuous):
    def _values(self, generator: np.random.Generator, count: int) -> Array:
        return self._first + self._second * generator.standard_normal((count, len(self._first)))


class _Choice(Distribution):
    def __init__(
        self,
        choices: Sequence[Any],
        weights: Sequence[float] | None,
        num_samples: int,
        seed: int | None,
        with_replacements: bool,
        name: str | None,
    ) -> None:
        super().__init__("choice", name, seed, num_samples)
        self._choices = _items(choices, "rep.distribution.choice")
        self._weights = _weights(weights, len(self._choices))
        self._with_replacements = with_replacements

    def draw(self, count: int, firing: Firing) -> list[Any]:
        generator = firing.generator(self.stream)
        if self._with_replacements:
            rows = np.searchsorted(np.cumsum(self._weights), generator.random(count), side="right")
            return [self._choices[min(row, len(self._choices) - 1)] for row in rows.tolist()]
        possible = int(np.count_nonzero(self._weights))
        if count > possible:
            raise OptionError(
                f"{self.node_name}: {count} samples without replacement of {possible} choices; pass fewer prims, more "
                "choices, or with_replacements=True"
            )
        # The first to arrive of Poisson processes with these rates: a weighted draw without replacement.
        with np.errstate(divide="ignore"):
            arrivals = generator.standard_exponential(len(self._choices)) / self._weights
        return [self._choices[row] for row in np.argsort(arrivals, kind="stable")[:count].tolist()]

    def targets(self, firing: Firing) -> list[Target]:
        return targets_of(firing.samples(self, self.num_samples), firing)


class _Sequence(Distribution):
    def __init__(self, items: Sequence[Any], ordered: bool, seed: int | None, name: str | None) -> None:
        super().__init__("sequence", name, seed)
        self._items = _items(items, "rep.distribution.sequence")
        self._ordered = ordered
        self._firing: Firing | None = None
        self._first = self._next = 0

    def draw(self, count: int, firing: Firing) -> list[Any]:
        if firing is not self._firing:
            self._firing, self._first = firing, self._next
        self._next = self._first + count
        return [self._at(index, firing) for index in range(self._first, self._next)]

    def _at(self, index: int, firing: Firing) -> Any:
        round_, row = divmod(index, len(self._items))
        if self._ordered:
            return self._items[row]
        shuffled = self.stream.generator(firing.host.seed, 0, round_).permutation(len(self._items))
        return self._items[int(shuffled[row])]

    def targets(self, firing: Firing) -> list[Target]:
        return targets_of(firing.samples(self, self.num_samples), firing)


class _Combine(Distribution):
    def __init__(self, distributions: Sequence[Any], name: str | None) -> None:
        super().__init__("combine", name)
        self._parts = _items(distributions, "rep.distribution.combine")

    def draw(self, count: int, firing: Firing) -> list[Any]:
        columns = [
            firing.samples(part, count) if isinstance(part, Distribution) else [part] * count for part in self._parts
        ]
        return [
            tuple(entry for part in row for entry in (part if isinstance(part, tuple | list) else (part,)))
            for row in zip(*columns, strict=True)
        ]


def _parameter(value: Any, call: str) -> Array:
    """float64 (K,).

    Raises:
        OptionError: it holds something else than finite numbers.
    """
    try:
        found = np.atleast_1d(np.asarray(value, np.float64))
    except (TypeError, ValueError):
        raise OptionError(f"{call}: {value!r} is no number and no list of numbers") from None
    if found.ndim != 1 or found.size == 0 or not np.isfinite(found).all():
        raise OptionError(f"{call}: {value!r}; give finite numbers, one or a flat list")
    return found


def _items(items: Any, call: str) -> list[Any]:
    found = list(items) if isinstance(items, Sequence | np.ndarray) and not isinstance(items, str) else []
    if not found:
        raise OptionError(f"{call}: {items!r}; give a list that is not empty")
    return [tuple(each.tolist()) if isinstance(each, np.ndarray) and each.ndim else each for each in found]


def _weights(weights: Sequence[float] | None, count: int) -> Array:
    """float64 (count,), sum 1."""
    if weights is None:
        return np.full(count, 1.0 / count)
    found = _parameter(weights, "rep.distribution.choice weights")
    if len(found) != count or (found < 0).any() or not found.sum() > 0:
        raise OptionError(
            f"rep.distribution.choice: weights {weights!r} for {count} choices; give one a choice, none negative, not "
            "all 0"
        )
    shares: Array = found / found.sum()
    return shares


def uniform(
    lower: Any, upper: Any, num_samples: int = 1, seed: int | None = -1, name: str | None = None
) -> Distribution:
    """Between `lower` and `upper`: numbers, or tuples of equal length whose entries are independent."""
    return _Uniform("uniform", lower, upper, seed, name, num_samples)


def log_uniform(
    lower: Any, upper: Any, num_samples: int = 1, seed: int | None = -1, name: str | None = None
) -> Distribution:
    """Between positive `lower` and `upper`, uniform in the logarithm.

    Raises:
        OptionError: a bound that is not above 0.
    """
    if not (np.all(np.asarray(lower) > 0) and np.all(np.asarray(upper) > 0)):
        raise OptionError(f"rep.distribution.log_uniform: {lower!r}, {upper!r}; both bounds are above 0")
    return _LogUniform("log_uniform", lower, upper, seed, name, num_samples)


def normal(mean: Any, std: Any, num_samples: int = 1, seed: int | None = -1, name: str | None = None) -> Distribution:
    """Gaussian, entries independent.

    Raises:
        OptionError: a negative standard deviation.
    """
    if np.any(np.asarray(std) < 0):
        raise OptionError(f"rep.distribution.normal: std {std!r}; no standard deviation is negative")
    return _Normal("normal", mean, std, seed, name, num_samples)


def choice(
    choices: Sequence[Any],
    weights: Sequence[float] | None = None,
    num_samples: int = 1,
    seed: int | None = -1,
    with_replacements: bool = True,
    name: str | None = None,
) -> Distribution:
    """One of `choices` for each sample: values, paths, or items; of items it can be a `with` block."""
    return _Choice(choices, weights, num_samples, seed, with_replacements, name)


def sequence(
    items: Sequence[Any], ordered: bool = True, seed: int | None = -1, name: str | None = None
) -> Distribution:
    """The items in turn and from the beginning again; each firing goes on by as many as it needed.

    `ordered=False`: every round in another order, each item once in it.
    """
    return _Sequence(items, ordered, seed, name)


def combine(distributions: Sequence[Any], name: str | None = None) -> Distribution:
    """Samples set side by side: three distributions of numbers make one of vectors. Constants may be among them."""
    return _Combine(distributions, name)
