"""Places beside a pixel's centre, where pixels at the edges of surfaces are drawn again.

Pixels are numbered in the order of the image; what belongs to their places lies one after the other, by pixel, in a
multiple of eight: of four places the rest is never used.
"""

import warp as wp

from framepress.headless.render.kernels.lens import ray
from framepress.headless.render.kernels.structs import PINHOLE, Cam

CENTRE = wp.constant(-1)
"""In `Places.owners`: the place shows what the pixel's centre shows."""


@wp.struct
class Fan:
    """A pixel's rays: to first order d + u across + v down at the offset (u, v)."""

    d: wp.vec3
    across: wp.vec3
    down: wp.vec3


@wp.struct
class Places:
    words: wp.array(dtype=wp.uint32)  # a bit a pixel of the image, 32 of one row
    first: wp.array(dtype=wp.int32)  # of each word: the number of its first pixel
    row: wp.int32  # words a row
    pixels: wp.array(dtype=wp.int32)  # y * width + x of each
    fans: wp.array(dtype=Fan)  # of each
    count: wp.int32  # places of a pixel
    stride: wp.int32  # the multiple of eight
    offsets: wp.array2d(dtype=wp.float32)  # (2, stride), of each place from the centre, px
    keys: wp.array(dtype=wp.uint64)  # what is seen at each place
    owners: wp.array(dtype=wp.int32)  # of each place: which one of its pixel is shaded for it
    colors: wp.array(dtype=wp.vec3)  # of each place that is its own owner: linear RGB as shown


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


@wp.func_native("""
#if defined(__CUDA_ARCH__)
    for (int k = 0; k < count; ++k) {
        const float u = index(offsets, 0, k), v = index(offsets, 1, k);
        const float ea = value[0] + across[0] * u + down[0] * v;
        const float eb = value[1] + across[1] * u + down[1] * v;
        const float ec = value[2] + across[2] * u + down[2] * v;
        const float inverse = value[3] + across[3] * u + down[3] * v;
        if (min(ea, min(eb, ec)) >= 0.0f && inverse >= least && inverse <= most) {
            const unsigned long long found =
                (unsigned long long)__float_as_uint(inverse) << 32 | (unsigned long long)(unsigned)triangle;
            atomicMax((unsigned long long*)&index(keys, at + k), found);
        }
    }
#else
    typedef float floats __attribute__((ext_vector_type(8)));
    typedef float loose_floats __attribute__((ext_vector_type(8), aligned(4)));
    typedef int ints __attribute__((ext_vector_type(8)));
    typedef unsigned int codes __attribute__((ext_vector_type(8)));
    typedef long long masks __attribute__((ext_vector_type(8)));
    typedef unsigned long long octet __attribute__((ext_vector_type(8)));
    typedef unsigned long long loose __attribute__((ext_vector_type(8), aligned(8)));
    const int stride = offsets.shape[1];
    for (int k = 0; k < count; k += 8) {
        const floats u = *(const loose_floats*)(offsets.data + k);
        const floats v = *(const loose_floats*)(offsets.data + stride + k);
        const floats ea = value[0] + across[0] * u + down[0] * v;
        const floats eb = value[1] + across[1] * u + down[1] * v;
        const floats ec = value[2] + across[2] * u + down[2] * v;
        const floats inverse = value[3] + across[3] * u + down[3] * v;
        const ints hit = (ea >= 0.0f) & (eb >= 0.0f) & (ec >= 0.0f) & (inverse >= least) & (inverse <= most);
        loose* to = (loose*)(keys.data + at + k);
        const octet old = *to;
        octet found = __builtin_convertvector(__builtin_bit_cast(codes, inverse), octet) << 32;
        found |= (unsigned)triangle;
        found &= __builtin_bit_cast(octet, __builtin_convertvector(hit, masks));
        *to = found > old ? found : old;
    }
#endif
""")
def fill_places(
    value: wp.vec4,
    across: wp.vec4,
    down: wp.vec4,
    offsets: wp.array2d(dtype=wp.float32),
    count: int,
    least: float,
    most: float,
    triangle: int,
    at: int,
    keys: wp.array(dtype=wp.uint64),
):
    """A triangle into the keys of one pixel's places, from `at` on; in C++ as `lines.fill_line` is.

    Args: value, across, down: the three edges and 1 / t are value + across * u + down * v.
    """
    ...
