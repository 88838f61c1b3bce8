"""Products and variations: create, change, remove."""

import json
from typing import Any

from sandbox.woocommerce.errors import ShopError, invalid_id
from sandbox.woocommerce.fields import Stored, blank, invalid_gtin, merge
from sandbox.woocommerce.php import sanitize_title
from sandbox.woocommerce.rendering import current_price, show
from sandbox.woocommerce.schema import PRODUCT, VARIATION, check_body
from sandbox.woocommerce.shop import Call, Shop, canonical, gmt


def find(shop: Shop, identifier: int, parent: int | None = None) -> Any:
    """The row of a product, or with `parent` of one of its variations.

    Raises:
        ShopError: there is none.
    """
    row = shop.row("SELECT * FROM product WHERE id = ?", identifier)
    kind = "product" if parent is None else "product_variation"
    if row is None or (parent is not None and row["parent"] != parent):
        raise invalid_id(kind)
    return row


def create(shop: Shop, call: Call, parent: int | None = None) -> dict[str, Any]:
    """A new product, or a new variation of a product.

    Raises:
        ShopError: wrong types, an unknown parent, a code that another product has.
    """
    check_body(call.body, PRODUCT if parent is None else VARIATION)
    if call.body.get("id"):
        kind = "product" if parent is None else "product_variation"
        code = f"woocommerce_rest_{kind}_exists"
        raise ShopError(code, "Cannot create existing product.", 400)
    above = None if parent is None else _parent(shop, parent)
    stored = blank("variation" if parent is not None else str(call.body.get("type") or "simple"))
    merged = merge(shop, stored, call.body, above)
    _check_codes(shop, merged, 0)
    now = gmt(shop.now())
    identifier = shop.run(
        "INSERT INTO product (parent, type, status, sku, gtin, slug, name, price, stock_status, created, modified,"
        " body) VALUES (?, '', '', '', '', '', '', '', '', ?, ?, '')",
        parent or 0, now, now,
    )  # fmt: skip
    _save(shop, identifier, merged, call.body)
    shop.record(call, _kind(parent), identifier, key_of(merged, identifier), "create")
    return show(shop, find(shop, identifier))


def update(shop: Shop, call: Call, identifier: int, parent: int | None = None) -> dict[str, Any]:
    """Change the given fields; `date_modified` moves even when nothing changed, as in Woo.

    Raises:
        ShopError: wrong types, an unknown product, a code that another product has.
    """
    check_body(call.body, PRODUCT if parent is None else VARIATION)
    row = find(shop, identifier, parent)
    if parent is None and row["type"] == "variation":
        raise _wrong_address()
    above = None if parent is None else _parent(shop, parent)
    before: Stored = json.loads(row["body"])
    merged = merge(shop, before, call.body, above)
    _check_codes(shop, merged, identifier)
    shop.run("UPDATE product SET modified = ? WHERE id = ?", gmt(shop.now()), identifier)
    _save(shop, identifier, merged, call.body)
    changed = {name: [before.get(name), value] for name, value in merged.items() if before.get(name) != value}
    shop.record(
        call, _kind(parent), identifier, key_of(merged, identifier), "update" if changed else "noop", changed
    )  # fmt: skip
    return show(shop, find(shop, identifier))


def remove(shop: Shop, call: Call, identifier: int, parent: int | None = None) -> dict[str, Any]:
    """To the trash, or for good with `force`; the variations go with their product.

    Raises:
        ShopError: an unknown product, one already in the trash, a variation without `force`.
    """
    row = find(shop, identifier, parent)
    if parent is None and row["type"] == "variation":
        raise _wrong_address()
    force = str(call.query.get("force", "")).lower() in ("true", "1")
    shown = show(shop, row)
    key = key_of(json.loads(row["body"]), identifier)
    if force:
        _erase(shop, identifier)
        shop.record(call, _kind(parent), identifier, key, "delete")
        return shown
    if parent is not None:
        raise ShopError("woocommerce_rest_trash_not_supported", "The product_variation does not support trashing.", 501)
    if row["status"] == "trash":
        raise ShopError("woocommerce_rest_already_trashed", "The product has already been deleted.", 410)
    for held in shop.rows("SELECT id, body FROM product WHERE id = ? OR parent = ?", identifier, identifier):
        body = canonical(json.loads(held["body"]) | {"status": "trash"})
        sql = "UPDATE product SET status = 'trash', modified = ?, body = ? WHERE id = ?"
        shop.run(sql, gmt(shop.now()), body, held["id"])
    shop.record(call, _kind(parent), identifier, key, "trash", {"status": [row["status"], "trash"]})
    return show(shop, find(shop, identifier))


def key_of(stored: Stored, identifier: int) -> str:
    """What names a product in the ledger: its sku, else its slug, else its id."""
    return str(stored["sku"] or stored.get("slug") or identifier)


def _kind(parent: int | None) -> str:
    return "product" if parent is None else "variation"


def _wrong_address() -> ShopError:
    message = (
        "To manipulate product variations you should use the "
        "/products/&lt;product_id&gt;/variations/&lt;id&gt; endpoint."
    )
    return ShopError("woocommerce_rest_invalid_product_id", message, 404)


def _parent(shop: Shop, identifier: int) -> Stored:
    row = shop.row("SELECT body FROM product WHERE id = ? AND parent = 0", identifier)
    if row is None:
        message = "Cannot set attributes due to invalid parent product."
        raise ShopError("woocommerce_rest_product_variation_invalid_parent", message, 404)
    stored: Stored = json.loads(row["body"])
    return stored


def _check_codes(shop: Shop, stored: Stored, identifier: int) -> None:
    """Codes are compared without regard to case, as the shop's database collation does."""
    held = "SELECT id FROM product WHERE {} = ? AND id <> ? AND status <> 'trash' LIMIT 1"
    if stored["sku"]:
        row = shop.row(held.format("sku"), stored["sku"].casefold(), identifier)
        if row is not None:
            suggested = f"{stored['sku']}-1"
            message = "Invalid or duplicated SKU."
            raise ShopError("product_invalid_sku", message, 400, resource_id=row["id"], unique_sku=suggested)
    gtin = stored["global_unique_id"]
    if gtin and shop.row(held.format("gtin"), gtin, identifier) is not None:
        raise invalid_gtin()


def _save(shop: Shop, identifier: int, stored: Stored, body: dict[str, Any]) -> None:
    if stored["type"] != "variation":
        wanted = sanitize_title(str(body.get("slug") or "")) or (not stored["slug"] and sanitize_title(stored["name"]))
        if wanted and wanted != stored["slug"]:
            stored["slug"] = _free_slug(shop, wanted, identifier)
    shop.run(
        "UPDATE product SET type = ?, status = ?, sku = ?, gtin = ?, slug = ?, name = ?, price = ?, stock_status = ?,"
        " body = ? WHERE id = ?",
        stored["type"], stored["status"], stored["sku"].casefold(), stored["global_unique_id"], stored["slug"],
        stored["name"], current_price(stored, gmt(shop.now())), stored["stock_status"], canonical(stored), identifier,
    )  # fmt: skip
    _file(shop, identifier, stored)


def _free_slug(shop: Shop, slug: str, identifier: int) -> str:
    """`wp_unique_post_slug`: a number from 2 is appended to a slug that is taken."""
    free = slug
    while shop.row("SELECT 1 FROM product WHERE slug = ? AND id <> ?", free, identifier) is not None:
        free = f"{slug}-{shop.next_number(slug) + 1}"
    return free


def _file(shop: Shop, identifier: int, stored: Stored) -> None:
    wanted = {*stored.get("categories", ()), *stored.get("tags", ())}
    held = {row["term"] for row in shop.rows("SELECT term FROM filed WHERE product = ?", identifier)}
    for term in held - wanted:
        shop.run("DELETE FROM filed WHERE product = ? AND term = ?", identifier, term)
    for term in wanted - held:
        shop.run("INSERT INTO filed (term, product) VALUES (?, ?)", term, identifier)


def _erase(shop: Shop, identifier: int) -> None:
    for held in shop.rows("SELECT id FROM product WHERE id = ? OR parent = ?", identifier, identifier):
        shop.run("DELETE FROM filed WHERE product = ?", held["id"])
        shop.run("DELETE FROM product WHERE id = ?", held["id"])
