"""Types of request fields, checked as WordPress' REST validation does: before anything is read."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.woocommerce.errors import invalid_parameters
from sandbox.woocommerce.php import Query

STATUSES = ("draft", "pending", "private", "publish", "future")
STOCK = ("instock", "outofstock", "onbackorder")
BACKORDERS = ("no", "notify", "yes")
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?", re.IGNORECASE)

Rule = str | tuple[str, ...]
_SELLING: dict[str, Rule] = {
    "description": "string", "sku": "string", "global_unique_id": "string", "regular_price": "string",
    "sale_price": "string", "date_on_sale_from": "date-time", "date_on_sale_to": "date-time",
    "date_on_sale_from_gmt": "date-time", "date_on_sale_to_gmt": "date-time", "virtual": "boolean",
    "downloadable": "boolean", "downloads": "array", "download_limit": "integer", "download_expiry": "integer",
    "tax_class": "string", "manage_stock": "boolean", "stock_quantity": "integer", "stock_status": STOCK,
    "backorders": BACKORDERS, "low_stock_amount": "integer", "weight": "string", "dimensions": "object",
    "shipping_class": "string", "attributes": "array", "menu_order": "integer", "meta_data": "array",
}  # fmt: skip
PRODUCT: dict[str, Rule] = {
    **_SELLING, "name": "string", "slug": "string", "type": ("simple", "grouped", "external", "variable"),
    "status": STATUSES, "featured": "boolean", "catalog_visibility": ("visible", "catalog", "search", "hidden"),
    "short_description": "string", "external_url": "string", "button_text": "string",
    "tax_status": ("taxable", "shipping", "none"), "sold_individually": "boolean", "reviews_allowed": "boolean",
    "upsell_ids": "array", "cross_sell_ids": "array", "purchase_note": "string", "categories": "array",
    "tags": "array", "images": "array", "default_attributes": "array", "grouped_products": "array",
    "parent_id": "integer",
}  # fmt: skip
VARIATION: dict[str, Rule] = {
    **_SELLING, "status": ("draft", "pending", "private", "publish"),
    "tax_status": ("taxable", "shipping", "none"), "image": "object",
}  # fmt: skip
TERM: dict[str, Rule] = {
    "name": "string", "slug": "string", "parent": "integer", "description": "string",
    "display": ("default", "products", "subcategories", "both"), "image": "object", "menu_order": "integer",
}  # fmt: skip
ATTRIBUTE: dict[str, Rule] = {
    "name": "string", "slug": "string", "type": "string",
    "order_by": ("menu_order", "name", "name_num", "id"), "has_archives": "boolean",
}  # fmt: skip
LISTING: dict[str, Rule] = {
    "context": ("view", "edit"), "page": "positive", "per_page": "per_page", "offset": "integer",
    "order": ("asc", "desc"), "after": "date-time", "before": "date-time", "modified_after": "date-time",
    "modified_before": "date-time", "dates_are_gmt": "boolean", "include": "ids", "exclude": "ids", "parent": "ids",
    "orderby": (
        "date", "id", "include", "title", "slug", "modified", "popularity", "rating", "price", "menu_order",
    ),
    "status": ("any", "trash", *STATUSES), "type": ("simple", "grouped", "external", "variable"),
    "stock_status": STOCK, "featured": "boolean", "on_sale": "boolean",
}  # fmt: skip
TERM_LISTING: dict[str, Rule] = {
    "context": ("view", "edit"), "page": "positive", "per_page": "per_page", "offset": "integer",
    "order": ("asc", "desc"), "include": "ids", "exclude": "ids", "hide_empty": "boolean", "parent": "integer",
    "product": "integer",
    "orderby": ("id", "include", "name", "slug", "term_group", "description", "count", "menu_order"),
}  # fmt: skip
_PARTS: dict[str, dict[str, Rule]] = {
    "categories": {"id": "integer"}, "tags": {"id": "integer"}, "meta_data": {"key": "string"},
    "images": {"id": "integer", "src": "string", "name": "string", "alt": "string"},
    "attributes": {
        "id": "integer", "name": "string", "position": "integer", "visible": "boolean", "variation": "boolean",
        "options": "array", "option": "string",
    },
    "default_attributes": {"id": "integer", "name": "string", "option": "string"},
}  # fmt: skip


def _is_integer(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"\s*-?\d+(\.0+)?", value) is not None)


def _is_ids(value: object) -> bool:
    parts = value if isinstance(value, list) else str(value).split(",")
    return all(_is_integer(part) for part in parts)


_CHECKS: dict[str, Any] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool) or str(value).lower() in ("", "0", "1", "true", "false"),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict) or value == [],
    "date-time": lambda value: isinstance(value, str) and (not value or _DATE.fullmatch(value) is not None),
    "ids": _is_ids,
}


def _problem(name: str, value: object, rule: Rule) -> str | None:
    if isinstance(rule, tuple):
        return None if value in rule else f"{name} is not one of {', '.join(rule[:-1])}, and {rule[-1]}."
    if rule in ("positive", "per_page"):
        top = 100 if rule == "per_page" else 2**31
        if not _is_integer(value):
            return f"{name} is not of type integer."
        return None if 1 <= int(str(value)) <= top else f"{name} must be between 1 (inclusive) and {top} (inclusive)"
    if rule == "date-time":
        return None if _CHECKS[rule](value) else f"{name}: Invalid date."
    return None if _CHECKS[rule](value) else f"{name} is not of type {rule}."


def _nested(name: str, value: object) -> dict[str, str]:
    problems: dict[str, str] = {}
    if name not in _PARTS or not isinstance(value, list):
        return problems
    for place, part in enumerate(value):
        if not isinstance(part, dict):
            problems[name] = f"{name}[{place}] is not of type object."
            continue
        for key, rule in _PARTS[name].items():
            if part.get(key) is not None and (text := _problem(f"{name}[{place}][{key}]", part[key], rule)):
                problems[name] = text
    return problems


def check_body(body: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Refuse fields of the wrong type; null counts as not given and unknown fields are passed over.

    Raises:
        ShopError: `rest_invalid_param` naming each field.
    """
    problems: dict[str, str] = {}
    for name, rule in rules.items():
        value = body.get(name)
        if value is None:
            continue
        if text := _problem(name, value, rule):
            problems[name] = text
        problems.update(_nested(name, value))
    if problems:
        raise invalid_parameters(problems)


def check_query(query: Query, rules: Mapping[str, Rule]) -> None:
    """Refuse query parameters out of type or range.

    Raises:
        ShopError: `rest_invalid_param` naming each parameter.
    """
    check_body(query, rules)


def integer(query: Query, name: str, default: int) -> int:
    """A checked integer parameter."""
    value = query.get(name)
    return int(str(value)) if isinstance(value, str) and value else default


def integers(query: Query, name: str) -> list[int]:
    """A checked list of identifiers, given as `1,2` or `name[]=1&name[]=2`."""
    value = query.get(name) or []
    parts = value if isinstance(value, list) else value.split(",")
    return [int(part) for part in parts]
