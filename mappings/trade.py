"""What several targets ask of a document in the same words: live SKUs, price, stock, the options of variants."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from mappings.faults import NotPublishable
from mappings.outward import Document

SERVICES = frozenset({"услуга", "service"})


def shown(document: Document) -> bool:
    """Tell whether customers are to see the document."""
    return document.visible and not document.gone


def live(skus: Iterable[Any]) -> list[Any]:
    """Return the SKUs that are not gone, in a stable order."""
    return sorted((sku for sku in skus if not sku.gone), key=lambda sku: sku.hub_id)


def is_variable(skus: Iterable[Any]) -> bool:
    """Tell whether a product is sold in variants: any '#' makes it so."""
    return any(sku.variant is not None for sku in skus)


def price_of(document: Document, sku: Any) -> Any:
    """Return the price row of one SKU in the channel's price list, or None."""
    return next((price for price in document.parts["prices"] if price.sku == sku.hub_id), None)


def price_for_one(amount: Decimal, per: Decimal) -> Decimal:
    """Return the price of one base unit of what costs `amount` for `per`; a division is rounded half up to kopecks."""
    if per == 1:
        return Decimal(amount)
    return (Decimal(amount) / Decimal(per)).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def no_price(price_list: str | None) -> str:
    """Why something without a price in the channel's list is not published."""
    return f"it has no price in price list {price_list or ''!r}"


def stock_of(document: Document, sku: Any) -> int:
    """Return how many whole units all locations hold together, never below 0."""
    total = sum((Decimal(row.quantity) for row in document.parts["stock"] if row.sku == sku.hub_id), Decimal(0))
    return max(0, int(total.to_integral_value(ROUND_FLOOR)))


def publishable(document: Document, product: Any, skus: list[Any]) -> None:
    """Check that a channel can show a product at all.

    Raises:
        NotPublishable: it is a service, has no offer, or no offer of it has a price in the channel's list.
    """
    if product is None:
        raise NotPublishable("its product was not received")
    if (product.kind or "").strip().lower() in SERVICES:
        raise NotPublishable("it is a service")
    if not skus:
        raise NotPublishable("it has no offer that the hub could take")
    if not any(price_of(document, sku) for sku in skus):
        raise NotPublishable(no_price(document.channel.options.get("price_list")))


def telling_options(skus: list[Any]) -> dict[int, dict[str, str]]:
    """Return by hub id the options that tell the variants of one product apart.

    Options that are the same for all are left out. Where what is left does not tell every variant from the others
    (many exports state none), `Вариант` is added: what the variant's name has in brackets at its end, else the name,
    else the source's own id of the variant.
    """
    names = list(dict.fromkeys(name for sku in skus for name in sku.options))
    telling = [name for name in names if len({sku.options.get(name, "") for sku in skus}) > 1]
    made = {sku.hub_id: {n: sku.options[n] for n in telling if n in sku.options} for sku in skus}
    if not telling and len(skus) == 1:
        made = {sku.hub_id: dict(sku.options) for sku in skus}
    distinct = {tuple(sorted(options.items())) for options in made.values()}
    if len(distinct) < len(skus) or any(not options for options in made.values()):
        for sku, label in _labels(skus).items():
            made[sku]["Вариант"] = label
    return made


def _labels(skus: list[Any]) -> dict[int, str]:
    """Return by hub id a text that is different for each variant."""
    labels = {sku.hub_id: _label(sku) for sku in skus}
    taken = list(labels.values())
    for sku in skus:
        if taken.count(labels[sku.hub_id]) > 1:
            labels[sku.hub_id] = f"{labels[sku.hub_id]} {(sku.variant or '')[:8]}".strip()
    if len(set(labels.values())) < len(labels):
        labels = {sku.hub_id: sku.variant or sku.name or "" for sku in skus}
    return labels


def _label(sku: Any) -> str:
    name = (sku.name or "").strip()
    if name.endswith(")") and " (" in name:
        return str(name[name.index(" (") + 2 : -1])
    return name or (sku.variant or "")
