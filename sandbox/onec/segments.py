"""The segmented exchange of CommerceML 3.1: reference lists first, then goods, offers, prices and rests."""

from collections.abc import Callable
from functools import partial

from sandbox.onec import classifier, wording
from sandbox.onec.assortment import CATALOGUE_ID
from sandbox.onec.catalogue import Product, product
from sandbox.onec.dice import guid, mix
from sandbox.onec.edition import Edition
from sandbox.onec.goods import goods_element
from sandbox.onec.offers import offer_segment, price_segment, rest_segment

SESSION = 8
_REFERENCES: tuple[tuple[str, Callable[[], str]], ...] = (
    ("groups", lambda: classifier.groups("3.1")),
    ("propertiesGoods", lambda: classifier.properties("3.1")),
    ("priceLists", lambda: classifier.price_types("3.1")),
    ("storages", lambda: classifier.warehouses("3.1")),
    ("units", classifier.units),
)


def _name(edition: Edition, segment: str, number: int) -> str:
    """`goods_1_2_<guid>.xml`: a guid for each file, as in a real exchange."""
    token = guid(SESSION, mix(int.from_bytes(segment.encode(), "big") + number) + edition.calendar.day)
    return f"{segment}_1_{number}_{token}.xml"


def _reference(edition: Edition, segment: str, body: str) -> None:
    flag = wording.flag(edition.changes_only)
    with edition.folder.document(_name(edition, segment, 1)) as document:
        document.write(
            f"{edition.opening()}\t<Каталог {flag}>\n\t\t<Ид>{CATALOGUE_ID}</Ид>\n"
            f"\t\t<ИдКлассификатора>{CATALOGUE_ID}</ИдКлассификатора>\n\t\t<Наименование>Товары 1С</Наименование>\n"
            f"\t\t<Описание>Товары 1С</Описание>\n\t</Каталог>\n"
            f"{classifier.classifier(body, edition.changes_only)}{wording.CLOSING}"
        )


def _records(edition: Edition, segment: str, opening: str, closing: str, render: Callable[[Product], str]) -> None:
    for number, part in enumerate(edition.parts(), 1):
        with edition.folder.document(_name(edition, segment, number)) as document:
            document.write(edition.opening() + opening)
            for place, index in enumerate(part):
                document.write(render(product(edition.calendar, index)))
                if place == len(part) // 2:
                    edition.folder.linger(document)
            document.write(closing + wording.CLOSING)


def write_segments(edition: Edition, offers_only: bool) -> None:
    """Write every file of the exchange, or only prices and rests."""
    if not offers_only:
        for segment, body in _REFERENCES:
            _reference(edition, segment, body())
        catalogue = wording.catalogue_opening(edition.changes_only) + "\t\t<Товары>\n"
        _records(edition, "goods", catalogue, "\t\t</Товары>\n\t</Каталог>\n", partial(_goods, edition))
    package = wording.package_opening(edition.changes_only, "#", "") + "\t\t<Предложения>\n"
    end = "\t\t</Предложения>\n\t</ПакетПредложений>\n"
    renders = {"offers": _offers, "prices": _prices, "rests": _rests}
    for segment in ("prices", "rests") if offers_only else renders:
        _records(edition, segment, package, end, partial(renders[segment], edition))


def _goods(edition: Edition, item: Product) -> str:
    edition.count_goods(item)
    return goods_element(item, edition.deleted(item), "3.1")


def _offers(edition: Edition, item: Product) -> str:
    return "".join(offer_segment(item, offer) for offer in edition.shown(item))


def _prices(edition: Edition, item: Product) -> str:
    edition.count_offers(item)
    known, defect = edition.overrides.prices, edition.defective(item)
    return "".join(price_segment(item, offer, known, defect) for offer in edition.shown(item))


def _rests(edition: Edition, item: Product) -> str:
    return "".join(rest_segment(item, offer) for offer in edition.shown(item) if offer.stock)
