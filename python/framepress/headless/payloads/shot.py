"""What a value is made from and what it is: one camera's frame in, an array and what stands beside it out."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.buffers import Buffers
from framepress.headless.payloads.labelled import Joined, Labelled, labelled
from framepress.headless.payloads.predicate import EVERYTHING, predicate_of
from framepress.headless.scene import Scene, SceneCamera

__all__ = ["Ask", "Occlusion", "Quirks", "Release", "Shot", "Value", "release_of"]

Occlusion = Literal["computed", "single_mesh", "unknown", "nan"]
Release = tuple[int, int]

_RELEASES = ("4.5", "5.0", "5.1", "6.0")
_DRAWN_FROM = 1 << 20


def release_of(text: str) -> Release:
    """ "5.1" and "5.1.0" as (5, 1).

    Raises:
        OptionError: not one of those whose payloads are known.
    """
    short = ".".join(text.split(".")[:2])
    if short not in _RELEASES:
        raise OptionError(f"release {text!r} is not known; choose one of {', '.join(_RELEASES)}")
    major, minor = short.split(".")
    return int(major), int(minor)


@dataclass(frozen=True)
class Quirks:
    """What Isaac Sim does in some releases or moments; the defaults are a healthy one.

    Args:
        squeeze: axes of length 1 are dropped from images and points.
        redraw: a seed; ids and colours are drawn anew for each frame and camera. None = counted up, colours by text.
        empty_frames: so many frames at the start have arrays of shape (0,).
        occlusion: which ratios are told beside those of prims with labelled children, which are always -1: the
            `computed` ones; -1 also for prims of several meshes (`single_mesh`); -1 (`unknown`) or NaN (`nan`) for all.
        stale_semantics: before core 1.12.25, `semantic_segmentation` kept the last frame's labels while the number of
            visible instances stayed the same; needs `Shot.former`.
        joined: the order of several labels of one prim. Captures of 5.1 have the alphabet's.
    """

    squeeze: bool = True
    redraw: int | None = None
    empty_frames: int = 0
    occlusion: Occlusion = "computed"
    stale_semantics: bool = False
    joined: Joined = "sorted"


@dataclass(frozen=True, eq=False)
class Shot:
    """One camera's rendering of one frame.

    Args:
        frame: counts the frames of a run from 0.
        reference_time: simulation time [s] as numerator and denominator.
        semantic_filter: the predicate for the whole application, which decides what is an instance at all; an
            annotator's own filter comes on top.
        former: the same camera's shot of the frame before, for `Quirks.stale_semantics`.
    """

    scene: Scene
    camera: SceneCamera
    buffers: Buffers
    frame: int = 0
    reference_time: tuple[int, int] | None = None
    semantic_filter: str = EVERYTHING
    former: Shot | None = None


@dataclass(frozen=True, eq=False)
class Value:
    """What an annotator delivers: `data` (None where it has no array) and the keys beside it.

    Images are the buffers themselves where these already have Replicator's form: copy before changing one.
    """

    data: Array | None
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Ask:
    """One annotator's name, with what was asked of it; `fast` names have int and tuple keys, others text."""

    name: str
    shot: Shot
    params: Mapping[str, Any]
    release: Release
    quirks: Quirks
    fast: bool

    def key(self, number: int | tuple[int, ...]) -> Any:
        """A key of an `idTo...` map: 7 or (r, g, b, a); as text "7" or "(r, g, b, a)"."""
        return number if self.fast else str(number)

    @cached_property
    def labelled(self) -> Labelled:
        """The labelled prims as this annotator's filter leaves them.

        Raises:
            OptionError: a predicate that cannot be read.
        """
        filters = (predicate_of(self.shot.semantic_filter), self._own_filter())
        return labelled(self.shot.scene, filters, self.quirks.joined)

    def _own_filter(self) -> Any:
        types, text = self.params.get("semanticTypes"), self.params.get("semanticFilter")
        if types and text is not None:
            raise OptionError(f"{self.name}: semanticTypes and semanticFilter exclude each other; give one of them")
        if types and not isinstance(types, str):
            text = ";".join(f"{kind}:*" for kind in types)
        elif types:
            text = types if ":" in types else f"{types}:*"
        return predicate_of(EVERYTHING if text is None else text)

    @property
    def salt(self) -> str:
        """What ids and colours depend on beside their subject: nothing, unless they are redrawn."""
        if self.quirks.redraw is None:
            return ""
        return f"{self.quirks.redraw} {self.shot.frame} {self.shot.camera.path}"

    def numbers(self, count: int, first: int, purpose: str) -> Array:
        """`count` distinct ids, uint32, from `first` on; those of one `purpose` agree between annotators."""
        if self.quirks.redraw is None:
            return np.arange(first, first + count, dtype=np.uint32)
        rng = np.random.default_rng(zlib.crc32(f"{self.salt} {purpose}".encode()))
        return (first + rng.choice(_DRAWN_FROM + count, count, replace=False)).astype(np.uint32)

    def buffer(self, attribute: str) -> Array:
        """One of the buffers that are rendered on demand.

        Raises:
            OptionError: it was not rendered.
        """
        array: Array | None = getattr(self.shot.buffers, attribute)
        if array is None:
            raise OptionError(
                f"{self.name}: frame {self.shot.frame} of {self.shot.camera.path} was rendered without "
                f"{attribute}; render with passes_for({self.name!r})"
            )
        return array
