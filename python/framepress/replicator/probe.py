"""Asks a Replicator what its documentation leaves open, in one headless run: facts about it, as JSON, with evidence.

    <Isaac Sim>/python.sh -m framepress.replicator.probe OUT.json
    framepress run <this file> -- OUT.json                              the stand-in, for comparison

What it cannot find out is "unknown", with the reason. `policy: {probe: OUT.json}` lets the writer use the answers.
"""

from __future__ import annotations

import copy
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from framepress.replicator import probe_answers, probe_host
from framepress.replicator.capture_on_play import capture_on_play_off

__all__ = ["main", "probe"]

SIZE_WH = (160, 120)
NAMES = ("Beta", "Alpha", "Gamma")
"""Of the three render products; neither in this order nor in its reverse by alphabet."""

DISTANCE, HALF = 400.0, 20.0
METERS_PER_UNIT = 0.01
OFFSET = (2.0, -1.0)
FOCAL, APERTURE = 18.0, 20.0
ANNOTATORS: Mapping[str, Mapping[str, Any]] = {
    "distance_to_image_plane": {},
    "bounding_box_2d_tight": {"semanticFilter": "class:*"},
    "bounding_box_2d_loose": {"semanticFilter": "class:*"},
    "instance_segmentation_fast": {"semanticFilter": "class:*", "colorize": False},
    "semantic_segmentation": {"semanticFilter": "class:*", "colorize": False},
    "instance_id_segmentation": {"colorize": False},
    "camera_params": {},
}


def probe() -> dict[str, Any]:
    """All answers; the application runs, its stage is replaced by a new one."""
    import omni.replicator.core as rep

    payloads: list[dict[str, Any]] = []
    failure = None
    try:
        _build_stage(rep)
        with capture_on_play_off(rep):
            _capture(rep, payloads)
    except Exception as error:  # what needs no frame can be asked all the same
        failure = _named(error)
    scene = probe_answers.Scene(SIZE_WH, DISTANCE, METERS_PER_UNIT, OFFSET, APERTURE, NAMES)
    answers: dict[str, Any] = {}
    for number, (name, question, ask) in enumerate(_questions(rep, payloads, scene), start=1):
        try:
            found, evidence = ask()
        except Exception as error:  # that a host cannot be asked is an answer, and the other questions go on
            found, evidence = "unknown", {"error": _named(error)}
        answers[name] = {"number": number, "question": question, "answer": found, "evidence": evidence}
    return {
        "schema": "framepress.probe",
        "version": 1,
        "host": probe_host.host(),
        "capture": {"frames": len(payloads), "error": failure},
        "answers": answers,
    }


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


Question = tuple[str, str, Callable[[], tuple[Any, Any]]]


def _questions(rep: Any, payloads: list[dict[str, Any]], scene: probe_answers.Scene) -> list[Question]:
    last = payloads[-1] if payloads else {}  # the first of a fresh product may come empty
    answer = probe_answers
    host = probe_host
    return [
        ("depth_unit", "depth on a stage of 0.01 m a unit: scene units or metres",
         lambda: answer.depth_unit(last, scene)),
        ("aperture_sign", "K with an aperture offset: as cameraProjection reads, or mirrored",
         lambda: answer.aperture_sign(last, scene)),
        ("bbox_ids", "bboxIds against ids of instance_segmentation_fast", lambda: answer.bbox_ids(last)),
        ("loose_clipping", "loose box of an object that leaves the frame", lambda: answer.loose_clipping(last, scene)),
        ("key_types", "types of the keys of every idTo* map", lambda: answer.key_types(last)),
        ("names", "which of the names that releases differ in are there", lambda: host.names(rep)),
        ("backend_registry", "how a backend is registered", lambda: host.backend_registry(rep)),
        ("root_manifest", "whether an extension.toml in the extension's root is found", host.root_manifest),
        ("png_encoder", "what encodes the PNG files of write_image", lambda: host.png_encoder(rep)),
        ("python_path", "whether PYTHONPATH is honoured in the full application", host.python_path),
        ("menu_merging", "whether a Tools/Replicator menu is merged", host.menu_merging),
        ("versions", "numpy, Pillow and Python", host.versions),
        ("product_order", "order of the products in renderProducts", lambda: answer.product_order(last, scene)),
        ("camera_type", 'type of a product\'s "camera"', lambda: answer.camera_type(last)),
        ("reseeding", "whether set_global_seed between frames makes their draws a function of it",
         lambda: answer.reseeding(payloads)),
    ]  # fmt: skip


def _build_stage(rep: Any) -> None:
    """A camera above the origin looks down at a crate whose face is `DISTANCE` away, at a wall that leaves the frame on
    the left, and at a ball that is thrown about.
    """
    import omni.usd
    from pxr import Gf, UsdGeom, UsdLux

    omni.usd.get_context().new_stage()
    stage = omni.usd.get_context().get_stage()
    UsdGeom.SetStageMetersPerUnit(stage, METERS_PER_UNIT)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdLux.DistantLight.Define(stage, "/World/Light").CreateIntensityAttr(1000.0)
    for name, half, place in (("Crate", HALF, (0, 0, 80)), ("Wall", 100.0, (-300, 0, 0)), ("Ball", 10.0, (60, 60, 90))):
        solid = UsdGeom.Cube.Define(stage, f"/World/{name}")
        solid.CreateSizeAttr(2.0 * half)
        UsdGeom.XformCommonAPI(solid).SetTranslate(Gf.Vec3d(*place))
        with rep.get.prim_at_path(f"/World/{name}"):
            rep.modify.semantics([("class", name.lower())])
    camera = UsdGeom.Camera.Define(stage, "/World/Eye")
    camera.CreateFocalLengthAttr(FOCAL)
    camera.CreateHorizontalApertureAttr(APERTURE)
    camera.CreateVerticalApertureAttr(APERTURE * SIZE_WH[1] / SIZE_WH[0])
    camera.CreateHorizontalApertureOffsetAttr(OFFSET[0])
    camera.CreateVerticalApertureOffsetAttr(OFFSET[1])
    camera.CreateClippingRangeAttr(Gf.Vec2f(1.0, 10000.0))
    UsdGeom.XformCommonAPI(camera).SetTranslate(Gf.Vec3d(0, 0, 100 + DISTANCE))


def _capture(rep: Any, taken: list[dict[str, Any]]) -> None:
    """Payloads of four frames: the ball is thrown with the seeds 1, 2 and 1 again in the last three."""

    class ProbeWriter(rep.Writer):  # type: ignore[misc]
        def __init__(self) -> None:
            self.data_structure = "renderProduct"
            self.annotators = [
                rep.AnnotatorRegistry.get_annotator(name, init_params=dict(params) or None)
                for name, params in ANNOTATORS.items()
            ]

        def write(self, data: dict[str, Any]) -> None:
            taken.append(copy.deepcopy(data))

    products = [rep.create.render_product("/World/Eye", SIZE_WH, name=name, force_new=True) for name in NAMES]
    rep.WriterRegistry.register(ProbeWriter)
    writer = rep.WriterRegistry.get("ProbeWriter")
    writer.initialize()
    writer.attach(products)
    rep.orchestrator.preview()
    rep.orchestrator.step(rt_subframes=4, delta_time=0.0)
    with rep.trigger.on_frame(), rep.get.prim_at_path("/World/Ball"):
        rep.modify.pose(position=rep.distribution.uniform((40, -60, 90), (120, 60, 90)))
    for seed in (1, 2, 1):
        rep.set_global_seed(seed)
        rep.orchestrator.step(rt_subframes=4, delta_time=0.0)
    rep.orchestrator.wait_until_complete()
    writer.detach()
    for product in products:
        product.destroy()


def main(arguments: list[str]) -> int:
    """Run as a standalone script; the exit code."""
    if len(arguments) != 1:
        print("usage: python -m framepress.replicator.probe OUT.json", file=sys.stderr)
        return 2
    try:
        from isaacsim import SimulationApp
    except ImportError:
        print(
            "framepress.replicator.probe: no Isaac Sim is here; run it with its python.sh, or ask the stand-in with "
            f"`framepress run {Path(__file__).name} -- {arguments[0]}`",
            file=sys.stderr,
        )
        return 2
    out = Path(arguments[0]).absolute()  # before a host changes the working folder
    app = SimulationApp({"headless": True})
    try:
        found = probe()
        out.write_text(json.dumps(found, indent=1, sort_keys=True, default=repr) + "\n", encoding="utf-8")
        for name, entry in found["answers"].items():
            print(f"{entry['number']:2} {name}: {json.dumps(entry['answer'])}")
        if found["capture"]["error"]:
            print(f"the capture failed: {found['capture']['error']}")
        sys.stdout.flush()
    except Exception:  # told now: a host that is closed may take the process with it
        traceback.print_exc()
        raise
    finally:
        app.close()
    return 0


if __name__ == "__main__":
    ended = main(sys.argv[1:])
    if ended:
        sys.exit(ended)
