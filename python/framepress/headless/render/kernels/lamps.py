"""Light of lamps and suns on a metal/rough surface.

In C++, for on the CPU eight lamps are taken at a time, in the vector types of the Clang that Warp brings; on CUDA a
thread goes from lamp to lamp. Both are made of one text.
"""

import warp as wp

LANES = 8
"""Columns of a table of lamps are a multiple of this; what is left over has no colour."""

FIELDS = (
    "x",  # where the lamp is, relative to the camera, world's axes; of a distant light a unit vector towards it
    "y",
    "z",
    "local",  # 1; of a distant light 0: it is one unit away from everywhere
    "axis_x",  # unit: the way a panel shines, along a tube
    "axis_y",
    "axis_z",
    "red",  # radiance times area, exposed; of a distant light irradiance
    "green",
    "blue",
    "radius",  # of a disc of the lamp's area
    "least",  # of the square of a distance, below which light grows no more: a sphere's surface
    "soft",  # added to the square of a distance, so that light of a panel stays finite
    "even",  # 1 = shines alike to all sides
    "panel",  # 1 = shines by the cosine about its axis, on one side
    "tube",  # 1 = shines by the sine about its axis
)
"""Rows of a table of lamps."""

# With T a number, or eight of them; column(field) reads them, root, lower and higher work on them.
#
# The half vector is h = (v + l) / |v + l|, and |v + l|^2 = 2 + 2 v.l, so that (n.h)^2 = (n.v + n.l)^2 / (2 + 2 v.l).
MODEL = """
            T x = column(0) - p[0] * column(3);
            T y = column(1) - p[1] * column(3);
            T z = column(2) - p[2] * column(3);
            const T square = higher(x * x + y * y + z * z, T(1.0e-12f));
            const T inverse = 1.0f / root(square);
            x *= inverse;
            y *= inverse;
            z *= inverse;
            const T n_l = higher(n[0] * x + n[1] * y + n[2] * z, T(0.0f));
            const T v_l = v[0] * x + v[1] * y + v[2] * z;
            const T along = column(4) * x + column(5) * y + column(6) * z;
            const T facing = column(13) + column(14) * higher(-along, T(0.0f))
                + column(15) * root(higher(1.0f - along * along, T(0.0f)));
            const T scale = facing / higher(square + column(12), column(11));
            const T wide = lower(alpha + 0.5f * column(10) * root(scale), T(1.0f));
            const T a2 = wide * wide;
            const T across = higher(2.0f + 2.0f * v_l, T(1.0e-6f));
            const T q = 1.0f - 0.5f * root(across);
            const T fresnel = q * q * q * q * q;
            const T sum = n_v + n_l;
            const T d = sum * sum * (a2 - 1.0f) + across;
            const T masked = (n_v * (1.0f - k) + k) * (n_l * (1.0f - k) + k);
            const T lobe = a2 * across * across * 0.0795774715f / (d * d * masked);
            const T comes = scale * n_l * share;
            const auto leaves = [&](int c) {
                const T f = f0[c] * (1.0f - fresnel) + fresnel;
                return (base[c] * 0.318309886f * (1.0f - f) + f * lobe) * comes;
            };
            red += column(7) * leaves(0);
            green += column(8) * leaves(1);
            blue += column(9) * leaves(2);
"""


@wp.func_native(f"""
    const float k = alpha * 0.5f;
    const int count = lamps.shape[1];
#if defined(__CUDA_ARCH__)
    typedef float T;
    const auto root = [](T a) {{ return sqrtf(a); }};
    const auto lower = [](T a, T b) {{ return a < b ? a : b; }};
    const auto higher = [](T a, T b) {{ return a > b ? a : b; }};
    T red = 0.0f, green = 0.0f, blue = 0.0f;
    for (int i = 0; i < count; ++i) {{
        const auto column = [&](int field) {{ return index(lamps, field, i); }};
        const T share = i < 4 ? shares[i] : 1.0f;
{MODEL}
    }}
    return wp::vec3(red, green, blue);
#else
    typedef float T __attribute__((ext_vector_type(8)));
    typedef float loose __attribute__((ext_vector_type(8), aligned(4)));
    const auto root = [](T a) {{ return __builtin_elementwise_sqrt(a); }};
    const auto lower = [](T a, T b) {{ return a < b ? a : b; }};
    const auto higher = [](T a, T b) {{ return a > b ? a : b; }};
    T red = 0.0f, green = 0.0f, blue = 0.0f;
    T share = {{shares[0], shares[1], shares[2], shares[3], 1.0f, 1.0f, 1.0f, 1.0f}};
    for (int i = 0; i < count; i += 8) {{
        const auto column = [&](int field) {{ return (T) * (const loose*)(lamps.data + field * count + i); }};
{MODEL}
        share = 1.0f;
    }}
    wp::vec3 total;
    for (int i = 0; i < 8; ++i)
        total += wp::vec3(red[i], green[i], blue[i]);
    return total;
#endif
""")
def lamplight(
    lamps: wp.array2d(dtype=wp.float32),
    shares: wp.vec4,
    p: wp.vec3,
    n: wp.vec3,
    v: wp.vec3,
    n_v: float,
    base: wp.vec3,
    f0: wp.vec3,
    alpha: float,
) -> wp.vec3:
    """Radiance towards the camera: Lambert, and GGX with Schlick's Fresnel and Smith's masking as Karis fits it
    (Real Shading in Unreal Engine 4, 2013).

    A lamp's area is seen as a point of the same power: exact for spheres from outside, and on a disc's axis; its size
    widens the highlight.

    Args:
        lamps: `FIELDS`, a row each.
        shares: of the first four lamps' light, what reaches the point.
        p: the point, relative to the camera. n: unit normal; v: unit vector to the camera; n_v: their cosine.
        base: of Lambert's law. f0: mirrored head on. alpha: roughness squared.
    """
    ...
