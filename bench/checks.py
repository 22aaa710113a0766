"""What the truth rules cost while a frame is written: 1280 x 720, 30 instances, all channels, one core.

    python bench/checks.py [--frames N] [--rounds N]

CPU milliseconds, median and 99th percentile, rule by rule in the order in which they run: the first one that asks for
something pays for it (samples of the objects, the fit of the 3D boxes), the others find it there. The masks are made
by the writer in any case, and beforehand here.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from workload import CLASSES, HEIGHT, WIDTH, depth, id_map, picture, table

from framepress.core import Boxes3D, Camera, Channels, Frame, Objects, View
from framepress.dataset.prepare import shown, with_masks
from framepress.quality.rule import rules_in
from framepress.quality.truth import neighbours, rules
from framepress.quality.truth.trace import Trace, trace_of
from framepress.quality.truth.writing import TruthCheck

FOCAL = 1108.5  # px


def frame(number: int) -> Frame:
    """A frame whose 3D boxes lie around what its depth and masks show."""
    ids = id_map(30, 30_000 + number)
    metres = depth(ids, number)
    K = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
    camera = Camera(WIDTH, HEIGHT, K, None, np.eye(4), 0.01, 1e4)
    rays = camera.rays()
    slant = np.linalg.norm(rays, axis=-1)
    bare = View(camera, channels=Channels({"instance": ids}, camera.size_wh))
    masks = shown(bare)
    centers, sizes = [], []
    for value in masks.ids.tolist():
        points = rays[ids == value] * metres[ids == value][:, None]
        low, high = points.min(0), points.max(0)
        centers.append((low + high) / 2)
        sizes.append(high - low + 0.02)
    count = len(masks)
    objects = Objects.build(
        [CLASSES[value % len(CLASSES)] for value in masks.ids.tolist()],
        id=masks.ids,
        track=[f"/World/thing_{value:03d}" for value in masks.ids.tolist()],
        box=masks.box.astype(float),
        box_full=masks.box.astype(float),
        box3d=Boxes3D(np.array(centers), np.array(sizes), np.tile([1.0, 0, 0, 0], (count, 1))),
        visibility=np.full(count, 0.9),
        truncation=np.zeros(count),
    )
    codes = np.concatenate([[0], 2 + np.arange(ids.max()) % len(CLASSES)]).astype(np.uint32)
    codes[masks.ids] = 2 + masks.ids % len(CLASSES)
    channels = {
        "rgb": picture(ids, number),
        "depth": metres,
        "range": (metres * slant).astype(np.float32),
        "semantic": codes[ids],
        "instance": ids,
        "normal": np.broadcast_to(np.float32([0, 0, -1]), (HEIGHT, WIDTH, 3)).copy(),
        "flow": np.zeros((HEIGHT, WIDTH, 2), np.float32),
    }
    names = {2 + code: name for code, name in enumerate(CLASSES)}
    view = View(camera, channels=Channels(channels, camera.size_wh), objects=objects, names=names)
    return Frame(f"{number:06d}", number, (view,), sequence="run", time_ns=number * 10**8)


def fresh(given: Frame) -> Frame:
    """The same frame with its masks made and nothing else known of it."""
    views = tuple(view.replaced(channels=view.channels.replaced()) for view in given.views)
    made = with_masks(given.replaced(views=views))
    for view in made.views:
        shown(view)
    return made


def timed(call: Callable[[], Any], taken: list[float]) -> Any:
    begin = time.process_time_ns()
    result = call()
    taken.append((time.process_time_ns() - begin) / 1e6)
    return result


def measure(frames: int, rounds: int) -> list[tuple[str, list[float]]]:
    """(rule, milliseconds a frame), with the trace and the whole check at the end."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    given = [frame(number) for number in range(frames)]
    of_frame, of_pair = rules_in(rules), rules_in(neighbours)
    taken: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        before: Trace | None = None
        check = TruthCheck(1)
        if turn == 1:
            taken.clear()  # the first round warms up
        for one in given:
            again = fresh(one)
            for rule in of_frame:
                found = timed(lambda rule=rule, again=again: list(rule(again)), taken.setdefault(rule.code, []))
                assert not found, found
            trace = timed(lambda again=again: trace_of(again), taken.setdefault("trace for the next frame", []))
            for rule in of_pair if before is not None else ():
                timed(lambda rule=rule, now=trace, b=before: list(rule(b, now)), taken.setdefault(rule.code, []))
            before = trace
            again = fresh(one)
            timed(lambda again=again, check=check: list(check(again)()), taken.setdefault("all, as written", []))
    return list(taken.items())


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args(argv)
    rows = [
        (name, f"{np.median(taken):.3f}", f"{np.percentile(taken, 99):.3f}")
        for name, taken in measure(options.frames, options.rounds)
    ]
    print(table("Truth rules, 1280 x 720, 30 instances, one core", ("rule", "median ms", "p99 ms"), rows))


if __name__ == "__main__":
    main()
