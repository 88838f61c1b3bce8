"""Batches: create, update and delete in one request, each item failing by itself inside an HTTP 200."""

from collections.abc import Callable
from typing import Any

from sandbox.woocommerce.errors import ShopError
from sandbox.woocommerce.shop import Call, Shop

LIMIT = 100
Create = Callable[[Call], dict[str, Any]]
Change = Callable[[Call, int], dict[str, Any]]


def run_batch(shop: Shop, call: Call, create: Create, update: Change, delete: Change) -> dict[str, Any]:
    """Answers in the order of the request; a refused item is `{"id", "error": {code, message, data}}`.

    Raises:
        ShopError: more than 100 objects in all, or lists that are no lists.
    """
    lists = {name: call.body.get(name) or [] for name in ("create", "update", "delete")}
    if not all(isinstance(items, list) for items in lists.values()):
        raise ShopError("rest_invalid_param", "Invalid parameter(s): create, update and delete are lists.")
    if sum(map(len, lists.values())) > LIMIT:
        message = f"Unable to accept more than {LIMIT} items for this request."
        raise ShopError("woocommerce_rest_request_entity_too_large", message, 413)
    answer: dict[str, Any] = {}
    for body in lists["create"]:
        answer.setdefault("create", []).append(_try(shop, 0, create, call.item(body)))
    for body in lists["update"]:
        number = _number(body.get("id"))
        answer.setdefault("update", []).append(_try(shop, number, update, call.item(body), number))
    for given in lists["delete"]:
        number = _number(given)
        item = call.item({"id": number}, force="true")
        answer.setdefault("delete", []).append(_try(shop, number, delete, item, number))
    return answer


def _number(given: object) -> int:
    return int(given) if str(given).isdigit() and isinstance(given, int | str) else 0


def _try(shop: Shop, number: int, act: Callable[..., dict[str, Any]], item: Call, *more: int) -> dict[str, Any]:
    try:
        with shop.item():
            return act(item, *more)
    except ShopError as error:
        return {"id": number, "error": error.body()}
