"""Row bounds: the record that breaks one is named, its neighbours are not."""

from decimal import Decimal

import pytest

from canonical_model.entities import Price, Product
from canonical_model.expectations import Column
from canonical_model.references import Ref
from hub.sync.bounds import RowBounds, _check
from mappings.reading import Reading


def price(amount: str, currency: str = "RUB") -> Reading:
    sku, price_list = Ref("erp", "Sku", "s"), Ref("erp", "PriceList", "r")
    return Reading([Price(sku=sku, price_list=price_list, amount=Decimal(amount), currency=currency)])


@pytest.mark.parametrize("amount", ["0", "-1", "0.00", "1000000001"])
def test_a_price_that_never_leaves(amount):
    found = RowBounds().broken([price("10"), price(amount), price("0.01")])
    assert list(found) == [1]
    field, reason = found[1]
    assert field == "Price.amount"
    assert amount in reason and "allowed is above 0" in reason


def test_a_currency_that_is_none():
    assert list(RowBounds().broken([price("1", "руб"), price("1")])) == [0]


def test_a_blank_name():
    readings = [Reading([Product(ref=Ref("erp", "Product", n), name=n)]) for n in ("Лампа", "  ")]
    assert RowBounds().broken(readings)[1][0] == "Product.name"


def test_nothing_read_breaks_nothing():
    assert RowBounds().broken([]) == {}


@pytest.mark.parametrize(
    ("column", "broken"),
    [
        (Column(at_least=Decimal(0)), [True, False, False, False]),
        (Column(at_most=Decimal(0)), [False, False, True, False]),
        (Column(above=Decimal(0)), [True, True, False, False]),
    ],
    ids=["at least", "at most", "above"],
)
def test_a_bound_of_zero_is_a_bound(column, broken):
    assert _check(column)([Decimal(-5), Decimal(0), Decimal(5), None]).tolist() == broken
