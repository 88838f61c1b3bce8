"""Prove: what the shop holds is compared with what it was given."""

import pytest

from canonical_model.errors import Fenced, RejectRecord, StopRun
from hub.flows.running import run_stage
from hub.flows.stages import PROVE
from hub.flows.unfinished import begin, end
from hub.landscape.landscape import parse_landscape
from hub.sync import prove as prove_module
from hub.sync.deliver import deliver
from hub.sync.explain import explain
from hub.sync.prove import prove
from hub.sync.runs import start_run
from hub.sync.source_proof import source_counts
from hub.sync.sync_one import sync_one

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def delivered(shop, opened, goods):
    hub = opened(
        shop={
            "connector": "woocommerce",
            "connection": "shop_woo",
            "deliver": "live",
            "price_list": "Розничная",
            "gone": "hide",
        }
    )
    rows = goods(hub)
    rows.simple(1, categories=[10])
    rows.variable(2, ("S", "M"))
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "shop")
    return hub, rows, run


def _proof(hub, run, subject):
    with hub.connect() as connection:
        return connection.execute(
            "select verdict, counts, differences from proof where run_id = %s and subject = %s", (run, subject)
        ).fetchone()


def test_all_read_back_is_proven_and_says_so(delivered):
    hub, _, run = delivered
    assert prove(hub, run) == "proven"
    verdict, counts, differences = _proof(hub, run, "target:shop/product")
    assert (verdict, counts["read_back"], counts["equal"], differences) == ("proven", 2, 2, [])
    with hub.connect() as connection:
        summary = connection.execute("select summary from run where id = %s", (run,)).fetchone()[0]
    assert "all read back" in summary["coverage"]


def test_a_change_by_hand_is_found_named_and_repaired(shop, delivered):
    hub, _, run = delivered
    shop.edit(sku="A1", set={"regular_price": "1"})

    assert prove(hub, run) == "not proven"
    _, counts, differences = _proof(hub, run, "target:shop/product")
    assert (counts["different"], counts["plan"]) == (1, 1)
    assert differences[0]["key"] == "A1"
    assert differences[0]["fields"]["regular_price"] == {"ours": "100.5", "theirs": "1"}

    assert deliver(hub, run, "shop")["updated"] == 1
    assert prove(hub, run) == "proven"


def test_a_product_removed_by_hand_is_found_and_made_again(shop, delivered):
    hub, _, run = delivered
    shop.edit(sku="A1", delete=True)

    assert prove(hub, run) == "not proven"
    assert _proof(hub, run, "target:shop/product")[1]["missing"] == 1

    deliver(hub, run, "shop")
    assert "A1" in shop.products()
    assert prove(hub, run) == "proven"


def test_what_is_owed_is_not_proven(delivered):
    hub, rows, run = delivered
    rows.change("Price", 111, amount="5")
    rows.merge()
    assert prove(hub, run) == "not proven"


def test_explain_follows_a_price_to_the_shop(delivered):
    hub, _, _ = delivered
    found = explain(hub, "A1", "price", "shop")
    prices = [row["values"]["price"] for row in found["canonical"] if "price" in row["values"]]
    assert prices[0][0]["amount"] == "100.50"
    product = next(one for one in found["targets"]["shop"] if one["document"] == "product")
    assert product["rendered"]["regular_price"] == "100.5"
    assert product["code"] == "A1"


def test_sync_one_pushes_one_product_now(shop, delivered):
    hub, _, run = delivered
    shop.edit(sku="A1", set={"regular_price": "1"})
    counts = sync_one(hub, run, "A1", "shop")
    assert shop.products()["A1"]["regular_price"] == "100.5"
    assert counts["updated"] == 1


def test_a_target_that_cannot_be_read_does_not_keep_the_others_from_being_proven(shop, opened, delivered):
    _, _, run = delivered
    feed = {
        "connector": "yml",
        "connection": "feed_folder",
        "deliver": "live",
        "price_list": "Розничная",
        "shop": {"name": "Песочница", "company": "ООО «Песочница»", "url": "https://shop.example"},
    }
    both = opened(
        shop={"connector": "woocommerce", "connection": "shop_woo", "deliver": "live", "price_list": "Розничная"},
        feed=feed,
    )
    deliver(both, run, "feed")
    shop.faults({"kind": "401", "path": "/wp-json/wc/v3/products", "times": 100})

    counts = run_stage(both, run, PROVE)

    assert counts["verdict"] == "not proven"
    assert _proof(both, run, "target:feed/offer")[0] == "proven"
    verdict, counted, (said,) = _proof(both, run, "target:shop/product")
    assert (verdict, counted["unread"], said["class"]) == ("not proven", 1, "unread")
    assert said["reason"].startswith("shop could not be read: ")
    assert "hub check" in said["reason"]
    assert counts["doubtful"] == [said["reason"]]

    shop.faults()
    assert prove(both, run) == "proven"


def test_a_stage_that_did_not_end_spoils_the_verdict(delivered):
    hub, _, run = delivered
    begin(hub, run, "deliver:feed", "the folder is full")
    assert prove(hub, run) == "not proven"
    end(hub, run, "deliver:feed")
    assert prove(hub, run) == "proven"


@pytest.mark.parametrize("error", [RejectRecord("a broken answer"), StopRun("enough")], ids=["reject", "stop"])
def test_whatever_one_target_raises_gets_a_verdict(error, delivered, monkeypatch):
    hub, _, run = delivered

    def fail(*_):
        raise error

    monkeypatch.setattr(prove_module, "_target", fail)
    assert prove(hub, run) == "not proven"
    verdict, counts, (said,) = _proof(hub, run, "target:shop/product")
    assert (verdict, counts["unread"]) == ("not proven", 1)
    assert str(error) in said["reason"]


def test_an_overtaken_proof_stops(delivered, monkeypatch):
    hub, _, run = delivered

    def fail(*_):
        raise Fenced("taken over")

    monkeypatch.setattr(prove_module, "_target", fail)
    with pytest.raises(Fenced):
        prove(hub, run)


def test_a_refused_batch_counts_until_a_later_one_is_merged(opened):
    erp = {"connector": "commerceml", "connection": "erp", "streams": {"catalogue": {}}}
    system = parse_landscape({"systems": {"erp": erp}}).system("erp")

    def land(connection, run, package, state):
        connection.execute(
            "insert into batch (system, stream, package, snapshot, state, run_id) values "
            "('erp', 'catalogue', %s, true, %s, %s)",
            (package, state, run),
        )
        return source_counts(connection, system, "catalogue")["refused_batches"]

    with opened().connect() as connection:
        assert land(connection, 1, "a", "refused") == 1
        assert land(connection, 2, "b", "merged") == 0
        assert land(connection, 5, "c", "refused") == 1
        assert land(connection, 6, "d", "merged") == 0
