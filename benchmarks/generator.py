"""A nightly CommerceML export of any size, streamed: import.xml, offers.xml and the same rows as COPY text.

A product is 8 rows: itself, three prices, four stock levels; with its offer about 5.7 KB of XML. Deterministic: the
same count and day give the same bytes. On day 2 the hundredth
product differs, 0.5 % are missing and as many are new.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

from benchmarks import words
from benchmarks.products import Product, changes_goods, is_changed, is_vanished, numbers, product

Report = Callable[[int, int], None]
BLOCK = 500
_ROOT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<КоммерческаяИнформация xmlns="urn:1C.ru:commerceml_2" '
    'ВерсияСхемы="2.09" ДатаФормирования="2026-11-22T03:00:00">\n'
)
_UNIT = '<БазоваяЕдиница Код="796" НаименованиеПолное="Штука" МеждународноеСокращение="PCE">шт</БазоваяЕдиница>'
_CATALOGUE = words.identifier("catalogue", 0)


class Export(NamedTuple):
    """What a generated export holds.

    Attributes:
        folder: where import.xml, offers.xml, product.copy, price.copy and stock.copy lie.
        products: products in it, each with one offer.
        differing: records (products and offers) that are changed or new against the day before.
        vanished: products of the day before that are missing.
    """

    folder: Path
    products: int
    differing: int
    vanished: int

    @property
    def size(self) -> int:
        """Bytes of the two XML files."""
        return sum((self.folder / name).stat().st_size for name in ("import.xml", "offers.xml"))


def generate(folder: Path, count: int, day: int, report: Report = lambda _done, _total: None) -> Export:
    """Write the export of a day (1 or 2) for a shop of `count` products; reports (done, total) products."""
    folder.mkdir(parents=True)
    there = numbers(count, day)
    with ExitStack() as opened:
        names = ("import.xml", "offers.xml", "product.copy", "price.copy", "stock.copy")
        files: list[IO[str]] = [
            opened.enter_context((folder / name).open("w", encoding="utf-8", newline="\n")) for name in names
        ]
        files[0].write(_goods_head())
        files[1].write(_offers_head())
        for start in range(0, len(there), BLOCK):
            _block([product(number, day, count) for number in there[start : start + BLOCK]], files)
            report(min(start + BLOCK, len(there)), len(there))
        files[0].write("</Товары>\n</Каталог>\n</КоммерческаяИнформация>\n")
        files[1].write("</Предложения>\n</ПакетПредложений>\n</КоммерческаяИнформация>\n")
    if day == 1:
        return Export(folder, len(there), 2 * len(there), 0)
    goods, offers = records_changed(count)
    vanished = sum(map(is_vanished, range(count)))
    return Export(folder, len(there), goods + offers + 2 * vanished, vanished)


def records_changed(count: int) -> tuple[int, int]:
    """How many `Товар` and how many `Предложение` of day 1 say something else on day 2 (an offer repeats the name)."""
    return sum(map(changes_goods, range(count))), sum(map(is_changed, range(count)))


def _block(some: list[Product], files: list[IO[str]]) -> None:
    goods, offers, products, prices, stock = files
    goods.write("".join([_goods(one) for one in some]))
    offers.write("".join([_offer(one) for one in some]))
    products.write("".join([_product_row(one) for one in some]))
    prices.write(
        "".join(
            f"{one.id}\t{kind}\t{_money(price)}\tRUB\n"
            for one in some
            for kind, price in zip(words.PRICE_TYPE_IDS, one.prices, strict=True)
        )
    )
    stock.write(
        "".join(
            f"{one.id}\t{store}\t{quantity}\n"
            for one in some
            for store, quantity in zip(words.STORE_IDS, one.stock, strict=True)
        )
    )


def _money(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def _product_row(one: Product) -> str:
    properties = json.dumps(dict(zip(words.PROPERTY_IDS, one.properties, strict=True)), ensure_ascii=False)
    description = one.description.replace("\n", "\\n")
    return (
        f"{one.id}\t{one.article}\t{one.barcode}\t{one.name}\t{description}\t{words.BRANDS[one.brand]}\t796\t{one.vat}"
        f"\t{words.GROUP_IDS[one.group]}\t{properties}\n"
    )


def _goods(one: Product) -> str:
    name, brand = escape(one.name), escape(words.BRANDS[one.brand])
    properties = "".join(
        f"\n\t\t\t\t<ЗначенияСвойства>\n\t\t\t\t\t<Ид>{id_}</Ид>\n\t\t\t\t\t<Значение>{escape(value)}</Значение>"
        "\n\t\t\t\t</ЗначенияСвойства>"
        for id_, value in zip(words.PROPERTY_IDS, one.properties, strict=True)
    )
    return f"""\t\t<Товар>
\t\t\t<Ид>{one.id}</Ид>
\t\t\t<Артикул>{one.article}</Артикул>
\t\t\t<Штрихкод>{one.barcode}</Штрихкод>
\t\t\t<Наименование>{name}</Наименование>
\t\t\t{_UNIT}
\t\t\t<Группы>
\t\t\t\t<Ид>{words.GROUP_IDS[one.group]}</Ид>
\t\t\t</Группы>
\t\t\t<Описание>{one.description}</Описание>
\t\t\t<Картинка>import_files/{one.id[:2]}/{one.id}.jpg</Картинка>
\t\t\t<Изготовитель>
\t\t\t\t<Ид>{words.BRAND_IDS[one.brand]}</Ид>
\t\t\t\t<Наименование>{brand}</Наименование>
\t\t\t</Изготовитель>
\t\t\t<ЗначенияСвойств>{properties}
\t\t\t</ЗначенияСвойств>
\t\t\t<СтавкиНалогов>
\t\t\t\t<СтавкаНалога>
\t\t\t\t\t<Наименование>НДС</Наименование>
\t\t\t\t\t<Ставка>{one.vat}</Ставка>
\t\t\t\t</СтавкаНалога>
\t\t\t</СтавкиНалогов>
\t\t\t<ЗначенияРеквизитов>
\t\t\t\t<ЗначениеРеквизита>
\t\t\t\t\t<Наименование>ВидНоменклатуры</Наименование>
\t\t\t\t\t<Значение>Товар</Значение>
\t\t\t\t</ЗначениеРеквизита>
\t\t\t\t<ЗначениеРеквизита>
\t\t\t\t\t<Наименование>Полное наименование</Наименование>
\t\t\t\t\t<Значение>{name}</Значение>
\t\t\t\t</ЗначениеРеквизита>
\t\t\t</ЗначенияРеквизитов>
\t\t</Товар>
"""


def _offer(one: Product) -> str:
    prices = "".join(
        f"""
\t\t\t\t<Цена>
\t\t\t\t\t<Представление>{_money(price)} RUB за шт</Представление>
\t\t\t\t\t<ИдТипаЦены>{kind}</ИдТипаЦены>
\t\t\t\t\t<ЦенаЗаЕдиницу>{_money(price)}</ЦенаЗаЕдиницу>
\t\t\t\t\t<Валюта>RUB</Валюта>
\t\t\t\t\t<Единица>шт</Единица>
\t\t\t\t\t<Коэффициент>1</Коэффициент>
\t\t\t\t</Цена>"""
        for kind, price in zip(words.PRICE_TYPE_IDS, one.prices, strict=True)
    )
    stock = "".join(
        f'\n\t\t\t<Склад ИдСклада="{store}" КоличествоНаСкладе="{quantity}"/>'
        for store, quantity in zip(words.STORE_IDS, one.stock, strict=True)
    )
    return f"""\t\t<Предложение>
\t\t\t<Ид>{one.id}</Ид>
\t\t\t<Артикул>{one.article}</Артикул>
\t\t\t<Наименование>{escape(one.name)}</Наименование>
\t\t\t{_UNIT}
\t\t\t<Цены>{prices}
\t\t\t</Цены>
\t\t\t<Количество>{sum(one.stock)}</Количество>{stock}
\t\t</Предложение>
"""


def _goods_head() -> str:
    groups = "".join(
        f"<Группа><Ид>{id_}</Ид><Наименование>Раздел {number}</Наименование></Группа>\n"
        for number, id_ in enumerate(words.GROUP_IDS)
    )
    properties = "".join(
        f"<Свойство><Ид>{id_}</Ид><Наименование>{name}</Наименование><ТипЗначений>Строка</ТипЗначений></Свойство>\n"
        for id_, name in zip(words.PROPERTY_IDS, words.PROPERTIES, strict=True)
    )
    return (
        f"{_ROOT}<Классификатор>\n<Ид>{_CATALOGUE}</Ид>\n<Наименование>Классификатор</Наименование>\n"
        f"<Группы>\n{groups}</Группы>\n<Свойства>\n{properties}</Свойства>\n</Классификатор>\n"
        f'<Каталог СодержитТолькоИзменения="false">\n<Ид>{_CATALOGUE}</Ид>\n'
        f"<ИдКлассификатора>{_CATALOGUE}</ИдКлассификатора>\n<Наименование>Основной каталог</Наименование>\n<Товары>\n"
    )


def _offers_head() -> str:
    types = "".join(
        f"<ТипЦены><Ид>{id_}</Ид><Наименование>{name}</Наименование><Валюта>RUB</Валюта></ТипЦены>\n"
        for id_, name in zip(words.PRICE_TYPE_IDS, words.PRICE_TYPES, strict=True)
    )
    stores = "".join(
        f"<Склад><Ид>{id_}</Ид><Наименование>{name}</Наименование></Склад>\n"
        for id_, name in zip(words.STORE_IDS, words.STORES, strict=True)
    )
    return (
        f'{_ROOT}<ПакетПредложений СодержитТолькоИзменения="false">\n<Ид>{_CATALOGUE}#</Ид>\n'
        f"<Наименование>Пакет предложений</Наименование>\n<ИдКаталога>{_CATALOGUE}</ИдКаталога>\n"
        f"<ТипыЦен>\n{types}</ТипыЦен>\n<Склады>\n{stores}</Склады>\n<Предложения>\n"
    )
