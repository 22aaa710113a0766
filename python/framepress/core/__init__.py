"""Plain values: a frame, what its cameras saw, the objects in it, and the classes of a dataset."""

from framepress.core.camera import Camera, Distortion
from framepress.core.channels import CHANNELS, Channel, Channels, EncodedImage
from framepress.core.frame import Frame, Signal, View, safe_name
from framepress.core.labels import Label, LabelMap
from framepress.core.objects import Boxes3D, Instance, Objects
from framepress.core.rle import Rle

__all__ = [
    "CHANNELS",
    "Boxes3D",
    "Camera",
    "Channel",
    "Channels",
    "Distortion",
    "EncodedImage",
    "Frame",
    "Instance",
    "Label",
    "LabelMap",
    "Objects",
    "Rle",
    "Signal",
    "View",
    "safe_name",
]
