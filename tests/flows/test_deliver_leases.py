"""Leases, attempts and wake-ups of a delivery that is slow, stopped or overtaken."""

from contextlib import closing

import pytest

from canonical_model.errors import ConfigError, RetryLater
from hub.sync import deliver as deliver_module
from hub.sync import delivery as delivery_module
from hub.sync.assortment import Assortment
from hub.sync.deliver import deliver
from hub.sync.delivery import Delivery
from hub.sync.prove import prove
from hub.sync.references import KnownIds
from hub.sync.runs import start_run
from hub.sync.targets import documents_of

pytestmark = pytest.mark.timeout(120)

SHOP = {
    "connector": "woocommerce",
    "connection": "shop_woo",
    "deliver": "live",
    "price_list": "Розничная",
    "gone": "hide",
}


@pytest.fixture
def waiting(shop, opened, goods):
    """Three simple products and a variable one, owed; the hub, its rows and a run."""
    hub = opened(shop=SHOP)
    rows = goods(hub)
    for number in (1, 2, 3):
        rows.simple(number)
    rows.variable(4, ("S", "M"))
    rows.merge()
    return hub, rows, start_run(hub, "catalogue_nightly", "a")


@pytest.fixture
def work(waiting):
    """The delivery of products, and a second connection."""
    hub, _, run = waiting
    with hub.connect() as connection, hub.connect() as other, closing(hub.sink(hub.landscape.system("shop"))) as sink:
        documents = documents_of(hub, connection, "shop")
        assortment = Assortment(connection, documents[0].system)
        yield (
            Delivery(hub, run, connection, sink, documents[1], documents, assortment, dry=False, only=None),
            other,
        )


def test_a_product_that_got_its_id_meanwhile_does_not_lose_its_variations(shop, waiting, monkeypatch):
    hub, _, run = waiting
    look, early = KnownIds.load, []

    def too_early(self, connection, documents):
        look(self, connection, documents)
        if not early and any(one.kind == "variation" for one in documents.values()):
            early.append(True)
            self.ids["product"].clear()

    monkeypatch.setattr(KnownIds, "load", too_early)
    deliver(hub, run, "shop")

    assert early
    assert len([one for one in shop.products().values() if one.get("parent") == "A4"]) == 2
    assert prove(hub, run) == "proven"


def test_a_create_begun_a_moment_ago_is_not_asked_about_yet(shop, waiting, monkeypatch):
    hub, rows, run = waiting
    monkeypatch.setattr(deliver_module, "SOON_S", 0.0)
    rows.connection.execute(
        "insert into attempt (document, hub_id, op, key, run_id, lease_token) "
        "select id, 110, 'create', 'A1', 1, 1 from namespace where system = 'shop' and kind = 'product'"
    )
    rows.connection.commit()
    with pytest.raises(RetryLater, match="may still be running there") as raised:
        deliver(hub, run, "shop")
    assert 0 < raised.value.after <= 5
    assert {"A2", "A3"} <= set(shop.products())
    assert "A1" not in shop.products()

    rows.connection.execute("update attempt set started_at = now() - interval '6 s'")
    rows.connection.execute("update delivery set not_before = null")
    rows.connection.commit()
    deliver(hub, run, "shop")
    assert "A1" in shop.products()
    assert prove(hub, run) == "proven"


def test_a_letter_whose_row_was_taken_over_does_not_leave(work, monkeypatch):
    delivery, other = work
    monkeypatch.setattr(delivery_module, "LEASE_S", 0.0)
    letters = delivery._letters()
    first = next(letters)
    other.execute("update delivery set lease_token = lease_token + 1 where hub_id = 120")
    other.execute("update delivery set lease_until = now() where hub_id = 130")
    other.commit()

    assert {first.id, *(letter.id for letter in letters)} == {110, 130, 140}
    renewed = other.execute("select lease_until > now() + interval '20 minutes' from delivery where hub_id = 130")
    assert renewed.fetchone() == (True,)


def test_what_never_left_is_free_again_when_the_sink_stops(work, monkeypatch):
    delivery, other = work

    def stop(kind, letters):
        next(letters)
        raise ConfigError("wrong keys")
        yield

    monkeypatch.setattr(delivery.sink, "push", stop)
    with pytest.raises(ConfigError):
        delivery.wave()

    assert other.execute("select count(*) from delivery where lease_until is not null").fetchone() == (0,)
    attempts = other.execute("select hub_id, outcome from attempt order by hub_id").fetchall()
    assert attempts == [(110, None), (120, "unsent"), (130, "unsent"), (140, "unsent")]
