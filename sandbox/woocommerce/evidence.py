"""What the shop can prove about itself: the ledger of effects and a digest of its state."""

import hashlib
import json
from typing import Any

from sandbox.woocommerce.shop import Shop, canonical

_DROPPED = ("categories", "tags", "images", "meta_data")


def ledger(shop: Shop, after: int = 0, limit: int = 0, effects_only: bool = False) -> list[dict[str, Any]]:
    """Committed writes after a sequence number, oldest first; without those that changed nothing if asked."""
    passed_over = "noop" if effects_only else ""
    sql = "SELECT * FROM ledger WHERE seq > ? AND effect <> ? ORDER BY seq LIMIT ?"
    rows = shop.rows(sql, after, passed_over, limit or -1)
    return [dict(row) | {"changed": json.loads(row["changed"])} for row in rows]


def state(shop: Shop) -> dict[str, Any]:
    """Products, categories and attributes by their codes, free of ids and times, with one digest of it all."""
    slugs = {row["id"]: row["slug"] for row in shop.rows("SELECT id, slug FROM term")}
    codes: dict[int, str] = {}
    products: dict[str, Any] = {}
    for row in shop.rows("SELECT id, parent, body FROM product ORDER BY parent, id"):
        stored = json.loads(row["body"])
        codes[row["id"]] = stored["sku"] or stored["slug"] or f"variation of {codes.get(row['parent'], '')}"
        key = codes[row["id"]]
        while key in products:
            key += "'"
        products[key] = _fields(stored, slugs) | ({"parent": codes.get(row["parent"])} if row["parent"] else {})
    found: dict[str, Any] = {
        "products": products,
        "categories": {
            row["slug"]: {"name": row["name"], "parent": slugs.get(row["parent"])}
            for row in shop.rows("SELECT * FROM term WHERE taxonomy = 'product_cat'")
        },
        "attributes": {row["slug"]: row["name"] for row in shop.rows("SELECT slug, name FROM attribute")},
    }
    return {"sha256": hashlib.sha256(canonical(found).encode()).hexdigest(), **found}


def _fields(stored: dict[str, Any], slugs: dict[int, str]) -> dict[str, Any]:
    # A slug that is taken gets a number, so slugs depend on the order of arrival.
    dropped = (*_DROPPED, "slug") if stored["sku"] else _DROPPED
    kept = {name: value for name, value in stored.items() if name not in dropped}
    kept["attributes"] = [
        {name: value for name, value in entry.items() if name != "id"} for entry in stored["attributes"]
    ]
    for name in ("categories", "tags"):
        if name in stored:
            kept[name] = sorted(slugs.get(term, "") for term in stored[name])
    kept["images"] = [image["src"].rpartition("/")[2] for image in stored["images"]]
    kept["meta_data"] = {entry["key"]: entry["value"] for entry in stored["meta_data"]}
    return kept
