"""The rules of 1C's records, one by one."""

from decimal import Decimal

import pytest
from lxml import etree

from canonical_model.errors import MappingError
from mappings import registry
from mappings.combining import combine
from mappings.reading import Context


def read(kind, body, **context):
    return registry.inbound("commerceml", kind).read(body.encode(), etree.fromstring, Context("erp", **context))


def named(reading, entity):
    return [one for one in reading.entities if type(one).__name__ == entity]


def offer(inside, source_id="p1", name="<Наименование>Стол</Наименование>"):
    return f"<Предложение><Ид>{source_id}</Ид>{name}{inside}</Предложение>"


def price(amount, currency="RUB", price_type="t1", per="1"):
    return (
        f"<Цена><ИдТипаЦены>{price_type}</ИдТипаЦены><ЦенаЗаЕдиницу>{amount}</ЦенаЗаЕдиницу>"
        f"<Валюта>{currency}</Валюта><Коэффициент>{per}</Коэффициент></Цена>"
    )


def product(inside, source_id="p1"):
    return f"<Товар><Ид>{source_id}</Ид><Наименование>Стол</Наименование>{inside}</Товар>"


@pytest.mark.parametrize(
    ("written", "amount"),
    [("10.5", "10.5"), ("1 234,50", "1234.50"), ("1\xa0234,50", "1234.50"), ("0", "0"), ("-3", "-3")],
)
def test_numbers_as_1c_writes_them(written, amount):
    [row] = named(read("Предложение", offer(f"<Цены>{price(written)}</Цены>")), "Price")
    assert row.amount == Decimal(amount)


@pytest.mark.parametrize("written", ["", " ", "дорого", "NaN", "1,2,3"])
def test_a_price_that_is_no_number_names_record_field_value_and_what_is_allowed(written):
    with pytest.raises(MappingError) as caught:
        read("Предложение", offer(f"<Цены>{price(written)}</Цены>"))
    assert caught.value.field == "Цены/Цена/ЦенаЗаЕдиницу"
    assert caught.value.reason == f"record p1: {written!r}: is not a number; allowed: digits with one comma or point"


def test_the_mark_for_never_entered_is_no_price():
    never = price("-999\xa0999\xa0999,9")
    reading = read("Предложение", offer(f"<Цены>{never}</Цены>"))
    assert named(reading, "Price") == []
    assert len(reading.notes) == 1


def test_currency_comes_from_the_price_then_from_its_type():
    tables = {"price_types": {"t1": {"currency": "USD"}}}
    two = f"<Цены>{price('1', 'руб', 't2')}{price('1', '')}</Цены>"
    assert [p.currency for p in named(read("Предложение", offer(two), tables=tables), "Price")] == ["RUB", "USD"]


def test_a_price_without_any_currency_is_parked():
    with pytest.raises(MappingError, match="no currency"):
        read("Предложение", offer(f"<Цены>{price('1', '')}</Цены>"))


def test_per_is_the_coefficient():
    [row] = named(read("Предложение", offer(f"<Цены>{price('1', per='12')}</Цены>")), "Price")
    assert row.per == 12


@pytest.mark.parametrize(
    ("inside", "sets"),
    [
        pytest.param("<Количество>1</Количество>", ("Price", "StockLevel"), id="2.x offer without prices has none"),
        pytest.param("<Цены/>", ("Price",), id="prices alone"),
        pytest.param("", (), id="3.1 offer says nothing of either"),
        pytest.param("<Остатки/>", ("StockLevel",), id="rests alone"),
    ],
)
def test_which_sets_are_stated(inside, sets):
    assert read("Предложение", offer(inside)).sets == sets


def test_a_record_of_rests_states_no_sku():
    body = (
        "<Предложение><Ид>p#v</Ид><Остатки><Остаток><Склад><Ид>w</Ид><Количество>5</Количество></Склад></Остаток>"
        "</Остатки></Предложение>"
    )
    reading = read("Предложение", body)
    assert [type(one).__name__ for one in reading.entities] == ["StockLevel"]
    assert reading.sets == ("StockLevel",)


def test_stock_without_a_warehouse_stands_at_the_default_location():
    reading = read("Предложение", offer("<Количество>26</Количество>"), options={"default_location": "Магазин"})
    assert [(row.location.id, row.quantity) for row in named(reading, "StockLevel")] == [("*", 26)]
    assert [(row.ref.id, row.name) for row in named(reading, "Location")] == [("*", "Магазин")]


def test_no_quantity_and_no_warehouse_state_no_stock():
    reading = read("Предложение", offer("<Цены/>"))
    assert named(reading, "StockLevel") == named(reading, "Location") == []


def test_an_offer_names_its_product_and_variant():
    [sku] = named(read("Предложение", offer("", "p1#v1")), "Sku")
    assert (sku.ref.id, sku.product.id, sku.variant) == ("p1#v1", "p1", "v1")


def test_a_deleted_offer_is_gone():
    body = '<Предложение Статус="Удален"><Ид>p1</Ид></Предложение>'
    [sku] = named(read("Предложение", body), "Sku")
    assert sku.gone


def test_a_deleted_product_needs_no_name():
    [entity] = read("Товар", '<Товар Статус="Удален"><Ид>p1</Ид></Товар>').entities
    assert entity.gone


def test_a_product_without_a_name_is_parked():
    with pytest.raises(MappingError, match="Наименование: record p1: '': is empty"):
        read("Товар", "<Товар><Ид>p1</Ид></Товар>")


def test_a_product_with_a_characteristic_is_a_variant_in_disguise():
    inside = (
        "<ХарактеристикиТовара><ХарактеристикаТовара><Наименование>Цвет</Наименование><Значение>Белый</Значение>"
        "</ХарактеристикаТовара></ХарактеристикиТовара>"
    )
    reading = read("Товар", product(inside, "p1#v1"))
    [first], [sku] = named(reading, "Product"), named(reading, "Sku")
    assert (first.ref.id, first.attributes) == ("p1", {})
    assert (sku.product.id, sku.options) == ("p1", {"Цвет": "Белый"})
    [offered] = named(read("Предложение", offer("<Артикул>А</Артикул>", "p1#v1")), "Sku")
    both = combine(sku, offered)
    assert (both.options, both.article) == ({"Цвет": "Белый"}, "А")


@pytest.mark.parametrize(
    ("code", "gtin", "others"),
    [
        ("4600000000022", "4600000000022", ()),
        ("4600000000021", None, ("4600000000021",)),
        ("2000018987155", None, ("2000018987155",)),
        ("", None, ()),
        ("ABC", None, ("ABC",)),
    ],
    ids=["valid", "bad check digit", "in-store", "empty", "letters"],
)
def test_barcodes_never_cost_the_product(code, gtin, others):
    [entity] = read("Товар", product(f"<Штрихкод>{code}</Штрихкод>")).entities
    assert (entity.gtin, entity.barcodes) == (gtin, others)


@pytest.mark.parametrize(
    ("element", "unit", "notes"),
    [
        ('<БазоваяЕдиница Код="796 ">шт</БазоваяЕдиница>', "796", 0),
        ("<БазоваяЕдиница>шт</БазоваяЕдиница>", "796", 0),
        ("<БазоваяЕдиница>796 </БазоваяЕдиница>", "796", 0),
        ('<БазоваяЕдиница Код="839"/>', "839", 0),
        ("<БазоваяЕдиница>мешок</БазоваяЕдиница>", "мешок", 1),
        ('<БазоваяЕдиница Код="6"/>', "006", 0),
    ],
)
def test_units_are_okei_codes_or_kept_as_text(element, unit, notes):
    reading = read("Товар", product(element))
    assert reading.entities[0].unit == unit
    assert len(reading.notes) == notes


@pytest.mark.parametrize(
    ("rate", "expected", "exempt"),
    [("18", 18, False), ("22", 22, False), ("Без НДС", None, True), ("Без налога", None, True), ("20%", 20, False)],
)
def test_vat_is_kept_as_stated(rate, expected, exempt):
    stated = f"<СтавкаНалога><Наименование>НДС</Наименование><Ставка>{rate}</Ставка></СтавкаНалога>"
    [entity] = read("Товар", product(f"<СтавкиНалогов>{stated}</СтавкиНалогов>")).entities
    assert (entity.vat_rate, entity.vat_exempt) == (expected, exempt)


def test_properties_are_resolved_and_unknown_ones_kept():
    tables = {"properties": {"c": {"name": "Цвет", "values": {"g1": "Белый"}}}}
    stated = [("c", "g1"), ("x", "синий"), ("c2", ""), ("c3", "-999 999 999,9")]
    inside = "".join(f"<ЗначенияСвойства><Ид>{i}</Ид><Значение>{v}</Значение></ЗначенияСвойства>" for i, v in stated)
    reading = read("Товар", product(f"<ЗначенияСвойств>{inside}</ЗначенияСвойств>"), tables=tables)
    assert reading.entities[0].attributes == {"Цвет": "Белый", "x": "синий"}
    assert len(reading.notes) == 1


def test_unknown_fields_are_listed_with_their_paths():
    with pytest.raises(MappingError) as caught:
        read("Товар", product('<Новое/><Группы><Ид Х="1">g</Ид><Иное/></Группы>'))
    assert caught.value.unmapped == ("Новое", "Группы/Ид/@Х", "Группы/Иное")
    assert "record p1" in caught.value.reason
