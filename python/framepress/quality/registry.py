"""All rules, by the module that has them: each imported on first use.

Third parties add theirs with an entry point in the group `framepress.rules` that names a module.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from framepress.errors import OptionError
from framepress.quality.rule import Rule, rules_in

__all__ = ["all_rules", "by_code"]

_MODULES = (
    "framepress.quality.files.rules",
    "framepress.quality.coco.rules",
    "framepress.quality.yolo.rules",
    "framepress.quality.kitti.rules",
    "framepress.quality.native.rules",
    "framepress.quality.basic.rules",
    "framepress.quality.images.rules",
    "framepress.quality.images.table_rules",
    "framepress.quality.truth.rules",
    "framepress.quality.truth.neighbours",
    "framepress.quality.index.rules",
    "framepress.quality.index.times",
    "framepress.quality.index.leaks",
    "framepress.quality.export.rules",
)


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule, by code.

    Raises:
        OptionError: two have one code.
    """
    modules = [import_module(name) for name in _MODULES]
    modules += [point.load() for point in sorted(entry_points(group="framepress.rules"), key=lambda found: found.name)]
    found: dict[str, Rule] = {}
    for module in modules:
        for rule in rules_in(module):
            if found.setdefault(rule.code, rule) is not rule:
                raise OptionError(f"two rules have the code {rule.code}; one of them needs another")
    return tuple(found[code] for code in sorted(found))


def by_code(code: str) -> Rule:
    """The rule with this code, in any case.

    Raises:
        OptionError: there is none.
    """
    for rule in all_rules():
        if rule.code == code.upper():
            return rule
    family = code.upper().partition("-")[0]
    near = [rule.code for rule in all_rules() if rule.code.startswith(f"{family}-")]
    raise OptionError(f"no rule has the code {code!r}; {', '.join(near) or 'see `framepress rules`'}")
