"""The Warp kernels; nothing but kernels, functions and structs, which run on the CPU and on CUDA alike."""
