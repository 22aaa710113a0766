"""The nuScenes devkit's KITTI reading: python judge_nuscenes_kitti.py ROOT [--points N]

ROOT holds training/{image_2,label_2,calib} and optionally velodyne. Boxes come in the devkit's lidar frame (KITTI's
turned 90 degrees about z: x right, y forward, z up), centre in the middle of the box, and projected back into the
image through calib. The devkit takes what follows the last `_` of a file name as its number, and leaves DontCare and
Misc out.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path

from answer import answer, refusal

SPLIT = "training"


def describe(root: Path, max_points: int) -> dict[str, object]:
    from nuscenes.utils.kitti import KittiDB

    document: dict[str, object] = {
        "reader": f"nuscenes-devkit {version('nuscenes-devkit')}",
        "refused": None,
        "images": [],
    }
    try:
        database = KittiDB(root=str(root), splits=(SPLIT,))
    except Exception as error:  # whatever the reader raises is its verdict
        return {**document, "refused": refusal(error)}
    return {**document, "images": [_image(database, token, max_points) for token in database.tokens]}


def _image(database, token: str, max_points: int) -> dict[str, object]:
    said: dict[str, object] = {"token": token, "refused": None, "objects": [], "points": None}
    try:
        with_points = Path(database.get_filepath(token, "velodyne", root=database.root)).exists()
        return {
            **said,
            "objects": _objects(database, token),
            "points": _points(database, token, max_points) if with_points else None,
        }
    except Exception as error:  # whatever the reader raises is its verdict
        return {**said, "refused": refusal(error)}


def _objects(database, token: str) -> list[dict[str, object]]:
    from PIL import Image
    from pyquaternion import Quaternion

    calib = database.get_transforms(token, root=database.root)
    with Image.open(database.get_filepath(token, "image_2", root=database.root)) as image:
        size_wh = image.size
    boxes_2d, _ = database.get_boxes_2d(token)
    objects = []
    for box, box_2d in zip(database.get_boxes(token), boxes_2d, strict=True):
        in_camera = database.box_nuscenes_to_kitti(
            box,
            Quaternion(matrix=calib["velo_to_cam"]["R"]),
            calib["velo_to_cam"]["T"],
            Quaternion(matrix=calib["r0_rect"]),
        )
        objects.append(
            {
                "name": box.name,
                "center": box.center,
                "wlh": box.wlh,
                "yaw": box.orientation.yaw_pitch_roll[0],
                "corners": box.corners().T,
                "location": in_camera.center,
                "box_2d": box_2d,
                "projected": database.project_kitti_box_to_image(in_camera, calib["p_left"], size_wh),
            }
        )
    return objects


def _points(database, token: str, max_points: int) -> dict[str, object]:
    """The number of lidar points, and up to `max_points` of them, evenly strided, as (u, v, depth) in the image.

    The devkit's own project_pts_to_image rotates by a quaternion where a matrix is due (1.2.0), so its parts are used.
    """
    from nuscenes.utils.geometry_utils import view_points

    cloud = database.get_pointcloud(token, root=database.root)
    count = cloud.points.shape[1]
    calib = database.get_transforms(token, root=database.root)
    cloud.rotate(calib["velo_to_cam"]["R"])
    cloud.translate(calib["velo_to_cam"]["T"])
    in_camera = cloud.points[:3, :: max(1, -(-count // max_points))]
    uv_depth = view_points(in_camera, calib["p_combined"], normalize=True)
    uv_depth[2] = in_camera[2]
    return {"count": count, "uv_depth": uv_depth.T}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--points", type=int, default=200, help="lidar points to project into the image")
    options = parser.parse_args()
    answer(lambda: describe(options.root.resolve(), options.points))
