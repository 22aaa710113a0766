"""A capture job in a YAML file, run in shards: on one machine or many, in Isaac Sim or the stand-in, and merged.

    spec (what is asked) -> shards (which frames are mine) -> run (make them) -> gather (one dataset of all)

The unit is `run_shard(spec: dict) -> dict`, plain JSON in and out; `launch` runs several side by side.
"""

from framepress.jobs.gather import merge_shards
from framepress.jobs.run import run_shard, run_shard_async
from framepress.jobs.spec import JobSpec, read_job

__all__ = ["JobSpec", "merge_shards", "read_job", "run_shard", "run_shard_async"]
