"""The feed: what an offer holds, and that it reads back as it was written."""

from decimal import Decimal
from types import SimpleNamespace as Row

import pytest
from lxml import etree

from connectors.yml.offers import render_offer
from mappings import registry
from mappings.faults import NotPublishable
from mappings.outward import Channel, Document
from mappings.reading import Context
from mappings.view import view


class Refs:
    def target_id(self, document, hub_id):
        return f"code-{hub_id}"


def offer(**changes):
    product = Row(
        hub_id=1, name="Чайник", kind="Товар", description="Греет & <кипятит>\x01", gone=False, categories=[5],
        attributes={"Материал": "дерево <массив>"}, article="Ч-1", brand="Уют & Дом", gtin="4600000000022",
        images=["import/1.jpg", "https://shop.example/2.jpg"],
    )  # fmt: skip
    root = Row(hub_id=2, product=1, variant=None, options={}, gone=False, name=None, article=None, gtin=None)
    parts = {
        "product": [product], "siblings": [root], "categories": [Row(hub_id=5, gone=False)],
        "prices": [Row(sku=2, price_list=1, amount=Decimal("10.50"), per=Decimal(1), currency="RUB")],
        "stock": [Row(sku=2, location=1, quantity=Decimal(3))],
    }  # fmt: skip
    channel = Channel("feed", {"price_list": "Розничная", "offer_url": "https://shop.example/?sku="})
    given = {"visible": True} | {k: v for k, v in changes.items() if k in ("visible", "gone")}
    parts |= {k: v for k, v in changes.items() if k in parts}
    return Document("offer", root, parts, code="Ч-1", channel=channel, **given)


def render(document):
    return registry.outbound("yml", document.kind).render(document, Refs())


def test_an_offer_holds_what_aggregators_ask_for():
    payload = render(offer())
    assert (payload["id"], payload["price"], payload["currencyId"], payload["available"]) == (
        "Ч-1",
        "10.5",
        "RUB",
        "true",
    )
    assert payload["categoryId"].isdigit()
    assert payload["picture"] == ["https://shop.example/2.jpg"]
    assert payload["barcode"] == "4600000000022"
    assert payload["url"] == "https://shop.example/?sku=Ч-1"


def test_what_is_written_reads_back_equal():
    out, read = registry.outbound("yml", "offer"), registry.inbound("yml", "offer")
    payload = render(offer())
    element = etree.fromstring(render_offer(payload))
    assert view(read, out.fields, payload) == view(read, out.fields, element)


@pytest.mark.parametrize("field", ["id", "available", "price", "name", "vendor", "description", "count", "categoryId"])
def test_a_changed_field_reads_back_different(field):
    out, read = registry.outbound("yml", "offer"), registry.inbound("yml", "offer")
    payload = render(offer())
    element = etree.fromstring(render_offer(payload | {field: "7"}))
    assert view(read, out.fields, payload) != view(read, out.fields, element)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"prices": []}, "it has no price in price list 'Розничная'"),
        ({"product": []}, "its product was not received"),
        ({"gone": True}, "it is gone"),
        ({"visible": False}, "it is not in the channel's assortment"),
    ],
    ids=["no price", "no product", "gone", "not in the assortment"],
)
def test_what_a_feed_cannot_show_says_why(changes, reason):
    with pytest.raises(NotPublishable) as caught:
        render(offer(**changes))
    assert caught.value.reason == reason


def test_categories_have_numbers():
    root = Row(hub_id=5, name="Кухня", parent=4, gone=False)
    payload = render(Document("category", root, {}, code="e0ebf92b"))
    assert payload["id"].isdigit()
    assert payload["parentId"].isdigit()
    assert payload["name"] == "Кухня"


@pytest.mark.parametrize("kind", ["category", "offer"])
def test_every_field_sent_is_compared(kind):
    assert set(registry.outbound("yml", kind).fields) <= set(registry.inbound("yml", kind).compare)


def test_the_official_example_maps(specs):
    path = specs / "yml" / "samples" / "yandex_products_Moscow_feed_with_delivery.xml"
    if not path.exists():
        pytest.skip(f"{path.name} is not there")
    shop = etree.parse(path).getroot()
    for kind, count in (("offer", 36), ("category", 7)):
        elements = list(shop.iter(kind))
        assert len(elements) == count
        for element in elements:
            element.tail = None
            body = etree.tostring(element, encoding="utf-8")
            assert registry.inbound("yml", kind).read(body, etree.fromstring, Context("feed")).entities
