"""The slow way: the whole document through lxml, for documents whose tags carry a prefix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from connectors import xml
from connectors.commerceml.records import Layout, bare, flat_groups, is_gone, layout, own_id, part_of
from connectors.protocol import Raw


def cut_parsed(chunks: Iterable[bytes], head: xml.Head) -> Iterator[Raw]:
    """Records of a document in UTF-8, in document order, re-serialised without namespaces; `at` is a line number.

    Raises:
        RejectRecord: not well-formed; raised at the latest when the end is reached.
    """
    parents: list[str] = []
    inside = 0
    parted = head.attributes.get("ВерсияСхемы", "").startswith("3")
    for event, element in _events(chunks):
        name = etree.QName(element).localname
        if event == "start":
            inside += inside > 0 or layout(parents, name) is not Layout.OTHER
            parents.append(name)
            parted = parted or (not inside and element.get("СодержитТолькоИзменения") == "true")
            continue
        parents.pop()
        if inside == 1:
            yield from _emit(element, layout(parents, name), parted)
        if inside <= 1:
            _forget(element)
        inside -= inside > 0


def _events(chunks: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    pull = xml.pull_parser()
    try:
        for chunk in xml.without_declaration(chunks):
            pull.feed(chunk)
            yield from pull.read_events()
        pull.close()
        yield from pull.read_events()
    except etree.XMLSyntaxError as error:
        raise xml.refusal(error) from None


def _emit(element: Any, where: Layout, parted: bool) -> Iterator[Raw]:
    line = element.sourceline or 0
    if where is Layout.GROUPS:
        yield from flat_groups(xml.parse(bare(element)), line)
        return
    kind = etree.QName(element).localname
    status = f'Статус="{element.get("Статус", "")}"'.encode()
    body = bare(element)
    part = part_of(body) if parted and kind == "Предложение" else ""
    yield Raw(kind, own_id(body), body, line, is_gone(body, status, True), part)


def _forget(element: Any) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
