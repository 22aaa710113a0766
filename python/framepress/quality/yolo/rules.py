"""Rules for YOLO sets, by subject."""

from __future__ import annotations

from framepress.quality.yolo.described import data_yaml_names_splits_and_classes, the_set_can_be_moved
from framepress.quality.yolo.places import (
    caches_are_newer_than_labels,
    label_files_belong_to_an_image,
    label_files_belong_to_one_image,
    labels_are_where_readers_look,
    lists_name_images_that_are_there,
)
from framepress.quality.yolo.poses import key_points_are_as_declared
from framepress.quality.yolo.rows import (
    confidences_are_not_ground_truth,
    files_do_not_mix_boxes_and_polygons,
    polygons_have_three_points,
    rows_are_there_once,
    rows_have_the_words_of_the_task,
    the_set_holds_rows_of_one_task,
)
from framepress.quality.yolo.values import (
    boxes_lie_inside_the_image,
    classes_are_in_data_yaml,
    numbers_are_shares_of_the_image,
)

__all__ = [
    "boxes_lie_inside_the_image",
    "caches_are_newer_than_labels",
    "classes_are_in_data_yaml",
    "confidences_are_not_ground_truth",
    "data_yaml_names_splits_and_classes",
    "files_do_not_mix_boxes_and_polygons",
    "key_points_are_as_declared",
    "label_files_belong_to_an_image",
    "label_files_belong_to_one_image",
    "labels_are_where_readers_look",
    "lists_name_images_that_are_there",
    "numbers_are_shares_of_the_image",
    "polygons_have_three_points",
    "rows_are_there_once",
    "rows_have_the_words_of_the_task",
    "the_set_can_be_moved",
    "the_set_holds_rows_of_one_task",
]
