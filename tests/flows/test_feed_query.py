"""A feed's one query gives what the same mapping makes of rows loaded one document at a time."""

import json

import pytest

from hub.sync.assortment import Assortment
from hub.sync.documents import channel_of, load
from hub.sync.feed import Feed
from hub.sync.runs import start_run
from hub.sync.targets import documents_of
from mappings.faults import NotPublishable

FEED = {
    "connector": "yml",
    "connection": "feed_folder",
    "deliver": "live",
    "price_list": "Розничная",
    "assortment": {"category_not_in": ["Услуги"]},
    "offer_url": "https://shop.example/?sku=",
    "images_url": "https://cdn.example/",
}
ODD = 'Чай\t"чёрный"\nс \\n и \\\\ <&> \r\x0b\x08'


def _two_by_two(rows):
    rows.variable(1, ("S", "M", "L"))


def _one_of_them_gone(rows):
    _two_by_two(rows)
    rows.change("Sku", 111, gone=True)


def _simple_beside_variants(rows):
    _two_by_two(rows)
    rows.add("Sku", 115, "product-0001-bbbb", product=110, name="Товар 1", options=json.dumps({"Цвет": "синий"}))
    rows.add("Price", 115, "", sku=115, price_list=1, amount="7", currency="RUB")


def _odd_texts(rows):
    rows.simple(1, name=ODD, brand="\\N", description=ODD, attributes=json.dumps({ODD: ODD, "Б": "\\"}))
    rows.change("Sku", 111, name="", article=None)


def _lists(rows):
    rows.simple(1, images=["a, b.jpg", 'import/"2".jpg', "https://x.example/1.jpg"], categories=[99999, 60])
    rows.add("Category", 60, "cat-60", name="Лампы")


def _pieces_of_a_pack(rows):
    rows.simple(1)
    rows.change("Price", 111, amount="100", per="3")
    rows.add("StockLevel", 111, "", sku=111, location=2, quantity="0.75")


def _two_price_lists_of_one_name(rows):
    rows.simple(1)
    rows.add("PriceList", 77, "list-77", name="Розничная")
    rows.add("Price", 111, "", sku=111, price_list=77, amount="999", currency="USD")


def _prices_out_of_time(rows):
    rows.simple(1)
    rows.simple(2)
    rows.connection.execute("update price set valid_to = now() - interval '1 h' where sku = 111")
    rows.connection.execute("update price set valid_from = now() - interval '1 h' where sku = 121")


def _below_zero(rows):
    rows.simple(1)
    rows.change("StockLevel", 111, quantity="-2.5")


def _product_gone_or_unknown(rows):
    rows.simple(1, gone=True)
    rows.simple(2)
    rows.add("Sku", 900, "lonely", product=899, name="Без товара")


def _outside_the_assortment(rows):
    rows.add("Category", 61, "cat-61", name="Услуги")
    rows.add("Category", 62, "cat-62", name="Доставка", parent=61)
    rows.simple(1, categories=[62])
    rows.simple(2)


CASES = {
    "variants": _two_by_two,
    "a variant gone": _one_of_them_gone,
    "a simple offer beside variants": _simple_beside_variants,
    "odd texts": _odd_texts,
    "lists": _lists,
    "pieces of a pack": _pieces_of_a_pack,
    "two price lists of one name": _two_price_lists_of_one_name,
    "prices out of time": _prices_out_of_time,
    "stock below zero": _below_zero,
    "product gone or unknown": _product_gone_or_unknown,
    "outside the assortment": _outside_the_assortment,
}


def _one_by_one(connection, document, refs):
    """Payloads of the same mapping over loaded rows, by root."""
    ids = [row[0] for row in connection.execute("select hub_id from sku order by product, hub_id")]
    codes = dict(connection.execute("select hub_id, code from code where document = %s", (document.number,)).fetchall())
    hidden = Assortment(connection, document.system).hidden(connection, "Sku", ids)
    loaded = load(connection, document, ids, channel_of(document.system), codes, hidden)
    made = {}
    for root in ids:
        one = loaded.documents[root]
        try:
            if one.visible and not one.gone:
                made[root] = document.mapping.render(one, refs)
        except NotPublishable:
            continue
    return made


@pytest.mark.parametrize("fill", CASES.values(), ids=CASES)
def test_the_query_gives_what_loaded_rows_give(opened, goods, fill):
    hub = opened(feed=FEED)
    rows = goods(hub)
    fill(rows)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    with hub.connect() as connection:
        feed = Feed(hub, run, connection, documents_of(hub, connection, "feed"))
        found = {letter.id: letter.payload for letter in feed.letters() if letter.kind == "offer"}
        assert found == _one_by_one(connection, feed.offer, feed.refs)
        assert list(found) == list(_one_by_one(connection, feed.offer, feed.refs))
        total = connection.execute("select count(*) from sku").fetchone()[0]
    assert feed.counts.total() == total


def test_the_feed_is_due_when_a_price_of_its_list_begins(opened, goods):
    hub = opened(feed=FEED)
    rows = goods(hub)
    rows.simple(1)
    rows.merge()
    run = start_run(hub, "catalogue_nightly", "a")
    rows.connection.execute("update price set valid_from = '2199-01-01Z', valid_to = '2199-02-01Z'")
    rows.connection.commit()
    with hub.connect() as connection:
        feed = Feed(hub, run, connection, documents_of(hub, connection, "feed"))
        assert len(list(feed.letters())) == 1
    assert (feed.due.year, feed.due.month) == (2199, 1)
