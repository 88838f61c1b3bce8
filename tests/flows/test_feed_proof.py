"""A feed is walked in step with what it should say, also where offers are missing or strange."""

import pytest

from canonical_model.errors import Refused, RetryLater
from connectors.yml import sink
from connectors.yml.offers import render_offers
from hub.sync.deliver import deliver
from hub.sync.prove import prove
from hub.sync.runs import start_run

FEED = {
    "connector": "yml",
    "connection": "feed_folder",
    "deliver": "live",
    "price_list": "Розничная",
    "shop": {"name": "Песочница", "company": "ООО «Песочница»", "url": "https://shop.example"},
}


@pytest.fixture
def feed(opened, goods, tmp_path):
    """A hub that published five offers, its run, and the file."""
    hub = opened(feed=FEED)
    rows = goods(hub)
    for number in range(1, 6):
        rows.simple(number)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    deliver(hub, run, "feed")
    return hub, run, tmp_path / "feed" / "feed.xml"


def _counts(hub, run):
    with hub.connect() as connection:
        return connection.execute(
            "select counts from proof where run_id = %s and subject = 'target:feed/offer'", (run,)
        ).fetchone()[0]


def test_a_missing_offer_is_one_difference(feed):
    hub, run, file = feed
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if 'id="A2"' not in line))
    assert prove(hub, run) == "not proven"
    counts = _counts(hub, run)
    assert (counts["missing"], counts["equal"], counts.get("strangers", 0)) == (1, 4, 0)


def test_a_strange_offer_is_one_difference(feed):
    hub, run, file = feed
    strange = '<offer id="X" available="true"><name>чужое</name></offer>\n<offer id="A3"'
    file.write_text(file.read_text().replace('<offer id="A3"', strange))
    assert prove(hub, run) == "not proven"
    counts = _counts(hub, run)
    assert (counts.get("missing", 0), counts["equal"], counts["strangers"]) == (0, 5, 1)


def test_an_offer_that_the_feed_refused_is_not_missing(feed, monkeypatch):
    hub, run, _ = feed

    def picky(payloads):
        if any(str(payload["id"]) == "A2" for payload in payloads):
            raise Refused("too long for a feed", "name")
        return render_offers(payloads)

    # Taken back by hand: undoing everything would also take the feed's connection away.
    monkeypatch.setattr(sink, "render_offers", picky)
    with hub.connect() as connection:
        connection.execute("update delivery set delivered = 0")
    assert deliver(hub, run, "feed")["refused"] == 1

    assert prove(hub, run) == "not proven"
    counts = _counts(hub, run)
    assert (counts["refused"], counts.get("missing", 0), counts["equal"]) == (1, 0, 4)
    with hub.connect() as connection:
        (said,) = connection.execute("select differences from proof where subject = 'target:feed/offer'").fetchone()[0]
    assert said == {"class": "refused", "key": "A2", "reason": "name: too long for a feed"}
    assert deliver(hub, run, "feed") == {}

    monkeypatch.setattr(sink, "render_offers", render_offers)
    with hub.connect() as connection:
        connection.execute("update delivery set delivered = 0")
    deliver(hub, run, "feed")
    assert prove(hub, run) == "proven"


@pytest.mark.parametrize("spoil", ["cut short", "a web page", "no XML"])
def test_a_feed_that_is_none_any_more_is_a_difference_and_is_written_again(spoil, feed):
    hub, run, file = feed
    whole = file.read_text()
    page = "<html><body>503</body></html>"
    file.write_text({"cut short": whole[: whole.index('id="A3"')], "a web page": page, "no XML": "\x00"}[spoil])

    assert prove(hub, run) == "not proven"
    with hub.connect() as connection:
        counts, (said, *_) = connection.execute(
            "select counts, differences from proof where subject = 'target:feed/offer'"
        ).fetchone()
    assert counts["different"] == 1
    assert (said["class"], said["key"]) == ("different", "feed")
    assert "cannot be read" in said["reason"]

    assert deliver(hub, run, "feed")["offers"] == 5
    assert prove(hub, run) == "proven"


def test_a_feed_without_an_answer_stays_owed(feed, monkeypatch):
    hub, run, _ = feed
    with hub.connect() as connection:
        connection.execute("update delivery set delivered = 0")
    with monkeypatch.context() as patched:
        patched.setattr(sink.YmlSink, "push", lambda self, kind, letters: iter(()))
        with pytest.raises(RetryLater, match="did not say"):
            deliver(hub, run, "feed")
    assert deliver(hub, run, "feed")["offers"] == 5
    assert prove(hub, run) == "proven"
