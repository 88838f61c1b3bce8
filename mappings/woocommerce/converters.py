"""What WooCommerce v3 says and is sent. Amounts are texts there, stock is a whole number, ids are integers.

`stock_status` is not sent: the shop derives it from the stock that it counts.
"""

from __future__ import annotations

from typing import Any

from canonical_model.gtin import is_gtin
from mappings.converters import converter
from mappings.faults import NotPublishable
from mappings.outward import Document, Refs, renderer
from mappings.trade import (
    is_variable,
    live,
    price_for_one,
    price_of,
    publishable,
    shown,
    stock_of,
    telling_options,
)

woocommerce = renderer("woocommerce")


@converter(system="woocommerce", fails=False)
def parent(value: str) -> str:
    """The category above; Woo writes 0 at the root."""
    return "" if value == "0" else value


@converter(system="woocommerce")
def parent_product(value: str) -> str:
    """A variation's product; older shops leave it out of what they answer."""
    if value in ("", "0"):
        raise ValueError("no parent_id; a variation needs its product")
    return value


@converter(system="woocommerce", fails=False)
def trashed(status: str) -> bool:
    """In the shop's bin."""
    return status == "trash"


@converter(system="woocommerce", fails=False)
def one_gtin(value: str) -> str | None:
    """The GTIN, when it is one."""
    return value.strip() if is_gtin(value.strip()) else None


def amount(document: Document, sku: Any) -> str:
    """Return a price as the shop writes it; empty when the SKU has none, so that it cannot be bought."""
    price = price_of(document, sku)
    return format(price_for_one(price.amount, price.per).normalize(), "f") if price else ""


def _skus(document: Document) -> list[Any]:
    """Return the live SKUs; where none is left, the last ones known: a hidden product keeps its type."""
    return live(document.parts["skus"]) or list(document.parts["skus"])


def _simple(document: Document) -> Any:
    """Return the only SKU of a simple product, or None."""
    skus = _skus(document)
    return None if is_variable(skus) or not skus else skus[0]


@woocommerce
def product_type(document: Document, refs: Refs) -> str:
    """`simple` or `variable`; also the place where an unpublishable product is refused."""
    skus = live(document.parts["skus"])
    if shown(document):
        publishable(document, document.root, skus)
    return "variable" if is_variable(_skus(document)) else "simple"


@woocommerce
def product_status(document: Document, refs: Refs) -> str:
    """`publish`; `draft` for what is gone or not in the assortment, unless the channel only zeroes its stock."""
    return "publish" if shown(document) or document.channel.options.get("gone") == "zero" else "draft"


@woocommerce
def description(document: Document, refs: Refs) -> str:
    """The description, or an empty text."""
    return document.root.description or ""


@woocommerce
def product_price(document: Document, refs: Refs) -> str:
    """Price of a simple product; a variable one has none of its own."""
    sku = _simple(document)
    return amount(document, sku) if sku else ""


@woocommerce
def product_manages_stock(document: Document, refs: Refs) -> bool:
    """A simple product counts its stock; of a variable one its variations do."""
    return not is_variable(_skus(document))


@woocommerce
def product_stock(document: Document, refs: Refs) -> int | None:
    """Stock of a simple product over all locations; 0 for what is not shown."""
    if is_variable(_skus(document)):
        return None
    sku = _simple(document)
    return stock_of(document, sku) if sku and shown(document) else 0


@woocommerce
def product_categories(document: Document, refs: Refs) -> list[dict[str, int]]:
    """The shop's ids of its categories, in their order."""
    rows = [row for row in document.parts["categories"] if not row.gone]
    return [{"id": int(refs.target_id("category", row.hub_id))} for row in rows]


@woocommerce
def product_attributes(document: Document, refs: Refs) -> list[dict[str, Any]]:
    """What makes the variants, with all their values; then the product's properties."""
    skus = _skus(document)
    found: dict[str, list[str]] = {}
    if is_variable(skus):
        for options in telling_options(skus).values():
            for name, value in options.items():
                found.setdefault(name, [])
                if value not in found[name]:
                    found[name].append(value)
    made = [_attribute(name, values, variation=True) for name, values in found.items()]
    return made + [_attribute(n, [v], variation=False) for n, v in document.root.attributes.items() if n not in found]


def _attribute(name: str, options: list[str], *, variation: bool) -> dict[str, Any]:
    return {"name": name, "visible": True, "variation": variation, "options": options}


@woocommerce
def category_parent(document: Document, refs: Refs) -> int:
    """The shop's id of the category above; 0 at the root."""
    parent = document.root.parent
    return int(refs.target_id("category", parent)) if parent is not None else 0


@woocommerce
def variation_status(document: Document, refs: Refs) -> str:
    """`publish`, or `private`, which is how the shop hides one variant; refuses what cannot be shown."""
    sku = document.root
    if not shown(document):
        return "publish" if document.channel.options.get("gone") == "zero" else "private"
    product = next(iter(document.parts["product"]), None)
    publishable(document, product, [sku])
    if not is_variable(live(document.parts["siblings"])):
        raise NotPublishable("it is no variant: its product is simple")
    return "publish"


@woocommerce
def variation_price(document: Document, refs: Refs) -> str:
    """Price of the variant."""
    return amount(document, document.root)


@woocommerce
def variation_manages_stock(document: Document, refs: Refs) -> bool:
    """Each variant counts its own stock."""
    return True


@woocommerce
def variation_stock(document: Document, refs: Refs) -> int:
    """Stock over all locations; 0 for what is not shown."""
    return stock_of(document, document.root) if shown(document) else 0


@woocommerce
def variation_attributes(document: Document, refs: Refs) -> list[dict[str, str]]:
    """The options that tell this variant from its siblings."""
    siblings = live(document.parts["siblings"])
    options = telling_options(siblings).get(document.root.hub_id, {})
    return [{"name": name, "option": value} for name, value in options.items()]
