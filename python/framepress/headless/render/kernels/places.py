"""Places beside a pixel's centre, where pixels at the edges of surfaces are drawn again.

Pixels are numbered in the order of the image; what belongs to their places lies one after the other, by pixel.
"""

import warp as wp

from framepress.headless.render.kernels.lens import ray
from framepress.headless.render.kernels.structs import PINHOLE, Cam

CENTRE = wp.constant(-1)
"""In `Places.owners`: the place shows what the pixel's centre shows."""


@wp.struct
class Places:
    words: wp.array(dtype=wp.uint32)  # a bit a pixel of the image, 32 of one row
    first: wp.array(dtype=wp.int32)  # of each word: the number of its first pixel
    row: wp.int32  # words a row
    pixels: wp.array(dtype=wp.int32)  # y * width + x of each
    offsets: wp.array(dtype=wp.vec2)  # of each place from the centre, px
    keys: wp.array(dtype=wp.uint64)  # what is seen at each place
    owners: wp.array(dtype=wp.int32)  # of each place: which one of its pixel is shaded for it
    colors: wp.array(dtype=wp.vec3)  # of each place that is its own owner: linear RGB as shown


@wp.struct
class Fan:
    """A pixel's rays: to first order d + u across + v down at the offset (u, v)."""

    d: wp.vec3
    across: wp.vec3
    down: wp.vec3


@wp.func
def step_between(d: wp.vec3, before: wp.vec3, after: wp.vec3) -> wp.vec3:
    """The change of a ray from a pixel to the next; zero rays, which the lens does not see, have no say."""
    step = wp.vec3(0.0, 0.0, 0.0)
    if wp.length_sq(after) > 0.0:
        step = after - d
    elif wp.length_sq(before) > 0.0:
        step = d - before
    return step


@wp.func
def fan_of(cam: Cam, rays: wp.array2d(dtype=wp.vec3), x: int, y: int) -> Fan:
    fan = Fan()
    fan.d = ray(cam, rays, x, y)
    if cam.model == PINHOLE:
        fan.across = wp.vec3(1.0 / cam.fx, 0.0, 0.0)
        fan.down = wp.vec3(0.0, 1.0 / cam.fy, 0.0)
    else:
        none = wp.vec3(0.0, 0.0, 0.0)
        left = none
        right = none
        above = none
        below = none
        if x > 0:
            left = rays[y, x - 1]
        if x + 1 < cam.width:
            right = rays[y, x + 1]
        if y > 0:
            above = rays[y - 1, x]
        if y + 1 < cam.height:
            below = rays[y + 1, x]
        fan.across = step_between(fan.d, left, right)
        fan.down = step_between(fan.d, above, below)
    return fan
