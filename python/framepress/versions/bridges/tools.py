"""Other people's commands: found, new enough, run with fixed argument lists, and quoted where they fail.

No shell is used and no global setting of a tool is changed. A command has as long as it takes; what it says meanwhile
is handed on line by line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from framepress.errors import OptionError, OutputError

__all__ = ["DVC", "GIT", "LFS", "Answer", "Say", "Tool", "Tools"]

Say = Callable[[str], None]

_LAST_LINES = 12
# What a surrounding git (a hook, an alias) tells its children: it would lead ours to another repository.
_OF_ANOTHER_GIT = frozenset(
    "GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR "
    "GIT_NAMESPACE GIT_PREFIX GIT_CONFIG GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS".split()
)
_SETTINGS = {"LC_ALL": "C", "LANGUAGE": "C", "PYTHONUTF8": "1", "GIT_LITERAL_PATHSPECS": "1", "DVC_NO_ANALYTICS": "1"}


@dataclass(frozen=True)
class Tool:
    """A command.

    Args:
        command: the program, and the words that make it this tool.
        ask_version: arguments that make it print its version.
        oldest: version that is known to do.
        install: how to get it.
    """

    name: str
    command: tuple[str, ...]
    ask_version: tuple[str, ...]
    oldest: tuple[int, int]
    install: str


GIT = Tool("git", ("git",), ("--version",), (2, 31), "apt-get install git, or https://git-scm.com")
LFS = Tool("git-lfs", ("git", "lfs"), ("version",), (2, 10), "apt-get install git-lfs, or https://git-lfs.com")
DVC = Tool("dvc", ("dvc",), ("--version",), (3, 0), "pip install dvc")


@dataclass(frozen=True)
class Answer:
    """How a command ended: its exit code, its stdout, and the last lines of its stderr."""

    code: int
    out: bytes
    said: str


class Tools:
    """Runs tools in one folder.

    Args:
        say: gets each line that a tool says on stderr while `run` waits for it.
    """

    def __init__(self, folder: Path, say: Say | None = None) -> None:
        self.folder = folder
        self._say = say

    def require(self, *tools: Tool) -> None:
        """Raises:
        OptionError: one is not installed or too old; with how to install it.
        """
        for tool in tools:
            answer = self.ask(tool, *tool.ask_version)
            told = answer.out.decode(errors="replace")
            found = re.search(r"(\d+)\.(\d+)", told)
            if answer.code != 0 or found is None:
                raise OptionError(
                    f"{tool.name} is needed here but does not run ({answer.said or told}): {tool.install}"
                )
            if (int(found[1]), int(found[2])) < tool.oldest:
                needed = ".".join(map(str, tool.oldest))
                raise OptionError(
                    f"{tool.name}: version {needed} or newer is needed here, this is {told.strip()!r}: {tool.install}"
                )

    def run(self, tool: Tool, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """What the command printed.

        Raises:
            OptionError: it is not installed.
            OutputError: it failed; with its last words.
        """
        answer = self._answer(tool, arguments, stdin, env, self._say)
        if answer.code != 0:
            verb = next((word for word in arguments if not word.startswith("-") and "=" not in word), "")
            said = answer.said or answer.out.decode(errors="replace").strip()[-2000:] or "without a word"
            raise OutputError(f"{self.folder}: {tool.name} {verb} failed (exit {answer.code}): {said}")
        return answer.out

    def ask(self, tool: Tool, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Answer:
        """The same, where failing is an answer; what the tool says meanwhile is for nobody."""
        return self._answer(tool, arguments, stdin, env, None)

    def _answer(
        self, tool: Tool, arguments: Sequence[str], stdin: bytes, env: Mapping[str, str] | None, say: Say | None
    ) -> Answer:
        command = [_program(tool), *tool.command[1:], *arguments]
        environment = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_GIT}
        environment.update(_SETTINGS, **(env or {}))
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed:
            given.write(stdin)
            given.seek(0)
            process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=given, stdout=printed, stderr=subprocess.PIPE
            )
            try:
                said = _heard(process, say)
            except BaseException:
                process.terminate()
                process.wait()
                raise
            printed.seek(0)
            return Answer(process.returncode, printed.read(), said)


def _heard(process: subprocess.Popen[bytes], say: Say | None) -> str:
    """The last lines of what it says until it ends."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    assert process.stderr is not None
    with process.stderr as stream:
        for raw in stream:
            line = raw.decode(errors="replace").rstrip()
            last.append(line)
            if say is not None:
                say(line)
    process.wait()
    return "\n".join(last).strip()


def _program(tool: Tool) -> str:
    """On the path, or beside the Python that runs (an environment that is not activated).

    Raises:
        OptionError: it is nowhere.
    """
    name = tool.command[0]
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise OptionError(f"{tool.name} is needed here but is not installed: {tool.install}")
    return found
