"""Codes that the whole trade shares: currencies (ISO 4217), units of measure (OKEI), VAT rates by date."""

from __future__ import annotations

import csv
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
        letters: national letter code (`ШТ`), may be empty.
        international: international letter code (`PCE`, the UN/ECE code of the classifier), may be empty.
    """

    code: str
    name: str
    symbol: str
    letters: str
    international: str


@cache
def units() -> dict[str, Unit]:
    """Return the whole OKEI table by code."""
    return {row[0]: Unit(*row[:5]) for row in _rows("okei.csv")}


def _rows(name: str) -> list[list[str]]:
    """Read a table that stands beside this file; lines beginning with # say where it is from."""
    text = (files("canonical_model") / "data" / name).read_text(encoding="utf-8")
    return list(csv.reader(line for line in text.splitlines() if line and not line.startswith("#")))[1:]
