"""A hub on a database of its own, a sandbox shop that it delivers to, and canonical rows put in by hand."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.landscape.hub import Hub
from hub.landscape.landscape import parse_landscape
from hub.store.landing import LandingStore
from sandbox.woocommerce import server

KEY, SECRET = "ck_sandbox_key", "cs_sandbox_secret"
SHOP = {
    "connector": "woocommerce",
    "connection": "shop_woo",
    "environment": "sandbox",
    "deliver": "live",
    "price_list": "Розничная",
    "assortment": {"category_not_in": ["Услуги"]},
    "gone": "hide",
}
FEED = {
    "connector": "yml",
    "connection": "feed_folder",
    "deliver": "live",
    "price_list": "Розничная",
    "assortment": {"category_not_in": ["Услуги"]},
    "shop": {"name": "Песочница", "company": "ООО «Песочница»", "url": "https://shop.example"},
}


class Shop:
    """The sandbox shop as a test sees it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/_sandbox"

    def _call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/{path}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def products(self) -> dict[str, Any]:
        return self._call("state")["products"]

    def state(self) -> dict[str, Any]:
        return self._call("state")

    def effects(self) -> list[dict[str, Any]]:
        return list(self._call("ledger?effects=1")["entries"])

    def faults(self, *faults: dict[str, Any]) -> None:
        self._call("faults", {"faults": list(faults)})

    def edit(self, **body: Any) -> Any:
        return self._call("edit", body)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with server.running(tmp_path / "shop", KEY, SECRET) as running:
        found = {
            "conn_type": "woocommerce",
            "host": f"http://127.0.0.1:{running.port}",
            "login": KEY,
            "password": SECRET,
        }
        monkeypatch.setenv("AIRFLOW_CONN_SHOP_WOO", json.dumps(found))
        yield Shop(running.port)


@pytest.fixture
def opened(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that opens a hub on this test's database: `opened(shop=SHOP)`."""
    hubs = []
    folder = tmp_path / "feed"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW_CONN_FEED_FOLDER", json.dumps({"conn_type": "yml", "extra": {"folder": str(folder)}}))

    def open_hub(**systems: Any) -> Hub:
        hub = Hub(database, LandingStore(f"file://{tmp_path}/landing"), parse_landscape({"systems": systems}))
        hubs.append(hub)
        return hub

    yield open_hub
    for hub in hubs:
        hub.close()


class Goods:
    """Canonical rows, written as a merge would write them, with the ledger marked."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.version = 0
        self.touched: dict[str, set[int]] = {}
        self.connection = hub.connect()
        run = self.connection.execute(
            "insert into namespace (system, kind) values ('erp', 'x') returning id"
        ).fetchone()
        self.kinds: dict[str, int] = {"x": run[0]}

    def add(self, entity: str, hub_id: int, key: str, **fields: Any) -> int:
        from hub.store.canonical import table_name
        from hub.store.tables import CANONICAL

        defaults: dict[str, Any] = {"gone": False, "barcodes": [], "categories": [], "images": [], "vat_exempt": False}
        defaults |= {"attributes": "{}", "options": "{}", "per": 1}
        names = {c.name for c in CANONICAL[entity].columns}
        values = {k: v for k, v in defaults.items() if k in names} | fields | {"version": 1, "set_run": 1}
        if "hub_id" in names:
            values["hub_id"] = hub_id
            if entity not in self.kinds:
                row = self.connection.execute(
                    "insert into namespace (system, kind) values ('erp', %s) returning id", (entity,)
                ).fetchone()
                self.kinds[entity] = row[0]
            self.connection.execute(
                "insert into identifier (namespace, key_hash, key, hub_id, first_run) values (%s, %s, %s, %s, 1)",
                (self.kinds[entity], hub_id, key, hub_id),
            )
        columns = ", ".join(values)
        marks = ", ".join(["%s"] * len(values))
        self.connection.execute(f"insert into {table_name(entity)} ({columns}) values ({marks})", list(values.values()))
        self.touched.setdefault(entity, set()).add(hub_id)
        return hub_id

    def change(self, entity: str, hub_id: int, **fields: Any) -> None:
        from hub.store.canonical import table_name
        from hub.sync.links import key_column

        sets = ", ".join(f"{name} = %s" for name in fields)
        self.connection.execute(
            f"update {table_name(entity)} set {sets} where {key_column(entity)} = %s", [*fields.values(), hub_id]
        )
        self.touched.setdefault(entity, set()).add(hub_id)

    def merge(self) -> dict[str, int]:
        from hub.sync.ledger import mark_owed

        self.version += 1
        self.connection.execute("select setval('merge_number', %s)", (self.version,))
        tables = {}
        for number, (entity, ids) in enumerate(self.touched.items()):
            name = tables[entity] = f"t_{number}"
            self.connection.execute(f"create temp table {name} (hub_id bigint) on commit drop")
            self.connection.execute(f"insert into {name} select unnest(%s::bigint[])", (list(ids),))
        counts = mark_owed(self.hub, self.connection, self.version, tables)
        self.connection.commit()
        self.touched.clear()
        return counts

    def simple(self, number: int, **fields: Any) -> int:
        """A product with one SKU, a retail price and stock; returns the product's hub id."""
        key = f"product-{number:04d}-aaaa"
        product = self.add(
            "Product", 100 + 10 * number, key, **{"name": f"Товар {number}", "article": f"A{number}"} | fields
        )
        sku = self.add("Sku", product + 1, key, product=product, name=f"Товар {number}", article=f"A{number}")
        self.add("Price", sku, "", sku=sku, price_list=1, amount="100.50", currency="RUB")
        self.add("StockLevel", sku, "", sku=sku, location=1, quantity=5)
        return product

    def variable(self, number: int, sizes: tuple[str, ...]) -> int:
        """A product in several sizes; returns the product's hub id."""
        key = f"product-{number:04d}-aaaa"
        product = self.add("Product", 100 + 10 * number, key, name=f"Товар {number}", article=f"A{number}")
        for at, size in enumerate(sizes, start=1):
            sku = self.add(
                "Sku", product + at, f"{key}#size-{size}-0000", product=product, name=f"Товар {number} ({size})",
                variant=f"size-{size}-0000", article=f"A{number}", options=json.dumps({"Размер": size}),
            )  # fmt: skip
            self.add("Price", sku, "", sku=sku, price_list=1, amount="100", currency="RUB")
            self.add("StockLevel", sku, "", sku=sku, location=1, quantity=at)
        return product


@pytest.fixture
def goods() -> Iterator[Any]:
    """A function that starts with the dictionaries: `goods(hub)`."""
    made: list[Goods] = []

    def start(hub: Hub) -> Goods:
        found = Goods(hub)
        made.append(found)
        found.add("PriceList", 1, "retail", name="Розничная", currency="RUB")
        found.add("Location", 1, "main", name="Основной склад")
        found.add("Category", 11, "c-shoes", name="Обувь")
        found.add("Category", 10, "c-boots", name="Сапоги", parent=11)
        found.add("Category", 12, "c-services", name="Услуги")
        return found

    yield start
    for one in made:
        one.connection.close()
