"""A Replicator payload (what `Writer.write(data)` gets) as a `Frame`. Pure functions; nothing else knows Replicator.

    payload dict -> layout.Product (one a camera) -> cameras, pixels, segmentation, rows and objects -> View -> Frame

Conventions end here: inclusive maxima, row vectors, scene units, OpenGL axes, ids and colours of one frame, labels in
lower case joined by commas, rows of nested prims. A module of this package settles each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.buffers import Buffers
from framepress.capture.cameras import camera_of, metres_per_unit
from framepress.capture.layout import Annotation, Product, products_of, time_ns
from framepress.capture.objects import Table, Tables, table_of
from framepress.capture.pixels import RASTERS, copied, not_rendered, sources, tiling_of
from framepress.capture.policy import Policy
from framepress.capture.probed import Probed
from framepress.capture.rows import rows_of
from framepress.capture.segmentation import Lookup, is_coloured, matched, rows_of_map, semantic_ids
from framepress.capture.semantics import first_listed
from framepress.capture.skeletons import with_keypoints
from framepress.core import Camera, Channels, Frame, LabelMap, Objects, View, safe_name
from framepress.core.channels import Source
from framepress.errors import InputError

__all__ = ["frame_from_payload", "frame_from_products", "with_names"]

_BOXES = ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d")
_INSTANCES = ("instance_segmentation", "instance_id_segmentation")
_READ = ("camera_params", "semantic_segmentation", "skeleton_data", "pointcloud", *_BOXES, *_INSTANCES, *RASTERS)


def frame_from_payload(
    data: Mapping[str, Any],
    *,
    frame_id: str,
    index: int,
    sequence: str = "",
    policy: Policy | None = None,
    copy: Buffers | bool = True,
) -> tuple[Frame | None, Accounts]:
    """One `write(data)` call as a frame, and what became of its rows.

    None, counted as `frames without an image`, when no product has been rendered yet; a product that alone came empty
    is left out and counted.

    Args:
        copy: whether pixel buffers, which the host reuses for the next step, are copied; a pool of `Buffers` where many
            frames follow each other. Nothing else is done with pixels here: conversions run when a channel is used.

    Raises:
        InputError, LabelError: the payload contradicts itself; with frame, product, annotator, row.
    """
    products = products_of(data, f"frame {frame_id}")
    frame, accounts = frame_from_products(
        products, frame_id=frame_id, index=index, sequence=sequence, policy=policy, copy=copy, time_ns=time_ns(data)
    )
    return frame and with_names(frame, products), accounts


def with_names(frame: Frame, products: Sequence[Product]) -> Frame:
    """As a payload's frame is named: the only camera needs no name, and no folder of its own."""
    return frame.replaced(views=(frame.view.replaced(name=""),)) if len(products) == 1 else frame


def frame_from_products(
    products: Sequence[Product],
    *,
    frame_id: str,
    index: int,
    sequence: str = "",
    policy: Policy | None = None,
    copy: Buffers | bool = True,
    time_ns: int | None = None,
    meta: Mapping[str, Any] | None = None,
) -> tuple[Frame | None, Accounts]:
    """As `frame_from_payload`, from products that are already apart (in files, for example)."""
    accounts = Accounts()
    buffers = Buffers() if copy is True else copy or None
    views = []
    for product in products:
        where = f"frame {frame_id}" + (f", {product.name}" if product.name else "")
        empty = not_rendered(product)
        if empty:
            accounts.add("views without an image", example=f"{where}: {empty} is empty")
        else:
            views.append(_view(product, policy or Policy(), buffers, accounts, where))
    if not views:
        accounts.add("frames without an image", example=f"frame {frame_id}")
        return None, accounts
    frame = Frame(
        frame_id, index, tuple(views), sequence=sequence, time_ns=time_ns, meta=meta if meta is not None else {}
    )
    return frame, accounts


def _view(product: Product, policy: Policy, buffers: Buffers | None, accounts: Accounts, where: str) -> View:
    size = _size_of(product, where)
    tiles = tiling_of(product, size)
    if tiles is not None or "," in product.camera:
        raise InputError(
            f"{where}: a tiled render product ({'x'.join(map(str, tiles or ())) or product.camera}): a mosaic of many "
            "cameras has no camera of its own; name its cameras in the option `tiles`, or give each a render product"
        )
    for name in product.annotations:
        if name not in _READ:
            accounts.add("annotators not read", example=name)
    annotations = {
        name: annotation if name in _BOXES or buffers is None else copied(name, annotation, size, buffers)
        for name, annotation in product.annotations.items()
    }
    product = replace(product, size_wh=size, annotations=annotations)
    camera, scale = _camera(product, size, policy.probed, accounts, where)
    table = table_of(_tables(product, size, policy, accounts), camera, scale, policy, accounts, where)
    channels = sources(product, size, scale, accounts, policy.probed)
    objects = _with_instances(product, size, table, channels, accounts)
    if "skeleton_data" in product.annotations:
        side = product.annotations["skeleton_data"].side
        objects = with_keypoints(objects, table.row_of_path, side, size, policy, accounts, where)
    names = _with_semantics(product, size, policy, channels, accounts)
    return View(camera, safe_name(product.name), Channels(channels, size, where), objects, names)


def _size_of(product: Product, where: str) -> tuple[int, int]:
    if product.size_wh is not None:
        return product.size_wh
    params = product.annotations.get("camera_params")
    if params is not None and "renderProductResolution" in params.side:
        width, height = (int(side) for side in params.side["renderProductResolution"])
        return width, height
    raise InputError(f"{where}: neither the payload nor camera_params states the resolution; capture camera_params")


def _camera(
    product: Product, size: tuple[int, int], probed: Probed, accounts: Accounts, where: str
) -> tuple[Camera, float]:
    annotation = product.annotations.get("camera_params")
    if annotation is None and product.metres_per_unit is not None:
        accounts.add("tiles whose camera is not known: no K, no pose", example=where)
        return Camera(*size), product.metres_per_unit
    if annotation is None:
        accounts.add("views without camera_params: no K, no pose, scene units taken as metres", example=where)
        return Camera(*size), 1.0
    name = annotation.where or where
    side = annotation.side
    return camera_of(side, size, accounts, name, probed.offset_signs), metres_per_unit(side, Accounts(), name)


def _tables(product: Product, size: tuple[int, int], policy: Policy, accounts: Accounts) -> Tables:
    tight, loose, solid = (
        rows_of(product.annotations[name], policy.taxonomy) if name in product.annotations else None for name in _BOXES
    )
    instances = product.annotations.get("instance_segmentation")
    if tight is None and instances is not None and "idToSemantics" in instances.side:
        accounts.add("views whose boxes were measured in the instance map")
        tight = rows_of_map(instances, size, policy.taxonomy)
    return Tables(tight, loose, solid)


def _with_instances(
    product: Product, size: tuple[int, int], table: Table, channels: dict[str, Source], accounts: Accounts
) -> Objects:
    """Adds the instance channel, and returns the objects with their ids in it."""
    name = next((name for name in _INSTANCES if name in product.annotations), None)
    if name is None:
        return table.objects
    annotation = product.annotations[name]
    match = matched(annotation, table.row_of_path, table.objects.track, leaves=name == "instance_id_segmentation")
    accounts.add("objects without pixels in the instance map", sum(number == 0 for number in match.ids))
    accounts.add("instance map: prims that are no object here", match.others)
    channels["instance"] = _lookup(annotation, match.table, size)
    return table.objects.with_columns(id=match.ids)


def _with_semantics(
    product: Product, size: tuple[int, int], policy: Policy, channels: dict[str, Source], accounts: Accounts
) -> dict[int, str]:
    """Adds the semantic channel, and returns the classes of its ids.

    A semantic id has no prim path, so that several labels on it stay joined unless a class list names one.
    """
    annotation = product.annotations.get("semantic_segmentation")
    if annotation is None:
        return {}
    table, labels = semantic_ids(annotation, policy.taxonomy)
    channels["semantic"] = _lookup(annotation, table, size)
    listed = policy.labels or LabelMap()
    return {
        number: first_listed(held, listed, accounts, annotation.where) or ",".join(held)
        for number, held in labels.items()
    }


def _lookup(annotation: Annotation, table: Mapping[int, int], size: tuple[int, int]) -> Lookup:
    if annotation.pixels is None:
        raise InputError(f"{annotation.where}: no array was delivered")
    coloured = is_coloured(annotation.side["idToLabels"])
    return Lookup(annotation.pixels, table, size, annotation.where, coloured)
