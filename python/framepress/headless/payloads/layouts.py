"""The dict that `Writer.write(data)` gets, in the three layouts that a writer's `data_structure` names.

    legacy          data["rp_<rp>"] = {"camera", "resolution"}; data["<annotator>"] where there is exactly one product,
                    else data["<annotator>-<rp>"]; values in legacy form
    renderProduct   data["renderProducts"][<rp>] = {"camera", "resolution", "<annotator>": flat value}
    annotator       data["annotators"]["<annotator>"][<rp>] = flat value; "camera" and "resolution" stand beside these

A flat value is {"data": array, **info}; a legacy one the bare array, {"data": array, "info": info}, or, where there is
no array, the info itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from framepress.headless.payloads.shot import Value, release_of

__all__ = ["LAYOUTS", "ProductValues", "flat", "legacy", "payload"]


@dataclass(frozen=True, eq=False)
class ProductValues:
    """One render product's part. `resolution` is (width, height); `values` are by the annotators' public names."""

    camera: str
    resolution: tuple[int, int]
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        return {"camera": self.camera, "resolution": self.resolution}


def payload(
    layout: str,
    products: Mapping[str, ProductValues],
    *,
    release: str = "5.1",
    reference_time: tuple[int, int] = (0, 1),
    distribution_outputs: Mapping[str, Any] | None = None,
    trigger_outputs: Mapping[str, Any] | None = None,
    named_outputs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The payload of one frame for all of a writer's products, in their order.

    Args:
        layout: the writer's `data_structure`; case does not count.
        named_outputs: there from 6.0 on.

    Raises:
        ValueError: no such layout, which is what Replicator's node raises too.
    """
    arrange = _ARRANGE.get(layout.lower())
    if arrange is None:
        raise ValueError(f"data_structure {layout!r} is none of {', '.join(LAYOUTS)}")
    data: dict[str, Any] = {
        "swhFrameNumber": 0,
        "reference_time": reference_time,
        "distribution_outputs": dict(distribution_outputs or {}),
        "trigger_outputs": dict(trigger_outputs or {}),
    }
    if release_of(release) >= (6, 0):
        data["named_outputs"] = dict(named_outputs or {})
    return data | arrange(products)


def flat(value: Value) -> dict[str, Any]:
    """A value as the layouts `renderProduct` and `annotator` have it."""
    return dict(value.info) if value.data is None else {"data": value.data, **value.info}


def legacy(value: Value) -> Any:
    """A value as the layout `legacy`, and `Annotator.get_data()`, have it."""
    if value.data is None:
        return dict(value.info)
    return {"data": value.data, "info": dict(value.info)} if value.info else value.data


def _legacy(products: Mapping[str, ProductValues]) -> dict[str, Any]:
    data: dict[str, Any] = {f"rp_{name}": product.facts for name, product in products.items()}
    for name, product in products.items():
        for annotator, value in product.values.items():
            data[annotator if len(products) == 1 else f"{annotator}-{name}"] = legacy(value)
    return data


def _by_product(products: Mapping[str, ProductValues]) -> dict[str, Any]:
    return {
        "renderProducts": {
            name: {**product.facts, **{annotator: flat(value) for annotator, value in product.values.items()}}
            for name, product in products.items()
        }
    }


def _by_annotator(products: Mapping[str, ProductValues]) -> dict[str, Any]:
    table: dict[str, dict[str, Any]] = {"camera": {}, "resolution": {}}
    for name, product in products.items():
        for key, entry in product.facts.items():
            table[key][name] = entry
        for annotator, value in product.values.items():
            table.setdefault(annotator, {})[name] = flat(value)
    return {"annotators": table}


_ARRANGE: Mapping[str, Callable[[Mapping[str, ProductValues]], dict[str, Any]]] = {
    "legacy": _legacy,
    "renderproduct": _by_product,
    "annotator": _by_annotator,
}
LAYOUTS = ("legacy", "renderProduct", "annotator")
