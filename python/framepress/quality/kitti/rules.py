"""Rules for KITTI's object layout, by subject."""

from __future__ import annotations

from framepress.quality.kitti.angles import (
    alpha_follows_from_rotation_y,
    angles_are_radians_in_front_of_the_camera,
    the_tilt_policy_is_recorded,
)
from framepress.quality.kitti.boxes import boxes_lie_in_the_image
from framepress.quality.kitti.cameras import calibrations_have_seven_lines
from framepress.quality.kitti.clouds import lidar_files_hold_whole_points, lidar_points_fall_in_the_boxes
from framepress.quality.kitti.files import image_sets_name_frames, images_have_labels, names_sort_as_numbers
from framepress.quality.kitti.lines import (
    dont_care_lines_come_last,
    label_files_have_no_blank_line,
    lines_have_15_fields,
    occluded_is_a_whole_number,
    truncated_and_occluded_are_in_range,
    types_have_no_blank_and_no_quote,
)
from framepress.quality.kitti.solids import (
    dimensions_are_height_width_length,
    projected_boxes_contain_their_2d_boxes,
)

__all__ = [
    "alpha_follows_from_rotation_y",
    "angles_are_radians_in_front_of_the_camera",
    "boxes_lie_in_the_image",
    "calibrations_have_seven_lines",
    "dimensions_are_height_width_length",
    "dont_care_lines_come_last",
    "image_sets_name_frames",
    "images_have_labels",
    "label_files_have_no_blank_line",
    "lidar_files_hold_whole_points",
    "lidar_points_fall_in_the_boxes",
    "lines_have_15_fields",
    "names_sort_as_numbers",
    "occluded_is_a_whole_number",
    "projected_boxes_contain_their_2d_boxes",
    "the_tilt_policy_is_recorded",
    "truncated_and_occluded_are_in_range",
    "types_have_no_blank_and_no_quote",
]
