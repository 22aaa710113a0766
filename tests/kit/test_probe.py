"""The probe asks the stand-in, gets what is known of it, and its answers settle what the adapter takes for granted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress.capture.payload import frame_from_payload
from framepress.capture.policy import Policy
from framepress.cli import main
from framepress.errors import InputError
from framepress.headless.host import RELEASES
from framepress.replicator import probe, probe_answers
from framepress.replicator.options import Options

SIZE = (80, 60)
KNOWN = {
    "depth_unit": "scene units",
    "aperture_sign": "as read",
    "bbox_ids": "different",
    "loose_clipping": "clipped",
    "product_order": "as attached",
    "camera_type": "str",
    "menu_merging": "unknown",
    "root_manifest": "unknown",
    "reseeding": "draws follow more than the seed",
}


@pytest.fixture(autouse=True)
def _no_isaac_sim(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ISAAC_PATH", "CARB_APP_PATH"):
        monkeypatch.delenv(variable, raising=False)


def asked(out: Path, release: str) -> dict[str, Any]:
    arguments = ["run", str(probe.__file__), "--release", release, "--json", "--", str(out)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(out.read_text())
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_the_stand_in_of_every_release_answers_as_is_known_of_it(release: str, tmp_path: Path) -> None:
    found = asked(tmp_path / "probe.json", release)
    answers = {name: entry["answer"] for name, entry in found["answers"].items()}
    assert {name: answers[name] for name in KNOWN} == KNOWN
    assert sorted(entry["number"] for entry in found["answers"].values()) == list(range(1, 16))
    assert found["host"]["stand_in"] is True
    assert found["host"]["isaac_sim"].startswith(release)
    assert answers["names"]["rep.backends.get"] is (release != "4.5")
    assert answers["key_types"]["instance_segmentation_fast"] == {"idToLabels": "int", "idToSemantics": "int"}
    assert answers["key_types"]["semantic_segmentation"] == {"idToLabels": "str"}
    assert "register" in answers["backend_registry"]
    unknown = [name for name, answer in answers.items() if answer == "unknown"]
    assert all(found["answers"][name]["evidence"] for name in unknown), "what is unknown has a reason"


def test_a_host_that_cannot_capture_is_asked_the_rest(tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text(f"""
import sys
import omni.replicator.core as rep
def refused(*args, **kwargs): raise RuntimeError("no such annotator")
rep.AnnotatorRegistry.get_annotator = refused
from framepress.replicator import probe
probe.main([{str(tmp_path / "probe.json")!r}])
""")
    command = [sys.executable, "-m", "framepress.cli", "run", str(script), "--stand-in"]
    environ = {**os.environ, "PYTHONPATH": str(Path(probe.__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "probe.json").read_text())
    assert "no such annotator" in found["capture"]["error"]
    assert "the capture failed: " in done.stdout
    answers = {name: entry["answer"] for name, entry in found["answers"].items()}
    assert answers["depth_unit"] == answers["reseeding"] == "unknown"
    assert "python" in answers["versions"]


def test_without_an_isaac_sim_it_says_how_to_ask(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "framepress.replicator.probe", str(tmp_path / "probe.json")]
    environ = {**os.environ, "PYTHONPATH": str(Path(probe.__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, env=environ)
    assert done.returncode == 2
    assert "python.sh" in done.stderr
    assert not (tmp_path / "probe.json").exists()


def depth_and_camera(depth: float, offset: tuple[float, float]) -> dict[str, Any]:
    """One product of a 0.01 m stage whose camera sees a flat wall; P[2, 0] and P[2, 1] are `offset`."""
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = 1.8, 1.8 * SIZE[0] / SIZE[1]
    projection[2, :2], projection[2, 3], projection[3, 2] = offset, -1, 1
    params = {
        "cameraModel": "pinhole",
        "cameraNearFar": np.array([1, 1e6], np.float32),
        "cameraProjection": projection.ravel(),
        "cameraViewTransform": np.eye(4).ravel(),
        "metersPerSceneUnit": 0.01,
        "renderProductResolution": np.array(SIZE, np.int32),
    }
    pixels = np.full(SIZE[::-1], depth, np.float32)
    product = {"camera": "/World/Eye", "resolution": SIZE, "camera_params": params, "distance_to_image_plane": pixels}
    return {"renderProducts": {"Eye": product}, "reference_time": (0, 1)}


def written(path: Path, **answers: str) -> str:
    entries = {"depth_unit": "unknown", "aperture_sign": "unknown", **answers}
    document = {"schema": "framepress.probe", "version": 1, "answers": {k: {"answer": v} for k, v in entries.items()}}
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize(
    ("answers", "metres", "centre", "unverified"),
    [
        ({}, 4.0, (40 - 8, 30 + 3), 1),
        ({"depth_unit": "scene units"}, 4.0, (40 - 8, 30 + 3), 0),
        ({"depth_unit": "metres"}, 400.0, (40 - 8, 30 + 3), 0),
        ({"aperture_sign": "x mirrored"}, 4.0, (40 + 8, 30 + 3), 1),
        ({"aperture_sign": "y mirrored"}, 4.0, (40 - 8, 30 - 3), 1),
        ({"aperture_sign": "both mirrored"}, 4.0, (40 + 8, 30 - 3), 1),
        ({"aperture_sign": "ignored"}, 4.0, (40, 30), 1),
    ],
)
def test_what_a_probe_found_is_what_the_adapter_goes_by(
    answers: dict[str, str], metres: float, centre: tuple[float, float], unverified: int, tmp_path: Path
) -> None:
    policy = Policy(probe=written(tmp_path / "probe.json", **answers))
    frame, accounts = frame_from_payload(depth_and_camera(400, (0.2, 0.1)), frame_id="0", index=0, policy=policy)
    assert frame is not None
    assert frame.view.channels["depth"] == pytest.approx(metres)
    assert frame.view.camera.K[:2, 2] == pytest.approx(centre)
    assert accounts.counts.get("distances scaled by metersPerSceneUnit, unverified", 0) == unverified


@pytest.mark.parametrize("kind", ["metres", "scene units"])
@pytest.mark.parametrize(
    ("mirrored", "signs"),
    [
        ("as read", (1, 1)),
        ("x mirrored", (-1, 1)),
        ("y mirrored", (1, -1)),
        ("both mirrored", (-1, -1)),
        ("ignored", None),
    ],
)
def test_a_host_of_other_habits_is_seen_through(kind: str, mirrored: str, signs: tuple[int, int] | None) -> None:
    """A payload of a host that delivers metres, or whose matrix is mirrored or not heeded, beside boxes that show what
    is seen.
    """
    scene = probe_answers.Scene(SIZE, 400.0, 0.01, (2.0, 1.0), 20.0, ("Eye",))
    x, y = 48, 27  # where the crate is seen; the matrix that says so has P[2, 0] = -0.2 and P[2, 1] = -0.1
    if signs is None:
        x, y, signs = 40, 30, (1, 1)
    data = depth_and_camera(400.0 if kind == "scene units" else 4.0, (-0.2 * signs[0], -0.1 * signs[1]))
    row = np.dtype([("semanticId", "<u4"), *((f"{a}_{e}", "<i4") for e in ("min", "max") for a in "xy"),
                    ("occlusionRatio", "<f4")])  # fmt: skip
    data["renderProducts"]["Eye"]["bounding_box_2d_tight"] = {
        "data": np.array([(0, x - 4, y - 4, x + 3, y + 3, 0)], row),
        "idToLabels": {"0": {"class": "crate"}},
        "primPaths": ["/World/Crate"],
        "bboxIds": np.zeros(1, np.uint32),
    }
    assert probe_answers.depth_unit(data, scene)[0] == kind
    answer, evidence = probe_answers.aperture_sign(data, scene)
    assert answer == mirrored, evidence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read as a probe's answers"),
        ("[]", "holds no answers of a probe"),
        ('{"schema": "framepress.probe", "version": 2}', "holds no answers of a probe"),
        ('{"schema": "framepress.probe", "version": 1, "answers": {}}', "has no answer for depth_unit"),
    ],
)
def test_a_file_that_no_probe_wrote_is_refused_before_anything_is_captured(
    text: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "probe.json"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        Options.of(policy={"probe": str(path)})


def test_an_answer_that_nothing_fits_is_no_answer_to_go_by(tmp_path: Path) -> None:
    path = written(tmp_path / "probe.json", depth_unit="neither")
    with pytest.raises(InputError, match="depth_unit: 'neither' is none of scene units, metres"):
        Policy(probe=path)


def probe_of(host: str, path: Path) -> str:
    file = written(path, depth_unit="metres")
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "host": {"isaac_sim": "5.1.0", "stand_in": host == "stand-in"}}))
    return file


@pytest.mark.parametrize("host", ["Isaac Sim", "stand-in"])
def test_the_environments_probe_is_the_default_on_the_host_that_it_asked(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = probe_of(host, tmp_path / "probe.json")
    monkeypatch.setenv("FRAMEPRESS_PROBE", file)
    for running, name in (("Isaac Sim", "framepress.headless.unheard_of"), ("stand-in", "framepress.headless.host")):
        monkeypatch.delitem(sys.modules, "framepress.headless.host", raising=False)
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
        expected = "metres" if running == host else ""
        for policy in (None, {"comma": "first"}, Policy(comma="first")):
            assert Options.of(policy=policy).policy.probed.distances == expected


def test_a_probe_that_is_named_is_taken_before_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = written(tmp_path / "named.json", depth_unit="scene units")
    monkeypatch.setenv("FRAMEPRESS_PROBE", str(tmp_path / "gone.json"))
    for policy in ({"probe": named}, Policy(probe=named)):
        assert Options.of(policy=policy).policy.probed.distances == "scene units"
    assert Options.of(policy={"probe": ""}).policy.probed.distances == ""
    with pytest.raises(InputError, match=r"FRAMEPRESS_PROBE=.*gone\.json: no such file"):
        Options.of()
