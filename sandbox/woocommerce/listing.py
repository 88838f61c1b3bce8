"""Lists: filters, order, pages and their headers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sandbox.woocommerce.php import Query, is_truthy, sanitize_title
from sandbox.woocommerce.rendering import show
from sandbox.woocommerce.schema import LISTING, TERM_LISTING, check_query, integer, integers
from sandbox.woocommerce.shop import ZONE, Shop
from sandbox.woocommerce.terms import show_attribute, show_term

_ORDERS = {
    "date": "created", "modified": "modified", "id": "id", "title": "name", "slug": "slug",
    "price": "CAST(price AS REAL)", "menu_order": "id", "popularity": "id", "rating": "id",
}  # fmt: skip


@dataclass(slots=True)
class Page:
    """One page of a list with how much there is in all."""

    items: list[dict[str, Any]]
    total: int
    number: int
    size: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)

    def headers(self, address: str, query: Query) -> dict[str, str]:
        """X-WP-Total, X-WP-TotalPages and Link."""
        links = []
        kept = {name: value for name, value in query.items() if not name.startswith("oauth_")}
        for name, number in (("prev", self.number - 1), ("next", self.number + 1)):
            if 1 <= number <= self.pages:
                links.append(f'<{address}?{urlencode(kept | {"page": str(number)}, doseq=True)}>; rel="{name}"')
        headers = {"X-WP-Total": str(self.total), "X-WP-TotalPages": str(self.pages)}
        return headers | ({"Link": ", ".join(links)} if links else {})


@dataclass(slots=True)
class Filter:
    """Conditions of a WHERE clause with their values."""

    parts: list[str] = field(default_factory=list)
    values: list[object] = field(default_factory=list)

    def add(self, part: str, *values: object) -> None:
        """One more condition; names of columns are ours, values are bound."""
        self.parts.append(part)
        self.values += values

    def among(self, column: str, values: list[Any], outside: bool = False) -> None:
        """A column in (or not in) a list."""
        self.add(f"{column} {'NOT ' * outside}IN ({','.join('?' * len(values))})", *values)

    @property
    def where(self) -> str:
        """The clause."""
        return " AND ".join(self.parts) or "1"


def list_products(shop: Shop, query: Query, parent: int | None = None) -> Page:
    """Products, or the variations of one; with `sku` variations are found among products too, as in Woo.

    Raises:
        ShopError: a parameter out of type or range.
    """
    check_query(query, LISTING)
    chosen = Filter()
    if parent is not None:
        chosen.add("parent = ?", parent)
    elif not query.get("sku"):
        chosen.add("parent = 0")
    _filter_fields(chosen, query)
    _filter_dates(chosen, query)
    return _page(shop, query, "product", chosen, _product_order(query), lambda row: show(shop, row))


def _filter_fields(chosen: Filter, query: Query) -> None:
    status = query.get("status") or "any"
    chosen.add("status <> 'trash'" if status == "any" else "status = ?", *([] if status == "any" else [status]))
    if query.get("sku"):
        text = str(query["sku"])
        chosen.among("sku", [part.strip().casefold() for part in [*text.split(","), text]])
    for name, column in (("include", "id"), ("parent", "parent")):
        if query.get(name):
            chosen.among(column, integers(query, name))
    if query.get("exclude"):
        chosen.among("id", integers(query, "exclude"), outside=True)
    for name in ("type", "stock_status"):
        if query.get(name):
            chosen.add(f"{name} = ?", query[name])
    if query.get("slug"):
        chosen.add("slug = ?", sanitize_title(str(query["slug"])))
    if query.get("search"):
        chosen.add("(name LIKE ? OR sku LIKE ?)", f"%{query['search']}%", f"%{str(query['search']).casefold()}%")
    if query.get("category"):
        inside = Filter()
        inside.among("term", integers(query, "category"))
        chosen.add(f"id IN (SELECT product FROM filed WHERE {inside.where})", *inside.values)  # noqa: S608


def _wall_clock(text: str) -> str:
    """`build_mysql_datetime`: a moment with a zone is turned into the shop's time, one without is taken as it is."""
    moment = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    if moment.tzinfo is not None:
        moment = moment.astimezone(ZONE)
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _filter_dates(chosen: Filter, query: Query) -> None:
    """Strictly after or before; compared with the GMT column only when `dates_are_gmt` is set."""
    shift = "" if is_truthy(query.get("dates_are_gmt", "")) else ", '+3 hours'"
    bounds = (
        ("after", "created", ">"), ("before", "created", "<"),
        ("modified_after", "modified", ">"), ("modified_before", "modified", "<"),
    )  # fmt: skip
    for name, column, sign in bounds:
        if query.get(name):
            moment = _wall_clock(str(query[name]))
            if shift:
                chosen.add(f"strftime('%Y-%m-%dT%H:%M:%S', {column}{shift}) {sign} ?", moment)
            else:
                chosen.add(f"{column} {sign} ?", moment)


def _product_order(query: Query) -> str:
    direction = "ASC" if query.get("order") == "asc" else "DESC"
    by = str(query.get("orderby") or "date")
    if by == "include" and query.get("include"):
        wanted = integers(query, "include")
        return "CASE id " + " ".join(f"WHEN {number} THEN {place}" for place, number in enumerate(wanted)) + " END"
    column = _ORDERS.get(by, "id")
    if column == "id":
        return f"id {direction}"
    # Equal values come in no fixed order, and another one on the next page: woocommerce issues 12909, 32715, 33386.
    return f"{column} {direction}, (id * 7919) % (101 + {integer(query, 'page', 1)})"


def list_terms(shop: Shop, query: Query, taxonomy: str) -> Page:
    """Categories, tags or the terms of a global attribute, by name unless told otherwise.

    Raises:
        ShopError: a parameter out of type or range.
    """
    check_query(query, TERM_LISTING)
    chosen = Filter()
    chosen.add("taxonomy = ?", taxonomy)
    if query.get("slug"):
        chosen.among("slug", [sanitize_title(part) for part in str(query["slug"]).split(",")])
    if query.get("parent"):
        chosen.add("parent = ?", integer(query, "parent", 0))
    if query.get("include"):
        chosen.among("id", integers(query, "include"))
    if query.get("exclude"):
        chosen.among("id", integers(query, "exclude"), outside=True)
    if query.get("search"):
        chosen.add("name LIKE ?", f"%{query['search']}%")
    if query.get("hide_empty") and is_truthy(query["hide_empty"]):
        chosen.add("id IN (SELECT term FROM filed)")
    direction = "DESC" if query.get("order") == "desc" else "ASC"
    column = {"id": "id", "slug": "slug"}.get(str(query.get("orderby") or "name"), "name")
    return _page(
        shop, query, "term", chosen, f"{column} {direction}, id", lambda row: show_term(shop, taxonomy, row["id"])
    )


def list_attributes(shop: Shop) -> Page:
    """Global attributes: all of them, Woo does not page these."""
    items = [show_attribute(shop, row["id"]) for row in shop.rows("SELECT id FROM attribute ORDER BY name, id")]
    return Page(items, len(items), 1, max(len(items), 1))


def _page(shop: Shop, query: Query, table: str, chosen: Filter, order: str, render: Any) -> Page:
    number, size = integer(query, "page", 1), integer(query, "per_page", 10)
    start = integer(query, "offset", (number - 1) * size)
    counted = shop.row(f"SELECT count(*) AS total FROM {table} WHERE {chosen.where}", *chosen.values)  # noqa: S608
    sql = f"SELECT * FROM {table} WHERE {chosen.where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
    rows = shop.rows(sql, *chosen.values, size, start)
    return Page([render(row) for row in rows], counted["total"] if counted else 0, number, size)
