"""Our lines in a file that is the user's: one marked block at its top, where the user's own lines overrule it.

In `.gitattributes` and `.gitignore` of git the last line that matches wins.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from framepress.errors import InputError
from framepress.versions.place import write_whole

__all__ = ["add_lines", "pattern"]

_BEGIN = "# framepress: written by `framepress version`; your own lines go below and overrule these"
_END = "# framepress: end"


def add_lines(file: Path, lines: Iterable[str]) -> None:
    """The file's block has these lines too, in the order in which they came first; all else stays as it is.

    Raises:
        InputError: the file is no text, or the block does not end.
        OutputError: the disk refused.
    """
    try:
        found = file.read_bytes().decode() if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
    ours, theirs = _parted(found, file)
    wanted = list(dict.fromkeys([*ours, *lines]))
    if wanted != ours:
        write_whole(file, ("\n".join([_BEGIN, *wanted, _END]) + "\n" + theirs).encode())


def _parted(text: str, file: Path) -> tuple[list[str], str]:
    """The block's lines, and everything else."""
    lines = text.splitlines(keepends=True)
    bare = [line.rstrip("\r\n") for line in lines]
    if _BEGIN not in bare:
        return [], text
    begin = bare.index(_BEGIN)
    if _END not in bare[begin:]:
        raise InputError(f"{file}: line {begin + 1} begins a block that does not end; add the line {_END!r} behind it")
    end = bare.index(_END, begin)
    return bare[begin + 1 : end], "".join(lines[:begin] + lines[end + 1 :])


def pattern(path: str) -> str:
    """The pattern of gitattributes(5) that matches this path below the file's folder, and nothing else."""
    escaped = "".join(f"\\{char}" if char in "*?[]\\" else char for char in f"/{path}")
    if not any(char.isspace() or char == '"' or not char.isprintable() for char in escaped):
        return escaped
    quoted = "".join(
        f"\\{byte:03o}" if byte < 32 or byte >= 127 else f"\\{chr(byte)}" if chr(byte) in '"\\' else chr(byte)
        for byte in escaped.encode()
    )
    return f'"{quoted}"'
