"""What the shop is sent, and that what it answers is compared field for field."""

import json
from decimal import Decimal
from types import SimpleNamespace as Row

import pytest

from canonical_model.entities import Product
from mappings import registry
from mappings.faults import NotPublishable, Waiting
from mappings.outward import Channel, Document
from mappings.reading import Context
from mappings.view import view


class Refs:
    def __init__(self, known):
        self.known = known

    def target_id(self, document, hub_id):
        if (document, hub_id) not in self.known:
            raise Waiting(document, hub_id)
        return self.known[document, hub_id]


REFS = Refs({("category", 5): "77", ("product", 1): "900"})
CHANNEL = Channel("shop", {"price_list": "Розничная", "gone": "hide"})


def product(**changes):
    said = {
        "hub_id": 1, "name": "Чайник <новый>", "kind": "Товар", "description": "Кипятит & греет", "gone": False,
        "attributes": {"Цвет": "белый"}, "categories": [5], "article": "Ч-1", "brand": "Север", "gtin": None,
        "images": [],
    }  # fmt: skip
    return Row(**said | changes)


def sku(hub_id=2, variant=None, **changes):
    said = {"options": {}, "gone": False, "name": "Чайник", "article": None, "gtin": None, "product": 1}
    return Row(hub_id=hub_id, variant=variant, **said | changes)


def price(of=2, amount="10.50", per=1):
    return Row(sku=of, price_list=1, amount=Decimal(amount), per=Decimal(per), currency="RUB")


def stock(of=2, quantity="3"):
    return Row(sku=of, location=1, quantity=Decimal(quantity))


def document(root=None, skus=None, prices=None, levels=None, **changes):
    parts = {
        "skus": [sku()] if skus is None else skus,
        "prices": [price()] if prices is None else prices,
        "stock": [stock()] if levels is None else levels,
        "categories": [Row(hub_id=5, gone=False)],
    }
    return Document("product", root or product(), parts, code="Ч-1", channel=CHANNEL, **changes)


def render(given, refs=REFS):
    return registry.outbound("woocommerce", given.kind).render(given, refs)


def test_simple_product_sends_every_field():
    payload = render(document(levels=[stock(quantity="2.7"), stock(quantity="1")]))
    assert tuple(payload) == registry.outbound("woocommerce", "product").fields
    assert payload["type"] == "simple"
    assert payload["regular_price"] == "10.5"
    assert payload["stock_quantity"] == 3
    assert payload["categories"] == [{"id": 77}]


def test_price_for_several_units_is_sent_for_one():
    assert render(document(prices=[price(amount="100", per=3)]))["regular_price"] == "33.33"


def test_any_variant_makes_a_variable_product():
    skus = [sku(2, "v1", name="Чайник (белый)"), sku(3, "v2", name="Чайник (синий)")]
    payload = render(document(skus=skus, prices=[price(2), price(3)]))
    assert payload["type"] == "variable"
    assert (payload["regular_price"], payload["manage_stock"], payload["stock_quantity"]) == ("", False, None)
    assert payload["attributes"][0] == {
        "name": "Вариант", "visible": True, "variation": True, "options": ["белый", "синий"]
    }  # fmt: skip


def test_options_that_are_the_same_for_all_do_not_tell_variants():
    skus = [sku(2, "v1", options={"Цвет": "белый", "Вес": "1"}), sku(3, "v2", options={"Цвет": "синий", "Вес": "1"})]
    names = [a["name"] for a in render(document(skus=skus, prices=[price(2)]))["attributes"] if a["variation"]]
    assert names == ["Цвет"]


def variation(root, siblings, **changes):
    parts = {"product": [product()], "siblings": siblings, "prices": [price(2)], "stock": [stock(2)]}
    return Document("variation", root, parts | changes, code="Ч-1-v1", channel=CHANNEL)


def test_variation_names_what_tells_it_apart():
    skus = [sku(2, "v1", options={"Цвет": "белый"}), sku(3, "v2", options={"Цвет": "синий"})]
    assert render(variation(skus[0], skus))["attributes"] == [{"name": "Цвет", "option": "белый"}]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param(document(skus=[]), "it has no offer that the hub could take", id="no offer"),
        pytest.param(document(prices=[]), "it has no price in price list 'Розничная'", id="no price"),
        pytest.param(document(product(kind="Услуга")), "it is a service", id="service"),
        pytest.param(variation(sku(), [sku()]), "it is no variant: its product is simple", id="simple"),
        pytest.param(
            variation(sku(2, "v"), [sku(2, "v")], product=[]), "its product was not received", id="no product"
        ),
    ],
)
def test_what_cannot_be_published_says_why(given, reason):
    with pytest.raises(NotPublishable) as caught:
        render(given)
    assert caught.value.reason == reason


def test_what_is_gone_is_hidden_even_without_offer_and_price():
    payload = render(document(skus=[], prices=[], gone=True))
    assert (payload["status"], payload["stock_quantity"]) == ("draft", 0)


def test_a_variable_product_that_lost_its_offers_stays_variable():
    payload = render(document(skus=[sku(2, "v1", gone=True)], visible=False))
    assert (payload["type"], payload["status"], payload["stock_quantity"]) == ("variable", "draft", None)


def test_a_category_the_shop_lacks_makes_it_wait():
    with pytest.raises(Waiting) as caught:
        render(document(), Refs({}))
    assert (caught.value.document, caught.value.hub_id) == ("category", 5)


@pytest.mark.parametrize("kind", ["category", "product", "variation"])
def test_every_field_sent_is_compared(kind):
    assert set(registry.outbound("woocommerce", kind).fields) <= set(registry.inbound("woocommerce", kind).compare)


def as_woo(payload):
    """The payload as a shop answers it: wrapped, cleaned, reordered, with fields of its own."""
    back = json.loads(json.dumps(payload))
    back |= {"id": 9, "name": "Чайник", "description": "<p>Кипятит &amp; греет</p>\n", "regular_price": "10.50"}
    back["categories"] = [{"id": 77, "name": "Кухня", "slug": "k"}, {"id": 15, "name": "x", "slug": "uncategorized"}]
    for attribute in back["attributes"]:
        attribute |= {"id": 0, "position": 3}
        attribute["options"].reverse()
    return back


def test_read_back_is_equal_where_only_the_shop_changed_the_form():
    out, read = registry.outbound("woocommerce", "product"), registry.inbound("woocommerce", "product")
    payload = render(document())
    assert view(read, out.fields, payload) == view(read, out.fields, as_woo(payload))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku", "Ч-2"), ("name", "Чайник 2"), ("type", "variable"), ("status", "draft"), ("description", "<p>Нет</p>"),
        ("regular_price", "10.51"), ("manage_stock", False), ("stock_quantity", 4), ("categories", [{"id": 78}]),
        ("attributes", []),
    ],
)  # fmt: skip
def test_read_back_differs_in_each_field(field, value):
    out, read = registry.outbound("woocommerce", "product"), registry.inbound("woocommerce", "product")
    payload = render(document())
    assert view(read, out.fields, payload) != view(read, out.fields, as_woo(payload) | {field: value})


def samples(specs, *names):
    for name in names:
        path = specs / "woocommerce" / "samples" / f"{name}.json"
        if not path.exists():
            pytest.skip(f"{name} is not there")
        found = json.loads(path.read_text())
        found = found.get("data", found) if isinstance(found, dict) else found
        yield from found if isinstance(found, list) else [found]


PRODUCTS = ["ios_product", "ios_products-load-all", "ios_product-external", "ios_product-update",
            "ios_product-composite", "ios_product-subscription", "ios_products-search-photo"]  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_real_products_map(specs, name):
    mapping = registry.inbound("woocommerce", "product")
    for record in samples(specs, name):
        [entity] = mapping.read(json.dumps(record).encode(), json.loads, Context("shop")).entities
        assert isinstance(entity, Product)
        assert entity.ref.id == str(record["id"])


@pytest.mark.parametrize("name", ["docs_product-categories.02.List-all-product-categories", "ios_categories-all"])
def test_real_categories_map(specs, name):
    for record in samples(specs, name):
        [entity] = (
            registry.inbound("woocommerce", "category")
            .read(json.dumps(record).encode(), json.loads, Context("shop"))
            .entities
        )
        assert entity.name == record["name"]


@pytest.mark.parametrize("name", ["ios_product-variation", "docs_product-variations.03.HTTP-request"])
def test_real_variations_map(specs, name):
    for record in samples(specs, name):
        body = json.dumps({"parent_id": 22} | record).encode()
        [entity] = registry.inbound("woocommerce", "variation").read(body, json.loads, Context("shop")).entities
        assert entity.product.id == str(record.get("parent_id", 22))
