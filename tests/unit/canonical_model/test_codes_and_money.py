"""Codes, trade item numbers and money."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from canonical_model.codes import currencies, currency_code, unit_words, units, vat_in_force
from canonical_model.entities import ENTITIES, fields_of
from canonical_model.gtin import check_digit, is_gtin, is_in_store, is_valid
from canonical_model.money import exponent, from_minor, minor, rounded
from canonical_model.schema import field_dictionary, json_schema

ROOT = Path(__file__).parents[3]


def test_okei_is_whole_and_unambiguous():
    assert len(units()) == 461 or len(units()) == 462
    assert all(len(code) == 3 and code.isdigit() for code in units())
    assert (units()["796"].symbol, units()["166"].name, units()["839"].name) == ("шт", "Килограмм", "Комплект")
    assert (unit_words()["шт"], unit_words()["кг"], unit_words()["pce"]) == ("796", "166", "796")
    assert "npl" not in unit_words()


@pytest.mark.parametrize(("word", "code"), [("руб", "RUB"), ("руб.", "RUB"), ("RUR", "RUB"), ("usd", "USD")])
def test_currencies_as_people_write_them(word, code):
    assert currency_code(word) == code


def test_an_unknown_currency_says_what_is_allowed():
    with pytest.raises(ValueError, match="ISO 4217"):
        currency_code("тугрик")


@pytest.mark.parametrize(
    ("percent", "day", "expected"),
    [
        (18, date(2018, 12, 31), True), (18, date(2019, 1, 1), False), (20, date(2025, 12, 31), True),
        (20, date(2026, 1, 1), False), (22, date(2026, 1, 1), True), (5, date(2024, 12, 31), False),
        (10, date(2030, 1, 1), True), (19, date(2026, 1, 1), False),
    ],
)  # fmt: skip
def test_vat_by_date(percent, day, expected):
    assert vat_in_force(Decimal(percent), day) is expected


@pytest.mark.parametrize("code", ["4600000000022", "96385074", "036000291452", "10012345678902"])
def test_valid_gtins(code):
    assert is_valid(code)
    assert check_digit(code[:-1]) == code[-1]


@pytest.mark.parametrize("code", ["4600000000021", "123", "", "46000000000２2", "460000000002X"])
def test_invalid_gtins(code):
    assert not is_gtin(code)


def test_in_store_numbers_are_no_gtins():
    assert is_in_store("2000018987155")
    assert is_valid("2000018987155")
    assert not is_gtin("2000018987155")


def test_money_has_the_exponent_of_its_currency():
    assert (exponent("RUB"), exponent("JPY"), exponent("KWD")) == (2, 0, 3)
    assert rounded(Decimal("1.005"), "RUB") == Decimal("1.01")
    assert minor(Decimal("10.50"), "RUB") == 1050
    assert from_minor(1050, "RUB") == Decimal("10.50")
    assert currencies()["XAU"] is None


def test_money_finer_than_a_kopeck_is_refused():
    with pytest.raises(ValueError, match="finer"):
        minor(Decimal("0.001"), "RUB")
    with pytest.raises(ValueError, match="no minor unit"):
        exponent("XAU")


def test_the_field_dictionary_is_current():
    written = (ROOT / "docs" / "field-dictionary.md").read_text(encoding="utf-8")
    assert written == field_dictionary(), "run: python -m canonical_model.schema > docs/field-dictionary.md"


def test_every_field_has_a_meaning_and_a_schema():
    schema = json_schema()
    for name, entity in ENTITIES.items():
        for field in fields_of(entity):
            assert field.encode_name in schema["$defs"][name]["properties"]
    assert "| |" not in field_dictionary().replace("|  |", "")
    msgspec.json.encode(schema)
