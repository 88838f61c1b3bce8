"""Products and variations as the API answers them."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.woocommerce.shop import SITE, Shop, gmt, local

_HIDDEN = {"images", "categories", "tags", "date_on_sale_from", "date_on_sale_to", "slug", "name", "type"}


def current_price(stored: dict[str, Any], now: str) -> str:
    """What a customer pays at a moment (GMT text): the sale price while the sale lasts, else the regular one."""
    return str(stored["sale_price"] if on_sale(stored, now) else stored["regular_price"])


def on_sale(stored: dict[str, Any], now: str) -> bool:
    """Whether a sale price holds at a moment (GMT text)."""
    sale, regular = _amount(stored["sale_price"]), _amount(stored["regular_price"])
    if sale is None or regular is None or sale >= regular:
        return False
    start, end = stored["date_on_sale_from"], stored["date_on_sale_to"]
    return (not start or start[:19] <= now) and (not end or now <= end[:19])


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _dates(name: str, moment: str | None) -> dict[str, str | None]:
    return {name: local(moment), f"{name}_gmt": moment}


def _image(image: dict[str, Any], row: Any) -> dict[str, Any]:
    dates = _dates("date_created", row["created"]) | _dates("date_modified", row["created"])
    return {"id": image["id"], **dates, "src": image["src"], "name": image["name"], "alt": image["alt"]}


def _selling(stored: dict[str, Any], row: Any, now: str) -> dict[str, Any]:
    """Fields that products and variations share."""
    shown = {name: value for name, value in stored.items() if name not in _HIDDEN}
    price = current_price(stored, now)
    return shown | {
        "id": row["id"],
        "name": stored["name"],
        "slug": stored["slug"],
        **_dates("date_created", row["created"]),
        **_dates("date_modified", row["modified"]),
        "price": price,
        "on_sale": on_sale(stored, now),
        **_dates("date_on_sale_from", stored["date_on_sale_from"]),
        **_dates("date_on_sale_to", stored["date_on_sale_to"]),
        "purchasable": stored["status"] == "publish" and price != "",
        "backorders_allowed": stored["backorders"] != "no",
        "backordered": stored["stock_status"] == "onbackorder",
        "shipping_class_id": 0,
        "menu_order": stored["menu_order"],
    }


def show(shop: Shop, row: Any) -> dict[str, Any]:
    """One product or variation."""
    stored = json.loads(row["body"])
    shown = _selling(stored, row, gmt(shop.now()))
    more = _variation(shop, shown, stored, row) if row["parent"] else _product(shop, shown, stored, row)
    return shown | more


def _variation(shop: Shop, shown: dict[str, Any], stored: dict[str, Any], row: Any) -> dict[str, Any]:
    parent = shop.row("SELECT body FROM product WHERE id = ?", row["parent"])
    above = json.loads(parent["body"]) if parent else {"manage_stock": False, "name": "", "slug": ""}
    address = f"{SITE}/wp-json/wc/v3/products/{row['parent']}"
    more: dict[str, Any] = {
        "type": "variation",
        "parent_id": row["parent"],
        "name": ", ".join(choice["option"] for choice in stored["attributes"]),
        "permalink": f"{SITE}/product/{above['slug']}/?variation={row['id']}",
        "image": _image(stored["images"][0], row) if stored["images"] else None,
        "_links": {
            "self": [{"href": f"{address}/variations/{row['id']}"}],
            "collection": [{"href": f"{address}/variations"}],
            "up": [{"href": address}],
        },
    }
    if not stored["manage_stock"] and above["manage_stock"]:
        more |= {"manage_stock": "parent"} | {name: above[name] for name in ("stock_quantity", "stock_status")}
    return more


def _product(shop: Shop, shown: dict[str, Any], stored: dict[str, Any], row: Any) -> dict[str, Any]:
    address = f"{SITE}/wp-json/wc/v3/products"
    more: dict[str, Any] = {
        "type": stored["type"],
        "parent_id": 0,
        "permalink": f"{SITE}/product/{stored['slug']}/",
        "price_html": f"<span>{shown['price']}</span>" if shown["price"] else "",
        "total_sales": 0,
        "shipping_required": not stored["virtual"],
        "shipping_taxable": stored["tax_status"] == "taxable",
        "average_rating": "0.00",
        "rating_count": 0,
        "related_ids": [],
        "categories": _terms(shop, stored["categories"]),
        "tags": _terms(shop, stored["tags"]),
        "images": [_image(image, row) for image in stored["images"]],
        "variations": [],
        "has_options": stored["type"] == "variable",
        "_links": {"self": [{"href": f"{address}/{row['id']}"}], "collection": [{"href": address}]},
    }
    if stored["type"] == "variable":
        more |= _family(shop, stored, row)
    return more


def _family(shop: Shop, stored: dict[str, Any], row: Any) -> dict[str, Any]:
    """What a variable product takes from its variations: their ids, the lowest price, whether any is in stock."""
    children = shop.rows("SELECT id, price, stock_status, status FROM product WHERE parent = ? ORDER BY id", row["id"])
    live = [child for child in children if child["status"] == "publish"]
    prices = sorted((child["price"] for child in live if child["price"]), key=lambda text: Decimal(text))
    more: dict[str, Any] = {"variations": [child["id"] for child in children], "price": prices[0] if prices else ""}
    more["purchasable"] = stored["status"] == "publish" and bool(prices)
    if not stored["manage_stock"] and children:
        states = {child["stock_status"] for child in live}
        order = ("instock", "onbackorder", "outofstock")
        more["stock_status"] = next((state for state in order if state in states), "outofstock")
    return more


def _terms(shop: Shop, identifiers: list[int]) -> list[dict[str, Any]]:
    marks = ",".join("?" * len(identifiers))
    rows = shop.rows(
        f"SELECT id, name, slug FROM term WHERE id IN ({marks}) ORDER BY id",  # noqa: S608 - placeholders only
        *identifiers,
    )
    return [dict(row) for row in rows]
