"""KITTI's object layout: label lines, 2D and 3D boxes, calibration, lidar, lists of frames."""
