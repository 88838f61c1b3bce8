"""Staged rows: every text survives the way through COPY's text format."""

import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical_model.entities import Price, Product, Sku
from canonical_model.references import Ref
from hub.sync.staged import LAYOUTS, MANY, ROW, StagedWriter, escape, row_function, unescape


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_escape_is_undone(text):
    cell = escape(text)
    assert unescape(cell) == text
    assert not set(cell) & set("\t\n\r")


def test_references_stand_first():
    assert LAYOUTS["Price"].references == ("sku",)
    assert LAYOUTS["Product"].references == ("ref", "categories")
    assert LAYOUTS["Product"].many == (False, True)
    assert LAYOUTS["Sku"].entities == ("Sku", "Product")
    assert LAYOUTS["Price"].dictionaries == {"price_list": "PriceList"}
    assert LAYOUTS["Price"].columns[0] == "price_list"


DICTIONARIES = {"PriceList": {"r": "7", "w": "8"}, "Location": {"l": "9"}}


def test_a_price_line_has_its_list_as_hub_id_and_no_parent():
    price = Price(
        sku=Ref("erp", "Sku", "a\tb"), price_list=Ref("erp", "PriceList", "r"), amount=Decimal("10.50"), currency="RUB"
    )
    assert row_function("Price", DICTIONARIES)(price) == "7\t10.50\tRUB\t1\t\\N\t\\N"


def test_a_product_line_with_categories_and_attributes():
    product = Product(
        ref=Ref("erp", "Product", "p"),
        name="Лампа",
        categories=(Ref("erp", "Category", "1"), Ref("erp", "Category", "2")),
        barcodes=('a"b', "c,d"),
        attributes={"Цвет": 'кра"сный'},
    )
    cells = row_function("Product", DICTIONARIES)(product).split("\t")
    assert cells[1] == f"1{MANY}2"
    columns = dict(zip(LAYOUTS["Product"].columns, cells[2:], strict=True))
    assert columns["barcodes"] == '{"a\\\\"b","c,d"}'
    assert columns["attributes"] == '{"Цвет":"кра\\\\"сный"}'
    assert (columns["article"], columns["gone"]) == ("\\N", "f")


def test_ordinals_number_records_and_kinds_are_announced_once():
    file = io.BytesIO()
    writer = StagedWriter(file, DICTIONARIES)
    sku = Sku(ref=Ref("erp", "Sku", "s"), product=Ref("erp", "Product", "p"))
    for kind in ("Предложение", "Предложение", "Товар"):
        writer.begin(kind, "")
        writer.add("s", [sku], ("Price",))
    writer.flush()
    tags = [line.split("\t")[:2] for line in file.getvalue().decode().splitlines()]
    tag = LAYOUTS["Sku"].tag
    assert tags == [["#", "0"], ["!", "1"], [tag, "1"], ["!", "2"], [tag, "2"], ["#", "2"], ["!", "3"], [tag, "3"]]


def test_rows_of_one_parent_share_a_line():
    file = io.BytesIO()
    writer = StagedWriter(file, DICTIONARIES)
    lists = [Ref("erp", "PriceList", name) for name in ("r", "w")]
    rows = [
        Price(sku=Ref("erp", "Sku", sku), price_list=listed, amount=Decimal(n), currency="RUB")
        for n, (sku, listed) in enumerate([("a", lists[0]), ("a", lists[1]), ("b\\", lists[0])], start=1)
    ]
    writer.add("a", rows, ())
    writer.flush()
    first, second, _ = file.getvalue().decode().split("\n")
    tag = LAYOUTS["Price"].tag
    assert first.split("\t", 3)[:3] == [tag, "1", "a"]
    assert [row.split("\t")[:2] for row in first.split("\t", 3)[3].split(ROW)] == [["7", "1"], ["8", "2"]]
    assert second.split("\t", 3)[2] == "b\\\\"


@pytest.mark.parametrize("text", ["\\N", "\\", "a\\tb", "\\\\n"], ids=repr)
def test_texts_that_look_like_escapes(text):
    assert unescape(escape(text)) == text
