"""Rules for COCO files, by subject."""

from __future__ import annotations

from framepress.quality.coco.boxes import boxes_are_x_y_w_h_inside_the_image, boxes_bound_their_masks
from framepress.quality.coco.classes import category_ids_count_from_1, files_agree_on_categories
from framepress.quality.coco.fields import (
    annotations_have_area_and_iscrowd,
    crowds_are_marked,
    images_have_a_size,
    licenses_exist,
    numbers_are_finite,
    the_document_holds_its_lists,
)
from framepress.quality.coco.files import file_names_lead_to_images, images_without_objects_are_listed
from framepress.quality.coco.ids import (
    annotation_ids_are_unique,
    ids_are_integers_that_exist,
    images_and_categories_are_there_once,
    no_annotation_has_id_0,
)
from framepress.quality.coco.keypoints import keypoints_are_triples, skeletons_count_from_1
from framepress.quality.coco.masks import (
    areas_are_those_of_the_masks,
    counts_are_text_or_integers,
    polygons_have_three_corners,
    run_lengths_fit_the_image,
    segmentations_are_polygons_or_run_lengths,
)
from framepress.quality.coco.twice import names_are_there_once

__all__ = [
    "annotation_ids_are_unique",
    "annotations_have_area_and_iscrowd",
    "areas_are_those_of_the_masks",
    "boxes_are_x_y_w_h_inside_the_image",
    "boxes_bound_their_masks",
    "category_ids_count_from_1",
    "counts_are_text_or_integers",
    "crowds_are_marked",
    "file_names_lead_to_images",
    "files_agree_on_categories",
    "ids_are_integers_that_exist",
    "images_and_categories_are_there_once",
    "images_have_a_size",
    "images_without_objects_are_listed",
    "keypoints_are_triples",
    "licenses_exist",
    "names_are_there_once",
    "no_annotation_has_id_0",
    "numbers_are_finite",
    "polygons_have_three_corners",
    "run_lengths_fit_the_image",
    "segmentations_are_polygons_or_run_lengths",
    "skeletons_count_from_1",
    "the_document_holds_its_lists",
]
