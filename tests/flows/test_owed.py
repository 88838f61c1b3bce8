"""What the ledger owes: to whom, and again when the landscape or a mapping says something else."""

import pytest

from hub.sync.apply import ensure_partition
from hub.sync.deliver import deliver
from hub.sync.ledger import seed
from hub.sync.runs import start_run

pytestmark = pytest.mark.timeout(120)

SHOP = {
    "connector": "woocommerce",
    "connection": "shop_woo",
    "deliver": "live",
    "price_list": "Розничная",
    "gone": "hide",
}
FEED = {
    "connector": "yml",
    "connection": "feed_folder",
    "deliver": "live",
    "price_list": "Розничная",
    "shop": {"name": "Песочница", "company": "ООО «Песочница»", "url": "https://shop.example"},
}


def _owed(rows, kind):
    found = rows.connection.execute(
        "select d.hub_id from delivery d join namespace n on n.id = d.document where n.kind = %s "
        "and d.owed > d.delivered order by 1",
        (kind,),
    ).fetchall()
    rows.connection.commit()
    return [row[0] for row in found]


def test_the_sku_of_a_simple_product_is_no_variation(opened, goods):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    rows.simple(1)
    rows.variable(2, ("S", "M"))
    rows.merge()
    assert _owed(rows, "variation") == [121, 122]


def test_a_new_target_is_owed_no_variation_of_a_simple_product(opened, goods):
    rows = goods(opened())
    rows.simple(1)
    rows.variable(2, ("S", "M"))
    rows.merge()
    assert seed(opened(shop=SHOP), "shop") == {"shop/category": 3, "shop/product": 2, "shop/variation": 2}
    assert seed(opened(shop=SHOP), "shop") == {}


def test_a_sku_without_its_product_says_why_it_is_not_there(shop, opened, goods):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    rows.add("Sku", 501, "orphan", product=500, name="Сирота")
    rows.merge()
    assert deliver(hub, start_run(hub, "catalogue_nightly", "a"), "shop")["unpublishable"] == 1


def test_a_simple_sku_becomes_a_variation_when_a_variant_joins_it(opened, goods):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    rows.simple(1)
    rows.merge()
    rows.add("Sku", 112, "product-0001-aaaa#x", product=110, variant="x", name="Товар 1 (x)")
    rows.merge()
    assert _owed(rows, "variation") == [111, 112]


def test_a_variation_whose_product_became_simple_is_taken_off(shop, opened, goods):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    rows.variable(1, ("S",))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "shop")
    code = next(code for code, one in shop.products().items() if one.get("parent") == "A1")
    rows.change("Sku", 111, variant=None)
    rows.merge()
    assert deliver(hub, run, "shop")["removed"] == 1
    assert shop.products()[code]["status"] == "private"


def test_a_sku_that_moves_concerns_the_product_that_it_leaves(opened, goods):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    rows.variable(1, ("S", "M"))
    rows.variable(2, ("L",))
    rows.simple(3)
    rows.merge()
    rows.connection.execute("update delivery set delivered = owed")
    rows.change("Sku", 112, product=120)
    ensure_partition(rows.connection)
    rows.connection.execute(
        "insert into change (day, entity, hub_id, version, run_id, old, new) values "
        "((now() at time zone 'UTC')::date, 'Sku', 112, 2, 1, '{\"product\": 110}', '{\"product\": 120}')"
    )
    rows.merge()
    assert _owed(rows, "product") == [110, 120]
    assert _owed(rows, "variation") == [111, 112, 121]
