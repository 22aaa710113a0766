"""The classes of a stage are those that its prims carry, in both schemas; no renderer is needed to know them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Usd

from framepress.core import LabelMap
from framepress.errors import InputError
from framepress.replicator.labels import labels_of_stage

PYTHON = Path(__file__).resolve().parents[2] / "python"

STAGE = """#usda 1.0
def Xform "World"
{
    def Cube "New" (prepend apiSchemas = ["SemanticsLabelsAPI:class", "SemanticsLabelsAPI:shape"])
    {
        token[] semantics:labels:class = ["Crate"]
        token[] semantics:labels:shape = ["cuboid"]
    }
    def Cube "Again" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
    {
        token[] semantics:labels:class = ["CRATE"]
    }
    def Cube "Old" (prepend apiSchemas = ["SemanticsAPI:Semantics"])
    {
        string semantic:Semantics:params:semanticType = "class"
        string semantic:Semantics:params:semanticData = "Drum"
    }
    def Cube "Asleep" (active = false; prepend apiSchemas = ["SemanticsLabelsAPI:class"])
    {
        token[] semantics:labels:class = ["ghost"]
    }
    class Cube "Abstract" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
    {
        token[] semantics:labels:class = ["idea"]
    }
    def Material "Paint" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
    {
        token[] semantics:labels:class = ["red"]
    }
    def Xform "Shelf" (instanceable = true; references = </Library/Shelf>) {}
    def PointInstancer "Field"
    {
        rel prototypes = [</World/Field/Stone>]
        int[] protoIndices = [0, 0]
        point3f[] positions = [(0, 0, 0), (1, 0, 0)]
        over "Stone" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
        {
            token[] semantics:labels:class = ["stone"]
        }
    }
    def SkelRoot "Anna" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
    {
        token[] semantics:labels:class = ["Person"]
        def Skeleton "Bones"
        {
            uniform token[] joints = ["Hips", "Hips/Spine", "Hips/Spine/Head", "Hips/Leg"]
        }
    }
}
class "Library"
{
    def Xform "Shelf"
    {
        def Cube "Board" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
        {
            token[] semantics:labels:class = ["board"]
        }
    }
}
"""


def stage_of(text: str) -> Any:
    stage = Usd.Stage.CreateInMemory()
    assert stage.GetRootLayer().ImportFromString(text)
    return stage


def test_classes_are_those_of_the_prims_that_can_be_objects_as_spelled_first() -> None:
    labels = labels_of_stage(stage_of(STAGE), "here")
    assert labels is not None
    assert labels.names == ("board", "Crate", "Drum", "Person", "stone")


def test_a_skeleton_gives_its_class_key_points_and_bones() -> None:
    labels = labels_of_stage(stage_of(STAGE), "here")
    assert labels is not None
    person = labels.labels[3]
    assert person.keypoints == ("Hips", "Spine", "Head", "Leg")
    assert person.skeleton == ((0, 1), (1, 2), (0, 3))


def test_another_taxonomy_has_other_classes() -> None:
    assert labels_of_stage(stage_of(STAGE), "here", taxonomy="shape") == LabelMap.of(["cuboid"])


def test_a_stage_without_labels_has_none() -> None:
    assert labels_of_stage(stage_of('#usda 1.0\ndef Cube "A" {}'), "here") is None


@pytest.mark.parametrize("labels", ['"a", "b"', '"a,b"'])
def test_a_prim_with_several_labels_is_the_users_to_settle(labels: str) -> None:
    text = STAGE.replace('["CRATE"]', f"[{labels}]")
    with pytest.raises(InputError, match=r"here: /World/Again has the labels .*--labels"):
        labels_of_stage(stage_of(text), "here")


def test_a_label_that_is_no_name_is_told_with_its_prim() -> None:
    with pytest.raises(InputError, match="here: /World/Old: class name"):
        labels_of_stage(stage_of(STAGE.replace('"Drum"', '" Drum"')), "here")


@pytest.mark.parametrize("label", ['"a", "b"', '"a,b"', '" CRATE"'])
def test_labels_that_settle_nothing_can_be_passed_over(label: str) -> None:
    text = STAGE.replace('["Person"]', f"[{label}]")
    labels = labels_of_stage(stage_of(text), "here", strict=False)
    assert labels == LabelMap.of(["board", "Crate", "Drum", "stone"])  # and nobody's key points are somebody else's


def test_a_label_that_is_given_later_on_the_time_line_counts() -> None:
    text = STAGE.replace(
        'token[] semantics:labels:class = ["Crate"]', 'token[] semantics:labels:class.timeSamples = { 7: ["Box"] }'
    )
    labels = labels_of_stage(stage_of(text), "here")
    assert labels is not None
    assert "Box" in labels.names


def test_nothing_of_the_stand_in_is_needed() -> None:
    """Isaac Sim has pxr and a Warp of its own: the walk must load neither Warp nor the renderer."""
    program = (
        "import sys; from pxr import Usd; from framepress.replicator import build_writer\n"
        "from framepress.replicator.labels import labels_of_stage\n"
        "labels_of_stage(Usd.Stage.CreateInMemory(), 'here')\n"
        "loaded = [name for name in sys.modules if name.startswith('framepress.headless') or name == 'warp']\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": str(PYTHON)})
