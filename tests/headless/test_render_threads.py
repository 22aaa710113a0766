"""Bytes depend on nothing but the scene."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from made_scenes import Part, box, camera_at, lens_of, moved, pinhole, scene_of, sheet, soup, sphere

pytest.importorskip("warp", reason="rendering needs warp-lang")

from framepress.headless.buffers import Passes
from framepress.headless.render.renderer import Renderer

ALL = Passes(normals=True, motion=True, amodal=True)
LENSES = (
    pinhole((211, 133), 170),
    lens_of("opencvPinhole", (150, 90), 120, (-0.28, 0.07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), max_theta=0.9),
    lens_of("opencvFisheye", (97, 61), 30, (0.01, -0.002, 0, 0), max_theta=2.2),
)


def digest(threads: int | None) -> str:
    """Of all buffers of two frames of three cameras."""
    rng = np.random.default_rng(11)
    parts = [Part(soup(rng, 300, 0.3, 2.0)), Part(sheet(30, 30), moved((0, 0, -1.2)))]
    parts += [
        Part(shape, moved(rng.uniform(-2, 2, 3), rng.uniform(0, 360, 3), rng.uniform(0.2, 0.7, 3)))
        for shape in (sphere(1, 30), box())
        for _ in range(12)
    ]
    renderer = Renderer(threads=threads)
    found = hashlib.sha256()
    for frame in range(2):
        renderer.begin_frame(scene_of([*parts, Part(box((0.4, 0.4, 0.4)), moved((frame * 0.2, -1, 0)))]))
        for lens in LENSES:
            buffers = renderer.render(camera_at((0.3, -4 + frame * 0.1, 0.5), lens=lens), ALL)
            for name in buffers.__slots__:
                values = getattr(buffers, name)
                if values is not None:
                    found.update(np.ascontiguousarray(values).tobytes())
    return found.hexdigest()


def test_one_two_and_three_threads_draw_the_same_bytes():
    assert digest(1) == digest(2) == digest(3) == digest(None)


def test_another_process_draws_the_same_bytes():
    program = "import sys; sys.path[:0] = sys.argv[1:]; from test_render_threads import digest; print(digest(2))"
    run = subprocess.run([sys.executable, "-c", program, *sys.path], capture_output=True, text=True, check=True)
    assert run.stdout.split()[-1] == digest(2)


def test_an_error_in_a_thread_is_raised():
    from framepress.headless.render.bands import Bands

    def work(first: int, end: int) -> None:
        if first <= 5 < end:
            raise ValueError("row 5")

    bands = Bands("cpu", 2)
    with pytest.raises(ValueError, match="row 5"):
        bands.run(work, bands.edges(9))


@pytest.mark.parametrize("total", [0, 1, 7, 8, 9, 720, 721])
@pytest.mark.parametrize("threads", [1, 2, 3, 64])
def test_ranges_make_up_the_whole_and_meet_at_multiples(total, threads):
    from framepress.headless.render.bands import Bands

    ranges = Bands("cpu", threads).edges(total, 8)
    assert [row for first, end in ranges for row in range(first, end)] == list(range(total))
    assert all(first % 8 == 0 for first, _ in ranges)
