"""Which address does what: /wp-json/wc/v3."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.woocommerce import listing, products, terms
from sandbox.woocommerce.batch import run_batch
from sandbox.woocommerce.errors import no_route
from sandbox.woocommerce.rendering import show
from sandbox.woocommerce.shop import SITE, ZONE, Call, Shop

VERSION = "10.3.5"
_TAXONOMIES = {"categories": "product_cat", "tags": "product_tag"}
_READ, _CHANGE = ("GET",), ("POST", "PUT", "PATCH")


@dataclass(slots=True)
class Answer:
    """What goes back: JSON, status, and headers of a list."""

    body: Any
    status: int = 200
    page: listing.Page | None = None
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Shop, Call, re.Match[str]], Answer]
_ROUTES: list[tuple[re.Pattern[str], tuple[str, ...], Handler]] = []


def route(pattern: str, *methods: str) -> Callable[[Handler], Handler]:
    """Register a handler for an address below /wp-json/wc/v3/."""

    def register(handler: Handler) -> Handler:
        _ROUTES.append((re.compile(pattern), methods, handler))
        return handler

    return register


def dispatch(shop: Shop, call: Call) -> Answer:
    """Answer one request.

    Raises:
        ShopError: the request is refused.
    """
    for pattern, methods, handler in _ROUTES:
        match = pattern.fullmatch(call.path)
        if match and call.method in methods:
            return handler(shop, call, match)
    raise no_route()


def _listed(page: listing.Page) -> Answer:
    return Answer(page.items, page=page)


@route("system_status", "GET")
def _system_status(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    environment = {
        "home_url": SITE, "site_url": SITE, "version": VERSION, "wp_version": "6.8.3", "wp_multisite": False,
        "language": "ru_RU", "default_timezone": "UTC", "server_info": "nginx", "php_version": "8.3.6",
    }  # fmt: skip
    settings = {
        "api_enabled": False, "force_ssl": False, "currency": "RUB", "currency_symbol": "₽",
        "currency_position": "right_space", "thousand_separator": " ", "decimal_separator": ".",
        "number_of_decimals": 2, "geolocation_enabled": False, "timezone": str(ZONE),
    }  # fmt: skip
    return Answer({"environment": environment, "settings": settings, "database": {"wc_database_version": VERSION}})


@route("products", "GET")
def _list_products(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return _listed(listing.list_products(shop, call.query))


@route("products", "POST")
def _create_product(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(products.create(shop, call), 201)


@route("products/batch", *_CHANGE)
def _batch_products(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(
        run_batch(
            shop,
            call,
            lambda item: products.create(shop, item),
            lambda item, number: products.update(shop, item, number),
            lambda item, number: products.remove(shop, item, number),
        )
    )


@route(r"products/(\d+)", "GET")
def _get_product(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(show(shop, products.find(shop, int(match[1]))))


@route(r"products/(\d+)", *_CHANGE)
def _update_product(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(products.update(shop, call, int(match[1])))


@route(r"products/(\d+)", "DELETE")
def _remove_product(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(products.remove(shop, call, int(match[1])))


@route(r"products/(\d+)/variations", "GET")
def _list_variations(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    products.find(shop, int(match[1]))
    return _listed(listing.list_products(shop, call.query, int(match[1])))


@route(r"products/(\d+)/variations", "POST")
def _create_variation(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(products.create(shop, call, int(match[1])), 201)


@route(r"products/(\d+)/variations/batch", *_CHANGE)
def _batch_variations(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    parent = int(match[1])
    return Answer(
        run_batch(
            shop,
            call,
            lambda item: products.create(shop, item, parent),
            lambda item, number: products.update(shop, item, number, parent),
            lambda item, number: products.remove(shop, item, number, parent),
        )
    )


@route(r"products/(\d+)/variations/(\d+)", "GET")
def _get_variation(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(show(shop, products.find(shop, int(match[2]), int(match[1]))))


@route(r"products/(\d+)/variations/(\d+)", *_CHANGE)
def _update_variation(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(products.update(shop, call, int(match[2]), int(match[1])))


@route(r"products/(\d+)/variations/(\d+)", "DELETE")
def _remove_variation(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(products.remove(shop, call, int(match[2]), int(match[1])))


@route("products/attributes", "GET")
def _list_attributes(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return _listed(listing.list_attributes(shop))


@route("products/attributes", "POST")
def _create_attribute(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(terms.create_attribute(shop, call), 201)


@route(r"products/attributes/(\d+)", "GET")
def _get_attribute(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(terms.show_attribute(shop, int(match[1])))


_TERMS = r"products/(?:(categories|tags)|attributes/(\d+)/terms)"


def _taxonomy(shop: Shop, match: re.Match[str]) -> str:
    return _TAXONOMIES[match[1]] if match[1] else str(terms.find_attribute(shop, int(match[2]))["slug"])


@route(_TERMS, "GET")
def _list_terms(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return _listed(listing.list_terms(shop, call.query, _taxonomy(shop, match)))


@route(_TERMS, "POST")
def _create_term(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(terms.create_term(shop, call, _taxonomy(shop, match)), 201)


@route(f"{_TERMS}/batch", *_CHANGE)
def _batch_terms(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    taxonomy = _taxonomy(shop, match)
    return Answer(
        run_batch(
            shop,
            call,
            lambda item: terms.create_term(shop, item, taxonomy),
            lambda item, number: terms.update_term(shop, item, taxonomy, number),
            lambda item, number: terms.delete_term(shop, item, taxonomy, number),
        )
    )


@route(rf"{_TERMS}/(\d+)", "GET")
def _get_term(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(terms.show_term(shop, _taxonomy(shop, match), int(match[3])))


@route(rf"{_TERMS}/(\d+)", *_CHANGE)
def _update_term(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(terms.update_term(shop, call, _taxonomy(shop, match), int(match[3])))


@route(rf"{_TERMS}/(\d+)", "DELETE")
def _delete_term(shop: Shop, call: Call, match: re.Match[str]) -> Answer:
    return Answer(terms.delete_term(shop, call, _taxonomy(shop, match), int(match[3])))
