"""Faults on demand, the ledger of effects and the digest of state."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from woocommerce import API

from sandbox.woocommerce.server import running


def set_fault(shop: Any, kind: str, **more: Any) -> None:
    assert "faults" in shop.control("faults", {"faults": [{"kind": kind, **more}]})


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("401", 401, "woocommerce_rest_authentication_error"),
        ("429", 429, "woocommerce_rest_rate_limit"),
        ("500", 500, "internal_server_error"),
    ],
)
def test_a_refusal_leaves_no_trace(shop: Any, kind: str, status: int, code: str) -> None:
    set_fault(shop, kind, retry_after=7)
    answer = shop.api.post("products", {"name": "x"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers.get("Retry-After") == ("7" if kind == "429" else None)
    assert shop.ledger() == []
    assert shop.api.post("products", {"name": "x"}).status_code == 201


def test_html_with_status_200(shop: Any) -> None:
    set_fault(shop, "html")
    answer = shop.api.post("products", {"name": "x"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert shop.ledger() == []


@pytest.mark.parametrize(("kind", "effects"), [("drop", 0), ("timeout", 1)])
def test_a_cut_connection_before_and_after_the_commit(shop: Any, kind: str, effects: int) -> None:
    set_fault(shop, kind)
    with pytest.raises(requests.ConnectionError):
        shop.api.post("products", {"name": "x"})
    assert len(shop.ledger()) == effects


def test_a_client_that_gives_up_waiting_has_changed_the_shop(shop: Any) -> None:
    set_fault(shop, "timeout", seconds=2)
    shop.api.timeout = 0.3
    with pytest.raises(requests.ReadTimeout):
        shop.api.post("products", {"name": "x"})
    assert len(shop.ledger()) == 1


def test_a_fault_hits_the_nth_request_of_an_address_so_many_times(shop: Any) -> None:
    set_fault(shop, "500", path="/wp-json/wc/v3/products/categories", method="POST", skip=1, times=2)
    codes = [shop.api.post("products/categories", {"name": f"c{n}"}).status_code for n in range(5)]
    assert codes == [201, 500, 500, 201, 201]
    assert shop.api.get("products/categories").status_code == 200
    assert shop.control("faults")["faults"][0]["fired"] == 2


def test_random_faults_follow_the_seed(shop: Any) -> None:
    def run() -> list[int]:
        shop.control("faults", {"seed": 5, "faults": [{"kind": "500", "share": 0.5, "times": 0}]})
        return [shop.api.get("products").status_code for _ in range(12)]

    first = run()
    assert set(first) == {200, 500}
    assert run() == first


def test_an_unknown_fault_is_refused(shop: Any) -> None:
    assert "is not one of" in shop.control("faults", {"faults": [{"kind": "flood"}]})["error"]
    assert "error" in shop.control("faults", {"faults": [{"kind": "500", "colour": "red"}]})


def test_over_the_rate_limit_everybody_gets_429(shop: Any) -> None:
    shop.control("faults", {"rate_limit": 5})
    codes = [shop.api.get("products").status_code for _ in range(8)]
    assert codes[:5] == [200] * 5
    assert 429 in codes[5:]
    time.sleep(0.4)
    assert shop.api.get("products").status_code == 200


def test_sixteen_slow_answers_do_not_wait_for_one_another(shop: Any) -> None:
    shop.control("faults", {"delay_ms": 200})
    with ThreadPoolExecutor(16) as pool:
        started = time.monotonic()
        codes = list(pool.map(lambda n: shop.api.post("products", {"name": str(n)}).status_code, range(32)))
        took = time.monotonic() - started
    assert codes == [201] * 32
    assert 0.4 <= took < 2


def test_the_ledger_names_what_changed(shop: Any) -> None:
    made = shop.create(sku="l", regular_price="5")
    shop.api.put(f"products/{made['id']}", {"regular_price": "6"})
    shop.api.put(f"products/{made['id']}", {"regular_price": "6"})
    entries = shop.ledger()
    assert [(entry["key"], entry["effect"], entry["method"]) for entry in entries] == [
        ("l", "create", "POST"), ("l", "update", "PUT"), ("l", "noop", "PUT"),
    ]  # fmt: skip
    assert entries[1]["changed"] == {"regular_price": ["5", "6"]}
    assert entries[1]["sha"] == entries[2]["sha"]
    assert len(shop.control("ledger", effects="1")["entries"]) == 2
    assert [entry["seq"] for entry in shop.control("ledger", after=1, limit=1)["entries"]] == [2]


def test_state_does_not_depend_on_ids_times_and_order(tmp_path: Path, shop: Any) -> None:
    shop.create(sku="a", categories=[{"id": 15}], meta_data=[{"key": "k", "value": "v"}])
    shop.create(sku="b")
    first = shop.control("state")
    shop.control("reset", {})
    assert shop.control("state")["products"] == {}
    assert shop.ledger() == []
    shop.create(sku="tmp")
    shop.create(sku="b")
    shop.create(sku="a", meta_data=[{"key": "k", "value": "v"}])
    shop.control("edit", {"sku": "tmp", "delete": True})
    again = shop.control("state")
    assert set(again["products"]) == {"a", "b"}
    assert (again["sha256"], again["products"]) == (first["sha256"], first["products"])


def test_an_edit_by_hand_is_drift(shop: Any) -> None:
    shop.create(sku="d", regular_price="5")
    assert shop.control("edit", {"sku": "D", "set": {"regular_price": "9"}})["price"] == "9"
    assert shop.ledger()[-1]["by"] == "hand"
    assert shop.control("edit", {"sku": "none", "set": {}})["code"] == "sandbox_unknown_product"


def test_the_shop_remembers_over_a_restart(tmp_path: Path) -> None:
    def client(port: int) -> API:
        return API(f"http://127.0.0.1:{port}", "k", "s")

    with running(tmp_path, "k", "s") as server:
        client(server.port).post("products", {"name": "x", "sku": "r"})
    with running(tmp_path, "k", "s") as server:
        assert [entry["sku"] for entry in client(server.port).get("products").json()] == ["r"]
