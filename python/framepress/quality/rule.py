"""A rule: a function with a code. Its docstring is the sentence in the report, its keyword arguments are thresholds.

    @rule("COCO-001", FILE, ERROR, stage="annotation", breaks="COCOeval: AP 0.104 instead of 1",
          remedy="number the annotations from 1, each once")
    def ids_are_unique(coco: CocoLook) -> Iterator[Issue]:
        '''Annotation ids are unique.

        Why, and what exactly is compared, with the source.
        '''

Scopes, and what the function is given:

    file        the tolerant look at an edition's files, a class of its own for each format (`look.Look`); for rules
                that read whole files (`decodes`) also the ids of the frames to look at, None for all
    image       one `pictures.Picture`: an image file, decoded or not, and what was measured of it
    images      all of them, as `pictures.Pictures`
    frame       one `Frame` with its channels
    sequence    two neighbouring `Frame`s of one sequence
    index       the `columns.Columns` of the whole dataset
    export      one `export.export.Export`: an edition of ours read back, beside the journal
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, cleandoc, signature
from typing import Any, TypeAlias

from framepress.errors import OptionError
from framepress.quality.issue import SEVERITIES, Issue

__all__ = [
    "EXPORT",
    "FILE",
    "FRAME",
    "IMAGE",
    "IMAGES",
    "INDEX",
    "Rule",
    "SCOPES",
    "SEQUENCE",
    "STAGES",
    "rule",
    "rules_in",
]

SCOPES = ("file", "image", "images", "frame", "sequence", "index", "export")
FILE, IMAGE, IMAGES, FRAME, SEQUENCE, INDEX, EXPORT = SCOPES
STAGES = ("structure", "integrity", "format", "image", "annotation", "truth", "dataset", "time")
"""What a rule is about: folders and names; bytes that are whole; fields as readers need them; pixels; objects;
agreement of independent channels; balance, splits, coverage; clocks."""

Check: TypeAlias = Callable[..., Iterable[Issue]]


@dataclass(frozen=True, eq=False)
class Rule:
    """One row of `framepress rules`.

    Args:
        code: `COCO-006`; never given to another rule.
        check: the subject first, thresholds by keyword with defaults.
        breaks: who reads it wrongly and how; "" where it is a matter of quality alone.
        remedy: the way out, as an imperative.
        format: whose files, for scope `file`; "" for all.
        without: formats that have a code of their own for it, where `format` is "".
        decodes: of scope `file`, whether whole files are read or decoded: not where a profile says `pixels = false`,
            and with the ids of the frames to look at as a second subject, None for all.
        instead: the code of the rule for whole datasets that finds the same: where that one runs, this one is for
            frames while they are written.
    """

    code: str
    scope: str
    severity: str
    stage: str
    breaks: str
    remedy: str
    format: str
    check: Check
    without: tuple[str, ...] = ()
    decodes: bool = False
    instead: str = ""

    def is_for(self, format: str) -> bool:
        """Whether a rule of scope `file` looks at this format's files."""
        return self.format == format or (not self.format and format not in self.without)

    def __call__(self, *subject: Any, **thresholds: Any) -> Iterator[Issue]:
        yield from self.check(*subject, **thresholds)

    @property
    def explanation(self) -> str:
        """The whole docstring."""
        return cleandoc(self.check.__doc__ or "")

    @property
    def sentence(self) -> str:
        """What must hold."""
        return " ".join(self.explanation.split("\n\n")[0].split())

    @property
    def thresholds(self) -> dict[str, Any]:
        """Name -> default."""
        parameters = signature(self.check).parameters.values()
        return {found.name: found.default for found in parameters if found.kind is Parameter.KEYWORD_ONLY}

    def checked(self, thresholds: Mapping[str, Any]) -> dict[str, Any]:
        """Given thresholds, whole numbers as floats where the default is one.

        Raises:
            OptionError: the rule has none of that name, or of that type.
        """
        known = self.thresholds
        given: dict[str, Any] = {}
        for name, value in thresholds.items():
            if name not in known:
                raise OptionError(f"{self.code} has no threshold {name!r}; it has: {', '.join(known) or 'none'}")
            kind = type(known[name])
            if kind is float and type(value) is int:
                value = float(value)
            if type(value) is not kind:
                raise OptionError(f"{self.code}: {name}={value!r}: expected {kind.__name__}, such as {known[name]!r}")
            given[name] = value
        return given


def rule(
    code: str,
    scope: str,
    severity: str,
    *,
    stage: str,
    remedy: str,
    breaks: str = "",
    format: str = "",
    without: tuple[str, ...] = (),
    decodes: bool = False,
    instead: str = "",
) -> Callable[[Check], Rule]:
    """Make a rule of a function."""
    if scope not in SCOPES or severity not in SEVERITIES or stage not in STAGES:
        raise OptionError(f"rule {code}: scope {scope!r}, severity {severity!r} or stage {stage!r} is none of those")

    def made(check: Check) -> Rule:
        if not (check.__doc__ or "").strip():
            raise OptionError(f"rule {code}: needs a docstring that says what must hold")
        return Rule(code, scope, severity, stage, breaks, remedy, format, check, without, decodes, instead)

    return made


def rules_in(module: Any) -> tuple[Rule, ...]:
    """A module's rules, by code."""
    found = [value for value in vars(module).values() if isinstance(value, Rule)]
    return tuple(sorted(found, key=lambda rule: rule.code))
