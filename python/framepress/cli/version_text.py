"""Versions and their differences as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from framepress.cli.tables import aligned, bytes_text

if TYPE_CHECKING:
    from framepress.versions.difference import Difference
    from framepress.versions.gc import Collected
    from framepress.versions.history import Status, Version
    from framepress.versions.manifest import FileChange
    from framepress.versions.verify import Verified

__all__ = [
    "diff_text",
    "file_changes",
    "log_text",
    "pulled_text",
    "pushed_text",
    "show_text",
    "status_text",
    "swept_text",
    "verified_text",
]

_NAMED = 10


def log_text(versions: Sequence[Version]) -> str:
    if not versions:
        return "no version yet: make the first with `framepress version commit DATASET -m TEXT`"
    rows = [
        (found.number, found.id[:12], found.time.replace("T", " ").rstrip("Z") or "-", _tagged(found), _line(found))
        for found in versions
    ]
    return aligned([tuple(_printable(str(cell)) for cell in row) for row in rows], right=frozenset([0]))


def _tagged(found: Version) -> str:
    told = [f"[{', '.join(found.tags)}]"] if found.tags else []
    return " ".join([*told, "(pruned)"] if found.pruned else told)


def _line(found: Version) -> str:
    by = f" ({found.commit.author})" if found.commit.author else ""
    return next(iter(found.commit.message.strip().splitlines()), "(no message)") + by


def show_text(document: Mapping[str, Any]) -> str:
    rows = [("version", str(document["number"])), ("id", document["id"])]
    rows += [(name, str(document[name])) for name in ("message", "author", "time") if document[name]]
    rows += [("tags", ", ".join(document["tags"]))] if document["tags"] else []
    rows += [("files", f"{document['files']:,}"), ("size", bytes_text(document["size"]))]
    rows += list(_flat(document["provenance"]))
    return aligned([(_printable(name), _printable(text)) for name, text in rows])


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value[:_NAMED])) + (", …" if len(value) > _NAMED else "")
        else:
            yield f"{prefix}{name}", str(value)


def status_text(status: Status) -> str:
    if status.base is None:
        made = "made from no version"
    else:
        made = f"made from version {status.base.number} ({status.base.id[:12]})"
        made += ", which was pruned: all files count as added" if status.base.pruned else ""
    lines = [made]
    if status.head is not None and (status.base is None or status.base.id != status.head.id):
        lines.append(f"the latest version is {status.head.number} ({status.head.id[:12]})")
    if status.unfinished is not None:
        lines.append(
            f"a checkout of {_printable(status.unfinished[:12])} into it did not end: check out again to end it"
        )
    return "\n".join([*lines, _files_text(status.changes) if status.changes else "nothing has changed"])


def file_changes(changes: Sequence[FileChange]) -> dict[str, list[str]]:
    """JSON-able: paths that were added, removed and changed."""
    return {
        "added": [change.path for change in changes if change.before is None],
        "removed": [change.path for change in changes if change.after is None],
        "changed": [change.path for change in changes if change.before is not None and change.after is not None],
    }


def _files_text(changes: Sequence[FileChange]) -> str:
    by_kind = file_changes(changes)
    told = ", ".join(f"{len(paths):,} {kind}" for kind, paths in by_kind.items() if paths)
    named = [f"  {kind:<8} {_printable(path)}" for kind, paths in by_kind.items() for path in paths[:_NAMED]]
    return "\n".join([f"files: {told or 'no difference'}", *named])


def diff_text(files: Sequence[FileChange], found: Difference | None) -> str:
    if found is None:
        return _files_text(files)
    by_kind = {kind: len(paths) for kind, paths in file_changes(files).items() if paths}
    lines = [f"files     {_counts(by_kind) or 'no difference'}"]
    frames = {"added": len(found.added), "removed": len(found.removed), "changed": len(found.changed)}
    lines.append(f"frames    {_counts({kind: count for kind, count in frames.items() if count}) or 'no difference'}")
    if found.objects:
        lines.append(f"objects   {_counts({_WORDS.get(kind, kind): n for kind, n in found.objects.items()})}")
    if found.moved_px:
        middle = found.moved_px[len(found.moved_px) // 2]
        lines.append(f"boxes     moved by {middle:g} px in the median, {found.moved_px[-1]:g} px at most")
    if found.fields:
        lines.append(f"in frames {_counts(found.fields)}")
    moves = [f"{old or '(none)'} to {new or '(none)'} {count:,}" for (old, new), count in found.splits.items()]
    lines += [f"splits    {', '.join(moves)}"] if moves else []
    lines += [f"class     {old} became {new}: {count:,}" for (old, new), count in found.renamed.items()]
    lines += [f"class     {name}: {up:,} more, {down:,} less" for name, (up, down) in found.classes.items()]
    lines += [f"  changed {change.id}: {_frame_text(change)}" for change in found.changed[:_NAMED]]
    more = len(found.changed) - _NAMED
    lines += [f"  and {more:,} more: --json lists them"] if more > 0 else []
    return "\n".join(_printable(line) for line in lines)


def pushed_text(done: Mapping[str, Any]) -> str:
    """Of a push, ours or a bridge's."""
    lines = [f"{done['remote']}: {_versions(done['versions']) or 'has every version'}{_sent(done, 'sent')}"]
    return "\n".join([*lines, *_tags(done), *_ahead(done.get("behind", 0), "the remote has {} after our latest: pull")])


def pulled_text(done: Mapping[str, Any]) -> str:
    """Of a pull, ours or a bridge's."""
    lines = [f"{done['remote']}: {_versions(done['versions']) or 'no new version'}{_sent(done, 'fetched')}"]
    return "\n".join([*lines, *_tags(done), *_ahead(done.get("ahead", 0), "{} here are not there: push")])


def _versions(numbers: Sequence[int]) -> str:
    if len(numbers) < 2:
        return f"version {numbers[0]} is new" if numbers else ""
    return f"versions {numbers[0]} to {numbers[-1]} are new"


def _sent(done: Mapping[str, Any], verb: str) -> str:
    return f"; {done['contents']:,} contents {verb}, {bytes_text(done['size'])}" if done.get("contents") else ""


def _tags(done: Mapping[str, Any]) -> list[str]:
    told = [f"without their files, which were given up: {len(done['pruned']):,} versions"] if done.get("pruned") else []
    told += [f"tags: {', '.join(done['tags'])}"] if done.get("tags") else []
    return told + [f"tag {name} names another version there; it stays as it is" for name in done.get("taken", ())]


def _ahead(count: int, text: str) -> list[str]:
    return [text.format(f"{count:,} version{'s' if count > 1 else ''}")] if count else []


def verified_text(found: Verified) -> str:
    part = "" if found.sample == 1 else f" (a sample of {found.sample:.1%})"
    lines = [f"{found.contents:,} of {found.total:,} contents were read{part}, {bytes_text(found.size)}"]
    for damage in found.damages:
        lines.append(f"{damage.kind} {damage.id[:16]}: {damage.what}")
        lines += [
            f"  {use.version} needs it{f' as {use.path}' if use.path else ''}" for use in damage.needed_by[:_NAMED]
        ]
        more = len(damage.needed_by) - _NAMED
        lines += [f"  and {more:,} more"] if more > 0 else []
        lines += [f"  a good copy is {source}" for source in damage.sources]
    return "\n".join(map(_printable, lines)) if found.damages else f"{lines[0]}; everything is there and whole"


def swept_text(found: Collected, pruned: Sequence[Version]) -> str:
    lines = [f"version {version.number} gave up its files" for version in pruned]
    lines.append(
        f"{found.trashed:,} contents set aside ({bytes_text(found.trashed_size)}), "
        f"{found.freed:,} files deleted ({bytes_text(found.freed_size)})"
    )
    told = {
        "too young to be judged": found.waiting,
        "packs written anew": found.rewritten,
        "contents brought back": found.restored,
        "temporary files of runs that ended early": found.temporaries,
    }
    return "\n".join([*lines, *(f"{count:,} {name}" for name, count in told.items() if count)])


_WORDS = {"class": "of another class", "box": "with another box", "mask": "with another mask"}


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _frame_text(change: Any) -> str:
    kinds: dict[str, int] = {}
    for found in change.objects:
        for kind in found.kinds:
            kinds[kind] = kinds.get(kind, 0) + 1
    return ", ".join([*change.fields, *(f"{kind} of {count:,}" for kind, count in kinds.items())])


def _printable(text: str) -> str:
    """Names may hold what moves a terminal's cursor."""
    from framepress.quality.report.places import printable

    return printable(text)
