"""The kernels compile for CUDA, also where there is none: only so is the part of them seen that the CPU leaves out."""

from __future__ import annotations

import pytest

pytest.importorskip("warp", reason="rendering needs warp-lang")

import warp as wp

import framepress.headless.render.renderer  # noqa: F401 -- brings every kernel
from framepress.headless.render import modules
from framepress.headless.render.kernels import structs, texture

ARCHITECTURES = [
    pytest.param(80, id="sm_80"),
    pytest.param(89, id="sm_89", marks=pytest.mark.slow),
    pytest.param(90, id="sm_90", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("module", [structs.MODULE, texture.MODULE], ids=["ids", "picture"])
def test_kernels_compile_ahead_of_time_for_cuda(module, architecture, tmp_path):
    modules.device_name("cpu")
    if architecture not in wp.get_cuda_supported_archs():
        pytest.skip(f"this build of Warp cannot compile for sm_{architecture}")
    files = wp.compile_aot_module(module, arch=architecture, module_dir=tmp_path, use_ptx=False)
    cubins = [file for file in files if file.name.endswith(f".sm{architecture}.cubin")]
    assert len(cubins) == 1
    assert cubins[0].read_bytes()[:4] == b"\x7fELF"
