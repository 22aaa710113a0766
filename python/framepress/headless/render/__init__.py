"""A visibility-buffer rasteriser in Warp kernels: a `Scene` and a camera as `Buffers`."""
