"""Full upsert: every night everything is parsed, copied and taken over, changed or not. Written with care."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from lxml import etree

from benchmarks.tables import TABLES, create, stage, take

NS = "{urn:1C.ru:commerceml_2}"
LUMP = 500
_PLAIN = {
    f"{NS}Ид": "product_id",
    f"{NS}Артикул": "article",
    f"{NS}Штрихкод": "barcode",
    f"{NS}Наименование": "name",
    f"{NS}Описание": "description",
}


def main(folder: str, url: str, first: bool) -> dict[str, int]:
    """Load one export; into tables of its own where `first`. Returns the number of rows."""
    goods, offers = Path(folder) / "import.xml", Path(folder) / "offers.xml"
    rows = 0
    with psycopg.connect(url) as connection:
        if first:
            create(connection)
        stage(connection, "product", _lumps(_records(goods, "Товар"), _product))
        # One pass over the offers gives both kinds of rows; the smaller kind waits as text.
        stock: list[str] = []
        stage(connection, "price", _lumps(_records(offers, "Предложение"), lambda one: _prices(one, stock)))
        stage(connection, "stock", ("".join(stock[at : at + LUMP]).encode() for at in range(0, len(stock), LUMP)))
        for table in TABLES:
            rows += take(connection, table)
    return {"rows": rows}


def _records(path: Path, tag: str) -> Iterator[Any]:
    for _, element in etree.iterparse(str(path), events=("end",), tag=NS + tag):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _lumps(records: Iterator[Any], write: Callable[[Any], str]) -> Iterator[bytes]:
    lump: list[str] = []
    for record in records:
        lump.append(write(record))
        if len(lump) == LUMP:
            yield "".join(lump).encode()
            lump = []
    yield "".join(lump).encode()


def _cell(text: str | None) -> str:
    return (text or "").replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _product(record: Any) -> str:
    """One walk over the children, no search."""
    row: dict[str, str] = {}
    for child in record:
        if name := _PLAIN.get(child.tag):
            row[name] = _cell(child.text)
        elif child.tag == f"{NS}Изготовитель":
            row["brand"] = _cell(child[1].text)
        elif child.tag == f"{NS}БазоваяЕдиница":
            row["unit"] = child.get("Код")
        elif child.tag == f"{NS}СтавкиНалогов":
            row["vat"] = child[0][1].text
        elif child.tag == f"{NS}Группы":
            row["group_id"] = child[0].text
        elif child.tag == f"{NS}ЗначенияСвойств":
            values = {one[0].text: one[1].text for one in child}
            row["properties"] = _cell(json.dumps(values, ensure_ascii=False))
    return "\t".join([row[column] for column in TABLES["product"][0]]) + "\n"


def _prices(record: Any, stock: list[str]) -> str:
    id_, found = "", []
    for child in record:
        if child.tag == f"{NS}Ид":
            id_ = child.text
        elif child.tag == f"{NS}Цены":
            found += [f"{id_}\t{price[1].text}\t{price[2].text}\t{price[3].text}\n" for price in child]
        elif child.tag == f"{NS}Склад":
            stock.append(f"{id_}\t{child.get('ИдСклада')}\t{child.get('КоличествоНаСкладе')}\n")
    return "".join(found)
