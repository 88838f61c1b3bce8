"""What a YML feed says and holds. The writer leaves out what is None or an empty list."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mappings.converters import converter
from mappings.faults import NotPublishable
from mappings.outward import Refs, renderer
from mappings.trade import SERVICES, is_variable, live, no_price, price_for_one, telling_options

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


@lru_cache(maxsize=10_000)
def number_of(code: str) -> str:
    """Return a category's number: a code of digits is one, any other gives 15 digits of its hash."""
    if code.isascii() and code.isdigit() and len(code) <= 18:
        return code
    return str(int(hashlib.sha256(code.encode()).hexdigest()[:15], 16) % 10**15)


@yml
def category_id(code: str | None) -> str:
    """The category's number in the feed."""
    return number_of(code or "")


@yml
def category_parent(parent: int | None, refs: Refs) -> str | None:
    """The number of the category above."""
    return number_of(refs.target_id("category", parent)) if parent is not None else None


@yml
def available(
    visible: bool,
    gone: bool,
    when_gone: str | None,
    price_list: str | None,
    product: int | None,
    kind: str | None,
    amount: Decimal | None,
    quantity: Decimal | None,
) -> str:
    """To be had at once; also the place where what a feed cannot show is refused."""
    if gone or not visible:
        if when_gone == "zero":
            return "false"
        raise NotPublishable("it is gone" if gone else "it is not in the channel's assortment")
    if product is None:
        raise NotPublishable("its product was not received")
    if kind and kind.strip().lower() in SERVICES:
        raise NotPublishable("it is a service")
    if amount is None:
        raise NotPublishable(no_price(price_list))
    return "true" if quantity is not None and quantity >= 1 else "false"


@yml
def url(prefix: str | None, code: str | None) -> str | None:
    """The offer's page: the channel's `offer_url` with the code after it."""
    return f"{prefix}{code}" if prefix else None


@yml
def price(amount: Decimal | None, per: Decimal | None) -> str | None:
    """Price of one unit, with a point."""
    if amount is None or per is None:
        return None
    return format(price_for_one(amount, per).normalize(), "f")


@yml
def category(categories: list[Any], refs: Refs) -> str | None:
    """The first category of the product: a feed allows one."""
    for row in categories:
        if not row.gone:
            return number_of(refs.target_id("category", row.hub_id))
    return None


@yml
def first(own: str | None, products: str | None) -> str | None:
    """What the variant says, else the product."""
    return own or products


@yml
def count(visible: bool, gone: bool, quantity: Decimal | None) -> str:
    """Stock of all locations in whole units; 0 for what is not shown."""
    if quantity is None or quantity < 1 or gone or not visible:
        return "0"
    return str(int(quantity))


@yml
def pictures(prefix: str | None, images: list[str] | None) -> list[str]:
    """Addresses of pictures: whole ones as they are, others after the channel's `images_url`, if it has one."""
    if not images:
        return []
    return [n if n.startswith(("http://", "https://")) else f"{prefix}{n}" for n in images if prefix or "://" in n]


@yml
def barcode(own: str | None, variant: str | None, products: str | None) -> str | None:
    """The GTIN of the variant, or of a simple product; other barcodes mean nothing to strangers."""
    return own or (products if variant is None else None)


@yml
def params(own: int, siblings: list[Any], attributes: dict[str, str] | None) -> dict[str, str]:
    """What makes the variant, then the product's properties."""
    rest = attributes or {}
    if len(siblings) == 1 and siblings[0].variant is None:
        return rest
    skus = live(siblings)
    telling = telling_options(skus).get(own, {}) if is_variable(skus) else {}
    return telling | {name: value for name, value in rest.items() if name not in telling}
