"""Codes that the whole trade shares: currencies (ISO 4217), units of measure (OKEI), VAT rates by date."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

import msgspec

# What Russian accounting systems write in place of the code.
SPOKEN = {"руб": "RUB", "руб.": "RUB", "р": "RUB", "р.": "RUB", "rur": "RUB", "₽": "RUB", "643": "RUB", "810": "RUB"}


@cache
def currencies() -> dict[str, int | None]:
    """Return ISO 4217 codes with their exponents; None where the standard has none (XAU)."""
    return {code: int(exponent) if exponent else None for code, exponent, *_ in _rows("iso4217.csv")}


def currency_code(word: str) -> str:
    """Return the ISO 4217 code of what a source calls a currency.

    Raises:
        ValueError: it is not in the standard.
    """
    code = SPOKEN.get(word.lower()) or word.upper()
    if code not in currencies():
        raise ValueError("is not a currency; allowed: ISO 4217 codes, and руб for RUB")
    return code


class Unit(msgspec.Struct, frozen=True):
    """A unit of measure.

    Attributes:
        code: OKEI code, three or four digits as text.
        name: its name.
        symbol: national symbol (`шт`), may be empty.
        international: international letter code as the classifier has it (`PCE; NMB`), may be empty.
    """

    code: str
    name: str
    symbol: str
    international: str


@cache
def units() -> dict[str, Unit]:
    """Return the whole OKEI table by code."""
    return {row[0]: Unit(*row) for row in _rows("okei.csv")}


@cache
def unit_words() -> dict[str, str]:
    """Return OKEI codes by what people write: national symbol, name or international code, in lower case.

    A word that stands for two units (`NPL`) is left out.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    for unit in units().values():
        words = {unit.name, *unit.symbol.split("; "), *unit.international.split("; ")}
        for word in {word.strip().rstrip(".").lower() for word in words} - {""}:
            if word in found:
                twice.add(word)
            found[word] = unit.code
    return {word: code for word, code in found.items() if word not in twice}


class VatRate(msgspec.Struct, frozen=True):
    """A VAT rate and when it may be charged.

    Attributes:
        percent: the rate.
        since: first day, or None for ever.
        until: last day, or None.
    """

    percent: Decimal
    since: date | None = None
    until: date | None = None


# Tax Code of Russia, art. 164: 18 % to 2018, 20 % 2019 to 2025, 22 % since 2026; 5 % and 7 % since 2025 (simplified
# taxation, art. 164 п. 8); 10 % and 0 % throughout.
VAT_RATES = (
    VatRate(Decimal(0)),
    VatRate(Decimal(5), since=date(2025, 1, 1)),
    VatRate(Decimal(7), since=date(2025, 1, 1)),
    VatRate(Decimal(10)),
    VatRate(Decimal(18), since=date(2004, 1, 1), until=date(2018, 12, 31)),
    VatRate(Decimal(20), since=date(2019, 1, 1), until=date(2025, 12, 31)),
    VatRate(Decimal(22), since=date(2026, 1, 1)),
)


def vat_in_force(percent: Decimal, day: date) -> bool:
    """Tell whether a VAT rate may be charged on a day. The catalogue keeps what a source states; receipts ask this."""
    return any(
        rate.percent == percent
        and (rate.since is None or rate.since <= day)
        and (rate.until is None or day <= rate.until)
        for rate in VAT_RATES
    )


def _rows(name: str) -> list[list[str]]:
    """Read a table that stands beside this file; lines beginning with # say where it is from."""
    text = (files("canonical_model") / "data" / name).read_text(encoding="utf-8")
    return list(csv.reader(line for line in text.splitlines() if line and not line.startswith("#")))[1:]
