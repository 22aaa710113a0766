"""A job's YAML file, in the manner of Isaac Sim's scene-based generation configs, read and checked as a whole."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from framepress.errors import FramepressError, InputError, OptionError
from framepress.replicator.options import Options
from framepress.replicator.writer import SCENE

__all__ = ["JobSpec", "read_job"]

WRITER = "FramepressWriter"
_OURS = ("output_dir", "backend", "existing", "origin", "first_frame")
"""Options of the writer that the job itself sets."""


@dataclass(frozen=True)
class JobSpec:
    """A job; paths are absolute.

    Args:
        where: the file, for messages.
        scene: a USD file or URL; env_url: a path below Isaac Sim's asset root; script: Python that records what
            changes, and may define `randomize(frame_index, rng)`. At most one of the first two, at least one of all.
        arguments: `sys.argv[1:]` of the script.
        cameras: prim paths; none: the render products that the script makes, or without a script all cameras.
        resolution: (width, height) [px] of `cameras`.
        delta_time: seconds between frames; None = one time code of the stage.
        reseed_frames: set the global seed to seed + frame before every frame.
        launch_config: of `SimulationApp`; `experience` among them is the application's .kit file.
        stand_in: `release` and `device` of the stand-in, where that makes the frames.
    """

    where: str
    num_frames: int
    writer_config: Mapping[str, Any]
    scene: str | None = None
    env_url: str | None = None
    script: Path | None = None
    arguments: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()
    resolution: tuple[int, int] = (1280, 720)
    rt_subframes: int = 4
    delta_time: float | None = None
    seed: int = 0
    reseed_frames: bool = False
    launch_config: Mapping[str, Any] | None = None
    stand_in: Mapping[str, Any] | None = None
    sha256: str = ""
    """Of the document, the script, the list of classes, and a scene that is a file; for what a scene refers to, which a
    host alone can tell, a shard's origin has a digest of its own."""

    @property
    def name(self) -> str:
        return Path(self.where).name


def read_job(path: Path | str) -> JobSpec:
    """A job from its file.

    Raises:
        InputError: no such file, or not YAML; with line and column.
        OptionError: a key that is unknown, missing or given twice, or a value that cannot be; with the way out.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    try:
        document = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise InputError(f"{path}: {_yaml_place(error)}") from error
    except ValueError as error:  # a date that does not exist
        raise InputError(f"{path}: is not usable YAML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deeply for a job") from error
    return job_of(document, str(path), path.parent)


def job_of(document: Any, where: str, folder: Path) -> JobSpec:
    """A job from what its file holds; relative paths begin at `folder`. Raises as `read_job`."""
    if not isinstance(document, Mapping):
        raise OptionError(f"{where}: holds {_kind(document)}; expected keys and values, such as num_frames: 100")
    for key in document:
        if key not in _KEYS:
            raise OptionError(f"{where}: {key}: there is no such key; there are {', '.join(_KEYS)}")
    if "num_frames" not in document:
        raise OptionError(f"{where}: num_frames is missing; say how many frames the whole job has")
    if not any(document.get(key) is not None for key in ("scene", "env_url", "script")):
        raise OptionError(f"{where}: nothing to capture; name a scene, an env_url, or a script")
    if document.get("scene") is not None and document.get("env_url") is not None:
        raise OptionError(f"{where}: scene and env_url both name a stage; keep one of them")
    values = {}
    for key, value in document.items():
        check, expected = _KEYS[key]
        if value is None:  # as if the key were not there
            continue
        if not check(value):
            raise OptionError(f"{where}: {key}: {json.dumps(value, default=str)}; expected {expected}")
        values[key] = value
    if values.pop("writer", WRITER) != WRITER:
        raise OptionError(
            f"{where}: writer: {document['writer']}; shards are judged and merged as datasets, which only {WRITER} "
            "writes; run other writers from a script of their own"
        )
    config = _writer_config(values, where, folder)
    experience = values.get("launch_config", {}).get("experience")
    if experience is not None:
        found = _file(str(experience), "launch_config: experience", where, folder)
        values["launch_config"] = {**values["launch_config"], "experience": str(found)}
    values["scene"] = _scene(values.get("scene"), folder)
    values["script"] = _file(values.get("script"), "script", where, folder)
    for key in ("arguments", "cameras", "resolution"):
        if key in values:
            values[key] = tuple(values[key])
    labels = config.get("labels") if isinstance(config.get("labels"), str) and config["labels"] != SCENE else None
    digest = _digest(document, values["script"], values["scene"], labels)
    return JobSpec(**{**values, "where": where, "writer_config": config, "sha256": digest})


def _writer_config(values: Mapping[str, Any], where: str, folder: Path) -> dict[str, Any]:
    config = {"seed": values.get("seed", 0), **values.get("writer_config", {})}
    taken = next((key for key in _OURS if key in config), None)
    if taken is not None:
        raise OptionError(f"{where}: writer_config: {taken}: is set by the job; leave it out")
    for key, value in (("on_error", "count"), ("on_full", "drop")):
        if config.get(key) == value:
            raise OptionError(
                f"{where}: writer_config: {key}: {value} leaves frames out, and a shard is complete with all of them; "
                "leave it out, and take shards as they are with `framepress merge OUT/shards/* DST`"
            )
    of_scene = config.get("labels") == SCENE
    if isinstance(config.get("labels"), str) and not of_scene:
        config["labels"] = str(_file(config["labels"], "writer_config: labels", where, folder))
    try:
        Options.of(**{**config, "labels": None if of_scene else config.get("labels")})
    except (FramepressError, TypeError) as error:
        raise OptionError(f"{where}: writer_config: {error}") from error
    return config


def _scene(text: str | None, folder: Path) -> str | None:
    """A URL stays one; whether a file is there shows when it is opened."""
    return text if text is None or "://" in text else str((folder / text).absolute())


def _file(text: str | None, key: str, where: str, folder: Path) -> Path | None:
    if text is None:
        return None
    path = (folder / text).absolute()
    if not path.is_file():
        raise OptionError(f"{where}: {key}: {text}: no such file (looked for {path}); paths begin at the job's folder")
    return path


def _digest(document: Mapping[str, Any], *files: Path | str | None) -> str:
    found = hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode())
    for file in files:  # a URL is none
        content = Path(file).read_bytes() if file is not None and Path(file).is_file() else b""
        found.update(hashlib.sha256(content).digest())
    return found.hexdigest()


# ---- YAML ------------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML would keep the last, and aliases, which unfold to any size."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias: Any = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"aliases (*{alias.anchor}) are refused; write the value out", alias.start_mark
            )
        return super().compose_node(parent, index)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
        if key.value in keys:
            raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
        keys.add(str(key.value))
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _yaml_place(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    place = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
    return f"{place}{problem or error}"


# ---- the table of keys -----------------------------------------------------------------------------------------------


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _whole(low: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and value >= low


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _paths(value: Any) -> bool:
    return _texts(value) and all(each.startswith("/") for each in value) and len(set(value)) == len(value)


def _size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_whole(1), value))


def _seconds(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < math.inf


def _options(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def _stand_in(value: Any) -> bool:
    return _options(value) and set(value) <= {"release", "device"} and _texts(list(value.values()))


_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "launch_config": (_options, "the keys of SimulationApp, such as {headless: true}"),
    "scene": (_text, "a USD file or URL"),
    "env_url": (_text, "a path below Isaac Sim's asset root, such as /Isaac/Environments/Grid/default_environment.usd"),
    "script": (_text, "a Python file"),
    "arguments": (_texts, "a list of texts"),
    "cameras": (_paths, "a list of prim paths, each once, such as [/World/Camera]"),
    "resolution": (_size, "[width, height] in pixels"),
    "num_frames": (_whole(1), "a whole number of at least 1"),
    "rt_subframes": (_whole(1), "a whole number of at least 1"),
    "delta_time": (_seconds, "seconds between two frames, at least 0"),
    "seed": (_whole(0), "a whole number of at least 0"),
    "reseed_frames": (lambda value: isinstance(value, bool), "true or false"),
    "writer": (_text, WRITER),
    "writer_config": (_options, "the writer's options, such as {formats: coco, labels: labels.yaml}"),
    "stand_in": (_stand_in, "release and device of the stand-in, as texts: {release: '5.1', device: cpu}"),
}
