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


@pytest.fixture
def filled(shop, opened, goods, landscape):
    """A hub with two delivered products, a simple and a variable one; its rows; its run."""
    hub = opened(shop=landscape)
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.variable(2, ("S", "M"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "shop")
    return hub, rows, run


def test_a_changed_price_moves_exactly_that_price(shop, filled):
    hub, rows, run = filled
    before = len(shop.effects())
    rows.change("Price", 111, amount="222.00")
    rows.merge()

    counts = deliver(hub, run, "shop")

    assert counts["updated"] == 1
    assert shop.products()["A1"]["regular_price"] == "222"
    assert [effect["changed"] for effect in shop.effects()[before:]] != []
    assert len(shop.effects()) == before + 1


def test_what_renders_the_same_is_not_pushed(shop, filled):
    hub, rows, run = filled
    before = len(shop.effects())
    rows.change("Product", 110, brand="Новый")
    rows.merge()

    counts = deliver(hub, run, "shop")

    assert counts["unchanged"] >= 1
    assert len(shop.effects()) == before


def test_what_is_gone_is_hidden_and_comes_back(shop, filled):
    hub, rows, run = filled
    rows.change("Product", 110, gone=True)
    rows.change("Sku", 111, gone=True)
    rows.merge()
    assert deliver(hub, run, "shop")["removed"] == 1
    assert shop.products()["A1"]["status"] == "draft"

    rows.change("Product", 110, gone=False)
    rows.change("Sku", 111, gone=False)
    rows.merge()
    deliver(hub, run, "shop")
    assert shop.products()["A1"]["status"] == "publish"


def test_what_leaves_the_assortment_is_taken_off_and_never_created_there(shop, filled):
    hub, rows, run = filled
    rows.change("Product", 110, categories=[12])
    rows.simple(5, categories=[12])
    rows.merge()

    counts = deliver(hub, run, "shop")

    assert counts["removed"] == 1
    assert shop.products()["A1"]["status"] == "draft"
    assert "A5" not in shop.products()


def test_a_shared_article_gives_nobody_the_bare_code(shop, opened, goods, landscape):
    hub = opened(shop=landscape)
    rows = goods(hub)
    rows.simple(1, article="ОБЩИЙ")
    rows.simple(2, article="ОБЩИЙ")
    rows.simple(3, article=None)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")

    deliver(hub, run, "shop")

    codes = set(shop.products())
    assert len(codes) == 3
    assert "ОБЩИЙ" not in codes


def test_a_product_without_offers_is_not_publishable_until_it_has_one(shop, opened, goods, landscape):
    hub = opened(shop=landscape)
    rows = goods(hub)
    product = rows.add("Product", 100, "p-1", name="Без предложений", article="P1")
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    assert deliver(hub, run, "shop")["unpublishable"] == 1
    assert "P1" not in shop.products()

    rows.add("Sku", 101, "p-1", product=product, name="Без предложений")
    rows.add("Price", 101, "", sku=101, price_list=1, amount="10", currency="RUB")
    rows.merge()
    deliver(hub, run, "shop")
    assert shop.products()["P1"]["regular_price"] == "10"


def test_a_dry_run_and_a_shadow_write_nothing(shop, opened, goods, landscape):
    hub = opened(shop=landscape | {"deliver": "shadow"})
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.variable(2, ("S", "M"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")

    counts = deliver(hub, run, "shop")
    assert counts["would create"] == 6
    assert shop.effects() == []

    live = opened(shop=landscape)
    assert deliver(live, run, "shop", dry=True)["would create"] == 6
    assert deliver(live, run, "shop")["created"] == 6


def test_a_create_that_was_committed_but_not_answered_is_asked_about(shop, opened, goods, landscape):
    hub = opened(shop=landscape | {"deadline_s": "2"})
    rows = goods(hub)
    for number in range(1, 6):
        rows.simple(number)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    shop.faults({"kind": "timeout", "path": "/wp-json/wc/v3/products/batch", "times": 1})

    counts = deliver(hub, run, "shop")

    assert counts["found"] == 5
    created = [
        effect["key"] for effect in shop.effects() if effect["effect"] == "create" and effect["kind"] == "product"
    ]
    assert sorted(created) == ["A1", "A2", "A3", "A4", "A5"]


def test_a_paused_target_gets_nothing(shop, opened, goods, landscape):
    hub = opened(shop=landscape)
    rows = goods(hub)
    rows.simple(1)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    rows.connection.execute("insert into pause (target, by, reason) values ('shop', 'test', 'sale')")
    rows.connection.commit()

    assert deliver(hub, run, "shop")["paused"] > 0
    assert shop.effects() == []
