"""The shop as an ASGI application: authentication, faults, one transaction a request, the control addresses."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.woocommerce import evidence, products
from sandbox.woocommerce.auth import Keys
from sandbox.woocommerce.errors import ShopError
from sandbox.woocommerce.faults import Fault, Faults
from sandbox.woocommerce.php import Query, is_truthy, read_query
from sandbox.woocommerce.routes import Answer, dispatch
from sandbox.woocommerce.shop import Call, Shop

PREFIX = "/wp-json/wc/v3/"
HangUp = Callable[[Request], None]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Storefront:
    """Answers requests; `hang_up` cuts the connection of a request without an answer."""

    def __init__(self, shop: Shop, keys: Keys, hang_up: HangUp) -> None:
        self.shop = shop
        self.keys = keys
        self.hang_up = hang_up
        self.faults = Faults()

    def app(self) -> Starlette:
        """The application with its routes."""
        return Starlette(
            routes=[
                Route(PREFIX + "{path:path}", self.api, methods=METHODS),
                Route("/_sandbox/ledger", self.show_ledger),
                Route("/_sandbox/state", self.show_state),
                Route("/_sandbox/faults", self.set_faults, methods=["GET", "POST", "DELETE"]),
                Route("/_sandbox/reset", self.reset, methods=["POST"]),
                Route("/_sandbox/edit", self.edit, methods=["POST"]),
            ]
        )

    async def api(self, request: Request) -> Response:
        """One API request: fault before, answer, fault after, delay."""
        fault = self.faults.pick(request.method, request.url.path)
        body = await request.body()
        response = self._stopped(request, fault) or self._answer(request, body)
        if fault is not None and fault.kind in ("timeout", "delay"):
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind in ("timeout", "drop"):
            self.hang_up(request)
        if self.faults.delay_ms:
            await asyncio.sleep(self.faults.delay_ms / 1000)
        return response

    def _stopped(self, request: Request, fault: Fault | None) -> Response | None:
        """The answer of a fault that keeps the request from the shop."""
        if self.faults.over_limit() or (fault is not None and fault.kind == "429"):
            error = ShopError("woocommerce_rest_rate_limit", "Too many requests.", 429)
            wait = str(fault.retry_after if fault is not None else 1)
            return JSONResponse(error.body(), 429, headers={"Retry-After": wait})
        if fault is None or fault.kind in ("timeout", "delay"):
            return None
        if fault.kind == "drop":
            return Response(status_code=500)  # never sent: the connection is cut first
        if fault.kind == "html":
            return Response("<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>", media_type="text/html")
        if fault.kind == "401":
            error = ShopError("woocommerce_rest_authentication_error", "Consumer key is invalid.", 401)
        else:
            error = ShopError("internal_server_error", "There has been a critical error on this website.", 500)
        return JSONResponse(error.body(), error.status)

    def _answer(self, request: Request, body: bytes) -> Response:
        query = read_query(request.url.query)
        address = str(request.url.replace(query="", fragment=""))
        try:
            self._authenticate(request, address, query)
            call = Call(request.method, request.path_params["path"].rstrip("/"), query, _json(body))
            with self.shop.transaction():
                answer = dispatch(self.shop, call)
        except ShopError as error:
            return _respond(error.body(), error.status)
        return _rendered(answer, address, query)

    def _authenticate(self, request: Request, address: str, query: Query) -> None:
        secure = "https" in (request.url.scheme, request.headers.get("x-forwarded-proto"))
        now = int(self.shop.now().timestamp())
        self.keys.check(request.method, address, query, request.headers.get("authorization", ""), now, secure)

    async def show_ledger(self, request: Request) -> Response:
        """`?after=SEQ&limit=N&effects=1`: committed writes, oldest first."""
        query = request.query_params
        after, limit = int(query.get("after", 0)), int(query.get("limit", 0))
        entries = evidence.ledger(self.shop, after, limit, is_truthy(query.get("effects", "")))
        return _respond({"entries": entries, "last": entries[-1]["seq"] if entries else after})

    async def show_state(self, request: Request) -> Response:
        """The shop's content by code, free of ids and times, with a digest."""
        return _respond(evidence.state(self.shop))

    async def set_faults(self, request: Request) -> Response:
        """GET shows the switches, POST sets them, DELETE takes them all back."""
        if request.method == "DELETE":
            self.faults = Faults()
        if request.method == "POST":
            try:
                self.faults.set(await request.json())
            except (TypeError, ValueError) as error:
                return _respond({"error": str(error)}, 400)
        return _respond(self.faults.shown())

    async def reset(self, request: Request) -> Response:
        """Empty the shop, its ledger and its faults."""
        self.shop.reset()
        self.faults = Faults()
        return _respond({"reset": True})

    async def edit(self, request: Request) -> Response:
        """`{"sku" or "id": …, "set": {fields}}` changes, `{"sku": …, "delete": true}` removes a product by hand."""
        given = await request.json()
        try:
            with self.shop.transaction():
                return _respond(self._edit(given))
        except ShopError as error:
            return _respond(error.body(), error.status)

    def _edit(self, given: dict[str, Any]) -> dict[str, Any]:
        column, value = ("id", given["id"]) if "id" in given else ("sku", str(given["sku"]).casefold())
        row = self.shop.row(f"SELECT id, parent FROM product WHERE {column} = ?", value)  # noqa: S608 - our own column
        if row is None:
            raise ShopError("sandbox_unknown_product", f"No product with {column} {value}.", 404)
        call = Call("POST", "_sandbox/edit", {"force": "true"}, given.get("set", {}), by="hand")
        act = products.remove if given.get("delete") else products.update
        return act(self.shop, call, row["id"], row["parent"] or None)


def _json(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ShopError(
            "rest_invalid_json", "Invalid JSON body passed.", 400,
            json_error_code=4, json_error_message="Syntax error",
        )  # fmt: skip
    return parsed


def _respond(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, media_type="application/json")


def _rendered(answer: Answer, address: str, query: Query) -> Response:
    body, headers = answer.body, dict(answer.headers)
    if answer.page is not None:
        headers |= answer.page.headers(address, query)
    if answer.status == 201:
        headers["Location"] = f"{address}/{body['id']}"
    if query.get("_fields"):
        given = query["_fields"]
        body = _chosen(body, given if isinstance(given, list) else given.split(","))
    return _respond(body, answer.status, headers)


def _chosen(body: Any, names: list[str]) -> Any:
    """Only the named fields, `a.b` for one inside another."""
    if isinstance(body, list):
        return [_chosen(entry, names) for entry in body]
    kept: dict[str, Any] = {}
    for name in names:
        first, _, rest = name.strip().partition(".")
        if first in body:
            inner = body[first]
            kept[first] = _chosen(inner, [rest]) if rest and isinstance(inner, dict | list) else inner
    return kept
