"""Named converters: what one or a few source values mean. Generic ones stand here, a system's own in its folder.

A converter takes texts (`""` when absent) or lists of them and returns the canonical value. It raises `ValueError`
with what is allowed (the record is parked, or the field dropped), `Kept` when its value stands with a remark, and
`LeftOut` when this row of a list says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from canonical_model.codes import currency_code
from canonical_model.gtin import is_gtin
from mappings.faults import Kept

Function = TypeVar("Function", bound=Callable[..., Any])


class Converter(msgspec.Struct, frozen=True):
    """A named function of mapping files.

    Attributes:
        name: as mapping files write it, without the system.
        function: the function.
        context: it takes the Context first.
        fails: it can raise.
        full: it never returns an empty value.
        needs: context tables that it looks into.
    """

    name: str
    function: Callable[..., Any]
    context: bool = False
    fails: bool = True
    full: bool = False
    needs: tuple[str, ...] = ()


CONVERTERS: dict[str, Converter] = {}


def converter(
    *,
    system: str = "",
    context: bool = False,
    fails: bool = True,
    full: bool = False,
    needs: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Register a function under its own name, for one system's files or for all."""

    def register(function: Function) -> Function:
        name = function.__name__.rstrip("_")
        CONVERTERS[f"{system}.{name}" if system else name] = Converter(name, function, context, fails, full, needs)
        return function

    return register


@converter(fails=False)
def text(value: str) -> str | None:
    """Text without outer spaces; nothing when it is empty."""
    return value.strip() or None


@converter()
def decimal(value: str) -> Decimal | None:
    """A number as people and 1C write it: `1 234,50`, no-break spaces included; nothing when it is empty."""
    if not value or value.isspace():
        return None
    return number(value)


@converter(full=True)
def quantity(value: str) -> Decimal:
    """A quantity; empty is refused."""
    return SMALL.get(value) or number(value)


# Most stock is a small whole number; a look-up costs a tenth of reading it. "0" is left to `number`: it is falsy.
SMALL = {str(i): Decimal(i) for i in range(1, 1000)}


def number(value: str) -> Decimal:
    """Read an exact number.

    Raises:
        ValueError: it is not a finite number.
    """
    try:
        read = Decimal(value)
    except InvalidOperation:
        cleaned = "".join(value.split()).replace(",", ".")
        try:
            read = Decimal(cleaned)
        except InvalidOperation:
            raise ValueError("is not a number; allowed: digits with one comma or point") from None
    if not read.is_finite():
        raise ValueError("is not a number; allowed: digits with one comma or point")
    return read


@converter()
def flag(value: str) -> bool | None:
    """`true`, `false`, `да`, `нет`, `1`, `0` in any case; nothing when it is empty."""
    word = value.strip().lower()
    if not word:
        return None
    if word in ("true", "1", "да", "yes"):
        return True
    if word in ("false", "0", "нет", "no"):
        return False
    raise ValueError("is neither yes nor no; allowed: true, false, 1, 0, да, нет")


@converter()
def currency(value: str) -> str | None:
    """ISO 4217 code; `руб` is RUB."""
    word = value.strip()
    return currency_code(word) if word else None


@converter(fails=False)
def texts(values: list[str]) -> tuple[str, ...]:
    """All that is not empty, without outer spaces, each once."""
    return tuple(dict.fromkeys(v.strip() for v in values if v.strip()))


@converter(fails=False)
def gtin(values: list[str]) -> str | None:
    """The first of several barcodes that is a GTIN with a valid check digit and not an in-store number."""
    for value in values:
        code = value.strip()
        if is_gtin(code):
            return code
    return None


@converter()
def other_barcodes(values: list[str]) -> tuple[str, ...]:
    """The barcodes that are not the GTIN: in-store (2x), with a bad check digit, second ones."""
    if not values or (len(values) == 1 and is_gtin(values[0])):
        return ()
    found = gtin(values)
    rest = tuple(dict.fromkeys(v.strip() for v in values if v.strip() and v.strip() != found))
    if rest:
        raise Kept(rest, "a barcode is in-store, a second one or has a wrong check digit; kept as other barcode")
    return rest


@converter(fails=False)
def pairs(rows: list[tuple[str, str]]) -> dict[str, str]:
    """Name and value as a dictionary; empty values are left out."""
    return {name.strip(): value.strip() for name, value in rows if name.strip() and value.strip()}


@converter(fails=False)
def first(values: list[str]) -> str | None:
    """The first that is not empty."""
    return next((value.strip() for value in values if value.strip()), None)
