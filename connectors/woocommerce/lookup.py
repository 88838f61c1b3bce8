"""Finding our own rows in a shop, and telling whether a row holds what a letter says."""

from __future__ import annotations

from typing import Any, NamedTuple

from canonical_model.errors import RetryLater
from connectors.http import Answer, Http
from connectors.protocol import Letter
from connectors.woocommerce.batches import own_id, parent_of

VARIATION = "variation"


class Found(NamedTuple):
    """A row of the shop.

    Attributes:
        id: its number.
        whole: the row as parsed JSON.
    """

    id: int
    whole: dict[str, Any]


def find(shop: Http, letter: Letter) -> list[Found]:
    """Rows that are this letter's: by target id where it has one, else by its own key, compared exactly.

    A look-up of products by `sku` also finds variations and, split at commas, other products: neither is ours.

    Raises:
        RetryLater: the shop gave no usable answer.
    """
    path = "/products/categories" if letter.kind == "category" else "/products"
    if letter.kind == VARIATION:
        path = f"/products/{parent_of(letter)}/variations"
    if letter.target_id:
        return [Found(row["id"], row) for row in _rows(shop.get(f"{path}/{own_id(letter)}"))]
    field = "slug" if letter.kind == "category" else "sku"
    params = {field: letter.key, "per_page": "100"} | ({} if letter.kind == "category" else {"status": "any"})
    found = [row for row in _rows(shop.get(path, params)) if row.get(field) == letter.key]
    if letter.kind == "product":
        found = [row for row in found if row.get("type") != VARIATION]
    return [Found(row["id"], row) for row in found]


def _rows(answer: Answer) -> list[dict[str, Any]]:
    """Rows of a list, or the one row of a single answer; none where the address is gone."""
    if answer.status == 404:
        return []
    told = answer.json()
    rows = told if isinstance(told, list) else [told]
    if not answer.ok or not all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in rows):
        msg = f"{answer.where}: {answer.status} with {answer.came()} where rows with ids were expected"
        raise RetryLater(msg)
    return rows


def holds(row: Any, payload: Any) -> bool:
    """Whether the row says everything that the payload says; the shop may say more, at every depth."""
    if isinstance(payload, dict):
        return isinstance(row, dict) and all(name in row and holds(row[name], value) for name, value in payload.items())
    if isinstance(payload, list):
        return isinstance(row, list) and len(row) == len(payload) and all(map(holds, row, payload))
    return str(row) == str(payload)
