from __future__ import annotations

import pytest


@pytest.fixture(params=["numpy", "numba"])
def twin(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs the test once with each kernel backend that is installed."""
    if request.param == "numba":
        pytest.importorskip("numba", reason="needs the extra 'fast'")
    monkeypatch.setenv("FRAMEPRESS_BACKEND", request.param)
    return request.param
