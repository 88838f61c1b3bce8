"""Whatever happens to a record, the learned shapes read it as the parser does, or leave it to the parser."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from canonical_model.errors import MappingError
from mappings import registry
from mappings.reading import Context

OFFER = """<Предложение>
  <Ид>p1#v1</Ид>
  <Артикул>А-1 &amp; Б</Артикул>
  <Наименование>Стол (белый)</Наименование>
  <БазоваяЕдиница Код="796 " НаименованиеПолное="Штука" МеждународноеСокращение="PCE">шт</БазоваяЕдиница>
  <Цены>
    <Цена><Представление>1</Представление><ИдТипаЦены>t1</ИдТипаЦены><ЦенаЗаЕдиницу>10,5</ЦенаЗаЕдиницу><Валюта>руб</Валюта><Единица>шт</Единица><Коэффициент>1</Коэффициент></Цена>
    <Цена><ИдТипаЦены>t2</ИдТипаЦены><ЦенаЗаЕдиницу>9</ЦенаЗаЕдиницу><Валюта>RUB</Валюта></Цена>
  </Цены>
  <Количество>7</Количество>
  <Склад ИдСклада="w1" КоличествоНаСкладе="3"/>
  <Склад ИдСклада="w2" КоличествоНаСкладе="4"/>
</Предложение>"""
PIECES = [
    "", " ", "\n", "\t", "\r\n", "<", ">", "&", "&amp;", "&#10;", "&#0;", "&#x41;", "&nbsp;", "]]>", "<!-- x -->",
    "<![CDATA[<a>]]>", "<?x y?>", "<Новое>1</Новое>", "<Новое/>", ' Новый="1"', "'", '"', "\x01", "\ufffe", "\xa0",
    "<Артикул/>", "<Склад/>", "<Цены/>", "</Цены>", "<Цена>", "0", "-", "руб", "<Количество>1</Количество>",
]  # fmt: skip


def outcome(mapping, body):
    try:
        return mapping.read(body, etree.fromstring, Context("erp"))
    except (MappingError, etree.XMLSyntaxError) as error:
        return type(error).__name__, str(error) if isinstance(error, MappingError) else ""


def fresh():
    return registry.Mapping(registry.load(registry.HERE / "commerceml" / "Предложение.in.yml"))


@pytest.fixture(scope="module")
def learned():
    registry.inbound("commerceml", "Предложение")
    mapping = fresh()
    mapping.read(OFFER.encode(), etree.fromstring, Context("erp"))
    assert len(mapping._shapes.learned) == 1
    return mapping, list(mapping._shapes.learned)


@settings(max_examples=400, deadline=None)
@given(
    at=st.integers(0, len(OFFER)),
    cut=st.integers(0, 12),
    piece=st.one_of(st.sampled_from(PIECES), st.text(max_size=3)),
)
def test_mutated_records_read_alike(learned, at, cut, piece):
    mapping, shapes = learned
    mapping._shapes.learned = list(shapes)
    body = (OFFER[:at] + piece + OFFER[at + cut :]).encode("utf-8", "replace")
    assert outcome(mapping, body) == outcome(fresh_judge(), body)


@pytest.mark.parametrize("piece", PIECES)
def test_pieces_in_every_place_read_alike(learned, piece):
    mapping, shapes = learned
    for at in range(0, len(OFFER), 7):
        mapping._shapes.learned = list(shapes)
        body = (OFFER[:at] + piece + OFFER[at:]).encode("utf-8", "replace")
        assert outcome(mapping, body) == outcome(fresh_judge(), body)


_JUDGE = []


def fresh_judge():
    if not _JUDGE:
        judge = fresh()
        judge._shapes.learn = lambda *given: None
        _JUDGE.append(judge)
    return _JUDGE[0]


def test_the_second_record_of_a_shape_is_not_parsed(learned):
    mapping, shapes = learned
    mapping._shapes.learned = list(shapes)
    body = OFFER.replace("10,5", "11,5").encode()

    def refuse(given):
        raise AssertionError("parsed")

    reading = mapping.read(body, refuse, Context("erp"))
    assert [type(entity).__name__ for entity in reading.entities] == [
        "Sku",
        "Price",
        "Price",
        "StockLevel",
        "StockLevel",
    ]


def test_an_unknown_field_is_never_lost(learned):
    mapping, shapes = learned
    mapping._shapes.learned = list(shapes)
    body = OFFER.replace("<Количество>", "<Новое><Глубже/></Новое><Количество>").encode()
    with pytest.raises(MappingError) as caught:
        mapping.read(body, etree.fromstring, Context("erp"))
    assert caught.value.unmapped == ("Новое",)
