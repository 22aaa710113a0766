"""What all commands share: how they answer, how they fail, and with which exit code.

0 ok · 1 a check has findings · 2 usage · 3 input or output · 4 corrupt input · 70 a bug here · 130 interrupted.
Answers go to stdout, everything else to stderr. With --json, stdout holds exactly one JSON document, errors included:
{"error": {"kind": ..., "message": ...}}. FRAMEPRESS_DEBUG=1 adds tracebacks.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from framepress.errors import FrameError, FramepressError

__all__ = ["Commands", "as_json", "command_line", "emit", "exit_code", "interruptible", "json_text", "note"]

BUG = 70
INTERRUPTED = 130
ARGUMENTS = "framepress.arguments"

as_json = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document on stdout.")


def emit(document: Any, text: str, *, as_json: bool) -> None:
    """The command's answer on stdout, in one of its two forms."""
    click.echo(json_text(document) if as_json else text)


def json_text(document: Any) -> str:
    """With names as they are, escaped only where they cannot be written."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # the name of a file that is no UTF-8
        return json.dumps(document, indent=1, allow_nan=False)
    return text


def command_line() -> list[str]:
    """The arguments that this run was given, without the program's name."""
    return list(click.get_current_context().meta[ARGUMENTS])


def note(text: str) -> None:
    """Something to tell beside the answer."""
    click.echo(text, err=True)


def exit_code(error: BaseException) -> int:
    """The exit code for what went wrong."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return INTERRUPTED
    if isinstance(error, FrameError) and not isinstance(error.__cause__, FramepressError | OSError | ImportError):
        return BUG  # in a thread, but a bug all the same
    if isinstance(error, FramepressError):
        return error.exit_code
    if isinstance(error, click.FileError | OSError):
        return 3
    if isinstance(error, click.ClickException | ImportError):  # the latter: an extra that is not installed
        return 2
    return BUG


class Commands(click.Group):
    """The command group, whose help has sections; ends the process with an exit code and a message, never with a bare
    traceback.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._sections: dict[str, list[click.Command]] = {}

    def add_section(self, title: str, commands: Sequence[click.Command]) -> None:
        """Commands that the help lists together, in this order."""
        self._sections[title] = list(commands)
        for command in commands:
            self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(len(command.name or "") for commands in self._sections.values() for command in commands)
        for title, commands in self._sections.items():
            with formatter.section(title):
                formatter.write_dl(
                    [((command.name or "").ljust(width), command.get_short_help_str(100)) for command in commands]
                )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **settings: Any) -> NoReturn:
        given = list(sys.argv[1:] if args is None else args)
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # closed by who started us
                setattr(sys, name, open(os.devnull, "w"))
        try:
            code = super().main(given, *rest, **{**settings, "standalone_mode": False})
            sys.stdout.flush()
        except (BrokenPipeError, SystemExit):  # the latter is click's own answer to the former
            _no_more_answers()  # who asked has left
            sys.exit(0)
        except (Exception, KeyboardInterrupt) as error:
            _tell(error, as_json="--json" in given)
            sys.exit(exit_code(error))
        sys.exit(code if isinstance(code, int) else 0)


def _no_more_answers() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: BaseException, *, as_json: bool) -> None:
    code = exit_code(error)
    interrupted = code == INTERRUPTED
    kind = "Interrupted" if interrupted else type(error).__name__
    message = _message(error)
    if as_json:
        try:
            emit({"error": {"kind": kind, "message": message}}, "", as_json=True)
            sys.stdout.flush()
        except OSError:  # that stdout cannot be written to may be the very error
            _no_more_answers()
    if code == BUG or (os.environ.get("FRAMEPRESS_DEBUG") and not interrupted):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if code == BUG:
        note("framepress: this is a bug in framepress; please report it with the lines above")
    elif isinstance(error, click.UsageError) and error.ctx is not None:
        note(f"{error.ctx.get_usage()}\n{error.ctx.command_path}: {message}")
    else:
        note(f"framepress: {_printable(message)}")


def _printable(message: str) -> str:
    """Names of files may hold what moves a terminal's cursor."""
    from framepress.quality.report.places import printable

    return "\n".join(printable(line) for line in message.split("\n"))


def _message(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, click.Abort):  # click's name for Ctrl-C
        return str(error.__cause__ or "") or "interrupted"
    return str(error) or type(error).__name__


@contextmanager
def interruptible(way_on: str) -> Iterator[None]:
    """Where the block is interrupted, the message says how to go on.

    Raises:
        KeyboardInterrupt: with that message.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(f"interrupted; {way_on}") from error
