"""One Предложение as 1C writes it: whole in 2.x, cut into offers, prices and rests in 3.1."""

from collections.abc import Iterable, Iterator, Mapping

from sandbox.onec.assortment import PRICE_TYPES, WAREHOUSES
from sandbox.onec.catalogue import Offer, Product
from sandbox.onec.goods import padded
from sandbox.onec.wording import NBSP, escape, listing, local_money, money, quantity, tag, unit_element

UNMEASURED = ("Длина упаковки (см)", f"-999{NBSP}999{NBSP}999,9")


def price_texts(offer: Offer, overrides: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Pairs of price type and amount; a retail price set by hand stands in for the computed one."""
    for entry, kopecks in zip(PRICE_TYPES, offer.prices, strict=True):
        if entry is PRICE_TYPES[0] and offer.id in overrides:
            yield entry.id, overrides[offer.id]
        elif kopecks is not None:
            yield entry.id, money(kopecks)


def _price(item: Product, type_id: str, amount: str) -> str:
    unit = item.section.unit.short
    shown = f" {local_money(amount)} RUB за {unit}" if amount else ""
    # One product in 64 comes from a base whose number format keeps the locale's spaces and comma.
    written = local_money(amount) if amount and item.roll >> 33 & 63 == 7 else amount
    return (
        f"<Цена>{tag('Представление', shown)}<ИдТипаЦены>{type_id}</ИдТипаЦены>{tag('ЦенаЗаЕдиницу', written)}"
        f"<Валюта>RUB</Валюта><Единица>{unit}</Единица><Коэффициент>1</Коэффициент></Цена>"
    )


def prices_element(item: Product, offer: Offer, overrides: Mapping[str, str], defect: bool) -> str:
    """Цены; a defect repeats the first price type with another amount, as one real export does."""
    entries = [_price(item, type_id, amount) for type_id, amount in price_texts(offer, overrides)]
    if defect and offer.prices[0] is not None:
        entries.append(_price(item, PRICE_TYPES[0].id, money(offer.prices[0] + 100)))
    return listing("Цены", entries)


def _name(item: Product, offer: Offer) -> str:
    traits = ", ".join(value for _, value in offer.traits)
    return f"{item.name} ({traits})" if traits else item.name


def _traits(pairs: Iterable[tuple[str, str]]) -> str:
    return listing(
        "ХарактеристикиТовара",
        (
            f"<ХарактеристикаТовара><Наименование>{name}</Наименование>{tag('Значение', value)}</ХарактеристикаТовара>"
            for name, value in pairs
        ),
    )


def _stock(item: Product, offer: Offer) -> str:
    comma = not item.section.unit.whole
    total = f"\n\t\t\t<Количество>{quantity(sum(offer.stock), comma)}</Количество>"
    return total + "".join(
        f'\n\t\t\t<Склад ИдСклада="{place.id}" КоличествоНаСкладе="{quantity(amount, comma)}"/>'
        for place, amount in zip(WAREHOUSES, offer.stock, strict=False)
    )


def offer_element(item: Product, offer: Offer, overrides: Mapping[str, str], defect: bool) -> str:
    """The whole Предложение of 2.x."""
    barcode = f"\n\t\t\t<Штрихкод>{offer.barcode}</Штрихкод>" if offer.barcode else ""
    return (
        f"\t\t<Предложение>\n\t\t\t<Ид>{offer.id}</Ид>{barcode}\n\t\t\t{tag('Артикул', item.article)}\n"
        f"\t\t\t<Наименование>{escape(_name(item, offer))}</Наименование>\n"
        f"\t\t\t{unit_element(item.section.unit, padded(item))}{_traits(offer.traits)}"
        f"{prices_element(item, offer, overrides, defect)}{_stock(item, offer)}\n\t\t</Предложение>\n"
    )


def offer_segment(item: Product, offer: Offer) -> str:
    """3.1 offers: names and characteristics only; a size that nobody measured is 1C's "no value"."""
    traits = (*offer.traits, *((UNMEASURED,) if offer.traits else ()))
    return (
        f"\t\t<Предложение>\n\t\t\t<Ид>{offer.id}</Ид><НомерВерсии>AAAAAAAAAAE=</НомерВерсии>"
        f"<ПометкаУдаления>false</ПометкаУдаления>\n\t\t\t<Наименование>{escape(_name(item, offer))}</Наименование>"
        f"{_traits(traits)}\n\t\t</Предложение>\n"
    )


def price_segment(item: Product, offer: Offer, overrides: Mapping[str, str], defect: bool) -> str:
    """3.1 prices."""
    prices = prices_element(item, offer, overrides, defect)
    return f"\t\t<Предложение>\n\t\t\t<Ид>{offer.id}</Ид>{prices}\n\t\t</Предложение>\n"


def rest_segment(item: Product, offer: Offer) -> str:
    """3.1 rests: a quantity for each warehouse."""
    comma = not item.section.unit.whole
    rests = listing(
        "Остатки",
        (
            f"<Остаток><Склад><Ид>{place.id}</Ид><Количество>{quantity(amount, comma)}</Количество></Склад></Остаток>"
            for place, amount in zip(WAREHOUSES, offer.stock, strict=False)
        ),
    )
    return f"\t\t<Предложение>\n\t\t\t<Ид>{offer.id}</Ид>{rests}\n\t\t</Предложение>\n"
