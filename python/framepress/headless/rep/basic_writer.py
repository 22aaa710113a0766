"""The stand-in's `BasicWriter`: the files that Replicator's leaves, by the same names; `formats.basic` reads them.

    <annotator>_<number>.<ext>                        one render product
    <product>/<annotator>/<annotator>_<number>.<ext>  several
    <annotator>/<product>_<annotator>_<number>.<ext>  several, with use_common_output_dir

Which files an annotator has, says `_FILES`. With `on_time` triggers their counts stand before the number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import file_writes
from framepress.headless.rep.annotators import AnnotatorRegistry
from framepress.headless.rep.backend import BackendGroup, BaseBackend
from framepress.headless.rep.dispatch import BackendDispatch
from framepress.headless.rep.writer import Writer

__all__ = ["BasicWriter"]

File = tuple[str, str, Any]
"""What stands behind the annotator's name, the extension, and the content."""


class BasicWriter(Writer):
    """Every annotator as files.

    Args:
        output_dir: folder; or `backend`, or both.
        semantic_types: types of labels that count, ["class"] by default; or `semantic_filter_predicate`. It holds for
            the whole application, as Replicator's does.
        rgb, bounding_box_2d_tight, ...: which annotators.
        colorize_...: ids as colours; depth as a grey picture beside the numbers.
        frame_padding: digits of the number.

    Raises:
        OptionError: neither folder nor backend; both kinds of filter.
    """

    def __init__(
        self,
        output_dir: str | None = None,
        s3_bucket: str | None = None,
        s3_region: str | None = None,
        s3_endpoint: str | None = None,
        semantic_types: Sequence[str] | None = None,
        rgb: bool = False,
        bounding_box_2d_tight: bool = False,
        bounding_box_2d_loose: bool = False,
        semantic_segmentation: bool = False,
        instance_id_segmentation: bool = False,
        instance_segmentation: bool = False,
        distance_to_camera: bool = False,
        distance_to_image_plane: bool = False,
        bounding_box_3d: bool = False,
        occlusion: bool = False,
        normals: bool = False,
        motion_vectors: bool = False,
        camera_params: bool = False,
        pointcloud: bool = False,
        pointcloud_include_unlabelled: bool = False,
        image_output_format: str = "png",
        colorize_semantic_segmentation: bool = True,
        colorize_instance_id_segmentation: bool = True,
        colorize_instance_segmentation: bool = True,
        colorize_depth: bool = False,
        skeleton_data: bool = False,
        frame_padding: int = 4,
        semantic_filter_predicate: str | None = None,
        use_common_output_dir: bool = False,
        backend: BaseBackend | None = None,
    ) -> None:
        self.version = "0.0.2"
        self.data_structure = "renderProduct"
        self.backend = _backend(output_dir, backend, bucket=s3_bucket, region=s3_region, endpoint_url=s3_endpoint)
        wanted: dict[str, tuple[bool, dict[str, Any]]] = {
            "rgb": (rgb, {}),
            "bounding_box_2d_tight_fast": (bounding_box_2d_tight, {}),
            "bounding_box_2d_loose_fast": (bounding_box_2d_loose, {}),
            "semantic_segmentation": (semantic_segmentation, {"colorize": colorize_semantic_segmentation}),
            "instance_id_segmentation": (instance_id_segmentation, {"colorize": colorize_instance_id_segmentation}),
            "instance_segmentation_fast": (instance_segmentation, {"colorize": colorize_instance_segmentation}),
            "distance_to_camera": (distance_to_camera, {}),
            "distance_to_image_plane": (distance_to_image_plane, {}),
            "bounding_box_3d_fast": (bounding_box_3d, {}),
            "occlusion": (occlusion, {}),
            "normals": (normals, {}),
            "motion_vectors": (motion_vectors, {}),
            "camera_params": (camera_params, {}),
            "pointcloud": (pointcloud, {"includeUnlabelled": pointcloud_include_unlabelled}),
            "skeleton_data": (skeleton_data, {}),
        }
        self.annotators = [
            AnnotatorRegistry.get_annotator(name, params) for name, (asked, params) in wanted.items() if asked
        ]
        _set_filter(semantic_types, semantic_filter_predicate)
        self._image_format = image_output_format.lower().lstrip(".")
        self._colorize_depth = colorize_depth
        self._padding = frame_padding
        self._common = use_common_output_dir
        self._frame_id = 0

    def write(self, data: dict[str, Any]) -> None:
        sequences = [str(count) for name, count in data["trigger_outputs"].items() if "on_time" in name]
        number = "_".join([*reversed(sequences), f"{self._frame_id:0{self._padding}d}"])
        several = len(data["renderProducts"]) > 1
        for product, values in data["renderProducts"].items():
            for name, value in values.items():
                kind = name.removesuffix("_fast")
                if kind in _FILES:
                    for part, extension, content in self._files(kind, value):
                        path = self._path(product if several else "", kind, part)
                        self._put(f"{path}_{number}.{extension}", extension, content)
        self._frame_id += 1

    def _files(self, kind: str, value: dict[str, Any]) -> list[File]:
        files = _FILES[kind](value)
        if kind == "rgb":
            return [(part, self._image_format, pixels) for part, _, pixels in files]
        if kind.startswith("distance_to_") and self._colorize_depth:
            files.append(("", "png", _grey(value["data"])))
        return files

    def _path(self, product: str, kind: str, part: str) -> str:
        if not product:
            return f"{kind}{part}"
        return f"{kind}/{product}_{kind}{part}" if self._common else f"{product}/{kind}/{kind}{part}"

    def _put(self, path: str, extension: str, content: Any) -> None:
        if self.backend is not None:
            write = {"npy": file_writes.write_np, "json": file_writes.write_json}.get(
                extension, file_writes.write_image
            )
            self.backend.schedule(write, path=path, data=content)


_WRITES: Mapping[str, Callable[..., None]] = {"npy": file_writes.write_np, "json": file_writes.write_json}


def _backend(output_dir: str | None, backend: BaseBackend | None, **s3: str | None) -> BaseBackend:
    if backend is None and output_dir is None and s3["bucket"] is None:
        raise OptionError("BasicWriter: give output_dir, or a backend")
    if backend is None:
        return BackendDispatch(None, output_dir=output_dir, **s3)
    if output_dir is None:
        return backend
    return BackendGroup([backend, *BackendDispatch(None, output_dir=output_dir, **s3)._backends])


def _set_filter(types: Sequence[str] | None, predicate: str | None) -> None:
    if types is not None and predicate is not None:
        raise OptionError("BasicWriter: semantic_types and semantic_filter_predicate exclude each other")
    if predicate is None:
        predicate = "; ".join(f"{kind}:*" for kind in ([types] if isinstance(types, str) else types or ["class"]))
    hosts.current().semantic_filters["instance_mapping"] = predicate


# ---- files of an annotator -------------------------------------------------------------------------------------------


def _array(value: dict[str, Any]) -> list[File]:
    return [("", "npy", value["data"])]


def _boxes(value: dict[str, Any]) -> list[File]:
    labels, paths = ("_labels", "json", _keyed(value["idToLabels"])), ("_prim_paths", "json", value["primPaths"])
    return [("", "npy", value["data"]), labels, paths]


def _semantic(value: dict[str, Any]) -> list[File]:
    return [("", "png", value["data"]), ("_labels", "json", _keyed(value["idToLabels"]))]


def _instances(value: dict[str, Any]) -> list[File]:
    files = [("", "png", value["data"]), ("_mapping", "json", _keyed(value["idToLabels"]))]
    if "idToSemantics" in value:
        files.append(("_semantics_mapping", "json", _keyed(value["idToSemantics"])))
    return files


def _normals(value: dict[str, Any]) -> list[File]:
    """Each component from -1..1 to 0..255, in a picture without alpha."""
    return [("", "png", np.rint((value["data"][..., :3] * 0.5 + 0.5) * 255).astype(np.uint8))]


def _document(value: dict[str, Any]) -> list[File]:
    return [("", "json", _plain(value))]


def _points(value: dict[str, Any]) -> list[File]:
    parts = {"": "data", "_rgb": "pointRgb", "_normals": "pointNormals"}
    parts |= {"_semantic": "pointSemantic", "_instance": "pointInstance"}
    return [(part, "npy", value[key]) for part, key in parts.items()]


_FILES: Mapping[str, Callable[[dict[str, Any]], list[File]]] = {
    "rgb": lambda value: [("", "png", value["data"])],
    "bounding_box_2d_tight": _boxes,
    "bounding_box_2d_loose": _boxes,
    "bounding_box_3d": _boxes,
    "semantic_segmentation": _semantic,
    "instance_segmentation": _instances,
    "instance_id_segmentation": _instances,
    "distance_to_camera": _array,
    "distance_to_image_plane": _array,
    "occlusion": _array,
    "motion_vectors": _array,
    "normals": _normals,
    "camera_params": _document,
    "skeleton_data": _document,
    "pointcloud": _points,
}
"""Annotator -> its files from its value in flat form."""


def _grey(depth: Array) -> Array:
    """uint8 (H, W), near = 255, far = 1 on a logarithm between the nearest and farthest hit; 0 = nothing."""
    hit = np.isfinite(depth) & (depth > 0)
    out = np.zeros(depth.shape, np.uint8)
    if hit.any():
        away = np.log(depth[hit])
        span = max(float(away.max() - away.min()), 1e-6)
        out[hit] = np.rint(1 + 254 * (away.max() - away) / span).astype(np.uint8)
    return out


def _keyed(table: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): entry for key, entry in table.items()}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value
