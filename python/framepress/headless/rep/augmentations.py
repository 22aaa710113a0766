"""Functions that change an annotator's array before anyone gets it: numpy functions and Warp kernels, on the CPU."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np

from framepress.core.arrays import Array
from framepress.headless import host as hosts
from framepress.headless.rep.errors import AnnotatorError, AnnotatorRegistryError

__all__ = ["Augmentation", "Augmentations", "augmentation_of"]


@dataclass(frozen=True, eq=False)
class Augmentation:
    """A change of an array; made by `from_function`.

    Args:
        function: `function(data_in, **keywords)` -> array, or a Warp kernel with the parameters data_in, data_out, ...
        out_shape: of a kernel's data_out, -1 = as data_in's axis; None = data_in's shape.
        keywords: the rest of its arguments.
        node: number of the place in the script where it was put onto an annotator; 0 = not yet.
    """

    function: Any
    out_shape: tuple[int, ...] | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)
    documentation: str | None = None
    node: int = 0

    @staticmethod
    def from_function(
        augmentation: Callable[..., Any],
        data_out_shape: Sequence[int] | None = None,
        documentation: str | None = None,
        **kwargs: Any,
    ) -> Augmentation:
        """From a numpy function (array, ...) -> array, or from a Warp kernel (data_in, data_out, ...).

        A parameter `seed` that has no value, None or a negative one gets one in every frame, from the session's seed,
        the annotator that is changed, the camera and the frame.

        Raises:
            AnnotatorError: it cannot be called, or is not told one of its arguments.
        """
        shape = None if data_out_shape is None else tuple(int(side) for side in data_out_shape)
        made = Augmentation(augmentation, shape, dict(kwargs), documentation)
        made.check()
        return made

    @staticmethod
    def from_node(*_: Any, **__: Any) -> NoReturn:
        """Raises: AnnotatorError: always, since there is no OmniGraph here."""
        raise AnnotatorError("Augmentation.from_node: the stand-in has no OmniGraph; use from_function")

    def __deepcopy__(self, memo: Any) -> Augmentation:
        return self  # it never changes, and a kernel cannot be copied

    def of_annotator(self, keywords: Mapping[str, Any], data_out_shape: Sequence[int] | None) -> Augmentation:
        """As one more node of the graph: with the keywords that are given there."""
        shape = self.out_shape if data_out_shape is None else tuple(int(side) for side in data_out_shape)
        node = hosts.current().kept(Augmentations).next_node()
        return replace(self, keywords={**self.keywords, **keywords}, out_shape=shape, node=node)

    def check(self) -> None:
        """Raises: AnnotatorError: it cannot be called; an argument is unknown, or left without a value."""
        if not callable(self.function):
            raise AnnotatorError(f"augmentation {self.function!r} cannot be called; give a function or a Warp kernel")
        names, optional, takes_any = _parameters(self.function)
        unknown = [name for name in self.keywords if name not in names and not takes_any]
        missing = [name for name in names if name not in self.keywords and name not in optional and name != "seed"]
        if unknown or missing:
            wrong = f"has no argument {unknown[0]}" if unknown else f"is not told its argument {missing[0]}"
            raise AnnotatorError(
                f"augmentation {_name(self.function)} {wrong}; its own are {', '.join(names) or 'none'}"
            )

    def __call__(self, array: Array, where: str = "") -> Array:
        """The changed array; `array` itself may have been changed too.

        Args:
            where: camera and frame, for the seed.
        """
        names, optional, _ = _parameters(self.function)
        keywords = dict(self.keywords)
        if "seed" in names:
            seed = keywords.get("seed", optional.get("seed"))
            if seed is None or seed < 0:
                keywords["seed"] = _seed(f"{self.node} {where}")
        if _is_kernel(self.function):
            return _launched(self.function, array, self.out_shape, [keywords[name] for name in names])
        return np.asarray(self.function(array, **keywords))


class Augmentations:
    """Those that scripts have registered, by name."""

    def __init__(self, host: hosts.Host) -> None:
        self.named: dict[str, Augmentation] = {}
        self._nodes = 0

    def next_node(self) -> int:
        self._nodes += 1
        return self._nodes

    def get(self, name: str) -> Augmentation:
        """Raises: AnnotatorRegistryError: none of that name."""
        if name not in self.named:
            raise AnnotatorRegistryError(f"no augmentation {name!r}; there are {', '.join(self.named) or 'none'}")
        return self.named[name]


def augmentation_of(given: Any) -> Augmentation:
    """An augmentation as such, by its registered name, or from a function."""
    if isinstance(given, Augmentation):
        return given
    return hosts.current().kept(Augmentations).get(given) if isinstance(given, str) else Augmentation(given)


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", getattr(function, "key", function)))


def _is_kernel(function: Any) -> bool:
    warp = sys.modules.get("warp")  # who has a kernel has imported it
    return warp is not None and isinstance(function, warp.Kernel)


def _parameters(function: Any) -> tuple[list[str], dict[str, Any], bool]:
    """Names behind the array (or both arrays), the defaults of those that have one, and whether any name is taken."""
    if _is_kernel(function):
        return [argument.label for argument in function.adj.args][2:], {}, False
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # a builtin without a signature
        return [], {}, True
    named = [one for one in parameters[1:] if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    optional = {one.name: one.default for one in named if one.default is not one.empty}
    return [one.name for one in named], optional, any(one.kind is one.VAR_KEYWORD for one in parameters)


def _seed(where: str) -> int:
    """31 bits, as numpy's old and Warp's random numbers take them."""
    source = f"augmentation {hosts.current().seed} {where}"
    return int.from_bytes(hashlib.sha256(source.encode()).digest()[:4], "little") >> 1


def _launched(kernel: Any, array: Array, out_shape: tuple[int, ...] | None, arguments: list[Any]) -> Array:
    """Run a kernel over the first two axes of its output (one where it has one)."""
    import warp as wp

    taken, made = (argument.type for argument in kernel.adj.args[:2])
    shape = array.shape
    if out_shape is not None:
        shape = tuple(array.shape[axis] if side == -1 else side for axis, side in enumerate(out_shape))
    out = wp.zeros(shape[: made.ndim], dtype=made.dtype, device="cpu")
    source = wp.array(np.ascontiguousarray(array), dtype=taken.dtype, device="cpu")
    wp.launch(kernel, dim=shape[:2], inputs=[source], outputs=[out, *arguments], device="cpu")
    return np.array(out.numpy())
