"""Which elements of a CommerceML document are records, and what the engine needs to know of one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from lxml import etree

from connectors import xml
from connectors.protocol import Raw

SECTIONS = {"Классификатор", "Каталог", "ПакетПредложений", "ИзмененияПакетаПредложений"}
ROOTS = {"КоммерческаяИнформация", *SECTIONS}
GROUPS, RECORD = "Группы", "record"
CONTAINERS = {
    "Товары": "Товар",
    "Предложения": "Предложение",
    "Свойства": "Свойство",
    "ТипыЦен": "ТипЦены",
    "Склады": "Склад",
    "ЕдиницыИзмерения": "ЕдиницаИзмерения",
}

_ID = re.compile(r"<[^\s>]+[^>]*>\s*<Ид>([^<]*)</Ид>".encode())
_REMOVED = re.compile("Статус\\s*=\\s*[\"']Удал(?:е|ё)н[\"']".encode())
_MARK = "ПометкаУдаления>".encode()
_NAME, _PRICES = "<Наименование".encode(), "<Цены".encode()
_STOCK = re.compile("<(?:Остатки|Количество|Склад)[\\s>/]".encode())


def layout(parents: Sequence[str], name: str) -> str:
    """What `<name>` inside `parents` (outermost first) is: RECORD, GROUPS (the tree of them) or "".

    A Товар or Склад within an order is no record.
    """
    if name == "Документ":
        return RECORD if len(parents) == 1 or (len(parents) == 2 and parents[1] == "Контейнер") else ""
    if name == GROUPS and 1 <= len(parents) <= 2 and parents[-1] in SECTIONS:
        return GROUPS
    if 2 <= len(parents) <= 3 and parents[-2] in SECTIONS and CONTAINERS.get(parents[-1]) == name:
        return RECORD
    return ""


def own_id(body: bytes) -> str:
    """The record's own `Ид`, unescaped and untrimmed; "" when it has none.

    Raises:
        RejectRecord: the slice is not well-formed.
    """
    if (found := _ID.match(body)) and b"&" not in found.group(1):
        return found.group(1).decode()
    return _child(xml.parse(body), "Ид")


def _child(element: etree._Element, name: str) -> str:
    found = element.find(name)
    return "" if found is None else found.text or ""


def is_gone(body: bytes, attributes: bytes | None, marked: bool) -> bool:
    """True when 1C marks the record as deleted: `Статус="Удален"` (2.x) or `ПометкаУдаления` (3.x)."""
    if attributes and _REMOVED.search(attributes):
        return True
    return marked and _MARK in body and _child(xml.parse(body), "ПометкаУдаления").strip() in ("true", "1")


def part_of(body: bytes) -> str:
    """`prices` or `rests` for an offer of such a segment (it has no name of its own), "" for a whole offer."""
    name, prices = body.find(_NAME), body.find(_PRICES)
    if name >= 0 and (prices < 0 or name < prices or xml.parse(body).find("Наименование") is not None):
        return ""
    stock = _STOCK.search(body) is not None
    if stock == (prices >= 0):
        return ""
    return "rests" if stock else "prices"


def plain(body: bytes, namespaces: Mapping[str, str]) -> bytes:
    """The element without namespaces, for the rare slice that carries a prefix.

    Raises:
        RejectRecord: not well-formed.
    """
    declared = "".join(f" xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in namespaces.items() if prefix)
    return b"".join(xml.unprefixed([f"<r{declared}>".encode(), body, b"</r>"]))[3:-4]


def flat_groups(tree: etree._Element, at: int, parent: str | None = None) -> Iterator[Raw]:
    """Each group of the tree by itself, parents first: `<Группа Родитель="…"><Ид>…</Ид>…</Группа>`.

    Properties that are declared inside a group come as records of their own, before it.
    """
    for group in tree.iterchildren("Группа"):
        own = _child(group, "Ид")
        alone = etree.Element("Группа", {str(name): str(value) for name, value in group.attrib.items()})
        if parent is not None:
            alone.set("Родитель", parent)
        # Text where none belongs is the mapping's to refuse.
        alone.text = "".join([group.text or "", *(child.tail or "" for child in group)]).strip() or None
        nested = [*group.iterchildren(GROUPS)]
        for child in list(group):
            child.tail = None
            if child.tag == "Свойства":
                for declared in child.iterchildren("Свойство"):
                    body = etree.tostring(declared, encoding="UTF-8", with_tail=False)
                    yield Raw("Свойство", _child(declared, "Ид"), body, at, is_gone(body, b"", True))
            elif child not in nested:
                alone.append(child)
        body = etree.tostring(alone, encoding="UTF-8")
        yield Raw("Группа", own, body, at, is_gone(body, body[: body.find(b">")], True))
        for inner in nested:
            yield from flat_groups(inner, at, own)
