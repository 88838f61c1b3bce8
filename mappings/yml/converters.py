"""What a YML feed says and holds. The writer leaves out what is None or an empty list."""

from __future__ import annotations

import hashlib
from typing import Any

from mappings.converters import converter
from mappings.faults import NotPublishable
from mappings.outward import Document, Refs, renderer
from mappings.trade import is_variable, live, price_for_one, price_of, publishable, shown, stock_of, telling_options

yml = renderer("yml")


@converter(system="yml", fails=False)
def either(first: str, second: str) -> str:
    """The first that is there."""
    return first or second


@converter(system="yml", fails=False)
def variant(group: str, offer: str) -> str | None:
    """An offer of a group is a variant."""
    return offer if group else None


@converter(system="yml", fails=False)
def offer_name(name: str, prefix: str, vendor: str, model: str) -> str | None:
    """The name, or type, vendor and model together where the feed states these."""
    joined = " ".join(part.strip() for part in (prefix, vendor, model) if part.strip())
    return name.strip() or joined or None


def number_of(code: str) -> str:
    """Return a category's number: a code of digits is one, any other gives 15 digits of its hash."""
    if code.isascii() and code.isdigit() and len(code) <= 18:
        return code
    return str(int(hashlib.sha256(code.encode()).hexdigest()[:15], 16) % 10**15)


@yml
def category_id(document: Document, refs: Refs) -> str:
    """The category's number in the feed."""
    return number_of(document.code or "")


@yml
def category_parent(document: Document, refs: Refs) -> str | None:
    """The number of the category above."""
    parent = document.root.parent
    return number_of(refs.target_id("category", parent)) if parent is not None else None


@yml
def available(document: Document, refs: Refs) -> bool:
    """To be had at once; also the place where what a feed cannot show is refused."""
    if not shown(document):
        if document.channel.options.get("gone") == "zero":
            return False
        raise NotPublishable("it is gone" if document.gone else "it is not in the channel's assortment")
    publishable(document, _product(document), [document.root])
    return stock_of(document, document.root) > 0


@yml
def url(document: Document, refs: Refs) -> str | None:
    """The offer's page: the channel's `offer_url` with the code after it."""
    prefix = document.channel.options.get("offer_url")
    return f"{prefix}{document.code}" if prefix else None


@yml
def price(document: Document, refs: Refs) -> str | None:
    """Price of one unit, with a point."""
    row = price_of(document, document.root)
    return format(price_for_one(row).normalize(), "f") if row else None


@yml
def currency(document: Document, refs: Refs) -> str | None:
    """Currency of the price."""
    row = price_of(document, document.root)
    return row.currency if row else None


@yml
def category(document: Document, refs: Refs) -> str | None:
    """The first category of the product: a feed allows one."""
    rows = [row for row in document.parts["categories"] if not row.gone]
    return number_of(refs.target_id("category", rows[0].hub_id)) if rows else None


@yml
def name(document: Document, refs: Refs) -> str | None:
    """Name of the variant, else of the product."""
    product = _product(document)
    return document.root.name or (product.name if product else None)


@yml
def vendor(document: Document, refs: Refs) -> str | None:
    """Brand."""
    product = _product(document)
    return product.brand if product else None


@yml
def vendor_code(document: Document, refs: Refs) -> str | None:
    """Article of the variant, else of the product."""
    product = _product(document)
    return document.root.article or (product.article if product else None)


@yml
def description(document: Document, refs: Refs) -> str | None:
    """Description of the product."""
    product = _product(document)
    return product.description if product else None


@yml
def count(document: Document, refs: Refs) -> int:
    """Stock of all locations; 0 for what is not shown."""
    return stock_of(document, document.root) if shown(document) else 0


@yml
def pictures(document: Document, refs: Refs) -> list[str]:
    """Addresses of pictures: whole ones as they are, others after the channel's `images_url`, if it has one."""
    product = _product(document)
    prefix = document.channel.options.get("images_url")
    names = product.images if product else ()
    return [n if n.startswith(("http://", "https://")) else f"{prefix}{n}" for n in names if prefix or "://" in n]


@yml
def barcodes(document: Document, refs: Refs) -> list[str]:
    """The GTIN of the variant, or of a simple product; other barcodes mean nothing to strangers."""
    product = _product(document)
    found = document.root.gtin or (product.gtin if product and document.root.variant is None else None)
    return [found] if found else []


@yml
def params(document: Document, refs: Refs) -> list[tuple[str, str]]:
    """What makes the variant, then the product's properties."""
    siblings = live(document.parts["siblings"])
    telling = telling_options(siblings).get(document.root.hub_id, {}) if is_variable(siblings) else {}
    product = _product(document)
    rest: dict[str, Any] = dict(product.attributes) if product else {}
    return [*telling.items(), *((n, v) for n, v in rest.items() if n not in telling)]


def _product(document: Document) -> Any:
    return next(iter(document.parts["product"]), None)
