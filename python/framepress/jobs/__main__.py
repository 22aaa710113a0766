"""`python -m framepress.jobs JOB.yaml OUT [--shard I/N]`, for Isaac Sim's python.sh and for `isaac-sim.sh --exec`.

Needs nothing that Isaac Sim's Python lacks. Prints the result as one line of JSON, the last one; an error's is
{"error": {"kind", "message"}}.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from framepress.errors import FramepressError
from framepress.jobs.hosts import close, in_editor
from framepress.jobs.run import run_shard, run_shard_async
from framepress.jobs.shards import shard_asked
from framepress.jobs.stopping import WAY_ON, terminable


def _spec(arguments: Sequence[str]) -> dict[str, Any]:
    parser = argparse.ArgumentParser("framepress.jobs", description="Make one shard of a capture job.")
    parser.add_argument("job", metavar="JOB.yaml")
    parser.add_argument("out", metavar="OUT", help="the job's folder; shards lie below it")
    parser.add_argument("--shard", metavar="I/N", help="which, from 0; else as Kubernetes, Slurm or RANK say")
    parser.add_argument("--shards", metavar="N", type=int, help="how many there are, where that is not known")
    parser.add_argument("--stand-in", action="store_true", help="even where there is an Isaac Sim")
    given = parser.parse_args(arguments)
    shard = shard_asked(given.shard, given.shards, os.environ)
    return {
        "job": given.job,
        "out": given.out,
        "shard": shard.index,
        "shards": shard.count,
        "stand_in": given.stand_in,
    }


def _told(error: BaseException) -> int:
    """The exit code, after the error was told; with its traceback where nobody raised it on purpose."""
    if isinstance(error, SystemExit):  # argparse has told it
        return error.code if isinstance(error.code, int) else 2
    kind, message, code = type(error).__name__, str(error), getattr(error, "exit_code", 2)
    if isinstance(error, KeyboardInterrupt):
        kind, message, code = "Interrupted", f"interrupted; {WAY_ON}", 130
    elif not isinstance(error, FramepressError | ImportError):
        code = 3 if isinstance(error, OSError) else 70
        traceback.print_exception(error)
    print(json.dumps({"error": {"kind": kind, "message": message}}), flush=True)
    return code


def main(arguments: Sequence[str]) -> int:
    """The exit code; Isaac Sim's own way to end may replace it."""
    try:
        with terminable():
            print(json.dumps(run_shard(_spec(arguments))), flush=True)
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # told here: a host that is closed may tell nothing
        return _told(error)
    return 0


async def main_async(arguments: Sequence[str]) -> None:
    """As `main`, inside the editor, which ends afterwards: without a window nobody else would end it."""
    import omni.kit.app

    code = 0
    try:
        print(json.dumps(await run_shard_async(_spec(arguments))), flush=True)
    except (Exception, SystemExit) as error:
        code = _told(error)
    finally:
        omni.kit.app.get_app().post_quit(code)


if __name__ == "__main__":
    if in_editor():
        asyncio.ensure_future(main_async(sys.argv[1:]))  # noqa: RUF006 - the application's loop runs it
    else:
        ended = main(sys.argv[1:])
        close()
        sys.exit(ended)
