"""How most people read CommerceML: lxml iterparse and findtext, a dictionary a row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

NS = "{urn:1C.ru:commerceml_2}"


def products(path: Path) -> Iterator[dict[str, Any]]:
    """One row a product; `properties` by the property's id."""
    for one in _records(path, "Товар"):
        properties = {
            value.findtext(f"{NS}Ид"): value.findtext(f"{NS}Значение")
            for value in one.iterfind(f"{NS}ЗначенияСвойств/{NS}ЗначенияСвойства")
        }
        yield {
            "product_id": one.findtext(f"{NS}Ид"),
            "article": one.findtext(f"{NS}Артикул"),
            "barcode": one.findtext(f"{NS}Штрихкод"),
            "name": one.findtext(f"{NS}Наименование"),
            "description": one.findtext(f"{NS}Описание"),
            "brand": one.findtext(f"{NS}Изготовитель/{NS}Наименование"),
            "unit": one.find(f"{NS}БазоваяЕдиница").get("Код"),
            "vat": int(one.findtext(f"{NS}СтавкиНалогов/{NS}СтавкаНалога/{NS}Ставка")),
            "group_id": one.findtext(f"{NS}Группы/{NS}Ид"),
            "properties": properties,
        }


def offers(path: Path) -> Iterator[tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """The price rows and the stock rows of each offer."""
    for one in _records(path, "Предложение"):
        id_ = one.findtext(f"{NS}Ид")
        prices = [
            {
                "product_id": id_,
                "price_type": price.findtext(f"{NS}ИдТипаЦены"),
                "amount": price.findtext(f"{NS}ЦенаЗаЕдиницу"),
                "currency": price.findtext(f"{NS}Валюта"),
            }
            for price in one.iterfind(f"{NS}Цены/{NS}Цена")
        ]
        stock = [
            {"product_id": id_, "store": store.get("ИдСклада"), "quantity": store.get("КоличествоНаСкладе")}
            for store in one.iterfind(f"{NS}Склад")
        ]
        yield prices, stock


def _records(path: Path, tag: str) -> Iterator[Any]:
    for _, element in etree.iterparse(str(path), events=("end",), tag=NS + tag):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
