"""Where a point falls on the image, and back."""

# ruff: noqa: UP018 -- in a kernel, float(0.0) makes a variable and 0.0 a constant

import warp as wp

from framepress.headless.render.kernels.structs import BROWN, PINHOLE, Cam


@wp.func
def project(cam: Cam, p: wp.vec3) -> wp.vec2:
    """Pixel of a point in camera space; z > 0 unless the lens is a fisheye."""
    uv = wp.vec2(0.0, 0.0)
    if cam.model == PINHOLE:
        near = 1.0 / p[2]
        uv = wp.vec2(cam.fx * p[0] * near + cam.cx, cam.fy * p[1] * near + cam.cy)
    elif cam.model == BROWN:
        x = p[0] / p[2]
        y = p[1] / p[2]
        r2 = x * x + y * y
        radial = (1.0 + r2 * (cam.k[0] + r2 * (cam.k[1] + r2 * cam.k[4]))) / (
            1.0 + r2 * (cam.k[5] + r2 * (cam.k[6] + r2 * cam.k[7]))
        )
        u = x * radial + 2.0 * cam.k[2] * x * y + cam.k[3] * (r2 + 2.0 * x * x) + r2 * (cam.k[8] + r2 * cam.k[9])
        v = y * radial + cam.k[2] * (r2 + 2.0 * y * y) + 2.0 * cam.k[3] * x * y + r2 * (cam.k[10] + r2 * cam.k[11])
        uv = wp.vec2(cam.fx * u + cam.cx, cam.fy * v + cam.cy)
    else:
        r = wp.sqrt(p[0] * p[0] + p[1] * p[1])
        theta = wp.atan2(r, p[2])
        t2 = theta * theta
        bent = theta * (1.0 + t2 * (cam.k[0] + t2 * (cam.k[1] + t2 * (cam.k[2] + t2 * cam.k[3]))))
        scale = float(0.0)
        if r > 0.0:
            scale = bent / r
        uv = wp.vec2(cam.fx * p[0] * scale + cam.cx, cam.fy * p[1] * scale + cam.cy)
    return uv


@wp.func(inline=True)
def ray(cam: Cam, rays: wp.array2d(dtype=wp.vec3), x: int, y: int) -> wp.vec3:
    """Through the centre of a pixel: z = 1, or of a fisheye unit length; zero = the lens sees nothing there."""
    d = wp.vec3((float(x) + 0.5 - cam.cx) * cam.per_fx, (float(y) + 0.5 - cam.cy) * cam.per_fy, 1.0)
    if cam.model != PINHOLE:
        d = rays[y, x]
    return d


@wp.func
def pixel_of(cam: Cam, p: wp.vec3) -> wp.vec3:
    """Pixel of a point, or of any positive multiple of it, and 1 = it has one, 0 = the lens does not see there."""
    at = wp.vec3(0.0, 0.0, 0.0)
    low = float(0.0)
    if cam.model != PINHOLE:
        low = cam.limit * wp.length(p)
    if p[2] > low:
        uv = project(cam, p)
        at = wp.vec3(uv[0], uv[1], 1.0)
    return at


@wp.func
def on_screen(cam: Cam, p: wp.vec3) -> wp.vec3:
    """Pixel of a point, and: 1 = it has one, 0 = it is before a pinhole's near plane or beyond the domain of another
    lens, where its pixel says nothing of what is drawn; -1 = it is not finite."""
    at = wp.vec3(0.0, 0.0, 0.0)
    if not wp.isfinite(p[0] + p[1] + p[2]):
        at = wp.vec3(0.0, 0.0, -1.0)
    else:
        seen = p[2] >= cam.near
        if cam.model != PINHOLE:
            seen = p[2] > cam.domain * wp.length(p)
        if seen:
            uv = project(cam, p)
            at = wp.vec3(uv[0], uv[1], 1.0)
    return at
