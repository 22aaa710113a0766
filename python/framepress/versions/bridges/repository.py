"""The git repository that a dataset lies in: at its root, or anywhere below it.

Commits are made on the branch that is checked out, of the dataset's folder only. Nothing here forces, moves a branch
by other means than a commit or a fast-forward, or touches what lies beside the dataset.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions.bridges.record import GitVersion, version_from
from framepress.versions.bridges.tools import GIT, Tools

__all__ = ["Blob", "Repository", "location"]

_LOG = "%x00".join(("%H", "%T", "%P", "%aN", "%cI", "%B"))
_AT_WORK = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
_NO_GUESSES = ("-c", "user.useConfigOnly=true")


class Blob(NamedTuple):
    """A file of a version: path below the dataset, mode as git writes it, the content's object name."""

    path: str
    mode: str
    id: str


class Repository:
    """Of a dataset that lies in one; see `above`."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.dataset = tools.folder
        asked = ("--show-object-format", "--path-format=absolute", "--show-toplevel", "--git-path", "index")
        self._format, root, index = os.fsdecode(tools.run(GIT, "rev-parse", *asked)).splitlines()
        self.root, self.index = Path(root), Path(index)
        self.own = self.index.parent
        inside = self.dataset.resolve().relative_to(self.root.resolve()).as_posix()
        self.prefix = "" if inside == "." else f"{inside}/"

    @staticmethod
    def above(tools: Tools) -> bool:
        """Whether the folder lies in the work tree of a repository.

        Raises:
            OptionError: it does, and that repository ignores it.
            OutputError: git refuses to say.
        """
        answer = tools.ask(GIT, "rev-parse", "--is-inside-work-tree")
        if answer.code != 0 and "not a git repository" not in answer.said:
            raise OutputError(f"{tools.folder}: git rev-parse failed (exit {answer.code}): {answer.said}")
        if answer.out.strip() != b"true":
            return False
        if tools.ask(GIT, "check-ignore", "-q", "--", str(tools.folder), env={"GIT_LITERAL_PATHSPECS": "0"}).code == 0:
            raise OptionError(f"{tools.folder}: is ignored by the git repository around it; take it out of .gitignore")
        return True

    def git(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> bytes:
        env = {} if index is None else {"GIT_INDEX_FILE": str(index)}
        return self.tools.run(GIT, *arguments, stdin=stdin, env=env)

    def head(self) -> str | None:
        """The commit that is checked out; None before the first."""
        answer = self.tools.ask(GIT, "rev-parse", "-q", "--verify", "HEAD^{commit}")
        return answer.out.decode().strip() or None

    def branch(self) -> str:
        """Raises:
        OutputError: none is checked out.
        """
        answer = self.tools.ask(GIT, "symbolic-ref", "-q", "--short", "HEAD")
        if answer.code != 0:
            raise OutputError(f"{self.dataset}: no branch is checked out; `git switch` to one first")
        return os.fsdecode(answer.out).strip()

    def setting(self, name: str) -> str:
        """The configured value; empty where there is none."""
        return os.fsdecode(self.tools.ask(GIT, "config", "--get", name).out).strip()

    def check_can_commit(self) -> None:
        """Raises:
        OptionError: git does not know who commits.
        OutputError: a merge is not done, no branch is checked out, or files beside the dataset are staged.
        """
        for who in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            answer = self.tools.ask(GIT, *_NO_GUESSES, "var", who)
            if answer.code != 0:
                raise OptionError(
                    f"{self.dataset}: git does not know who you are; tell it with `git config user.name NAME` and "
                    f"`git config user.email ADDRESS` ({answer.said.splitlines()[-1] if answer.said else who})"
                )
        self.branch()
        for name in _AT_WORK:
            if (self.own / name).exists():
                raise OutputError(f"{self.dataset}: git is in the middle of something ({name}); finish it first")
        staged = self.git("diff", "--cached", "--name-only", "--no-renames", "-z").split(b"\0")
        prefix = os.fsencode(self.prefix)
        foreign = [path for path in staged if path and not path.startswith(prefix)]
        if foreign:
            raise OutputError(
                f"{self.root}: {len(foreign)} files beside the dataset are staged, {os.fsdecode(foreign[0])} first; "
                "commit or unstage them first"
            )

    def commit(self, message: str, author: str, time: str) -> bool:
        """What is staged becomes a commit; False where nothing is.

        Raises:
            OutputError: git, or a hook of the user's, refused.
        """
        if self.tools.ask(GIT, "diff", "--cached", "--quiet").code == 0:
            return False
        wanted = [f"--author={self._full(author)}"] if author else []
        if time:
            wanted.append(f"--date={time}")
        env = {"GIT_COMMITTER_DATE": time} if time else {}
        arguments = ("commit", "-q", "--cleanup=whitespace", *wanted, "-F", "-")
        self.tools.run(GIT, *_NO_GUESSES, *arguments, stdin=message.encode(), env=env)
        return True

    def _full(self, author: str) -> str:
        """With the committer's address where it has none, as git wants one."""
        if "<" in author:
            return author
        known = self.git(*_NO_GUESSES, "var", "GIT_AUTHOR_IDENT").decode(errors="replace")
        return f"{author} {known[known.index('<') : known.index('>') + 1]}"

    def log(self) -> list[GitVersion]:
        """The branch's commits that touch the dataset, the latest first; numbered from the oldest on."""
        if self.head() is None:
            return []
        told = self.git("log", "--first-parent", "--encoding=UTF-8", "-z", f"--format={_LOG}", "HEAD", "--", ".")
        texts = told.decode(errors="replace").split("\0")[:-1]
        rows = [texts[start : start + 6] for start in range(0, len(texts), 6)]
        tags = self._tags()
        return [
            version_from((id, tree, parents, author, time, body), len(rows) - place, tuple(tags.get(id, ())))
            for place, (id, tree, parents, author, time, body) in enumerate(rows)
        ]

    def _tags(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        form = "--format=%(objectname) %(*objectname) %(refname:strip=2)"
        for line in os.fsdecode(self.git("for-each-ref", form, "refs/tags")).splitlines():
            direct, behind, name = line.split(" ", 2)
            found.setdefault(behind or direct, []).append(name)
        return found

    def tag(self, name: str, commit: str, note: str) -> None:
        """Raises:
        OptionError: the name is taken by another commit.
        """
        there = self.tools.ask(GIT, "rev-parse", "-q", "--verify", f"refs/tags/{name}^{{commit}}").out.decode().strip()
        if there and there != commit:
            raise OptionError(f"tag {name!r}: is taken by version {there[:12]}; a tag never moves, choose another")
        if not there:
            self.git(*_NO_GUESSES, "tag", "-a", "-F", "-", "--", name, commit, stdin=(note or name).encode())

    def blobs(self, commit: str) -> list[Blob]:
        """The dataset's files as git keeps them, by path."""
        told = self.git("ls-tree", "-r", "-z", commit, "--", ".")
        rows = [(os.fsdecode(path), *meta.split()) for meta, path in _entries(told)]
        return [Blob(path, mode, id) for path, mode, kind, id in rows if kind == "blob"]

    def staged(self, index: Path) -> dict[str, Blob]:
        """The same of an index; conflicting files are left out."""
        found = {}
        for meta, raw in _entries(self.git("ls-files", "-s", "-z", "--", ".", index=index)):
            mode, id, stage = meta.split()
            path = os.fsdecode(raw)
            if stage == "0":
                found[path] = Blob(path, mode, id)
        return found

    def belonging(self) -> list[str]:
        """Files that are in the dataset's next version: known to git, or new and not ignored."""
        told = self.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", ".")
        return [os.fsdecode(path) for path in told.split(b"\0")[:-1]]

    def ignored(self, paths: Iterable[str]) -> list[str]:
        """Those that git ignores, of files that it does not have."""
        given = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)
        # This command takes its arguments literally anyway, and refuses to be told so.
        answer = self.tools.ask(GIT, "check-ignore", "-z", "--stdin", stdin=given, env={"GIT_LITERAL_PATHSPECS": "0"})
        if answer.code not in (0, 1):
            raise OutputError(f"{self.dataset}: git check-ignore failed (exit {answer.code}): {answer.said}")
        return [os.fsdecode(path[2:]) for path in answer.out.split(b"\0")[:-1]]

    def contents(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Object name and content of each blob, in order.

        Raises:
            InputError: one is missing.
        """
        wanted = list(dict.fromkeys(ids))
        told = memoryview(self.git("cat-file", "--batch", stdin="".join(f"{id}\n" for id in wanted).encode()))
        at = 0
        for id in wanted:
            end = bytes(told[at : at + 200]).index(b"\n") + at
            fields = bytes(told[at:end]).split()
            if fields[-1] == b"missing":
                raise InputError(f"{self.root}: git lacks the content {id}; `git fsck` names what is damaged")
            size = int(fields[2])
            yield id, bytes(told[end + 1 : end + 1 + size])
            at = end + size + 2

    def changed(self) -> Iterator[tuple[str, str | None]]:
        """Path below the dataset and blob in the latest commit (None: not there) of each file that differs from it."""
        told = self.tools.run(
            GIT,
            "status",
            "--porcelain=v2",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--",
            ".",
            env={"GIT_OPTIONAL_LOCKS": "0"},
        )
        for entry in told.split(b"\0")[:-1]:
            kind, _, rest = os.fsdecode(entry).partition(" ")
            if kind == "?":
                yield rest.removeprefix(self.prefix), None
            elif kind == "1":
                _, _, mode, _, _, before, _, path = rest.split(" ", 7)
                yield path.removeprefix(self.prefix), None if mode == "000000" else before
            elif kind == "u":
                raise OutputError(
                    f"{self.dataset}: {rest.split(' ', 9)[9]} is in a conflict; resolve it with git first"
                )

    def between(self, before: str, after: str) -> Iterator[tuple[str, str | None, str | None]]:
        """Path and blobs of each of the dataset's files that differs between two commits, by path."""
        told = self.git("diff-tree", "-r", "-z", "--no-renames", "--relative", before, after, "--", ".").split(b"\0")
        for meta, path in zip(told[0:-1:2], told[1::2], strict=True):
            old_mode, new_mode, old, new, _ = meta.decode().removeprefix(":").split(" ")
            yield (
                os.fsdecode(path),
                None if old_mode == "000000" else old,
                None if new_mode == "000000" else new,
            )

    def remote(self, wanted: str) -> str:
        """A remote's name: the wanted one, or the branch's own, or the only one; "" where there is none.

        Args:
            wanted: a name, or a URL or folder, which becomes the remote `origin` where there is none yet.

        Raises:
            OptionError: it is neither.
        """
        names = os.fsdecode(self.git("remote")).split()
        if not wanted:
            return self.setting(f"branch.{self.branch()}.remote") or (names[0] if len(names) == 1 else "")
        if wanted in names:
            return wanted
        url = location(wanted)
        known = [name for name in names if self.setting(f"remote.{name}.url") == url]
        if known:
            return known[0]
        if names:
            raise OptionError(
                f"{wanted!r}: is no remote of {self.root} ({', '.join(names)}); `git remote add NAME {wanted}`"
            )
        self.git("remote", "add", "--", "origin", url)
        return "origin"

    def push(self, remote: str) -> None:
        """The branch, and those of its tags that have a message; a branch there that has other commits is refused."""
        branch = self.branch()
        tracked = [] if self.setting(f"branch.{branch}.remote") else ["--set-upstream"]
        self.git("push", *tracked, "--follow-tags", "--", remote, f"refs/heads/{branch}:refs/heads/{branch}")

    def pull(self, remote: str) -> None:
        """Forward to where the remote's branch of the same name is, with its tags.

        Raises:
            OutputError: there are commits here that the remote has not, or git refused.
        """
        self.git("pull", "-q", "--ff-only", "--tags", "--", remote, self.branch())

    def pushed(self) -> str | None:
        """Where the branch's remote stood when it was last heard of."""
        answer = self.tools.ask(GIT, "rev-parse", "-q", "--verify", "@{upstream}^{commit}")
        return answer.out.decode().strip() or None

    def commits(self, before: str | None, after: str) -> set[str]:
        """Those that lead from one to the other; all of them from None on."""
        beginning = [] if before is None else ["--not", before]
        return set(self.git("rev-list", "--first-parent", after, *beginning).decode().split())

    def restore(self, commit: str) -> None:
        """The dataset's tracked files, in the folder and in the index, become those of a commit; HEAD stays."""
        self.git("restore", f"--source={commit}", "--staged", "--worktree", "--", ".")

    def blob_id(self, content: bytes) -> str:
        """What git calls a content."""
        return hashlib.new(self._format, b"blob %d\0" % len(content) + content).hexdigest()


def location(wanted: str) -> str:
    """A URL as it is; a folder's as git and Git LFS both read it.

    Raises:
        OptionError: it is neither a URL nor a folder that is there.
    """
    if "://" in wanted or (":" in wanted.split("/")[0] and not Path(wanted).exists()):
        return wanted
    if Path(wanted).is_dir():
        return Path(wanted).resolve().as_uri()
    raise OptionError(f"{wanted!r}: is neither a remote's name, nor a URL, nor a folder; `git init --bare` makes one")


def _entries(told: bytes) -> Iterator[tuple[str, bytes]]:
    for entry in told.split(b"\0")[:-1]:
        meta, _, path = entry.partition(b"\t")
        yield meta.decode(), path
