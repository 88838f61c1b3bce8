"""What the ledger owes: to whom, and again when the landscape or a mapping says something else."""

import pytest

from hub.sync.apply import ensure_partition
from hub.sync.deliver import deliver
from hub.sync.ledger import seed
from hub.sync.prove import prove
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


@pytest.fixture
def delivered(shop, opened, goods):
    """Two simple products at the shop and in the feed, one of them with a wholesale price too; the rows and a run."""
    hub = opened(shop=SHOP, feed=FEED)
    rows = goods(hub)
    rows.add("PriceList", 2, "wholesale", name="Оптовая", currency="RUB")
    rows.simple(1, categories=[10])
    rows.simple(2, categories=[11])
    rows.add("Price", 111, "", sku=111, price_list=2, amount="70", currency="RUB")
    rows.add("Price", 121, "", sku=121, price_list=2, amount="100.50", currency="RUB")
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    assert "rendered_again" not in deliver(hub, run, "shop")
    assert "rendered_again" not in deliver(hub, run, "feed")
    return rows, run


def test_another_price_list_moves_what_it_prices_differently(shop, opened, delivered):
    _, run = delivered
    before = len(shop.effects())
    hub = opened(shop=SHOP | {"price_list": "Оптовая"}, feed=FEED)
    counts = deliver(hub, run, "shop")
    assert (counts["rendered_again"], counts["updated"], counts["unchanged"]) == (5, 1, 4)
    assert shop.products()["A1"]["regular_price"] == "70"
    assert len(shop.effects()) == before + 1
    assert deliver(hub, run, "shop") == {}
    assert prove(hub, run) == "proven"


def test_a_category_that_leaves_the_assortment_takes_its_products_along(shop, opened, delivered):
    _, run = delivered
    hub = opened(shop=SHOP | {"assortment": {"category_not_in": ["Сапоги"]}}, feed=FEED)
    assert deliver(hub, run, "shop")["removed"] >= 1
    assert shop.products()["A1"]["status"] == "draft"
    assert shop.products()["A2"]["status"] == "publish"


def test_a_category_that_moves_under_an_excluded_one_takes_its_products_along(shop, opened, goods):
    hub = opened(shop=SHOP | {"assortment": {"category_not_in": ["Услуги"]}})
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "shop")
    rows.change("Category", 11, parent=12)
    rows.merge()
    deliver(hub, run, "shop")
    assert shop.products()["A1"]["status"] == "draft"


def test_another_price_list_writes_the_feed_anew(opened, delivered, tmp_path):
    _, run = delivered
    hub = opened(shop=SHOP, feed=FEED | {"price_list": "Оптовая"})
    assert deliver(hub, run, "feed")["rendered_again"] == 2
    assert "<price>70</price>" in (tmp_path / "feed" / "feed.xml").read_text()
    assert prove(hub, run) == "proven"


def test_a_ledger_without_a_fingerprint_takes_the_present_one(shop, opened, delivered):
    rows, run = delivered
    rows.connection.execute("update namespace set rendered_as = null")
    rows.connection.commit()
    hub = opened(shop=SHOP, feed=FEED)
    assert deliver(hub, run, "shop") == {}
    assert rows.connection.execute("select count(*) from namespace where rendered_as is not null").fetchone() == (3,)


def test_a_changed_mapping_renders_again_and_pushes_nothing_that_is_the_same(shop, opened, delivered, monkeypatch):
    _, run = delivered
    before = len(shop.effects())
    monkeypatch.setattr("mappings.registry.version", lambda kind: "another")
    counts = deliver(opened(shop=SHOP, feed=FEED), run, "shop")
    assert counts == {"rendered_again": 5, "unchanged": 5}
    assert len(shop.effects()) == before
