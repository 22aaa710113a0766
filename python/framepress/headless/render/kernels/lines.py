"""The innermost loops of drawing: the pixels of one image row against one triangle.

In C++, for on the CPU eight pixels are taken at a time, in the vector types of the Clang that Warp brings; on CUDA a
thread goes from pixel to pixel. What is computed of a pixel is the same, operation by operation.

`fill_line` and `fill_rays` write `key_of` (see `structs`) into `keys` where it is greater, and where `word` is not
NO_WORD a bit of the same pixel into `bits`: column x of the row is bit x % 32 of word `word` + x / 32. On the CPU rows
of `keys` and of `rays` have room for eight columns more than the image.
"""

import warp as wp

NO_WORD = wp.constant(-2147483648)

VECTORS = """
    typedef float floats __attribute__((ext_vector_type(8)));
    typedef int ints __attribute__((ext_vector_type(8)));
    typedef unsigned int codes __attribute__((ext_vector_type(8)));
    typedef bool bools __attribute__((ext_vector_type(8)));
    typedef long long masks __attribute__((ext_vector_type(8)));
    typedef unsigned long long octet __attribute__((ext_vector_type(8)));
    typedef unsigned long long loose __attribute__((ext_vector_type(8), aligned(8)));
    typedef float loose_floats __attribute__((ext_vector_type(8), aligned(4)));
"""

OCTET = """
        loose* at = (loose*)(line + 8 * (size_t)x);
        const octet old = *at;
        octet found = __builtin_convertvector(__builtin_bit_cast(codes, inverse), octet) << 32;
        found |= (unsigned)triangle;
        found &= __builtin_bit_cast(octet, __builtin_convertvector(hit, masks));
        *at = found > old ? found : old;
        if (word != -2147483647 - 1) {
            // The second word may be another thread's: it is touched only where a pixel of ours is in it.
            const unsigned int set = __builtin_bit_cast(unsigned char, __builtin_convertvector(hit, bools));
            const unsigned long long both = (unsigned long long)set << (x & 31);
            unsigned int* words = bits.data + word + (x >> 5);
            words[0] |= (unsigned)both;
            if (both >> 32)
                words[1] |= (unsigned)(both >> 32);
        }
"""

PIXEL = """
        if (min(ea, min(eb, ec)) >= 0.0f && inverse >= least && inverse <= most) {
            const unsigned long long found =
                (unsigned long long)__float_as_uint(inverse) << 32 | (unsigned long long)(unsigned)triangle;
            atomicMax((unsigned long long*)&index(keys, y, x), found);
            if (word != -2147483647 - 1)
                atomicOr(&index(bits, word + (x >> 5)), 1u << (x & 31));
        }
"""


@wp.func_native(f"""
#if defined(__CUDA_ARCH__)
    for (int x = first; x < end; ++x) {{
        const float column = (float)x + shift;
        const float ea = slope[0] * column + value[0];
        const float eb = slope[1] * column + value[1];
        const float ec = slope[2] * column + value[2];
        const float inverse = slope[3] * column + value[3];
{PIXEL}
    }}
#else
{VECTORS}
    const floats lanes = {{0, 1, 2, 3, 4, 5, 6, 7}};
    char* line = (char*)keys.data + (size_t)y * keys.strides[0];
    for (int x = first; x < end; x += 8) {{
        const floats column = lanes + ((float)x + shift);
        const floats ea = slope[0] * column + value[0];
        const floats eb = slope[1] * column + value[1];
        const floats ec = slope[2] * column + value[2];
        const floats inverse = slope[3] * column + value[3];
        const ints within = (inverse >= least) & (inverse <= most) & (lanes < (float)(end - x));
        const ints hit = (ea >= 0.0f) & (eb >= 0.0f) & (ec >= 0.0f) & within;
{OCTET}
    }}
#endif
""")
def fill_line(
    slope: wp.vec4,
    value: wp.vec4,
    shift: float,
    least: float,
    most: float,
    triangle: int,
    y: int,
    first: int,
    end: int,
    word: int,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """Of a pinhole, the columns [first, end).

    Args: slope, value, shift: the three edges and 1 / t are slope * (column + shift) + value.
    """
    ...


@wp.func_native(f"""
#if defined(__CUDA_ARCH__)
    for (int x = first; x < end; ++x) {{
        const float dx = index(rays, 3 * y, x), dy = index(rays, 3 * y + 1, x), dz = index(rays, 3 * y + 2, x);
        const float ea = a[0] * dx + a[1] * dy + a[2] * dz;
        const float eb = b[0] * dx + b[1] * dy + b[2] * dz;
        const float ec = c[0] * dx + c[1] * dy + c[2] * dz;
        const float inverse = n[0] * dx + n[1] * dy + n[2] * dz;
{PIXEL}
    }}
#else
{VECTORS}
    const ints lanes = {{0, 1, 2, 3, 4, 5, 6, 7}};
    char* line = (char*)keys.data + (size_t)y * keys.strides[0];
    const char* xs = (const char*)rays.data + 3 * (size_t)y * rays.strides[0];
    const char* ys = xs + rays.strides[0];
    const char* zs = ys + rays.strides[0];
    for (int x = first; x < end; x += 8) {{
        const floats dx = *(const loose_floats*)(xs + 4 * x);
        const floats dy = *(const loose_floats*)(ys + 4 * x);
        const floats dz = *(const loose_floats*)(zs + 4 * x);
        const floats ea = a[0] * dx + a[1] * dy + a[2] * dz;
        const floats eb = b[0] * dx + b[1] * dy + b[2] * dz;
        const floats ec = c[0] * dx + c[1] * dy + c[2] * dz;
        const floats inverse = n[0] * dx + n[1] * dy + n[2] * dz;
        const ints within = (inverse >= least) & (inverse <= most) & (lanes < end - x);
        const ints hit = (ea >= 0.0f) & (eb >= 0.0f) & (ec >= 0.0f) & within;
{OCTET}
    }}
#endif
""")
def fill_rays(
    a: wp.vec3,
    b: wp.vec3,
    c: wp.vec3,
    n: wp.vec3,
    rays: wp.array2d(dtype=wp.float32),
    least: float,
    most: float,
    triangle: int,
    y: int,
    first: int,
    end: int,
    word: int,
    keys: wp.array2d(dtype=wp.uint64),
    bits: wp.array(dtype=wp.uint32),
):
    """Of any other lens, the columns [first, end).

    Args:
        a, b, c, n: the three edges and 1 / t are their products with a ray.
        rays: x, y and z of the rays of each image row are three rows of it; 0 beyond the image.
    """
    ...


@wp.func_native(f"""
#if defined(__CUDA_ARCH__)
    for (int x = first; x < end; ++x) {{
        const float dx = flat ? ((float)x + 0.5f - cx) * per_fx : index(rays, 3 * y, x);
        const float dy = flat ? height : index(rays, 3 * y + 1, x);
        const float dz = flat ? 1.0f : index(rays, 3 * y + 2, x);
        float nx = blend.data[0][0] * dx + blend.data[0][1] * dy + blend.data[0][2] * dz;
        float ny = blend.data[1][0] * dx + blend.data[1][1] * dy + blend.data[1][2] * dz;
        float nz = blend.data[2][0] * dx + blend.data[2][1] * dy + blend.data[2][2] * dz;
        float square = nx * nx + ny * ny + nz * nz;
        if (!(square > 0.0f && square < 1.0e30f)) {{
            nx = facet[0], ny = facet[1], nz = facet[2];
            square = nx * nx + ny * ny + nz * nz;
        }}
        float scale = 1.0f / ::sqrtf(square);
        if (nx * facet[0] + ny * facet[1] + nz * facet[2] < 0.0f)
            scale = -scale;
        index(normals, y, x) = wp::vec4(nx * scale, ny * scale, nz * scale, 0.0f);
    }}
#else
{VECTORS}
    const floats lanes = {{0, 1, 2, 3, 4, 5, 6, 7}};
    const char* xs = (const char*)rays.data + 3 * (size_t)y * rays.strides[0];
    const char* ys = xs + rays.strides[0];
    const char* zs = ys + rays.strides[0];
    const floats fx = facet[0], fy = facet[1], fz = facet[2];
    for (int x = first; x < end; x += 8) {{
        floats dx = (lanes + (float)x + 0.5f - cx) * per_fx, dy = height, dz = 1.0f;
        if (!flat) {{
            dx = *(const loose_floats*)(xs + 4 * x);
            dy = *(const loose_floats*)(ys + 4 * x);
            dz = *(const loose_floats*)(zs + 4 * x);
        }}
        floats nx = blend.data[0][0] * dx + blend.data[0][1] * dy + blend.data[0][2] * dz;
        floats ny = blend.data[1][0] * dx + blend.data[1][1] * dy + blend.data[1][2] * dz;
        floats nz = blend.data[2][0] * dx + blend.data[2][1] * dy + blend.data[2][2] * dz;
        floats square = nx * nx + ny * ny + nz * nz;
        const ints sound = (square > 0.0f) & (square < 1.0e30f);
        nx = sound ? nx : fx;
        ny = sound ? ny : fy;
        nz = sound ? nz : fz;
        square = sound ? square : fx * fx + fy * fy + fz * fz;
        floats scale = 1.0f / __builtin_elementwise_sqrt(square);
        scale = nx * fx + ny * fy + nz * fz < 0.0f ? -scale : scale;
        nx *= scale;
        ny *= scale;
        nz *= scale;
        const int count = end - x < 8 ? end - x : 8;
        wp::vec4* at = (wp::vec4*)((char*)normals.data + (size_t)y * normals.strides[0]) + x;
        for (int i = 0; i < count; ++i)
            at[i] = wp::vec4(nx[i], ny[i], nz[i], 0.0f);
    }}
#endif
""")
def fill_normals(
    blend: wp.mat33,
    facet: wp.vec3,
    flat: bool,
    cx: float,
    per_fx: float,
    height: float,
    rays: wp.array2d(dtype=wp.float32),
    y: int,
    first: int,
    end: int,
    normals: wp.array2d(dtype=wp.vec4),
):
    """Unit normals of columns [first, end), on the side of `facet`.

    Where there is none to interpolate, or they cancel each other or are not finite, the facet has its own.

    Args:
        blend: a ray to any multiple of the normal. facet: not of unit length.
        flat: whether rays are (column, height, 1) of a pinhole; else they are those of `rays`, see `fill_rays`.
    """
    ...
