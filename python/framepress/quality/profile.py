"""Which rules run, how bad each is, and with which thresholds: the three profiles, and those of one's own.

# warehouse.toml
description = "What our trainers need"
base = "default"                 # optional: another profile, or a file beside this one
fail_on = "error"                # or "warning", "note": from which severity on the answer is FAIL
pixels = true                    # false: nothing is decoded
select = ["COCO", "IMG-003"]     # codes, or the beginnings of codes; all where it is not given
ignore = ["SET-004"]

[rules.COCO-006]
severity = "warning"
tolerance = 0.5                  # a threshold of the rule, see `framepress explain COCO-006`

[scores]                         # see `quality.scores.scores`
accuracy = 0.5                   # weights; only how they compare counts
diversity = 0.0
pass = 0.95                      # what the whole has to reach, and
floor = 0.8                      # each score by itself
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from framepress.core.files import read_file
from framepress.errors import InputError, OptionError, require
from framepress.quality.issue import ERROR, SEVERITIES
from framepress.quality.registry import all_rules
from framepress.quality.rule import Rule

__all__ = ["Chosen", "PROFILES", "Profile", "SCORES", "profile"]

PROFILES = ("strict", "default", "fast")
_FIELDS = {"description": str, "base": str, "fail_on": str, "pixels": bool, "select": list, "ignore": list}
_DEPTH = 8
SCORES = {"completeness": 0.25, "consistency": 0.25, "accuracy": 0.35, "diversity": 0.15, "pass": 0.9, "floor": 0.3}
"""Weights, and what has to be reached, where a profile says nothing else."""
_WEIGHTS = ("completeness", "consistency", "accuracy", "diversity")


@dataclass(frozen=True)
class Chosen:
    """A rule as a profile has it."""

    rule: Rule
    severity: str
    thresholds: Mapping[str, Any]


@dataclass(frozen=True)
class Profile:
    """Made by `profile`."""

    name: str
    description: str = ""
    fail_on: str = ERROR
    pixels: bool = True
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=lambda: SCORES)

    def narrowed(self, *, select: Iterable[str] = (), ignore: Iterable[str] = (), pixels: bool = True) -> Profile:
        """With the codes of a command line, which come after those of the file.

        Raises:
            OptionError: nothing has that code.
        """
        chosen = replace(
            self,
            select=tuple(select) or self.select,
            ignore=(*self.ignore, *ignore),
            pixels=self.pixels and pixels,
        )
        for code in (*chosen.select, *chosen.ignore):
            _check_code(code, f"profile {self.name}")
        return chosen

    def chosen(self, scope: str | None = None) -> list[Chosen]:
        """The rules that run, by code; of one scope."""
        found = []
        for rule in all_rules():
            wanted = not self.select or any(_covers(given, rule.code) for given in self.select)
            if not wanted or any(_covers(given, rule.code) for given in self.ignore):
                continue
            if scope is None or rule.scope == scope:
                settings = dict(self.settings.get(rule.code, {}))
                severity = settings.pop("severity", rule.severity)
                found.append(Chosen(rule, severity, rule.checked(settings)))
        return found


def profile(name_or_file: str | Path = "default") -> Profile:
    """One of `PROFILES`, or a TOML file.

    Raises:
        OptionError: there is no such profile, or it has something that cannot be.
        InputError: the file cannot be read, or is no TOML.
    """
    return _read(_file_of(name_or_file), _DEPTH)


def _file_of(name_or_file: str | Path, beside: Path | None = None) -> Path:
    if str(name_or_file) in PROFILES:
        return _folder() / f"{name_or_file}.toml"
    file = Path(name_or_file) if beside is None else beside.parent / name_or_file
    if not file.is_file():
        raise OptionError(f"profile {str(name_or_file)!r}: must be one of {', '.join(PROFILES)}, or a TOML file")
    return file


def _folder() -> Path:
    """The profiles: in an installed package beside the library, in a checkout in `config/`."""
    package = Path(__file__).parents[1]
    installed = package / "config_rules"
    return installed if installed.is_dir() else package.parents[1] / "config" / "rules"


def _read(file: Path, depth: int) -> Profile:
    given = _toml(file)
    settings, scores = given.pop("rules", {}), _scores(given.pop("scores", {}), file)
    for name, value in given.items():
        if name not in _FIELDS or type(value) is not _FIELDS[name]:
            raise OptionError(f"{file}: {name} = {value!r}: known are {', '.join(_FIELDS)} [rules.CODE] and [scores]")
    base = Profile(file.stem)
    if "base" in given:
        if not depth:
            raise OptionError(f"{file}: base = {given['base']!r}: profiles that build on each other in a circle")
        base = _read(_file_of(given.pop("base"), file), depth - 1)
    if given.get("fail_on", ERROR) not in SEVERITIES:
        raise OptionError(f"{file}: fail_on = {given['fail_on']!r}: must be one of {', '.join(SEVERITIES)}")
    for name in ("select", "ignore"):
        if name in given:
            given[name] = tuple(_check_code(code, f"{file}: {name}") for code in given[name])
    merged = {code: {**base.settings.get(code, {}), **own} for code, own in _settings(settings, file).items()}
    own: dict[str, Any] = {"settings": {**base.settings, **merged}, "scores": {**base.scores, **scores}}
    if not any(own["scores"][name] for name in _WEIGHTS):
        raise OptionError(f"{file}: [scores]: no score has a weight")
    return replace(base, name=file.stem, **given, **own)


def _scores(given: Any, file: Path) -> dict[str, float]:
    if not isinstance(given, dict):
        raise OptionError(f"{file}: scores = {given!r}: expected a table [scores]")
    for name, value in given.items():
        most = math.inf if name in _WEIGHTS else 1
        if name not in SCORES or type(value) not in (int, float) or not 0 <= value <= most or math.isinf(value):
            raise OptionError(
                f"{file}: [scores] {name} = {value!r}: known are the weights {', '.join(_WEIGHTS)} (0 and more), "
                "and pass and floor (0 to 1)"
            )
    return {name: float(value) for name, value in given.items()}


def _settings(settings: Any, file: Path) -> dict[str, dict[str, Any]]:
    if not isinstance(settings, dict):
        raise OptionError(f"{file}: rules = {settings!r}: expected tables [rules.CODE]")
    known = {rule.code: rule for rule in all_rules()}
    for code, own in settings.items():
        if code not in known or not isinstance(own, dict):
            raise OptionError(f"{file}: [rules.{code}]: no rule has that code; see `framepress rules`")
        thresholds = {name: value for name, value in own.items() if name != "severity"}
        try:
            known[code].checked(thresholds)
        except OptionError as error:
            raise OptionError(f"{file}: [rules.{code}]: {error}") from error
        if own.get("severity", ERROR) not in SEVERITIES:
            raise OptionError(
                f"{file}: [rules.{code}] severity = {own['severity']!r}: must be one of {', '.join(SEVERITIES)}"
            )
    return dict(settings)


def _toml(file: Path) -> dict[str, Any]:
    toml = require("tomllib" if sys.version_info >= (3, 11) else "tomli", extra="toml")
    try:
        found: dict[str, Any] = toml.loads(read_file(file).decode())
    except (toml.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: is no TOML: {error}") from error
    return found


def _check_code(code: Any, where: str) -> str:
    if not isinstance(code, str) or not any(_covers(code, rule.code) for rule in all_rules()):
        raise OptionError(f"{where}: {code!r} is no rule and begins none; see `framepress rules`")
    return code.upper()


def _covers(given: str, code: str) -> bool:
    return code.startswith(given.upper())
