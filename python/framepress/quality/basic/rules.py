"""Rules for BasicWriter recordings, by subject.

What is no fault, and not told: that a class has another id or colour in every frame and file, which is how Replicator
counts; a vertical aperture that does not follow the image, since pixels are square whatever it says; the key
`replicator_global_seed:` of `metadata.txt` with its colon; occlusion -1 of a prim with labelled children.
"""

from __future__ import annotations

from framepress.quality.basic.labels import (
    labels_are_single,
    prims_keep_their_class,
    rows_have_a_class,
    semantic_ids_have_labels,
)
from framepress.quality.basic.numbers import cameras_agree_with_themselves, numbers_are_finite
from framepress.quality.basic.pixels import (
    distances_are_in_scene_units,
    distances_are_measured,
    distances_meet_something,
    images_have_the_products_size,
    pixels_have_classes,
    pixels_have_entries,
)
from framepress.quality.basic.rows import (
    boxes_are_more_than_a_line,
    boxes_do_not_fill_the_image,
    boxes_lie_in_the_image,
    occlusion_is_known,
    parents_have_boxes_of_their_own,
    rows_fit_their_prim_paths,
    rows_stand_for_prims,
)
from framepress.quality.basic.structure import (
    distances_are_arrays,
    frames_are_complete,
    frames_are_numbered_through,
    places_are_taken_once,
    segmentations_have_maps,
    the_first_frame_is_rendered,
)

__all__ = [
    "boxes_are_more_than_a_line",
    "boxes_do_not_fill_the_image",
    "boxes_lie_in_the_image",
    "cameras_agree_with_themselves",
    "distances_are_arrays",
    "distances_are_in_scene_units",
    "distances_are_measured",
    "distances_meet_something",
    "frames_are_complete",
    "frames_are_numbered_through",
    "images_have_the_products_size",
    "labels_are_single",
    "numbers_are_finite",
    "occlusion_is_known",
    "parents_have_boxes_of_their_own",
    "pixels_have_classes",
    "pixels_have_entries",
    "places_are_taken_once",
    "prims_keep_their_class",
    "rows_fit_their_prim_paths",
    "rows_have_a_class",
    "rows_stand_for_prims",
    "segmentations_have_maps",
    "semantic_ids_have_labels",
    "the_first_frame_is_rendered",
]
