"""What the tools themselves say, and what a dataset's users put into it."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str, stdin: str = "") -> str:
    """What a plain git says."""
    run = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, encoding="utf-8", input=stdin)
    assert run.returncode == 0, run.stderr
    return run.stdout


def files(root: Path) -> dict[str, bytes]:
    """What a dataset's users put there; the tools' own files are left out."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not {".git", ".dvc", ".framepress"} & set(path.relative_to(root).parts)
        and not path.name.endswith(".dvc")
        and path.name not in (".gitignore", ".gitattributes", ".dvcignore")
    }


def records(folder: Path) -> set[str]:
    """Our own files that git has; the journal by its folder."""
    names = git(folder, "ls-files", "-z", "--", ".framepress").split("\0")[:-1]
    return {".framepress/journal" if name.startswith(".framepress/journal/") else name for name in names}


RECORDS = {".framepress/dataset.json", ".framepress/finished.json", ".framepress/ledger.jsonl"}
"""Of our own, what belongs to a version beside the journal."""
