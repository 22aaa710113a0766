"""Which split a frame belongs to: a pure function of a stable key, so that adding frames never moves one."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass

from framepress.core import Frame
from framepress.errors import OptionError

__all__ = ["Split"]

_PART = re.compile(r"([A-Za-z0-9_-]+)=([0-9.eE+-]+)")


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the data by name, drawn by a hash of the frame's sequence, or of its id where it has none.

    Frames of one sequence stay together. The shares hold over many keys, not exactly over few.

    Raises:
        OptionError: a share is not positive, or they do not add up to 1 (within 1e-6).
    """

    parts: tuple[tuple[str, float], ...]
    seed: int = 0

    def __post_init__(self) -> None:
        shares = [share for _, share in self.parts]
        if not shares or min(shares) <= 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
            raise OptionError(
                f"split {self.text!r}: shares must be above 0 and add up to 1, they add up to {sum(shares)}"
            )
        if len({name for name, _ in self.parts}) != len(self.parts):
            raise OptionError(f"split {self.text!r}: a name is given twice")

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Split:
        """From text such as `train=.8,val=.1,test=.1`.

        Raises:
            OptionError: the text has another form.
        """
        parts = []
        for part in text.split(","):
            found = _PART.fullmatch(part.strip())
            try:
                if found is None:
                    raise ValueError("not name=share")
                parts.append((found[1], float(found[2])))
            except ValueError as error:
                raise OptionError(f"split {text!r}: {part!r}: {error}; write it as train=.8,val=.1,test=.1") from error
        return cls(tuple(parts), seed)

    @property
    def text(self) -> str:
        return ",".join(f"{name}={share:g}" for name, share in self.parts)

    def of(self, frame: Frame) -> str:
        """The split of a frame."""
        return self.of_key(frame.sequence or frame.id)

    def of_key(self, key: str) -> str:
        """The split of a sequence or frame by its name."""
        digest = hashlib.sha256(f"{self.seed}\n{key}".encode()).digest()
        drawn = int.from_bytes(digest[:8], "big") / 2**64
        reached = 0.0
        for name, share in self.parts:
            reached += share
            if drawn < reached:
                return name
        return self.parts[-1][0]
