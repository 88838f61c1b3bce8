"""Categories, tags, global attributes and their terms, with WordPress' rules for names and slugs."""

import json
from typing import Any

from sandbox.woocommerce.errors import ShopError
from sandbox.woocommerce.php import sanitize_title
from sandbox.woocommerce.schema import ATTRIBUTE, TERM, check_body
from sandbox.woocommerce.shop import UNCATEGORIZED, Call, Shop

_BODY = {"description": "", "display": "default", "image": None, "menu_order": 0}


def _missing(name: str) -> ShopError:
    return ShopError("rest_missing_callback_param", f"Missing parameter(s): {name}", 400, params=[name])


def unknown_term() -> ShopError:
    """No such category, tag or attribute term."""
    return ShopError("woocommerce_rest_term_invalid", "Resource does not exist.", 404)


def _exists(identifier: int) -> ShopError:
    message = "A term with the name provided already exists with this parent."
    return ShopError("term_exists", message, 400, resource_id=identifier)


def _by_slug(shop: Shop, taxonomy: str, slug: str) -> Any:
    return shop.row("SELECT * FROM term WHERE taxonomy = ? AND slug = ?", taxonomy, slug)


def _free_slug(shop: Shop, taxonomy: str, slug: str, parent: int) -> str:
    """`wp_unique_term_slug`: the slugs of the parents are appended first, then a number."""
    if _by_slug(shop, taxonomy, slug) is None:
        return slug
    above = shop.row("SELECT * FROM term WHERE id = ?", parent)
    while above is not None:
        slug += f"-{above['slug']}"
        if _by_slug(shop, taxonomy, slug) is None:
            return slug
        above = shop.row("SELECT * FROM term WHERE id = ?", above["parent"])
    number = 2
    while _by_slug(shop, taxonomy, f"{slug}-{number}") is not None:
        number += 1
    return f"{slug}-{number}"


def create_term(shop: Shop, call: Call, taxonomy: str) -> dict[str, Any]:
    """`wp_insert_term`: a name repeated under one parent is refused, a slug taken elsewhere is altered.

    Raises:
        ShopError: `term_exists`, a missing name or an unknown parent.
    """
    check_body(call.body, TERM)
    name, parent = str(call.body.get("name") or "").strip(), int(call.body.get("parent") or 0)
    if not name:
        raise _missing("name")
    if parent and shop.row("SELECT 1 FROM term WHERE id = ? AND taxonomy = ?", parent, taxonomy) is None:
        raise ShopError("woocommerce_rest_term_invalid", "Parent term does not exist.", 404)
    given = sanitize_title(str(call.body.get("slug") or ""))
    slug = given or sanitize_title(name)
    twin = shop.row("SELECT * FROM term WHERE taxonomy = ? AND parent = ? AND name = ?", taxonomy, parent, name)
    if twin is not None and (not given or twin["slug"] == slug):
        raise _exists(twin["id"])
    taken = _by_slug(shop, taxonomy, slug)
    if twin is not None and taken is not None and taken["parent"] == parent:
        raise _exists(taken["id"])
    body = _BODY | {key: call.body[key] for key in _BODY if call.body.get(key) is not None}
    slug = _free_slug(shop, taxonomy, slug, parent)
    identifier = _insert(shop, taxonomy, name, slug, parent, body)
    shop.record(call, _kind(taxonomy), identifier, slug, "create")
    return show_term(shop, taxonomy, identifier)


def _insert(shop: Shop, taxonomy: str, name: str, slug: str, parent: int, body: dict[str, Any]) -> int:
    return shop.run(
        "INSERT INTO term (taxonomy, name, slug, parent, body) VALUES (?, ?, ?, ?, ?)",
        taxonomy, name, slug, parent, json.dumps(body, ensure_ascii=False),
    )  # fmt: skip


def _kind(taxonomy: str) -> str:
    return {"product_cat": "category", "product_tag": "tag"}.get(taxonomy, "attribute_term")


def find_term(shop: Shop, taxonomy: str, identifier: int) -> Any:
    """The row of a term.

    Raises:
        ShopError: there is none.
    """
    row = shop.row("SELECT * FROM term WHERE id = ? AND taxonomy = ?", identifier, taxonomy)
    if row is None:
        raise unknown_term()
    return row


def update_term(shop: Shop, call: Call, taxonomy: str, identifier: int) -> dict[str, Any]:
    """Change the given fields of a term.

    Raises:
        ShopError: unknown term, or a slug that another term has.
    """
    check_body(call.body, TERM)
    row = find_term(shop, taxonomy, identifier)
    before = {"name": row["name"], "slug": row["slug"], "parent": row["parent"]} | json.loads(row["body"])
    after = before | {key: call.body[key] for key in ("name", *_BODY) if call.body.get(key) is not None}
    if call.body.get("parent") is not None:
        after["parent"] = int(call.body["parent"])
    if call.body.get("slug"):
        after["slug"] = sanitize_title(call.body["slug"])
        holder = _by_slug(shop, taxonomy, after["slug"])
        if holder is not None and holder["id"] != identifier:
            message = f"The slug &#8220;{after['slug']}&#8221; is already in use by another term."
            raise ShopError("duplicate_term_slug", message, 400)
    changed = {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}
    body = json.dumps({key: after[key] for key in _BODY}, ensure_ascii=False)
    values = (after["name"], after["slug"], after["parent"], body, identifier)
    shop.run("UPDATE term SET name = ?, slug = ?, parent = ?, body = ? WHERE id = ?", *values)
    shop.record(call, _kind(taxonomy), identifier, after["slug"], "update" if changed else "noop", changed)
    return show_term(shop, taxonomy, identifier)


def delete_term(shop: Shop, call: Call, taxonomy: str, identifier: int) -> dict[str, Any]:
    """Remove a term for good; products lose it, children move up.

    Raises:
        ShopError: unknown term, the default category, or without `force`.
    """
    if str(call.query.get("force", "")).lower() not in ("true", "1"):
        raise ShopError("woocommerce_rest_trash_not_supported", "Resource does not support trashing.", 501)
    shown = show_term(shop, taxonomy, identifier)
    if identifier == UNCATEGORIZED:
        raise ShopError("woocommerce_rest_cannot_delete", "Default product category cannot be deleted.", 400)
    shop.run("UPDATE term SET parent = ? WHERE parent = ?", shown.get("parent", 0), identifier)
    shop.run("DELETE FROM term WHERE id = ?", identifier)
    shop.run("DELETE FROM filed WHERE term = ?", identifier)
    shop.record(call, _kind(taxonomy), identifier, shown["slug"], "delete")
    return shown


def show_term(shop: Shop, taxonomy: str, identifier: int) -> dict[str, Any]:
    """A term as the API answers it."""
    row = find_term(shop, taxonomy, identifier)
    held = shop.row("SELECT count(*) AS held FROM filed WHERE term = ?", identifier)
    body = _BODY | json.loads(row["body"])
    shown = {"id": row["id"], "name": row["name"], "slug": row["slug"]}
    if taxonomy == "product_cat":
        shown |= {"parent": row["parent"], "display": body["display"], "image": body["image"]}
    more = {"description": body["description"], "menu_order": body["menu_order"], "count": held["held"] if held else 0}
    return shown | more


def ensure_term(shop: Shop, taxonomy: str, name: str) -> str:
    """The name of a global attribute's term, created when the attribute has none of that name."""
    if shop.row("SELECT 1 FROM term WHERE taxonomy = ? AND name = ?", taxonomy, name) is None:
        _insert(shop, taxonomy, name, _free_slug(shop, taxonomy, sanitize_title(name), 0), 0, _BODY)
    return name


def create_attribute(shop: Shop, call: Call) -> dict[str, Any]:
    """A global attribute; its slug is prefixed `pa_` and at most 28 bytes long.

    Raises:
        ShopError: no name, or a slug that is too long or taken.
    """
    check_body(call.body, ATTRIBUTE)
    name = str(call.body.get("name") or "").strip()
    if not name:
        raise _missing("name")
    slug = sanitize_title(str(call.body.get("slug") or name)).removeprefix("pa_")
    if len(slug) > 28:
        message = f'Slug "{slug}" is too long (28 characters max).'
        raise ShopError("woocommerce_rest_invalid_product_attribute_slug_too_long", message, 400)
    taxonomy = f"pa_{slug}"
    if shop.row("SELECT 1 FROM attribute WHERE slug = ?", taxonomy) is not None:
        message = f'Slug "{slug}" is already in use.'
        raise ShopError("woocommerce_rest_invalid_product_attribute_slug_already_exists", message, 400)
    body = {
        "type": call.body.get("type") or "select", "order_by": call.body.get("order_by") or "menu_order",
        "has_archives": bool(call.body.get("has_archives")),
    }  # fmt: skip
    sql = "INSERT INTO attribute (name, slug, body) VALUES (?, ?, ?)"
    identifier = shop.run(sql, name, taxonomy, json.dumps(body))
    shop.record(call, "attribute", identifier, taxonomy, "create")
    return show_attribute(shop, identifier)


def find_attribute(shop: Shop, identifier: int) -> Any:
    """The row of a global attribute.

    Raises:
        ShopError: there is none.
    """
    row = shop.row("SELECT * FROM attribute WHERE id = ?", identifier)
    if row is None:
        raise ShopError("woocommerce_rest_taxonomy_invalid", "Resource does not exist.", 404)
    return row


def show_attribute(shop: Shop, identifier: int) -> dict[str, Any]:
    """A global attribute as the API answers it."""
    row = find_attribute(shop, identifier)
    return {"id": row["id"], "name": row["name"], "slug": row["slug"], **json.loads(row["body"])}
