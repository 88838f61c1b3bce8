"""The bench's own retailer: one 1C that leaves exports in a folder, and, where wanted, a shop and a feed."""

from pathlib import Path
from typing import Any

from connectors.protocol import Connection
from hub.landscape.hub import Hub
from hub.landscape.landscape import parse_landscape
from hub.store.landing import LandingStore

SYSTEM, STREAM, SHOP, FEED = "erp", "catalogue", "shop", "feed"
_ENTITIES = ("Category", "PriceList", "Location", "Product", "Sku", "Price", "StockLevel")
# Ids that no environment and no .airflow/connections.yml gives a meaning.
_ERP, _SHOP, _FEED = "bench_own_erp", "bench_own_shop", "bench_own_feed"


def open_bench(
    url: str,
    landing: str,
    export: str,
    *,
    targets: bool = False,
    shop: str = "http://127.0.0.1:9",
    feed: str = "",
    options: dict[str, Any] | None = None,
) -> Hub:
    """Open a hub on a database of the bench.

    Args:
        url: of the database, migrated.
        landing: folder of the landing store.
        export: folder in which the 1C leaves its files.
        targets: with the shop and the feed.
        shop: address of the shop.
        feed: folder of the feed.
        options: more settings of the shop.
    """
    connections = {
        _ERP: Connection(_ERP, "commerceml", extra={"folder": export}),
        _SHOP: Connection(_SHOP, "woocommerce", host=shop, login="bench", password="bench"),
        _FEED: Connection(_FEED, "yml", extra={"folder": feed or landing}),
    }
    return Hub(url, LandingStore(Path(landing).as_uri()), _landscape(targets, options or {}), connections.get)


def _landscape(targets: bool, options: dict[str, Any]) -> Any:
    systems: dict[str, Any] = {
        SYSTEM: {"connector": "commerceml", "connection": _ERP, "streams": {STREAM: {"settle": "0"}}},
    }
    if targets:
        words = {"name": "Магазин", "company": "ООО «Магазин»", "url": "https://shop.example"}
        live = {"deliver": "live", "price_list": "Розничная"}
        systems[SHOP] = {"connector": "woocommerce", "connection": _SHOP, **live, **options}
        systems[FEED] = {"connector": "yml", "connection": _FEED, **live, "shop": words}
    return parse_landscape(
        {
            "systems": systems,
            "owners": {entity: {"*": SYSTEM} for entity in _ENTITIES},
            "match": {"Product": ["gtin"], "Sku": ["gtin"]},
            "creates": [SYSTEM],
            "guards": {
                "Price": {"up": "x5", "down": "x5", "changed_share": "0.3"},
                "Product": {"vanished_share": "0.05", "fewer_than_median": "0.7"},
                "Sku": {"vanished_share": "0.05", "fewer_than_median": "0.7"},
            },
        }
    )
