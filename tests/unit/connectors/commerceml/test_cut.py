import io
import re
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from canonical_model.errors import RejectRecord
from connectors import xml
from connectors.commerceml.cut import cut

SAMPLES = Path(__file__).parents[5] / "shared/specs/commerceml/samples"
NAMES = sorted(path.name for path in SAMPLES.glob("*.xml")) or ["samples"]

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<КоммерческаяИнформация xmlns="urn:1C.ru:commerceml_2" ВерсияСхемы="2.07">'
)
TAIL = "</КоммерческаяИнформация>"
PLAIN = (
    HEAD
    + "<Классификатор><Ид>к</Ид><Группы><Группа><Ид>1</Ид><Наименование>А</Наименование>"
    + "<Группы><Группа><Ид>2</Ид><Наименование>Б</Наименование></Группа></Группы></Группа></Группы></Классификатор>"
    + '<Каталог СодержитТолькоИзменения="false"><Ид>к</Ид><Товары>\n'
    + "<Товар><Ид>a &amp; b </Ид><Наименование>Ёлка</Наименование></Товар>\n"
    + '<Товар Статус="Удален"><Ид>c</Ид></Товар>\n</Товары></Каталог>'
    + TAIL
)


def cut_all(document, media="application/xml"):
    data = document.encode() if isinstance(document, str) else document
    return list(cut("catalogue", io.BytesIO(data), media))


def refusal(document):
    with pytest.raises(RejectRecord) as caught:
        cut_all(document)
    return caught.value.reason


def sample(name):
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip("shared/specs/commerceml/samples is not here")
    return path.read_bytes()


# An independent reading: lxml, whole tree, XPath by local names.
PATHS = {
    "Группа": "//*[local-name()='Классификатор']/*[local-name()='Группы']//*[local-name()='Группа']",
    "Свойство": "//*[local-name()='Классификатор']/*[local-name()='Свойства']/*[local-name()='Свойство']",
    "ТипЦены": "//*[local-name()='ТипыЦен']/*[local-name()='ТипЦены']",
    "Склад": "//*[local-name()='Склады']/*[local-name()='Склад']",
    "ЕдиницаИзмерения": "//*[local-name()='ЕдиницыИзмерения']/*[local-name()='ЕдиницаИзмерения']",
    "Товар": "//*[local-name()='Каталог']/*[local-name()='Товары']/*[local-name()='Товар']",
    "Предложение": "//*[local-name()='Предложения']/*[local-name()='Предложение']",
    "Документ": "//*[local-name()='Документ']",
}


def children(element):
    """The element as nested tuples without namespaces and blank text, children that are groups left out."""
    kept = [child for child in element if isinstance(child.tag, str)]
    if etree.QName(element).localname == "Группа":
        kept = [child for child in kept if etree.QName(child).localname not in ("Группы", "Свойства")]
    attributes = {etree.QName(k).localname: v for k, v in element.attrib.items() if k != "Родитель"}
    text = "".join(element.xpath("text()"))
    return (etree.QName(element).localname, attributes, text if text.strip() else "", [children(c) for c in kept])


def by_lxml(data):
    """All records of a document, by kind, as the independent reading sees them."""
    root = etree.fromstring(data, etree.XMLParser(remove_comments=True, remove_pis=True))
    return {kind: [children(found) for found in root.xpath(path)] for kind, path in PATHS.items() if root.xpath(path)}


def by_cut(records):
    kinds = {}
    for record in records:
        kinds.setdefault(record.kind, []).append(children(xml.parse(record.body)))
    return kinds


@pytest.mark.parametrize("name", NAMES)
def test_each_sample_gives_the_records_that_lxml_sees(name):
    data = sample(name)
    assert by_cut(cut_all(data)) == by_lxml(data)


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_the_records_own_and_slices_are_the_sources_bytes(name):
    data = sample(name)
    text = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    for record in cut_all(data):
        found = xml.parse(record.body).find("Ид")
        assert record.id == ("" if found is None else found.text or "")
        if record.kind != "Группа":
            assert text[record.at : record.at + len(record.body)] == record.body


def test_real_export_is_counted():
    counts = Counter(record.kind for record in cut_all(sample("1coutlet_import0_1.xml")))
    assert counts == {"Товар": 1197, "Группа": 59, "Свойство": 10}


def test_groups_come_flat_with_their_parent():
    groups = [record for record in cut_all(PLAIN) if record.kind == "Группа"]
    assert [record.body.decode() for record in groups] == [
        "<Группа><Ид>1</Ид><Наименование>А</Наименование></Группа>",
        '<Группа Родитель="1"><Ид>2</Ид><Наименование>Б</Наименование></Группа>',
    ]


def test_properties_declared_in_a_group_are_records():
    document = (
        "<Классификатор><Группы><Группа><Ид>1</Ид><Свойства><Свойство><Ид>p</Ид></Свойство></Свойства>"
        "</Группа></Группы></Классификатор>"
    )
    assert [(record.kind, record.id) for record in cut_all(document)] == [("Свойство", "p"), ("Группа", "1")]


def test_ids_are_unescaped_and_not_trimmed_and_removed_products_are_gone():
    goods = [record for record in cut_all(PLAIN) if record.kind == "Товар"]
    assert [(record.id, record.gone) for record in goods] == [("a & b ", False), ("c", True)]


@pytest.mark.parametrize(
    ("mark", "gone"),
    [("true", True), (" 1 ", True), ("false", False)],
    ids=["true", "one, padded", "false"],
)
def test_deletion_mark_counts_only_as_the_records_own(mark, gone):
    document = PLAIN.replace(
        "<Товар><Ид>a &amp; b </Ид>",
        f"<Товар><Ид>a</Ид><ПометкаУдаления>{mark}</ПометкаУдаления><Изготовитель>"
        "<ПометкаУдаления>true</ПометкаУдаления></Изготовитель>",
    )
    assert next(record for record in cut_all(document) if record.id == "a").gone is gone


def offers(body, version="3.1", changes="true"):
    return (
        f'<КоммерческаяИнформация ВерсияСхемы="{version}"><ПакетПредложений СодержитТолькоИзменения="{changes}">'
        f"<Предложения>{body}</Предложения></ПакетПредложений></КоммерческаяИнформация>"
    )


@pytest.mark.parametrize(
    ("body", "version", "changes", "part"),
    [
        ("<Ид>1</Ид><Цены><Цена/></Цены>", "3.1", "true", "prices"),
        ("<Ид>1</Ид><Остатки><Остаток/></Остатки>", "3.1", "false", "rests"),
        ("<Ид>1</Ид><Наименование>x</Наименование><Цены/>", "3.1", "true", ""),
        ("<Ид>1</Ид><Цены><Скидка><Наименование>x</Наименование></Скидка></Цены>", "3.1", "true", "prices"),
        ("<Ид>1</Ид><Цены/><Количество>1</Количество>", "3.1", "true", ""),
        ("<Ид>1</Ид><Количество>1</Количество>", "2.10", "true", "rests"),
        ("<Ид>1</Ид><Цены/>", "2.10", "false", ""),
    ],
    ids=["prices", "stock", "whole", "name inside a price", "prices and stock", "2.x changes", "2.x full"],
)
def test_part_of_an_offer(body, version, changes, part):
    [record] = cut_all(offers(f"<Предложение>{body}</Предложение>", version, changes))
    assert record.part == part


def test_goods_and_warehouses_inside_an_order_are_no_records():
    document = (
        "<КоммерческаяИнформация><Контейнер><Документ><Ид>o</Ид><Склады><Склад><Ид>s</Ид></Склад></Склады>"
        "<Товары><Товар><Ид>g</Ид></Товар></Товары></Документ></Контейнер></КоммерческаяИнформация>"
    )
    assert [(record.kind, record.id) for record in cut_all(document)] == [("Документ", "o")]


TRICKY = {
    "CDATA with a closing tag": "<Товар><Ид>1</Ид><Описание><![CDATA[</Товар><Товар>]]></Описание></Товар>",
    "comment with a closing tag": "<Товар><!-- </Товар> --><Ид>1</Ид></Товар>",
    "instruction with a closing tag": "<Товар><?x </Товар>?><Ид>1</Ид></Товар>",
    "comment between records": "<Товар><Ид>1</Ид></Товар><!-- <Товар> --><Товар><Ид>2</Ид></Товар>",
    "same-named child": "<Товар><Ид>1</Ид><Набор><Товар><Ид>2</Ид></Товар><Товар/></Набор></Товар>",
    "space in the closing tag": "<Товар><Ид>1</Ид></Товар ><Товар><Ид>2</Ид></Товар>",
    "id not first": "<Товар><Группы><Ид>g</Ид></Группы><Ид>1</Ид></Товар>",
    "no id": "<Товар><Группы><Ид>g</Ид></Группы></Товар>",
    "id in CDATA": "<Товар><Ид><![CDATA[<1>]]></Ид></Товар>",
    "empty record": "<Товар/><Товар></Товар>",
    "greater-than in an attribute": '<Товар Код="a>b"><Ид>1</Ид></Товар>',
    "prefixed attribute": "<Товар><Ид>1</Ид><Вес xsi:nil='true'/></Товар>",
    "prefixed attribute before the id": "<Товар><Вес xsi:nil='true'/><Ид>1</Ид></Товар>",
    "default namespace again": '<Товар xmlns="urn:1C.ru:commerceml_2"><Ид>1</Ид></Товар>',
    "single quotes": "<Товар Статус='Удален'><Ид>1</Ид></Товар>",
}


def catalogue(goods):
    xsi = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    return HEAD[:-1] + xsi + f"<Каталог><Товары>{goods}</Товары></Каталог>" + TAIL


@pytest.mark.parametrize("goods", TRICKY.values(), ids=TRICKY.keys())
def test_what_a_quick_cut_would_get_wrong_goes_token_by_token(goods):
    data = catalogue(goods).encode()
    records = cut_all(data)
    expected = by_lxml(data)["Товар"]
    # A same-named child is part of its record.
    assert [children(xml.parse(record.body)) for record in records] == expected
    for record in records:
        assert record.id == (xml.parse(record.body).findtext("Ид") or "")


def test_prefixed_documents_are_read_too():
    plain = PLAIN.replace(' xmlns="urn:1C.ru:commerceml_2"', "")
    prefixed = re.sub(r"<(/?)([А-Я])", r"<\1c:\2", plain).replace(
        "<c:КоммерческаяИнформация", '<c:КоммерческаяИнформация xmlns:c="urn:1C.ru:commerceml_2"'
    )
    assert [(r.kind, r.id, r.gone, r.body) for r in cut_all(prefixed)] == [
        (r.kind, r.id, r.gone, r.body) for r in cut_all(plain)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251", "utf-16", "koi8-r"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_slices_do_not_depend_on_encoding_and_line_ends(encoding, line_end):
    declared = PLAIN.replace("UTF-8", encoding.removesuffix("-sig")).replace("\n", line_end)
    assert [r.body for r in cut_all(declared.encode(encoding))] == [r.body for r in cut_all(PLAIN)]


BROKEN = {
    "empty": (b"", "empty"),
    "blanks": (b" \n", "nothing but blanks"),
    "no XML": (b"hello", "there is no XML element"),
    "foreign root": (b"<yml_catalog/>", "'yml_catalog'"),
    "undeclared prefix": (b"<c:x/>", "prefix 'c' of the root element is not declared"),
    "HTML": (b"<html><body>502</body></html>", "'html'"),
    "two roots": (PLAIN + "<Каталог/>", "second root element <Каталог>"),
    "text after the end": (PLAIN + "x", "Extra content|outside records"),
    "DOCTYPE": (PLAIN.replace("?>", '?><!DOCTYPE x [<!ENTITY a "b">]>', 1), "DOCTYPE"),
    "DOCTYPE later": (PLAIN.replace("<Товары>", "<!DOCTYPE x><Товары>"), "DOCTYPE"),
    "windows-1251 said to be UTF-8": (PLAIN.encode("windows-1251"), "is not utf-8"),
    "UTF-8 said to be windows-1251": (PLAIN.replace("UTF-8", "windows-1251").encode(), "is not cp1251"),
    "unknown encoding": (PLAIN.replace("UTF-8", "x-klingon"), "'x-klingon'"),
    "NUL": (PLAIN.replace("Ёлка", "Ёл\0ка"), "U\\+0000"),
    "control character": (PLAIN.replace("Ёлка", "Ёл\x0bка"), "U\\+000B"),
    "noncharacter": (PLAIN.replace("Ёлка", "Ёл\ufffeка"), "U\\+FFFE"),
    "crossed sections": (PLAIN.replace("</Товары></Каталог>", "</Каталог></Товары>"), "closes nothing"),
    "unclosed section": (PLAIN.replace("</Каталог>", ""), "closes nothing"),
    "undefined entity outside records": (PLAIN.replace("<Ид>к</Ид>", "<Ид>&nbsp;</Ид>"), "nbsp"),
    "attribute without a value": (PLAIN.replace("<Товары>", "<Товары x>"), "outside records"),
    "broken group": (PLAIN.replace("<Наименование>Б", "<Наименование"), "<Группы> that begins on line 2"),
    "record never closed": (PLAIN.replace("<Ид>c</Ид></Товар>", "<Ид>c</Ид>"), "truncated|ends inside"),
}


@pytest.mark.parametrize(("document", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_refused_with_the_reason(document, reason):
    assert re.search(reason, refusal(document))


def test_a_file_cut_off_anywhere_is_refused():
    data = PLAIN.encode()
    for end in range(1, len(data), max(1, len(data) // 60)):
        refusal(data[:end])


@pytest.mark.parametrize("name", [name for name in NAMES if "1coutlet" not in name])
def test_a_sample_cut_off_at_fifty_places_is_refused(name):
    data = sample(name).rstrip()
    for part in range(50):
        refusal(data[: len(data) * part // 50])


def test_reasons_name_the_line():
    assert refusal(PLAIN.replace("</Товары>", "</Товар>")).startswith("line 5: ")


class Trickle(io.BytesIO):
    """A stream that gives a few bytes at a time, so that every boundary falls everywhere."""

    def __init__(self, data, step):
        super().__init__(data)
        self.step = step

    def read(self, size=-1):
        return super().read(min(self.step, size) if size and size > 0 else self.step)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 61])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_boundaries_of_reading_do_not_matter(step, line_end):
    document = catalogue("\n".join(TRICKY.values())).replace("\n", line_end).encode()
    # The head is read at once: it must hold the root element.
    stream = Trickle(document, step)
    stream.read = lambda size=-1, read=stream.read: io.BytesIO.read(stream, 300) if stream.tell() == 0 else read(size)
    assert list(cut("catalogue", stream, "application/xml")) == cut_all(document)


PIECES = st.sampled_from(
    [
        *TRICKY.values(),
        "<Товар><Ид>7</Ид></Товар>",
        " ",
        "\n",
        "<Товар>",
        "</Товар>",
        "<Ид>",
        "</Ид>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&",
        "<",
        ">",
        "'",
        '"',
        "</Товары>",
        "<Товары>",
        "ж",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=8))
def test_quick_cut_equals_lxml_on_any_document(pieces):
    data = catalogue("".join(pieces)).encode()
    try:
        expected = by_lxml(data)
    except etree.XMLSyntaxError:
        # Either the file is refused or a slice does not parse: nothing ill-formed passes both.
        with pytest.raises(RejectRecord):
            by_cut(cut_all(data))
    else:
        assert by_cut(cut_all(data)).get("Товар", []) == expected.get("Товар", [])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_changed_byte_never_passes_unless_lxml_accepts_it(data):
    document = bytearray(PLAIN.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(document) - 1))
        document[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from([b"", b"<", b">", b"/", b"&", b'"', b"\xff"])
        )
    try:
        expected = by_lxml(bytes(document))
    except etree.XMLSyntaxError:
        with pytest.raises(RejectRecord):
            by_cut(cut_all(bytes(document)))
    else:
        try:
            found = by_cut(cut_all(bytes(document)))
        except RejectRecord:
            return
        assert found == expected


def large(products):
    """A stream of a full catalogue, made while it is read."""
    record = (
        "<Товар><Ид>{0:08d}-0000-0000-0000-000000000000</Ид><Артикул>A{0}</Артикул>"
        "<Наименование>Товар номер {0}</Наименование><Описание>" + "описание " * 40 + "</Описание></Товар>\n"
    )

    def parts():
        yield (HEAD + "<Каталог><Товары>\n").encode()
        for number in range(products):
            yield record.format(number).encode()
        yield ("</Товары></Каталог>" + TAIL).encode()

    class Made(io.RawIOBase):
        def __init__(self):
            self.parts, self.rest = parts(), b""

        def readable(self):
            return True

        def readinto(self, buffer):
            while len(self.rest) < len(buffer) and (part := next(self.parts, None)) is not None:
                self.rest += part
            count = min(len(buffer), len(self.rest))
            buffer[:count], self.rest = self.rest[:count], self.rest[count:]
            return count

    return io.BufferedReader(Made(), 1 << 16)


def test_memory_stays_flat_over_fifty_megabytes(capsys):
    tracemalloc.start()
    try:
        count = sum(1 for _ in cut("catalogue", large(55_000), "application/xml"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 55_000
    assert peak < 8 << 20


@pytest.mark.parametrize(
    "opening", ["<Товары><Товар><Ид>1</Ид>", "<Товары><Товар><!-- --><Ид>1</Ид>"], ids=["quick", "tokens"]
)
def test_a_record_that_is_never_closed_is_refused_in_time(opening):
    document = "<Каталог>" + opening + "<a>ж</a>" * 2_000_000
    began = time.process_time()
    assert "larger than" in refusal(document)
    assert time.process_time() - began < 5


def test_time_per_product_is_shown(capsys):
    data = sample("1coutlet_import0_1.xml")
    start, end = data.index("<Товары>".encode()) + len("<Товары>".encode()), data.index("</Товары>".encode())
    tenfold = data[:start] + data[start:end] * 10 + data[end:]
    began = time.process_time()
    count = len(cut_all(tenfold))
    spent = time.process_time() - began
    with capsys.disabled():
        print(f"\ncut: {spent / count * 1e6:.1f} µs a product of {len(tenfold) / count:.0f} bytes")
    assert count > 11_970
