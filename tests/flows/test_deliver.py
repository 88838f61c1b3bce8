"""Deliver to a sandbox shop that keeps a ledger of effects."""

import pytest

from hub.sync.deliver import deliver
from hub.sync.runs import start_run

FEED = {
    "connector": "yml",
    "connection": "feed_folder",
    "environment": "sandbox",
    "deliver": "live",
    "price_list": "Розничная",
    "assortment": {"category_not_in": ["Услуги"]},
    "shop": {"name": "Песочница", "company": "ООО «Песочница»", "url": "https://shop.example"},
}
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def landscape():
    return {
        "connector": "woocommerce",
        "connection": "shop_woo",
        "environment": "sandbox",
        "deliver": "live",
        "price_list": "Розничная",
        "assortment": {"category_not_in": ["Услуги"]},
        "gone": "hide",
    }


def test_products_their_variations_and_categories_arrive_once(shop, opened, goods, landscape):
    hub = opened(shop=landscape)
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.variable(2, ("S", "M"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")

    counts = deliver(hub, run, "shop")

    found = shop.products()
    assert found["A1"]["regular_price"] == "100.5"
    assert found["A1"]["stock_quantity"] == 5
    assert found["A1"]["categories"] == ["c-boots"]
    assert {code for code, one in found.items() if one.get("parent") == "A2"} == {
        code for code in found if code not in ("A1", "A2")
    }
    assert counts["created"] == 6
    effects = len(shop.effects())
    assert deliver(hub, run, "shop") == {}
    assert len(shop.effects()) == effects


def test_a_feed_holds_every_offer_and_is_read_back(opened, goods, tmp_path):
    from hub.sync.prove import prove

    hub = opened(feed=FEED)
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.variable(2, ("S", "M"))
    rows.simple(3, categories=[12])
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")

    counts = deliver(hub, run, "feed")

    assert counts["offers"] == 3
    assert counts["hidden"] == 1
    text = (tmp_path / "feed" / "feed.xml").read_text()
    assert text.count("<offer ") == 3
    assert prove(hub, run) == "proven"
    assert deliver(hub, run, "feed") == {}


def test_a_delivered_shop_is_proven(shop, opened, goods, landscape):
    from hub.sync.prove import prove

    hub = opened(shop=landscape)
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.variable(2, ("S", "M"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "shop")

    assert prove(hub, run) == "proven"
