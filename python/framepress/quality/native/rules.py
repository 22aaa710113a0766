"""Rules for native editions, by subject.

JSN-005, that what goes through another format and back loses only what that format says it loses, is about programs
and not about files: the contract of the formats holds it, in the tests.
"""

from __future__ import annotations

from framepress.quality.native.channels import channel_files_are_what_records_say
from framepress.quality.native.document import (
    classes_in_use_are_listed,
    counts_are_those_of_the_records,
    numbers_are_finite,
    records_are_frames,
    sidecar_states_its_conventions,
    the_schema_is_known,
)
from framepress.quality.native.geometry import boxes_lie_inside_the_image, cameras_and_rotations_are_rigid
from framepress.quality.native.references import files_and_frames_are_there_once

__all__ = [
    "boxes_lie_inside_the_image",
    "cameras_and_rotations_are_rigid",
    "channel_files_are_what_records_say",
    "classes_in_use_are_listed",
    "counts_are_those_of_the_records",
    "files_and_frames_are_there_once",
    "numbers_are_finite",
    "records_are_frames",
    "sidecar_states_its_conventions",
    "the_schema_is_known",
]
