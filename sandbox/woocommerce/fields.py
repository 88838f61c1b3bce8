"""A request's fields merged into a stored product or variation, by Woo's rules."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.woocommerce.errors import ShopError
from sandbox.woocommerce.php import format_decimal, is_truthy, sanitize_title
from sandbox.woocommerce.shop import SITE, UNCATEGORIZED, Shop, gmt
from sandbox.woocommerce.terms import ensure_term

Stored = dict[str, Any]
_TEXTS = (
    "description", "short_description", "catalog_visibility", "external_url", "button_text", "tax_status",
    "tax_class", "purchase_note", "weight", "status", "shipping_class", "downloads", "upsell_ids", "cross_sell_ids",
    "grouped_products", "default_attributes",
)  # fmt: skip
_BOOLEANS = ("featured", "virtual", "downloadable", "sold_individually", "reviews_allowed")
_INTEGERS = ("download_limit", "download_expiry", "menu_order", "low_stock_amount")
_PRICELESS = ("variable", "grouped")


def blank(kind: str) -> Stored:
    """A new product (by type) or variation with Woo's defaults."""
    stored: Stored = {
        "type": kind, "name": "", "slug": "", "status": "publish", "description": "", "sku": "",
        "global_unique_id": "", "regular_price": "", "sale_price": "", "date_on_sale_from": None,
        "date_on_sale_to": None, "virtual": False, "downloadable": False, "downloads": [], "download_limit": -1,
        "download_expiry": -1, "tax_status": "taxable", "tax_class": "", "manage_stock": False,
        "stock_quantity": None, "stock_status": "instock", "backorders": "no", "low_stock_amount": None,
        "weight": "", "dimensions": {"length": "", "width": "", "height": ""}, "shipping_class": "",
        "images": [], "attributes": [], "menu_order": 0, "meta_data": [],
    }  # fmt: skip
    if kind != "variation":
        stored |= {
            "featured": False, "catalog_visibility": "visible", "short_description": "", "external_url": "",
            "button_text": "", "sold_individually": False, "reviews_allowed": True, "upsell_ids": [],
            "cross_sell_ids": [], "purchase_note": "", "categories": [UNCATEGORIZED], "tags": [],
            "default_attributes": [], "grouped_products": [],
        }  # fmt: skip
    return stored


def merge(shop: Shop, stored: Stored, body: Mapping[str, Any], parent: Stored | None = None) -> Stored:
    """The stored fields after a request; the caller checked their types.

    Raises:
        ShopError: an image or trade number that Woo refuses.
    """
    merged = dict(stored)
    given = {name: value for name, value in body.items() if value is not None}
    if parent is None and "type" in given:
        merged["type"] = given["type"]
    merged |= {name: given[name] for name in _TEXTS if name in given and name in stored}
    merged |= {name: is_truthy(given[name]) for name in _BOOLEANS if name in given and name in stored}
    merged |= {name: int(float(given[name])) for name in _INTEGERS if name in given}
    if "name" in given and parent is None:
        merged["name"] = re.sub(r"<[^>]*>", "", given["name"]).strip()
    _merge_identity(merged, given)
    _merge_prices(merged, given)
    _merge_stock(merged, given)
    if "dimensions" in given:
        merged["dimensions"] = merged["dimensions"] | {
            side: str(given["dimensions"][side]) for side in merged["dimensions"] if side in dict(given["dimensions"])
        }
    _merge_lists(shop, merged, given, parent)
    return merged


def _merge_identity(merged: Stored, given: Mapping[str, Any]) -> None:
    if "sku" in given:
        merged["sku"] = " ".join(given["sku"].split())
    if "global_unique_id" in given:
        code = given["global_unique_id"].strip()
        if re.search(r"[^0-9-]", code):
            raise invalid_gtin()
        merged["global_unique_id"] = code


def invalid_gtin() -> ShopError:
    """A trade number of wrong characters, or one that another product has."""
    return ShopError("product_invalid_global_unique_id", "Invalid or duplicated GTIN, UPC, EAN or ISBN.")


def _merge_prices(merged: Stored, given: Mapping[str, Any]) -> None:
    for name in ("regular_price", "sale_price"):
        if name in given:
            merged[name] = format_decimal(given[name])
    if merged["type"] in _PRICELESS:
        merged["regular_price"] = merged["sale_price"] = ""
    for name in ("date_on_sale_from", "date_on_sale_to"):
        for key in (name, f"{name}_gmt"):
            if key in given:
                merged[name] = given[key] or None


def _merge_stock(merged: Stored, given: Mapping[str, Any]) -> None:
    if "manage_stock" in given and given["manage_stock"] != "parent":
        merged["manage_stock"] = is_truthy(given["manage_stock"])
    if "stock_status" in given:
        merged["stock_status"] = given["stock_status"]
    if not merged["manage_stock"]:
        merged |= {"stock_quantity": None, "backorders": "no", "low_stock_amount": None}
        return
    if "backorders" in given:
        merged["backorders"] = given["backorders"]
    if "stock_quantity" in given:
        merged["stock_quantity"] = int(float(given["stock_quantity"]))
    quantity = merged["stock_quantity"] or 0
    merged["stock_quantity"] = quantity
    short = "outofstock" if merged["backorders"] == "no" else "onbackorder"
    merged["stock_status"] = "instock" if quantity > 0 else short


def _merge_lists(shop: Shop, merged: Stored, given: Mapping[str, Any], parent: Stored | None) -> None:
    if "meta_data" in given:
        merged["meta_data"] = _meta(shop, merged["meta_data"], given["meta_data"])
    if "image" in given and parent is not None:
        merged["images"] = [_image(shop, given["image"])] if given["image"] else []
    if "images" in given and parent is None:
        merged["images"] = [_image(shop, image) for image in given["images"]]
    if "attributes" in given:
        chosen = given["attributes"]
        merged["attributes"] = _attributes(shop, chosen) if parent is None else _options(chosen, parent)
    for name, taxonomy in (("categories", "product_cat"), ("tags", "product_tag")):
        if name in given and parent is None:
            merged[name] = _term_ids(shop, taxonomy, given[name])
    if parent is None and not merged["categories"]:
        merged["categories"] = [UNCATEGORIZED]


def _term_ids(shop: Shop, taxonomy: str, given: Iterable[Mapping[str, Any]]) -> list[int]:
    wanted = sorted({int(entry["id"]) for entry in given if entry.get("id")})
    marks = ",".join("?" * len(wanted))
    found = shop.rows(
        f"SELECT id FROM term WHERE taxonomy = ? AND id IN ({marks}) ORDER BY id",  # noqa: S608 - placeholders only
        taxonomy, *wanted,
    )  # fmt: skip
    return [row["id"] for row in found]


def _meta(shop: Shop, held: list[Stored], given: Iterable[Mapping[str, Any]]) -> list[Stored]:
    rows = {row["id"]: dict(row) for row in held}
    for entry in given:
        key, value = str(entry.get("key", "")), entry.get("value")
        match = entry.get("id") or next((row["id"] for row in rows.values() if row["key"] == key), None)
        if value is None:
            rows.pop(match, None)
        elif match in rows:
            rows[match] |= {"key": key or rows[match]["key"], "value": value}
        elif key:
            number = shop.next_number(":meta")
            rows[number] = {"id": number, "key": key, "value": value}
    return list(rows.values())


def _image(shop: Shop, given: Mapping[str, Any]) -> Stored:
    """An uploaded picture: Woo fetches `src` and serves its own copy under a new address each time."""
    source = str(given.get("src", ""))
    if given.get("id"):
        return {"id": int(given["id"]), "src": source, "name": given.get("name", ""), "alt": given.get("alt", "")}
    if not re.match(r"https?://[^/]+/.+", source):
        raise ShopError("woocommerce_product_image_upload_error", f"Invalid URL {source}.")
    file = source.rpartition("/")[2]
    copy = f"{SITE}/wp-content/uploads/{gmt(shop.now())[:7].replace('-', '/')}/{file}"
    return {"id": shop.next_number(":upload"), "src": copy, "name": given.get("name", ""), "alt": given.get("alt", "")}


def _attributes(shop: Shop, given: Iterable[Mapping[str, Any]]) -> list[Stored]:
    kept = []
    for place, entry in enumerate(given):
        options = [str(option) for option in entry.get("options") or []]
        row = shop.row("SELECT id, name, slug FROM attribute WHERE id = ?", int(entry.get("id") or 0))
        name = row["name"] if row else str(entry.get("name") or "").strip()
        if not name or not options:
            continue
        if row:
            options = [ensure_term(shop, row["slug"], option) for option in options]
        kept.append(
            {
                "id": row["id"] if row else 0, "name": name, "position": int(entry.get("position") or place),
                "visible": is_truthy(entry.get("visible", False)),
                "variation": is_truthy(entry.get("variation", False)), "options": options,
            }
        )  # fmt: skip
    return kept


def _options(given: Iterable[Mapping[str, Any]], parent: Stored) -> list[Stored]:
    """A variation's choices; one that the parent does not vary by is dropped without a word."""
    kept = []
    for entry in given:
        number, name = int(entry.get("id") or 0), sanitize_title(str(entry.get("name") or ""))
        for known in parent["attributes"]:
            same = known["id"] == number if number else sanitize_title(known["name"]) == name
            if same and known["variation"]:
                kept.append({"id": known["id"], "name": known["name"], "option": str(entry.get("option") or "")})
    return kept
