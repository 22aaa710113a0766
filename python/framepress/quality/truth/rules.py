"""All rules that compare the channels of one frame."""

from __future__ import annotations

from framepress.quality.truth.distances import (
    depth_is_range_along_the_axis,
    distances_are_distances,
    flow_is_finite,
    normals_have_unit_length,
    objects_have_depth,
)
from framepress.quality.truth.masks import (
    areas_are_pixel_counts,
    boxes_are_bounds_of_masks,
    boxes_have_pixels,
    classes_are_those_of_the_pixels,
    ids_are_unique,
    pixels_have_objects,
    tracks_are_unique,
)
from framepress.quality.truth.shares import (
    full_boxes_enclose_visible_ones,
    key_points_are_on_their_object,
    truncation_is_what_is_outside,
    visibility_is_what_is_left,
)
from framepress.quality.truth.space import boxes3d_fit_the_pixels, the_camera_fits_the_objects

__all__ = [
    "areas_are_pixel_counts",
    "boxes3d_fit_the_pixels",
    "boxes_are_bounds_of_masks",
    "boxes_have_pixels",
    "classes_are_those_of_the_pixels",
    "depth_is_range_along_the_axis",
    "distances_are_distances",
    "flow_is_finite",
    "full_boxes_enclose_visible_ones",
    "ids_are_unique",
    "key_points_are_on_their_object",
    "normals_have_unit_length",
    "objects_have_depth",
    "pixels_have_objects",
    "the_camera_fits_the_objects",
    "tracks_are_unique",
    "truncation_is_what_is_outside",
    "visibility_is_what_is_left",
]
