"""The classes of a scene, where the user gives none."""

from __future__ import annotations

from framepress.core import Label, LabelMap
from framepress.errors import InputError, LabelError
from framepress.headless.host import Host
from framepress.headless.scene import Entity, Scene, Skeleton

__all__ = ["labels_of_scene"]

TAXONOMY = "class"


def labels_of_scene(host: Host, where: str) -> LabelMap | None:
    """Every class of the open stage as it is spelled there, by name; with key points where skeletons are.

    None where nothing is labelled.

    Raises:
        InputError: a prim has several labels: only the user can say which of them is its class; or one that is no name.
    """
    from framepress.headless.usd.reader import StageReader

    scene = StageReader(host.stage).read(host.time)
    spelled: dict[str, str] = {}
    for entity in scene.entities:
        own = entity.own.get(TAXONOMY, ())
        if len(own) > 1 or any("," in label for label in own):
            raise InputError(
                f"{where}: {entity.path} has the labels {', '.join(own)}; name the classes with --labels FILE, so that "
                "the first of them in that list is its class"
            )
        for label in own:
            if spelled.setdefault(label.casefold(), label) == label:
                _check(label, f"{where}: {entity.path}")
    if not spelled:
        return None
    skeletons = _skeletons(scene)
    return LabelMap(tuple(_label(spelled[key], skeletons.get(key)) for key in sorted(spelled)))


def _check(label: str, where: str) -> None:
    try:
        Label(label)
    except LabelError as error:
        raise InputError(f"{where}: {error}; give the prim another label") from error


def _skeletons(scene: Scene) -> dict[str, Skeleton]:
    """Class in lower case -> its first skeleton."""
    found: dict[str, Skeleton] = {}
    for skeleton in scene.skeletons:
        if skeleton.entity >= 0:
            for label in _class_of(scene.entities[skeleton.entity]):
                found.setdefault(label.casefold(), skeleton)
    return found


def _class_of(entity: Entity) -> tuple[str, ...]:
    return (*entity.own.get(TAXONOMY, ()), *entity.inherited.get(TAXONOMY, ()))[:1]


def _label(name: str, skeleton: Skeleton | None) -> Label:
    if skeleton is None:
        return Label(name)
    joints = [joint.rpartition("/")[2] for joint in skeleton.joints]
    if len({joint.casefold() for joint in joints}) < len(joints):
        joints = list(skeleton.joints)
    bones = [(parent, joint) for joint, parent in enumerate(skeleton.parents.tolist()) if parent >= 0]
    return Label(name, keypoints=tuple(joints), skeleton=tuple(bones))
