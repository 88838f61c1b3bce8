"""Products, variations, categories and attributes, driven by the vendor's own client."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

SAMPLES = Path(__file__).parents[4] / "shared" / "specs" / "woocommerce" / "samples"


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_product_goes_round_through_the_official_client(shop: Any) -> None:
    made = shop.create(
        sku="А-1", regular_price="1719.50", manage_stock=True, stock_quantity=5, description="<p>Ёмкость & ручка</p>",
        meta_data=[{"key": "_1c", "value": "bd72d910"}], weight="0.5",
    )  # fmt: skip
    read = shop.api.get(f"products/{made['id']}").json()
    assert read == made
    assert (read["price"], read["stock_quantity"], read["stock_status"]) == ("1719.50", 5, "instock")
    assert read["date_modified_gmt"] < read["date_modified"]
    changed = shop.api.put(f"products/{made['id']}", {"regular_price": "10", "stock_quantity": 0}).json()
    assert (changed["price"], changed["stock_status"], changed["sku"]) == ("10", "outofstock", "А-1")
    assert shop.api.delete(f"products/{made['id']}").json()["status"] == "trash"
    assert error(shop.api.delete(f"products/{made['id']}")) == (410, "woocommerce_rest_already_trashed")
    assert shop.api.get("products").json() == []
    assert [entry["id"] for entry in shop.api.get("products", params={"status": "trash"}).json()] == [made["id"]]
    assert shop.api.delete(f"products/{made['id']}", params={"force": True}).status_code == 200
    assert error(shop.api.get(f"products/{made['id']}")) == (404, "woocommerce_rest_product_invalid_id")


@pytest.mark.parametrize("name", ["docs_products.06.HTTP-request.json", "docs_product-variations.05.HTTP-request.json"])
def test_an_answer_has_every_field_of_the_vendors_example(shop: Any, name: str) -> None:
    if not SAMPLES.exists():
        pytest.skip("the vendor's examples (../shared/specs/woocommerce) are not here")
    example = json.loads((SAMPLES / name).read_text("utf-8"))["create"][0]
    parent = shop.create(type="variable", attributes=[{"name": "Цвет", "options": ["синий"], "variation": True}])
    child = shop.api.post(f"products/{parent['id']}/variations", {"regular_price": "5"}).json()
    assert set(example) - set(parent if "products" in name else child) <= {"downloads"}


@pytest.mark.parametrize(
    "fields",
    [
        {"regular_price": 5}, {"stock_quantity": 1.5}, {"type": "gift"}, {"name": 7}, {"status": "live"},
        {"categories": 5}, {"categories": [{"id": "clothes"}]}, {"manage_stock": "perhaps"}, {"images": ["a.jpg"]},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_types_are_refused(shop: Any, fields: dict[str, Any]) -> None:
    answer = shop.api.post("products", fields)
    assert error(answer) == (400, "rest_invalid_param")
    assert list(answer.json()["data"]["params"]) == list(fields)
    assert shop.ledger() == []


def test_a_sku_is_unique_without_regard_to_case(shop: Any) -> None:
    made = shop.create(sku="Ab-Я1")
    answer = shop.api.post("products", {"name": "x", "sku": "aB-я1"})
    assert error(answer) == (400, "product_invalid_sku")
    assert answer.json()["data"]["resource_id"] == made["id"]
    shop.api.delete(f"products/{made['id']}")
    shop.create(sku="aB-я1")


def test_a_batch_answers_each_item_by_itself(shop: Any) -> None:
    made = shop.create(sku="a")
    answer = shop.api.post(
        "products/batch",
        {
            "create": [{"name": "b", "sku": "b"}, {"name": "b2", "sku": "b"}, {"name": "c", "regular_price": 1}],
            "update": [{"id": made["id"], "regular_price": "7"}, {"id": 999, "name": "?"}],
            "delete": [998],
        },
    )
    assert answer.status_code == 200
    body = answer.json()
    assert body["create"][0]["sku"] == "b"
    assert [entry["error"]["code"] for entry in body["create"][1:]] == ["product_invalid_sku", "rest_invalid_param"]
    assert body["create"][1]["id"] == 0
    assert body["update"][0]["price"] == "7"
    assert (body["update"][1]["id"], body["update"][1]["error"]["data"]["status"]) == (999, 404)
    assert body["delete"][0]["error"]["code"] == "woocommerce_rest_product_invalid_id"
    assert [entry["effect"] for entry in shop.ledger()] == ["create", "create", "update"]


def test_a_batch_of_more_than_a_hundred_is_refused_whole(shop: Any) -> None:
    answer = shop.api.post("products/batch", {"create": [{"name": str(n)} for n in range(99)], "delete": [1, 2]})
    assert error(answer) == (413, "woocommerce_rest_request_entity_too_large")
    assert shop.ledger() == []


def test_a_variable_product_sells_through_its_variations(shop: Any) -> None:
    size = {"name": "Размер", "options": ["42", "44"], "variation": True, "visible": True}
    parent = shop.create(type="variable", sku="p", regular_price="99", attributes=[size])
    assert (parent["regular_price"], parent["price"], parent["purchasable"]) == ("", "", False)
    address = f"products/{parent['id']}/variations"
    made = shop.api.post(
        f"{address}/batch",
        {
            "create": [
                {"sku": "p-42", "regular_price": "20.00", "manage_stock": True, "stock_quantity": 0,
                 "attributes": [{"name": "Размер", "option": "42"}]},
                {"sku": "p-44", "regular_price": "9.00", "attributes": [{"name": "Цвет", "option": "синий"}]},
                {"sku": "p", "regular_price": "1"},
            ]
        },
    ).json()["create"]  # fmt: skip
    assert made[0]["attributes"] == [{"id": 0, "name": "Размер", "option": "42"}]
    assert made[1]["attributes"] == []
    assert made[2]["error"]["code"] == "product_invalid_sku"
    read = shop.api.get(f"products/{parent['id']}").json()
    assert read["variations"] == [made[0]["id"], made[1]["id"]]
    assert (read["price"], read["stock_status"]) == ("9.00", "instock")
    assert shop.api.get("products").headers["X-WP-Total"] == "1"
    found = shop.api.get("products", params={"sku": "p-42,P"}).json()
    assert {(entry["sku"], entry["type"]) for entry in found} == {("p-42", "variation"), ("p", "variable")}
    wrong = shop.api.put(f"products/{made[0]['id']}", {"regular_price": "1"})
    assert error(wrong) == (404, "woocommerce_rest_invalid_product_id")
    assert error(shop.api.get(f"{address}/999")) == (404, "woocommerce_rest_product_variation_invalid_id")
    lost = shop.api.post("products/999/variations", {"regular_price": "1"})
    assert error(lost) == (404, "woocommerce_rest_product_variation_invalid_parent")
    shop.api.delete(f"products/{parent['id']}", params={"force": True})
    assert error(shop.api.get(f"{address}/{made[0]['id']}"))[0] == 404


def test_stock_managed_by_the_parent_shows_in_the_variation(shop: Any) -> None:
    parent = shop.create(type="variable", manage_stock=True, stock_quantity=3)
    child = shop.api.post(f"products/{parent['id']}/variations", {"regular_price": "1"}).json()
    assert (child["manage_stock"], child["stock_quantity"]) == ("parent", 3)


def test_prices_are_read_as_php_reads_them(shop: Any) -> None:
    assert shop.create(regular_price="12,50")["regular_price"] == "1250"
    assert shop.create(regular_price="100", sale_price="80")["price"] == "80"
    ended = shop.create(regular_price="100", sale_price="80", date_on_sale_to_gmt="2020-01-01T00:00:00")
    assert (ended["price"], ended["on_sale"]) == ("100", False)


def test_categories_nest_and_their_names_are_unique_under_a_parent(shop: Any) -> None:
    top = shop.api.post("products/categories", {"name": "Одежда", "slug": "odezhda"}).json()
    child = shop.api.post("products/categories", {"name": "Платья", "parent": top["id"]}).json()
    assert child["slug"] == "%d0%bf%d0%bb%d0%b0%d1%82%d1%8c%d1%8f"
    twice = shop.api.post("products/categories", {"name": "Платья", "parent": top["id"]})
    assert error(twice) == (400, "term_exists")
    assert twice.json()["data"]["resource_id"] == child["id"]
    other = shop.api.post("products/categories", {"name": "Другое", "slug": "odezhda", "parent": top["id"]}).json()
    assert other["slug"] == "odezhda-odezhda"
    assert [entry["id"] for entry in shop.api.get("products/categories", params={"slug": "odezhda"}).json()] == [
        top["id"]
    ]
    assert shop.create(categories=[{"id": child["id"]}, {"id": 999}])["categories"][0]["id"] == child["id"]
    assert shop.create()["categories"][0]["slug"] == "uncategorized"
    filed = shop.api.get("products", params={"category": str(child["id"])}).json()
    assert len(filed) == 1
    assert error(shop.api.delete(f"products/categories/{child['id']}"))[0] == 501
    assert shop.api.delete(f"products/categories/{child['id']}", params={"force": True}).status_code == 200
    assert shop.api.get("products", params={"category": str(child["id"])}).json() == []
    assert error(shop.api.post("products/categories", {"slug": "x"})) == (400, "rest_missing_callback_param")


def test_global_attributes_have_terms(shop: Any) -> None:
    made = shop.api.post("products/attributes", {"name": "Цвет", "slug": "color"}).json()
    assert made["slug"] == "pa_color"
    address = f"products/attributes/{made['id']}/terms"
    shop.api.post(f"{address}/batch", {"create": [{"name": "синий"}, {"name": "красный"}]})
    product = shop.create(attributes=[{"id": made["id"], "options": ["синий", "белый"], "variation": True}])
    assert product["attributes"][0]["name"] == "Цвет"
    assert {entry["name"] for entry in shop.api.get(address).json()} == {"синий", "красный", "белый"}
    assert [entry["id"] for entry in shop.api.get("products/attributes").json()] == [made["id"]]
    again = shop.api.post("products/attributes", {"name": "Цвет", "slug": "color"})
    assert error(again)[1] == "woocommerce_rest_invalid_product_attribute_slug_already_exists"


def test_meta_data_is_set_by_key_and_removed_by_null(shop: Any) -> None:
    made = shop.create(meta_data=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    body = {"meta_data": [{"key": "a", "value": "9"}, {"key": "b", "value": None}]}
    held = shop.api.put(f"products/{made['id']}", body).json()["meta_data"]
    assert [(entry["key"], entry["value"]) for entry in held] == [("a", "9")]
    assert held[0]["id"] == made["meta_data"][0]["id"]


def test_pictures_need_a_whole_address_and_get_a_new_one(shop: Any) -> None:
    wrong = shop.api.post("products", {"name": "x", "images": [{"src": "import_files/a.jpg"}]})
    assert error(wrong) == (400, "woocommerce_product_image_upload_error")
    made = shop.create(images=[{"src": "http://pim.example/a.jpg"}])
    assert made["images"][0]["src"].startswith("http://shop.example/wp-content/uploads/")


def test_trade_numbers_are_digits_and_unique(shop: Any) -> None:
    shop.create(global_unique_id="4600000000008")
    for code in ("4600000000008", "46X"):
        answer = shop.api.post("products", {"name": "x", "global_unique_id": code})
        assert error(answer) == (400, "product_invalid_global_unique_id")


def test_unknown_addresses_and_broken_bodies(shop: Any) -> None:
    assert error(shop.api.get("orders/1")) == (404, "rest_no_route")
    assert error(shop.api.post("products", ["a list"])) == (400, "rest_invalid_json")
    assert shop.api.get("system_status").json()["settings"]["currency"] == "RUB"
