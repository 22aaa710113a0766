"""A dataset's card: `README.md` for people and the hub, `dataset_info.json` for programs; written, and kept true."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress import __version__
from framepress.core.files import read_file
from framepress.dataset.opening import Dataset
from framepress.delivery.card_facts import SCHEMA, digest_of, facts_of, home_of
from framepress.delivery.card_front import front_matter, parsed, wanted
from framepress.delivery.card_sections import as_text, sections
from framepress.delivery.card_text import Card, new_card, with_sections
from framepress.errors import InputError, OptionError, OutputError

__all__ = ["CARD", "FACTS", "WrittenCard", "check_card", "write_card"]

CARD, FACTS = "README.md", "dataset_info.json"
_MOST = 1 << 24


@dataclass(frozen=True)
class WrittenCard:
    """Where it lies, what it says, and whether that is news."""

    card: Path
    facts: Path
    document: Mapping[str, Any]
    changed: bool


def write_card(
    dataset: Dataset,
    out: Path | None = None,
    *,
    name: str | None = None,
    license: str | None = None,
    report: Mapping[str, Any] | None = None,
) -> WrittenCard:
    """Write the card, or bring it up to date; text outside of its marked parts stays as it is.

    Name, license and the verdict of a validation are kept from the last time where none are given; the verdict only as
    long as the facts are the same.

    Args:
        out: the card's file, beside which `dataset_info.json` goes; default: in the dataset's folder.
        name: default: that of the folder.
        license: as the hub names it, such as `cc-by-4.0`.
        report: the document of `framepress validate --json` of this dataset.

    Raises:
        InputError: the dataset is damaged or unfinished, or the card that is there cannot be understood.
        OptionError: the report is of another dataset.
        OutputError: a file cannot be written.
    """
    home = home_of(dataset)
    card_file = home / CARD if out is None else out
    facts_file = card_file.with_name(FACTS)
    document = _document(dataset, _read_facts(facts_file), name, license, report)
    text = _updated(card_file, document, home)
    content = (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    changed = _put(facts_file, content)
    changed = _put(card_file, text) or changed
    return WrittenCard(card_file, facts_file, document, changed)


def _document(
    dataset: Dataset,
    before: Mapping[str, Any],
    name: str | None,
    license: str | None,
    report: Mapping[str, Any] | None,
) -> dict[str, Any]:
    facts = facts_of(dataset)
    digest = digest_of(facts)
    kept = before.get("validation") if before.get("facts_sha256") == digest else None
    return {
        **SCHEMA,
        "name": name or before.get("name") or home_of(dataset).resolve().name,
        "license": license or before.get("license"),
        "tool": {"name": "framepress", "version": __version__},
        "facts": facts,
        "facts_sha256": digest,
        "validation": kept if report is None else _verdict(report, facts),
    }


def _verdict(report: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Raises:
    OptionError: the report is none, or has counted other frames.
    """
    try:
        if report["schema"] != "framepress.validation":
            raise ValueError(f"schema {report['schema']!r}")
        found = {"passed": report["passed"], "profile": report["profile"]}
        found |= {f"{severity}s": report["totals"][severity] for severity in ("error", "warning", "note")}
        found["tool_version"] = f"{report['tool']['name']} {report['tool']['version']}"
        totals = report["statistics"]["totals"]
        counted = tuple(totals[name] for name in ("frames", "objects"))
    except (KeyError, TypeError, ValueError) as error:
        raise OptionError(f"the report is no document of `framepress validate --json` ({error!r})") from error
    if counted != (facts["frames"], facts["objects"]):
        raise OptionError(
            f"the report is of {counted[0]} frames with {counted[1]} objects, the dataset has {facts['frames']} with "
            f"{facts['objects']}; validate it again"
        )
    return found


def check_card(dataset: Dataset, out: Path | None = None) -> list[str]:
    """Where the card no longer agrees with the dataset, as sentences; none where all of it is true.

    Raises:
        InputError: the dataset is damaged, there is no card, or it cannot be understood.
    """
    home = home_of(dataset)
    card_file = home / CARD if out is None else out
    facts_file = card_file.with_name(FACTS)
    for file in (card_file, facts_file):
        if not file.exists():
            raise InputError(f"{file}: is not there; write the card with `framepress card`")
    told, facts = _read_facts(facts_file), facts_of(dataset)
    found = [f"{FACTS}: {difference}" for difference in _differences(told.get("facts"), facts)]
    if told.get("facts_sha256") != digest_of(told.get("facts") or {}):
        found.append(f"{FACTS}: its facts are not those of its facts_sha256; it was edited")
    if found:
        return [*found, f"{CARD}: is of these facts; write it again"]
    card, where = Card.parse(_read_text(card_file)[0]), str(card_file)
    expected = sections(told, home)
    for name, text in card.sections(where).items():
        if name in expected and text != expected[name]:
            found.append(f"{CARD}: the part {name!r} is not what the facts say")
    before = parsed(card.front, where)
    for key, value in wanted(told).items():
        agrees = set(value) <= set(before.get(key) or ()) if key == "tags" else before.get(key) == value
        if not agrees:
            found.append(f"{CARD}: {key} is {before.get(key)!r} at its top, the facts say {value!r}")
    return found


def _differences(told: Any, now: Any, place: str = "") -> list[str]:
    """The first ones, by their place."""
    if isinstance(told, dict) and isinstance(now, dict):
        found: list[str] = []
        for key in dict.fromkeys((*now, *told)):
            found += _differences(told.get(key), now.get(key), f"{place}.{key}" if place else key)
        return found[:20]
    if isinstance(told, list) and isinstance(now, list) and len(told) == len(now):
        named = [each.get("name", each.get("format", n)) if isinstance(each, dict) else n for n, each in enumerate(now)]
        pairs = zip(told, now, named, strict=True)
        return [line for one, other, name in pairs for line in _differences(one, other, f"{place}[{name}]")][:20]
    return [] if told == now else [f"{place} is {_short(told)} there, {_short(now)} in the data"]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _updated(file: Path, document: Mapping[str, Any], home: Path) -> bytes:
    parts = sections(document, home)
    if not file.exists():
        card = new_card(as_text(document["name"]), parts)
        return Card(front_matter("", document, str(file)), card.body).text().encode()
    text, windows = _read_text(file)
    card = with_sections(Card.parse(text), parts, str(file))
    written = Card(front_matter(card.front, document, str(file)), card.body).text()
    return (written.replace("\n", "\r\n") if windows else written).encode()


def _read_text(file: Path) -> tuple[str, bool]:
    """With plain ends of lines, and whether they were those of Windows."""
    try:
        text = read_file(file, _MOST).decode()
        return text.replace("\r\n", "\n"), "\r\n" in text
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is no UTF-8 ({error}); convert it") from error


def _read_facts(file: Path) -> dict[str, Any]:
    """{} where there are none.

    Raises:
        InputError: something else has that name.
    """
    if not file.exists():
        return {}
    try:
        found = json.loads(read_file(file, _MOST))
        if {key: found.get(key) for key in SCHEMA} != SCHEMA:
            raise ValueError(f"schema {found.get('schema')!r} version {found.get('version')!r}, expected {SCHEMA}")
    except (ValueError, AttributeError, RecursionError) as error:
        raise InputError(f"{file}: is no {FACTS} of ours ({error}); move it away, or choose another --out") from error
    return dict(found)


def _put(file: Path, content: bytes) -> bool:
    """Whole or not at all; False where it is so already."""
    try:
        if file.is_file() and file.stat().st_size == len(content) and file.read_bytes() == content:
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
        try:
            with open(temporary, "xb") as stream:
                stream.write(content)
            os.replace(temporary, file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{file}: cannot be written: {error.strerror or error}") from error
    return True
