"""What 1C's own ways of writing mean. Facts: CommerceML 2.03–2.10 and 3.1 as real exports write them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from canonical_model.codes import currency_code, unit_words, units
from mappings.converters import converter, number
from mappings.faults import Kept, LeftOut
from mappings.reading import Context

# 1C writes this where a number was never entered.
NO_VALUE = Decimal("-999999999.9")
DEFAULT_LOCATION = "*"
"""Id of the location that holds stock which the source states without any warehouse."""

# Requisites that have a field of their own, or say nothing about the product itself.
OWN_REQUISITES = frozenset({"ТипНоменклатуры", "ВидНоменклатуры", "Полное наименование", "ОписаниеФайла", "Файл"})
DELETED = frozenset({"Удален", "Удалён", "удален", "удалён"})
ONE = Decimal(1)


@converter(system="commerceml", fails=False)
def before_hash(value: str) -> str:
    """The product's part of an id `товар#характеристика`."""
    return value.partition("#")[0]


@converter(system="commerceml", fails=False)
def after_hash(value: str) -> str | None:
    """The characteristic's part of an id; nothing in a simple product."""
    return value.partition("#")[2] or None


@converter(system="commerceml", fails=False)
def gone(status: str, mark: str) -> bool:
    """Deleted: `Статус="Удален"` (2.x) or ПометкаУдаления (3.1)."""
    return (status in DELETED) if status else mark.strip() in ("true", "1")


@converter(system="commerceml", fails=False)
def product_gone(source_id: str, status: str, mark: str) -> bool:
    """Deleted as a product; the deletion of one characteristic of it is not."""
    return "#" not in source_id and gone(status, mark)


@converter(system="commerceml", full=True)
def name_unless_gone(value: str, status: str, mark: str) -> str:
    """The name; a deletion may come without one."""
    name = value.strip()
    if not name and not gone(status, mark):
        raise ValueError("is empty; a value is needed")
    return name


@converter(system="commerceml", fails=False)
def full_name(value: str, requisites: list[tuple[str, str]]) -> str | None:
    """ПолноеНаименование, or the requisite `Полное наименование`."""
    if value.strip():
        return value.strip()
    for row in requisites:
        if row[0] == "Полное наименование":
            return row[1].strip() or None
    return None


@converter(system="commerceml", fails=False)
def kind(requisites: list[tuple[str, str]]) -> str | None:
    """ТипНоменклатуры (Товар, Услуга), else ВидНоменклатуры."""
    found = None
    for row in requisites:
        if row[0] == "ТипНоменклатуры" and row[1].strip():
            return row[1].strip()
        if row[0] == "ВидНоменклатуры":
            found = row[1].strip() or None
    return found


@converter(system="commerceml", context=True, needs=("units",))
def unit(context: Context, code: str, word: str) -> str | None:
    """OKEI code of a unit, from its code or from the word alone; an unknown one is kept as text with a note."""
    try:
        return context.memory["unit"][code, word]  # type: ignore[no-any-return]
    except KeyError:
        pass
    return context.keep("unit", (code, word), _unit(context, code.strip(), word.strip()))  # type: ignore[no-any-return]


def _unit(context: Context, code: str, word: str) -> str | None:
    said = code or word
    if not said:
        return None
    listed = context.table("units")
    entry = listed.get(said) or listed.get(said + " ") or {}
    number_ = (entry.get("code") or said).strip()
    if number_.zfill(3) in units():
        return number_.zfill(3)
    if not code and word.lower().rstrip(".") in unit_words():
        return unit_words()[word.lower().rstrip(".")]
    raise Kept(said, f"unit {said!r} is not in OKEI; kept as it is")


@converter(system="commerceml", context=True, fails=False, needs=("units",))
def unit_name(context: Context, code: str, word: str, name: str) -> str | None:
    """Name of a unit: as the record says it, else as the list of units does, else the word itself."""
    said = name.strip()
    if said:
        return said
    entry = context.table("units").get(word) or context.table("units").get(code) or {}
    found = entry.get("name") or entry.get("short")
    word = word.strip()
    return found or (None if word.isdigit() else word or None)


@converter(system="commerceml")
def vat_rate(rows: list[tuple[str, str]]) -> Decimal | None:
    """VAT rate in percent as stated, of whatever year; nothing where the rate is a word (`Без НДС`)."""
    for name, rate in rows:
        if name.strip().upper() in ("НДС", ""):
            try:
                return RATES[rate]
            except KeyError:
                word = rate.strip().rstrip("%").strip()
                return number(word) if word[:1].isdigit() else None
    return None


RATES = {str(rate): Decimal(rate) for rate in (0, 5, 7, 10, 18, 20, 22)}


@converter(system="commerceml", fails=False)
def vat_exempt(rows: list[tuple[str, str]]) -> bool:
    """Sold without VAT: the rate is `Без НДС` or `Без налога`."""
    return any(rate.strip().lower().startswith("без") for _, rate in rows)


@converter(system="commerceml", context=True, needs=("properties",))
def attributes(
    context: Context,
    properties: list[tuple[str, str]],
    requisites: list[tuple[str, str]],
    source_id: str,
    characteristics_: list[tuple[str, str]],
) -> dict[str, str]:
    """Properties by name, values resolved; then requisites that have no field of their own."""
    found, unknown = _properties(context, properties)
    for row in requisites:
        if row[0] not in OWN_REQUISITES and row[1].strip():
            found.setdefault(row[0].strip(), row[1].strip())
    if characteristics_ and "#" not in source_id:
        for name, value in characteristics(characteristics_).items():
            found.setdefault(name, value)
    if unknown:
        raise Kept(found, "properties that the classifier received does not name; kept as they are")
    return found


@converter(system="commerceml", context=True, needs=("properties",))
def options(
    context: Context, characteristics_: list[tuple[str, str]], properties: list[tuple[str, str]]
) -> dict[str, str]:
    """What makes the variant. Properties repeat the characteristics where 3.1 states both: then these stand."""
    if characteristics_ or not properties:
        return characteristics(characteristics_)
    found, unknown = _properties(context, properties)
    if unknown:
        raise Kept(found, "properties that the classifier received does not name; kept as they are")
    return found


@converter(system="commerceml", fails=False)
def characteristics(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Characteristics by name, without those that were never entered."""
    return {name.strip(): value.strip() for name, value in rows if name.strip() and not is_empty(value)}


@converter(system="commerceml", fails=False)
def values(rows: list[tuple[str, str]]) -> dict[str, str]:
    """The values of a property by their ids."""
    return {value_id: value.strip() for value_id, value in rows}


def _properties(context: Context, rows: list[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    """Resolve (property id, value or value id) through the classifier; list what it does not have."""
    known = context.memory["properties"]
    found: dict[str, str] = {}
    unknown: list[str] = []
    for row in rows:
        pair = known.get(row)
        if pair is None:
            pair = _property(context.table("properties"), *row)
            if pair[2]:
                context.keep("properties", row, pair)
        name, value, there = pair
        if value:
            found[name] = value
            if not there:
                unknown.append(name)
    return found, unknown


def _property(classifier: dict[str, Any], property_id: str, value: str) -> tuple[str, str, bool]:
    """Return (name, value, known) of one stated property; an empty value says nothing."""
    if is_empty(value):
        return "", "", True
    entry = classifier.get(property_id)
    if entry is None:
        return property_id.strip(), value.strip(), False
    listed = entry.get("values") or {}
    return entry.get("name") or property_id.strip(), listed.get(value, value).strip(), True


def is_empty(value: str) -> bool:
    """Tell whether a value was never entered: empty, or 1C's -999 999 999,9 in any spelling."""
    word = value.strip()
    if not word:
        return True
    return word[0] == "-" and "".join(word.split()).replace(",", ".") == "-999999999.9"


@converter(system="commerceml", full=True)
def price(value: str) -> Decimal:
    """A price; `-999 999 999,9` leaves the row out, empty is refused."""
    amount = number(value)
    if amount == NO_VALUE:
        raise LeftOut("no price: 1C's mark for a value never entered")
    return amount


@converter(system="commerceml", full=True)
def per(value: str) -> Decimal:
    """How many base units the price buys: Коэффициент; 1 when it is not stated."""
    if value == "1" or not value.strip():
        return ONE
    amount = number(value)
    if amount <= 0:
        raise ValueError("is not a coefficient; allowed: numbers above 0")
    return amount


@converter(system="commerceml", context=True, full=True, needs=("price_types",))
def price_currency(context: Context, value: str, price_type: str) -> str:
    """ISO 4217 code: the price's own, else its price type's, else the landscape's `currency`."""
    try:
        return context.memory["currency"][value, price_type]  # type: ignore[no-any-return]
    except KeyError:
        pass
    word = value.strip() or (context.table("price_types").get(price_type) or {}).get("currency")
    word = word or context.options.get("currency")
    if not word:
        raise ValueError("no currency: neither the price nor its price type states one; allowed: ISO 4217 codes")
    return context.keep("currency", (value, price_type), currency_code(str(word)))  # type: ignore[no-any-return]


@converter(system="commerceml", fails=False)
def default_location() -> str:
    """The location of stock that stands without any warehouse."""
    return DEFAULT_LOCATION


@converter(system="commerceml", context=True, fails=False)
def default_location_name(context: Context, _: str) -> str:
    """Its name: `default_location` in the landscape, else `Основной склад`."""
    return str(context.options.get("default_location") or "Основной склад")
