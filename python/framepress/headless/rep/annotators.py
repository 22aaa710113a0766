"""`AnnotatorRegistry` and `rep.annotators`: annotators and augmentations by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from framepress.headless import host as hosts
from framepress.headless.payloads import annotators as payloads
from framepress.headless.rep.annotator import Annotator, device_of
from framepress.headless.rep.augmentations import Augmentation, Augmentations, augmentation_of
from framepress.headless.rep.errors import AnnotatorError, AnnotatorRegistryError

__all__ = [
    "Annotator",
    "AnnotatorError",
    "AnnotatorRegistry",
    "AnnotatorRegistryError",
    "Augmentation",
    "augment",
    "augment_compose",
    "get",
    "get_augmentation",
    "get_registered_annotators",
    "register",
    "register_augmentation",
    "unregister_annotator",
]

_AOVS = {
    "LdrColorSD": "rgb",
    "LdrColor": "rgb",
    "DistanceToCameraSD": "distance_to_camera",
    "DistanceToImagePlaneSD": "distance_to_image_plane",
    "NormalSD": "normals",
    "TargetMotionSD": "motion_vectors",
}
"""AOV -> the annotator that has its values."""


class AnnotatorRegistry:
    """Annotators by name: Replicator's, and those that scripts have registered."""

    def __init__(self, host: hosts.Host) -> None:
        self._annotators: dict[str, Annotator] = {}

    @classmethod
    def get_annotator(
        cls,
        name: str,
        init_params: Mapping[str, Any] | None = None,
        render_product_idxs: Sequence[int] | None = None,
        device: str | None = None,
        do_array_copy: bool = True,
    ) -> Annotator:
        """An annotator of that name, attached to nothing.

        Raises:
            AnnotatorRegistryError: none of that name, or not on that device.
        """
        own = hosts.current().kept(cls)._annotators.get(name)
        if own is None:
            return Annotator(name, init_params, device=device, do_array_copy=do_array_copy)
        made = own.twin()
        made.name = name
        made.init_params.update(init_params or {})
        made.device = own.device if device is None else device_of(device, own.source)
        return made

    @classmethod
    def get_registered_annotators(cls) -> list[str]:
        return [*payloads.NAMES, *hosts.current().kept(cls)._annotators]

    @classmethod
    def register_annotator(cls, name: str, annotator: Annotator) -> None:
        """Make an annotator, such as an augmented one, known by a name.

        Raises:
            AnnotatorRegistryError: a name of Replicator's own.
        """
        if name in payloads.NAMES:
            raise AnnotatorRegistryError(f"annotator {name!r} is Replicator's own; register yours under another name")
        hosts.current().kept(cls)._annotators[name] = annotator.twin()

    @classmethod
    def unregister_annotator(cls, name: str) -> None:
        """Raises: AnnotatorRegistryError: no script has registered it."""
        if hosts.current().kept(cls)._annotators.pop(name, None) is None:
            raise AnnotatorRegistryError(f"annotator {name!r} was not registered")

    @classmethod
    def register_annotator_from_aov(
        cls,
        aov: str,
        output_data_type: Any = None,
        output_channels: int | None = None,
        on_attach_callback: Callable[..., Any] | None = None,
        name: str | None = None,
        is_gpu_enabled: bool = True,
        documentation: str | None = None,
    ) -> None:
        """Make an AOV of the renderer known by a name, `aov` by default.

        Raises:
            AnnotatorRegistryError: an AOV that the stand-in does not render.
        """
        if aov not in _AOVS:
            raise AnnotatorRegistryError(f"AOV {aov!r} is not rendered by the stand-in; it has {', '.join(_AOVS)}")
        if (name or aov) not in payloads.NAMES:
            cls.register_annotator(name or aov, Annotator(_AOVS[aov]))

    @classmethod
    def register_annotator_from_node(cls, *_: Any, **keywords: Any) -> NoReturn:
        """Raises: AnnotatorRegistryError: always, since there is no OmniGraph here."""
        raise AnnotatorRegistryError(
            f"annotator {keywords.get('name', '')!r} is an OmniGraph node ({keywords.get('node_type_id')}), which the "
            "stand-in cannot run; use an Augmentation of an annotator that it has"
        )

    @classmethod
    def register_augmentation(cls, name: str, augmentation: Any) -> None:
        """Make an augmentation, or a function, known by a name."""
        hosts.current().kept(Augmentations).named[name] = augmentation_of(augmentation)

    @classmethod
    def get_augmentation(cls, name: str) -> Augmentation:
        """Raises: AnnotatorRegistryError: none of that name."""
        return hosts.current().kept(Augmentations).get(name)


get = AnnotatorRegistry.get_annotator
register = AnnotatorRegistry.register_annotator
register_augmentation = AnnotatorRegistry.register_augmentation
get_augmentation = AnnotatorRegistry.get_augmentation
get_registered_annotators = AnnotatorRegistry.get_registered_annotators
unregister_annotator = AnnotatorRegistry.unregister_annotator


def augment(
    source_annotator: Annotator | str,
    augmentation: Any,
    data_out_shape: Sequence[int] | None = None,
    name: str | None = None,
    device: str | None = None,
    **kwargs: Any,
) -> Annotator:
    """`rep.annotators.augment`: an annotator like the source, with an augmentation; the source stays as it is."""
    source = get(source_annotator) if isinstance(source_annotator, str) else source_annotator
    return source.twin().augment(augmentation, data_out_shape, name, device, **kwargs)


def augment_compose(
    source_annotator: Annotator | str, augmentations: Sequence[Any], name: str | None = None
) -> Annotator:
    """`rep.annotators.augment_compose`: as `augment`, with several."""
    source = get(source_annotator) if isinstance(source_annotator, str) else source_annotator
    return source.twin().augment_compose(augmentations, name)
