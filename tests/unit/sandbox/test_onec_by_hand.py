"""Prices and deletions set by hand in the 1C."""

from pathlib import Path

import pytest
from lxml import etree

from sandbox.onec import UnknownCodeError, delete_product, export, set_price
from sandbox.onec.calendar import Calendar
from sandbox.onec.catalogue import product
from sandbox.onec.dice import product_index
from sandbox.onec.state import find_offers

NS = "{urn:1C.ru:commerceml_2}"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    export(tmp_path / "out", 300, state=tmp_path / "state")
    return tmp_path / "state"


def retail(folder: Path) -> dict[str, str]:
    return {
        offer.findtext(f"{NS}Ид") or "": offer.findtext(f"{NS}Цены/{NS}Цена/{NS}ЦенаЗаЕдиницу") or ""
        for offer in etree.parse(folder / "offers0_1.xml").iter(f"{NS}Предложение")
    }


def simple() -> str:
    return product(Calendar(300), 0).article


def test_setting_a_price_moves_exactly_that_price(tmp_path: Path, state: Path) -> None:
    before = retail(tmp_path / "out")
    offer = set_price(state, simple(), "1234,50")
    export(tmp_path / "out", 300, state=state)
    after = retail(tmp_path / "out")
    assert {key for key in before if before[key] != after[key]} == {offer}
    assert after[offer] == "1234.50"


def test_an_article_of_several_offers_must_be_narrowed_down(state: Path) -> None:
    item = product(Calendar(300), 1)
    with pytest.raises(UnknownCodeError, match=f"{len(item.offers)} offers"):
        set_price(state, item.article, "5")
    first = item.offers[0].id
    code = f"{item.article}-{first[:8]}-{first.partition('#')[2][:8]}"
    assert set_price(state, code, "5") == first
    assert set_price(state, first, "6") == first


def test_every_offer_is_found_by_its_identifiers(state: Path) -> None:
    calendar = Calendar(300)
    for index in range(300):
        item = product(calendar, index)
        assert product_index(1, item.id) == index
        for offer in item.offers:
            assert find_offers(calendar, offer.id) == [offer.id]
            tail = "-".join(part[:8] for part in offer.id.split("#"))
            assert offer.id in find_offers(calendar, f"{item.article}-{tail}")


@pytest.mark.parametrize("price", ["0", "-5", "999999999", ""])
def test_a_foolish_price_is_taken_as_1c_takes_it(tmp_path: Path, state: Path, price: str) -> None:
    offer = set_price(state, simple(), price)
    export(tmp_path / "out", 300, state=state)
    assert retail(tmp_path / "out")[offer] == price


@pytest.mark.parametrize("price", ["дорого", "NaN", "1.2.3"])
def test_what_is_no_number_is_refused(state: Path, price: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        set_price(state, simple(), price)


def test_an_unknown_article_is_refused(tmp_path: Path, state: Path) -> None:
    with pytest.raises(UnknownCodeError, match="no offer"):
        set_price(state, "ЯЯ-9999999", "5")
    with pytest.raises(UnknownCodeError, match="exported nothing yet"):
        set_price(tmp_path / "fresh", "ЯЯ-0000001", "5")


def test_a_deletion_mark_and_a_changes_only_export_that_carries_it(tmp_path: Path, state: Path) -> None:
    identifier = delete_product(state, simple())
    export(tmp_path / "out", 300, day=2, state=state, changes_only=True, changed=0, vanished=0, new=0)
    goods = etree.parse(tmp_path / "out" / "import0_1.xml")
    assert [(entry.findtext(f"{NS}Ид"), entry.get("Статус")) for entry in goods.iter(f"{NS}Товар")] == [
        (identifier, "Удален")
    ]
