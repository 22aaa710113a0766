"""The car of the specification's example, as a dataset of one image and of any lines."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from quality.mutations.kitti_edits import found

__all__ = ["CALIB", "CAR", "CUT", "NOT_KNOWN", "P2", "codes", "dataset"]

# 640 x 480 px, focal length 640 px, P2 in the index convention.
P2 = "P2: 640 0 319.5 0 0 640 239.5 0 0 0 1 0"
CAR = "Car 0.00 0 -2.34 378.31 239.50 604.89 337.28 1.50 1.80 4.00 3.00 1.50 12.00 -2.09"
CUT = "Car 0.65 0 -2.59 546.96 239.50 639.00 337.28 1.50 1.80 4.00 6.50 1.50 12.00 -2.09"
NOT_KNOWN = "-1 -1 -1 -1000 -1000 -1000 -10"
EYE = "1 0 0 0 1 0 0 0 1"
WIDE = "1 0 0 0 0 1 0 0 0 0 1 0"
CALIB = (
    "".join(f"P{camera}: {P2[4:]}\n" for camera in range(4))
    + f"R0_rect: {EYE}\nTr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27\nTr_imu_to_velo: {WIDE}\n\n"
)


def dataset(root: Path, *lines: str, calib: str | None = CALIB) -> Path:
    """One image of 640 x 480 px with these lines."""
    for folder in ("image_2", "label_2", "calib"):
        (root / "training" / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (640, 480)).save(root / "training/image_2/000000.png")
    (root / "training/label_2/000000.txt").write_text("".join(f"{line}\n" for line in lines))
    if calib is not None:
        (root / "training/calib/000000.txt").write_text(calib)
    return root


def codes(root: Path) -> list[str]:
    return [code for code, _ in found(root)]
