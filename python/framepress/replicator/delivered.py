"""Payloads that hold what was asked for: an image that lost its boxes on the way would pass for one without objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from framepress.capture.layout import Product, products_of
from framepress.capture.pixels import not_rendered
from framepress.errors import InputError

__all__ = ["delivered"]


def delivered(payload: Mapping[str, Any], asked: Iterable[str], where: str) -> list[Product]:
    """The products of a payload.

    Raises:
        InputError: this is no payload; or of a product that was drawn, an annotator that was asked for is missing.
    """
    products = products_of(payload, where)
    names = [name.removesuffix("_fast") for name in asked]
    for product in products:
        missing = [name for name in names if name not in product.annotations]
        if missing and not not_rendered(product):
            raise InputError(
                f"{where}, {product.name}: the payload lacks {', '.join(missing)}, which the run asked for; attach the "
                "writer after initialize, not before, and leave its annotators as they are"
            )
    return products
