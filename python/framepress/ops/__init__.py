"""Pixel kernels: id maps, run lengths and polygons. numpy is the reference; compiled twins give the same bytes."""
