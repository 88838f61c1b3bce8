"""Delivery when the shop misbehaves, and when two tries of one delivery meet."""

from contextlib import suppress

import pytest

from canonical_model.errors import ConfigError, Fenced, RetryLater
from hub.sync import deliver as deliver_module
from hub.sync.claims import Settled, claim, settle
from hub.sync.deliver import deliver
from hub.sync.feed import Feed
from hub.sync.prove import prove
from hub.sync.runs import start_run
from hub.sync.targets import documents_of

pytestmark = pytest.mark.timeout(200)

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
BATCH = "/wp-json/wc/v3/products/batch"


@pytest.fixture
def waiting(shop, opened, goods):
    """Three simple products and a variable one, owed; the hub, its rows and a run."""
    hub = opened(shop=SHOP)
    rows = goods(hub)
    for number in (1, 2, 3):
        rows.simple(number, categories=[10])
    rows.variable(4, ("S", "M"))
    rows.merge()
    return hub, rows, start_run(hub, "catalogue_nightly", "a")


@pytest.mark.parametrize("kind", ["429", "500", "drop", "html"])
def test_a_shop_that_fails_for_a_while_is_served_once(kind, shop, waiting):
    hub, _, run = waiting
    shop.faults({"kind": kind, "path": BATCH, "times": 1})

    for _ in range(4):
        with suppress(RetryLater):
            deliver(hub, run, "shop")

    creates = [one["key"] for one in shop.effects() if one["effect"] == "create"]
    assert len(creates) == len(set(creates)) == 3 + 4 + 2
    assert prove(hub, run) == "proven"


def test_what_only_time_settles_asks_for_another_try_after_all_else_is_settled(shop, waiting, monkeypatch):
    hub, _, run = waiting
    monkeypatch.setattr(deliver_module, "PATIENCE_S", 0.0)
    shop.faults({"kind": "429", "path": BATCH, "times": 1, "retry_after": 3})

    with pytest.raises(RetryLater, match=r"of shop/product .*wait for another try") as raised:
        deliver(hub, run, "shop")

    assert 0 < raised.value.after <= 3
    assert len([one for one in shop.effects() if one["effect"] == "create"]) == 3
    with hub.connect() as connection:
        assert connection.execute("select count(*) from delivery where lease_until is not null").fetchone() == (0,)
        connection.execute("update delivery set not_before = null")
    assert deliver(hub, run, "shop")["created"] == 4 + 2
    assert prove(hub, run) == "proven"


def test_wrong_keys_stop_the_delivery_and_lose_nothing(shop, waiting):
    hub, _, run = waiting
    shop.faults({"kind": "401", "path": BATCH, "times": 1})
    with pytest.raises(ConfigError):
        deliver(hub, run, "shop")
    assert prove(hub, run) == "not proven"

    for _ in range(3):
        with suppress(RetryLater):
            deliver(hub, run, "shop")
    assert prove(hub, run) == "proven"


def test_a_late_try_that_was_overtaken_writes_nothing(waiting):
    hub, _, run = waiting
    with hub.connect() as old, hub.connect() as new:
        document = documents_of(hub, old, "shop")[1]
        old.commit()
        rows = claim(old, document, -1, 10, None)
        new.execute("update delivery set lease_until = now() - interval '1 s' where lease_until is not null")
        new.commit()
        assert len(claim(new, document, -1, 10, None)) == len(rows)
        with pytest.raises(Fenced):
            settle(old, document, run, [Settled(row, target_id="1", pushed=True) for row in rows])
        assert new.execute("select count(*) from delivery where target_id is not null").fetchone() == (0,)


def test_two_workers_do_not_claim_the_same(waiting):
    hub, _, _ = waiting
    with hub.connect() as one, hub.connect() as other:
        document = documents_of(hub, one, "shop")[1]
        one.commit()
        first = claim(one, document, -1, 2, None)
        second = claim(other, document, -1, 10, None)
        assert not {row.hub_id for row in first} & {row.hub_id for row in second}


def test_gone_can_mean_delete(shop, opened, goods):
    hub = opened(shop=SHOP | {"gone": "delete"})
    rows = goods(hub)
    rows.simple(1)
    rows.variable(2, ("S", "M"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "shop")
    rows.change("Product", 110, gone=True)
    rows.change("Sku", 121, gone=True)
    rows.merge()

    deliver(hub, run, "shop")

    found = shop.products()
    assert "A1" not in found
    assert len([one for one in found.values() if one.get("parent") == "A2"]) == 1
    assert prove(hub, run) == "proven"

    rows.change("Product", 110, gone=False)
    rows.merge()
    deliver(hub, run, "shop")
    assert "A1" in shop.products()


def test_a_tampered_feed_is_found_and_written_again(opened, goods, tmp_path):
    hub = opened(feed=FEED)
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.simple(2, categories=[10])
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "feed")
    feed = tmp_path / "feed" / "feed.xml"
    assert "parentId" in feed.read_text()
    feed.write_text(feed.read_text().replace("<price>100.5</price>", "<price>1</price>", 1))

    assert prove(hub, run) == "not proven"
    deliver(hub, run, "feed")
    assert prove(hub, run) == "proven"


def test_a_feed_of_unchanged_goods_counts_each_offer_once(opened, goods):
    hub = opened(feed=FEED)
    rows = goods(hub)
    rows.simple(1)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    with hub.connect() as connection:
        feed = Feed(hub, run, connection, documents_of(hub, connection, "feed"))
        assert [letter.payload["id"] for letter in feed.letters() if letter.kind == "offer"] == ["A1"]


def test_a_price_that_begins_later_is_due_then(shop, opened, goods):
    hub = opened(shop=SHOP)
    rows = goods(hub)
    rows.simple(1)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    rows.connection.execute("update price set valid_to = now() + interval '2 s'")
    rows.connection.commit()
    deliver(hub, run, "shop")
    due = "select count(*) from delivery where due_at is not null"
    assert rows.connection.execute(due).fetchone()[0] >= 1
    rows.connection.execute("select pg_sleep(2)")
    rows.connection.commit()

    deliver(hub, run, "shop")

    assert shop.products()["A1"]["status"] == "draft"
