"""Real exports of real 1Cs, from the folder to the verdict: every record accounted for, with a true reason."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import NamedTuple

import pytest
from lxml import etree
from night import OneC
from trade_night import SAMPLES, Trade

from hub.flows.flows import CATALOGUE_NIGHTLY

pytestmark = [
    pytest.mark.timeout(200),
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real exports (../shared/specs/commerceml/samples) are absent"),
]

NO_OFFER = "it has no offer that the hub could take"
NOT_RECEIVED = "its product was not received"
TWO_PRICES = "cbcf492e-55bc-11d9-848a-00112f43529a"


class Export(NamedTuple):
    """One real export: the price list that it is sold at, and its files by the names that 1C gives them."""

    price_list: str
    files: dict[str, str]
    verdict: str = "proven"


SEGMENTS = ("offers", "priceLists", "propertiesOffers", "rests", "storages", "units")
EXPORTS = {
    "1coutlet": Export(
        "Розничная",
        {"import0_1.xml": "1coutlet_import0_1.xml", "offers0_1.xml": "1coutlet_offers0_1.xml"},
        "proven with gaps",
    ),
    "dobromyslov": Export(
        "BASE", {"import0_1.xml": "dobromyslov_import0_1.xml", "offers0_1.xml": "dobromyslov_offers0_1.xml"}
    ),
    "irpsv-off-doc": Export(
        "Оптовая", {"import.xml": "irpsv_off-doc-1c_import.xml", "offers.xml": "irpsv_off-doc-1c_offers.xml"}
    ),
    "irpsv-umi-cms": Export(
        "инет", {"import.xml": "irpsv_umi-cms_import.xml", "offers.xml": "irpsv_umi-cms_offers.xml"}
    ),
    "3.1-changes": Export(
        "Опт 1 (300-600 тыс.руб в квартал)", {f"{name}.xml": f"cml31_{name}.xml" for name in SEGMENTS}
    ),
    "carono-classifier": Export("Розничная", {"import0_1.xml": "carono_classifier.xml"}),
    "3.1-orders": Export("Розничная", {"orders.xml": "cml31_orders_to_1c.xml"}),
    "2.03-orders": Export("Розничная", {"orders.xml": "irpsv_off-doc-1c_orders.xml"}),
}


def drop(onec: OneC, export: Export) -> None:
    for name, sample in export.files.items():
        onec.write(name, (SAMPLES / sample).read_bytes())


@cache
def records(sample: str, tag: str) -> dict[str, list[etree._Element]]:
    """The file's own records of a kind by their id, read without any code of the hub."""
    found: dict[str, list[etree._Element]] = {}
    for element in etree.parse(SAMPLES / sample).iter(f"{{*}}{tag}"):
        found.setdefault(str(element.findtext("{*}Ид")), []).append(element)
    return found


def every(export: Export, tag: str) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    for sample in export.files.values():
        for key, elements in records(sample, tag).items():
            found.setdefault(key, []).extend(elements)
    return found


def stated(export: Export) -> set[str]:
    """The offers that the export names and that can be taken; a record of rests alone states no offer."""
    found = every(export, "Предложение").items()
    return {key for key, elements in found if elements[0].find("{*}Наименование") is not None} - {TWO_PRICES}


def products_of(export: Export) -> set[str]:
    return {key.partition("#")[0] for key in every(export, "Товар")}


def check_accounts(trade: Trade, export: Export) -> None:
    """read = new + changed + unchanged + repeated + quarantined, and read is what the files hold."""
    [(state, kinds)] = trade.rows("select state, counts->'kinds' from batch")
    assert state == "merged"
    for kind, counts in kinds.items():
        kept = ("new", "changed", "unchanged", "repeated", "quarantined")
        assert counts["read"] == sum(counts.get(name, 0) for name in kept), kind
    for kind in ("Товар", "Предложение"):
        # The goods of an order are lines of its Документ.
        held = 0 if "orders.xml" in export.files else sum(map(len, every(export, kind).values()))
        assert kinds.get(kind, {}).get("read", 0) == held, kind


def check_quarantine(trade: Trade, name: str) -> None:
    parked = trade.rows("select kind, key, field, reason from quarantine")
    if name != "1coutlet":
        assert parked == []
        return
    [(kind, key, field, reason)] = parked
    assert (kind, key, field) == ("Предложение", TWO_PRICES, "Цены/Цена")
    prices = records("1coutlet_offers0_1.xml", "Предложение")[TWO_PRICES][0].iterfind(".//{*}ИдТипаЦены")
    (kind_of_price, times) = Counter(one.text for one in prices).popitem()
    assert times == 2
    assert f"{kind_of_price} stands there more than once" in str(reason)


def check_products(trade: Trade, export: Export, taken: set[str]) -> None:
    """Each product is at the shop, or the ledger says why not, and the file says the same."""
    found = trade.ledger("product")
    if "orders.xml" not in export.files:
        assert set(found) == products_of(export)
    offered = {key.partition("#")[0] for key in taken}
    at_shop = trade.state()["products"]
    for key, (state, reason, code, target_id) in found.items():
        if target_id is not None:
            assert (state, reason) == ("idle", None)
            assert code in at_shop
            continue
        elements = every(export, "Товар").get(key, [])
        if reason == NO_OFFER:
            assert key not in offered
        elif reason == "it is a service":
            assert "Услуга" in {one.text for one in elements[0].iterfind(".//{*}Значение")}
        elif reason == "gone at its source":
            assert elements[0].get("Статус") == "Удален"
        else:
            assert reason == f"it has no price in price list '{export.price_list}'"
            assert key not in offered


def check_offers(trade: Trade, export: Export) -> None:
    """Each offer is a variation, or sold as its simple product, or the product never came."""
    received = products_of(export)
    products = trade.ledger("product")
    offers = stated(export)
    found = trade.ledger("variation")
    assert offers <= set(found) | {key for key in products if "#" not in key}
    for key, (_, reason, _, target_id) in found.items():
        product = key.partition("#")[0]
        if reason == NOT_RECEIVED:
            assert product not in received
        elif target_id is None and reason != "gone at its source":
            assert reason == f"it has no price in price list '{export.price_list}'"
            assert key not in offers
        else:
            assert product in received


def check_by_hand(trade: Trade, export: Export) -> None:
    """A handful of them one by one: price, stock and name at the shop are those in the file."""
    shop, offers = trade.state()["products"], every(export, "Предложение")
    simple = [(key, row[2]) for key, row in trade.ledger("product").items() if row[3] and key in offers]
    variants = [(key, row[2]) for key, row in trade.ledger("variation").items() if row[3]]
    for key, code in simple[::60] + variants[::200]:
        offer, sold = offers[key][0], shop[str(code)]
        prices = [price for price in offer.iterfind(".//{*}Цена") if price_list_of(price, export) == export.price_list]
        assert [Decimal(str(price.findtext("{*}ЦенаЗаЕдиницу"))) for price in prices] == [
            Decimal(sold["regular_price"])
        ]
        stock = sum(Decimal(one.get("КоличествоНаСкладе", "0")) for one in offer.iterfind("{*}Склад"))
        if offer.find("{*}Склад") is not None:
            assert sold["stock_quantity"] == max(0, int(stock))
        if "#" not in key:
            product = every(export, "Товар")[key][0]
            assert sold["name"].split() == str(product.findtext("{*}Наименование")).split()


def price_list_of(price: etree._Element, export: Export) -> str:
    """The name of a price's type."""
    kinds = every(export, "ТипЦены")
    return str(kinds[str(price.findtext("{*}ИдТипаЦены"))][0].findtext("{*}Наименование"))


def check_codes(trade: Trade) -> None:
    """Articles repeat and are empty; a code at the shop never is."""
    codes = [row[2] for kind in ("product", "variation") for row in trade.ledger(kind).values() if row[3] is not None]
    assert all(codes)
    assert len(codes) == len({str(code).lower() for code in codes})
    assert len(codes) == len(trade.state()["products"])


@pytest.mark.parametrize("name", EXPORTS)
def test_a_real_export_is_accounted_for_to_the_last_record(name: str, trade: Callable[..., Trade]) -> None:
    export = EXPORTS[name]
    house = trade(export.price_list)
    drop(house.onec, export)

    assert house.go(CATALOGUE_NIGHTLY) == export.verdict

    check_accounts(house, export)
    check_quarantine(house, name)
    offers = stated(export)
    check_products(house, export, offers)
    check_offers(house, export)
    check_codes(house)
    check_by_hand(house, export)
    sold = {key for key in offers if key.partition("#")[0] in products_of(export)}
    gone = {key for key, row in house.ledger("product").items() if row[1] == "gone at its source"}
    assert len(house.offers()) == len(sold - gone)

    before, said = house.effects(), house.offers()
    for source in house.onec.folder.iterdir():
        assert source.name in ("archive", "prices_stock")
    drop(house.onec, export)
    assert house.go(CATALOGUE_NIGHTLY) == export.verdict
    assert house.effects() == before
    assert house.offers() == said
