"""Rules for whole datasets, by subject; those for splits are in `leaks`, those for clocks in `times`."""

from __future__ import annotations

from framepress.quality.index.balance import (
    a_track_has_one_class,
    class_names_are_told_apart,
    classes_have_enough_objects,
    classes_have_objects,
    no_class_outweighs_the_others,
)
from framepress.quality.index.boxes import (
    boxes_are_more_than_a_pixel,
    boxes_do_not_cover_the_image,
    objects_are_there_once,
)
from framepress.quality.index.coverage import (
    cameras_have_one_size,
    frames_have_all_cameras,
    images_without_objects_have_their_share,
    objects_are_all_over_the_image,
    objects_are_near_and_far,
    objects_have_all_sizes,
    some_objects_are_cut_off,
    some_objects_are_occluded,
)
from framepress.quality.index.tracks import a_track_is_in_a_view_once, tracks_do_not_jump

__all__ = [
    "a_track_has_one_class",
    "a_track_is_in_a_view_once",
    "boxes_are_more_than_a_pixel",
    "boxes_do_not_cover_the_image",
    "cameras_have_one_size",
    "class_names_are_told_apart",
    "classes_have_enough_objects",
    "classes_have_objects",
    "frames_have_all_cameras",
    "images_without_objects_have_their_share",
    "no_class_outweighs_the_others",
    "objects_are_all_over_the_image",
    "objects_are_near_and_far",
    "objects_are_there_once",
    "objects_have_all_sizes",
    "some_objects_are_cut_off",
    "some_objects_are_occluded",
    "tracks_do_not_jump",
]
