"""Ways to break a good KITTI dataset, one at a time, and where each one must be found."""

from __future__ import annotations

import numpy as np

from quality.mutations.kitti_edits import (
    EMPTY,
    FRONT,
    Mutation,
    Where,
    calib,
    calibrated,
    copied,
    dont_care_first,
    edited,
    every,
    exchanged,
    fields,
    first_field,
    label,
    lidar,
    linked_out,
    moved,
    narrower_when_mirrored,
    near_car,
    other_camera,
    projected,
    renamed,
    scaled,
    set_to,
    sidecar,
    sideways,
    text,
    then,
    turned_back,
    velodyne,
    whole,
    with_blank,
    with_bytes,
    without,
)

__all__ = ["MUTATIONS"]

TEXT = [
    Mutation("a tab", "KITTI-001", text("", lambda line: line.replace(" ", "\t", 1))),
    Mutation("two blanks", "KITTI-001", text("", lambda line: line.replace(" ", "  ", 1))),
    Mutation("a blank at the end", "KITTI-001", text("", lambda line: line + " ")),
    Mutation("14 fields", "KITTI-001", text("", lambda line: line.rpartition(" ")[0])),
    Mutation("17 fields", "KITTI-001", text("", lambda line: line + " 0.9 7")),
    Mutation("a line of the tracking benchmark", "KITTI-001", text("", lambda line: "0 3 " + line)),
    Mutation("nan", "KITTI-001", fields("x", set_to(x="nan"))),
    Mutation("inf", "KITTI-001", fields("right", set_to(right="inf"))),
    Mutation("a number with an underscore", "KITTI-001", fields("left", set_to(left="1_0"))),
    Mutation("1e200", "KITTI-001", fields("height", set_to(height="1e200"))),
    Mutation("a word", "KITTI-001", fields("top", set_to(top="None"))),
    Mutation("a decimal comma", "KITTI-001", fields("z", lambda row: {"z": row["z"].replace(".", ",")})),
    Mutation("a blank line among others", "KITTI-002", with_blank),
    Mutation("a blank line at the end", "KITTI-002", edited(label(EMPTY), lambda text: text + "\n", line=1)),
    Mutation("occluded as 0.0", "KITTI-003", fields("occluded", set_to(occluded="0.0"))),
    Mutation("a blank in the type", "KITTI-004", fields("type", set_to(type="fork lift"))),
    Mutation("a quoted type", "KITTI-004", fields("type", set_to(type='"fork lift"'))),
    Mutation("truncated in percent", "KITTI-010", fields("truncated", set_to(truncated="35.0"))),
    Mutation("occluded as a level that is none", "KITTI-010", fields("occluded", set_to(occluded="4"))),
    Mutation("DontCare before objects", "KITTI-015", dont_care_first),
]

FILES = [
    Mutation("a file among the images", "KITTI-005", copied("framepress.json", f"{FRONT}/image_2/Thumbs.db")),
    Mutation(
        "no label file",
        "KITTI-005",
        without(label(4), where=Where(f"{FRONT}/image_2/000004.png")),
        also=("KITTI-017",),
    ),
    Mutation("no image", "KITTI-005", without(f"{FRONT}/image_2/000004.png", where=Where(label(4)))),
    Mutation(
        "a second dot",
        "KITTI-005",
        renamed("000004", "000004.v2", Where(f"{FRONT}/label_2/000004.v2.txt")),
        also=("KITTI-017",),
    ),
    Mutation(
        "two images of one name",
        "KITTI-005",
        then(
            copied(f"{FRONT}/image_2/000004.png", f"{FRONT}/image_2/000004.PNG"), Where(f"{FRONT}/image_2/000004.png")
        ),
    ),
    Mutation(
        "a frame that is not there", "KITTI-017", edited("front/ImageSets/val.txt", lambda text: "000099\n", line=1)
    ),
    Mutation(
        "a number without zeros",
        "KITTI-017",
        edited("front/ImageSets/val.txt", lambda text: text.replace("000008", "8"), line=1),
    ),
    Mutation(
        "a frame in two lists", "KITTI-017", edited("front/ImageSets/val.txt", lambda text: text + "000001\n", line=3)
    ),
    Mutation("a frame twice", "KITTI-017", edited("front/ImageSets/train.txt", lambda text: text + "000001\n", line=9)),
    Mutation(
        "a blank line in a list", "KITTI-017", edited("front/ImageSets/train.txt", lambda text: "\n" + text, line=1)
    ),
    Mutation("numbers of several lengths", "KITTI-018", renamed("000002", "2", Where(label(11))), also=("KITTI-017",)),
    Mutation("a file of other bytes", "FILE-001", with_bytes(label(2), lambda content: b"\x1f\x8b\xff" + content)),
    Mutation("a link out of the dataset", "FILE-001", linked_out, also=("KITTI-005", "KITTI-017")),
    Mutation(
        "a sidecar that is none",
        "FILE-001",
        with_bytes("framepress.json", lambda content: b'{"schema": ' + b"[" * 9999),
        also=("KITTI-011",),
    ),
]

SOLIDS = [
    Mutation("a size of zeros", "KITTI-006", fields("height", set_to(height="0", width="0", length="0"))),
    Mutation("a negative width", "KITTI-006", fields("width", set_to(width="-1.8"))),
    Mutation("width and length exchanged", "KITTI-006", fields("width", exchanged, sideways)),
    Mutation(
        "width and length exchanged everywhere",
        "KITTI-006",
        every(exchanged, first_field("width")),
        None,
        also=("KITTI-007", "KITTI-014"),
    ),
    Mutation(
        "the centre in place of the bottom",
        "KITTI-007",
        fields("y", lambda row: moved(row, y=-float(row["height"]) / 2)),
    ),
    Mutation(
        "a person's centre in place of the feet",
        "KITTI-007",
        fields("y", lambda row: moved(row, y=-0.9), lambda row: row["type"] == "person" and row["occluded"] == "0"),
    ),
    Mutation("the calibration of another camera", "KITTI-007", other_camera, None, also=("KITTI-014",)),
    Mutation(
        "a focal length twice as long",
        "KITTI-007",
        projected(lambda P: np.diag((1, 1, 0.5)) @ P * 2 @ np.diag((1, 1, 1, 1))),
        None,
    ),
    Mutation("the rotation of P2 transposed", "KITTI-007", projected(turned_back), None, tilt="level"),
    Mutation(
        "yaw turning the other way",
        "KITTI-007",
        fields(
            "rotation_y",
            lambda row: scaled(row, -1, "rotation_y") | {"alpha": "-10"},
            narrower_when_mirrored,
        ),
    ),
    Mutation(
        "centimetres",
        "KITTI-007",
        fields("z", lambda row: scaled(row, 100, "height", "width", "length")),
    ),
    Mutation(
        "alpha copied from rotation_y",
        "KITTI-008",
        fields(
            "alpha",
            lambda row: {"alpha": row["rotation_y"]},
            lambda row: whole(row) and abs(float(row["x"]) / float(row["z"])) > 0.1,
        ),
    ),
    Mutation("alpha with the other sign", "KITTI-008", fields("alpha", lambda row: scaled(row, -1, "alpha"))),
    Mutation("alpha 0 everywhere", "KITTI-008", every(set_to(alpha="0"), first_field("alpha")), None),
    Mutation("degrees", "KITTI-009", fields("rotation_y", lambda row: scaled(row, 180 / np.pi, "rotation_y"))),
    Mutation("alpha in degrees", "KITTI-009", fields("alpha", lambda row: scaled(row, 180 / np.pi, "alpha"))),
    Mutation("behind the camera", "KITTI-009", fields("z", lambda row: scaled(row, -1, "z"))),
    Mutation(
        "a policy that is none",
        "KITTI-016",
        sidecar(lambda document: document["options"].update(tilt="best"), "options.tilt"),
    ),
    Mutation(
        "a policy that P2 contradicts",
        "KITTI-016",
        then(sidecar(lambda document: document["options"].update(tilt="project")), Where(calib(0), None, "P2")),
        tilt="level",
    ),
]

BOXES = [
    Mutation("a box to the width", "KITTI-011", fields("right", set_to(right="160")), also=("KITTI-007",)),
    Mutation("a box above the image", "KITTI-011", fields("top", set_to(top="-3.5")), also=("KITTI-007",)),
    Mutation(
        "a box that ends before it begins",
        "KITTI-011",
        fields("right", lambda row: {"left": row["right"], "right": row["left"]}),
    ),
    Mutation("a box without width", "KITTI-011", fields("right", lambda row: {"right": row["left"]}), None),
    Mutation(
        "boxes one pixel short",
        "KITTI-011",
        every(lambda row: moved(row, right=-1, bottom=-1), first_field("right")),
        None,
    ),
    Mutation(
        "boxes one pixel long",
        "KITTI-011",
        every(
            lambda row: {
                "right": f"{min(159, float(row['right']) + 1)}",
                "bottom": f"{min(89, float(row['bottom']) + 1)}",
            },
            first_field("right"),
        ),
        None,
    ),
    Mutation(
        "P2 half a pixel from the boxes", "KITTI-011", projected(lambda P: P + 0.5 * np.outer((1, 1, 0), P[2])), None
    ),
]

CALIBRATION = [
    Mutation(
        "lines in another order",
        "KITTI-012",
        edited(calib(2), lambda text: "".join(sorted(text.splitlines(True), reverse=True))),
    ),
    Mutation("no imu", "KITTI-012", edited(calib(2), lambda text: text.partition("Tr_imu")[0], "Tr_imu_to_velo")),
    Mutation(
        "a key of the tracking benchmark",
        "KITTI-012",
        edited(calib(2), lambda text: text.replace("R0_rect:", "R_rect"), "R_rect", 5),
        None,
    ),
    Mutation(
        "eleven numbers",
        "KITTI-012",
        edited(
            calib(2),
            lambda text: text.replace("Tr_velo_to_cam: 0.000000000000e+00", "Tr_velo_to_cam:"),
            "Tr_velo_to_cam",
            6,
        ),
    ),
    Mutation("nan in P2", "KITTI-012", calibrated("P2", lambda P: P * np.nan)),
    Mutation("a scaled rotation", "KITTI-012", calibrated("R0_rect", lambda R: R * 1.01), also=("KITTI-014",)),
    Mutation(
        "a mirror image",
        "KITTI-012",
        calibrated("Tr_velo_to_cam", lambda T: np.diag((-1, 1, 1)) @ T),
        also=("KITTI-014",),
    ),
    Mutation("P2 that looks back", "KITTI-012", calibrated("P2", lambda P: -P), also=("KITTI-007", "KITTI-016")),
    Mutation("no calibration for a frame", "KITTI-012", without(calib(2), where=Where(calib(2)))),
]

LIDAR = [
    Mutation("a file cut short", "KITTI-013", with_bytes(velodyne(2), lambda content: content[:-4])),
    Mutation(
        "a point that is nan",
        "KITTI-013",
        with_bytes(velodyne(2), lambda content: content[:32] + np.float32([np.nan]).tobytes() + content[36:]),
    ),
    Mutation("no points for a frame", "KITTI-013", without(velodyne(2), where=Where(velodyne(2)))),
    Mutation(
        "points of another place", "KITTI-014", lidar(lambda points: points + np.float32([0, 0, 40, 0]), near_car), None
    ),
    Mutation(
        "points in the axes of the camera",
        "KITTI-014",
        lidar(lambda points: np.stack((-points[:, 1], -points[:, 2], points[:, 0], points[:, 3]), 1), near_car),
        None,
    ),
]

MUTATIONS = [*TEXT, *FILES, *SOLIDS, *BOXES, *CALIBRATION, *LIDAR]
