"""What people changed by hand in this 1C: prices and deletion marks, kept in one SQLite file.

The catalogue itself is computed, so that a million products need no storage.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from sandbox.onec.calendar import Calendar
from sandbox.onec.catalogue import Product, product
from sandbox.onec.dice import product_index

FILE = "onec.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS price (offer TEXT PRIMARY KEY, price TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS deletion (product TEXT PRIMARY KEY, sent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS exported (
    only INTEGER PRIMARY KEY CHECK (only = 1), products INTEGER, seed INTEGER, day INTEGER,
    changed REAL, vanished REAL, new REAL);
"""
_CODE = re.compile(r"(.*?)[^0-9A-Za-z]?([0-9a-f]{8,})(?:[^0-9a-f]([0-9a-f]{8,}))?")


class UnknownCodeError(LookupError):
    """No offer, or more than one, answers to the article or identifier that was given."""


@dataclass(slots=True)
class Overrides:
    """Prices by offer ("" means: taken away) and deletion marks, with those that no export has carried yet."""

    prices: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    unsent: set[str] = field(default_factory=set)


@contextmanager
def _database(state: Path) -> Iterator[sqlite3.Connection]:
    state.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(state / FILE, timeout=30)) as database, database:
        database.executescript(_SCHEMA)
        yield database


def load(state: Path | None) -> Overrides:
    """The overrides kept in a state directory; none without one."""
    overrides = Overrides()
    if state is None:
        return overrides
    with _database(state) as database:
        for offer, price, sent in database.execute("SELECT offer, price, sent FROM price"):
            overrides.prices[offer] = price
            if not sent:
                overrides.unsent.add(offer.partition("#")[0])
        for identifier, sent in database.execute("SELECT product, sent FROM deletion"):
            overrides.deleted.add(identifier)
            if not sent:
                overrides.unsent.add(identifier)
    return overrides


def mark_exported(state: Path | None, calendar: Calendar, goods: bool) -> None:
    """Remember the catalogue that was exported and which overrides it carried; deletions go with goods."""
    if state is None:
        return
    row = (calendar.products, calendar.seed, calendar.day, calendar.changed, calendar.vanished, calendar.new)
    with _database(state) as database:
        database.execute("INSERT OR REPLACE INTO exported VALUES (1, ?, ?, ?, ?, ?, ?)", row)
        database.execute("UPDATE price SET sent = 1")
        if goods:
            database.execute("UPDATE deletion SET sent = 1")


def exported_calendar(state: Path) -> Calendar:
    """The catalogue of the last export.

    Raises:
        UnknownCodeError: nothing was exported with this state yet.
    """
    with _database(state) as database:
        row = database.execute("SELECT products, seed, day, changed, vanished, new FROM exported").fetchone()
    if row is None:
        message = "this 1C has exported nothing yet, so it knows no articles: drop an export first"
        raise UnknownCodeError(message)
    return Calendar(*row)


def _named(calendar: Calendar, index: int) -> Product | None:
    return product(calendar, index) if 0 <= index < calendar.total and calendar.alive(index) else None


def _by_article(calendar: Calendar, code: str) -> list[Product]:
    tail = re.search(r"(\d{7,})$", code)
    if tail is None:
        return []
    near = (_named(calendar, int(tail[1])), _named(calendar, int(tail[1]) + 1))
    return [item for item in near if item is not None and item.article == code]


def find_offers(calendar: Calendar, code: str) -> list[str]:
    """Offers that an article, an identifier, or an article with the start of identifiers stands for."""
    found = [offer.id for item in _by_article(calendar, code) for offer in item.offers]
    match = _CODE.fullmatch(code.partition("#")[0]) if not found else None
    if match is None:
        return found
    start, variant = match[2][:8], code.partition("#")[2] or match[3] or ""
    whole = re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", code)
    if whole:
        start, variant = whole[0][:8], code.partition("#")[2]
    item = _named(calendar, product_index(calendar.seed, start))
    if item is None or (whole and item.id != whole[0]):
        return []
    return [offer.id for offer in item.offers if offer.id.partition("#")[2].startswith(variant)]


def set_price(state: Path | str, code: str, price: str) -> str:
    """Set the retail price of one offer by hand and return the offer's identifier.

    `code` is an article, a product's or an offer's identifier, or an article followed by the first eight
    characters of the product's (and the characteristic's) identifier. `price` is text in roubles; "" takes
    the price away. A foolish price is taken as 1C takes it; text that is no number is not.

    Raises:
        UnknownCodeError: no offer, or several, answer to the code.
        ValueError: the price is not a finite number.
    """
    text = _price_text(price)
    offers = find_offers(exported_calendar(Path(state)), code)
    if len(offers) != 1:
        several = f"{len(offers)} offers: name one of {', '.join(offers)}" if offers else "no offer"
        message = f"{code!r} stands for {several}"
        raise UnknownCodeError(message)
    with _database(Path(state)) as database:
        database.execute("INSERT OR REPLACE INTO price (offer, price, sent) VALUES (?, ?, 0)", (offers[0], text))
    return offers[0]


def delete_product(state: Path | str, code: str) -> str:
    """Mark the product behind an article or identifier as deleted and return its identifier.

    Raises:
        UnknownCodeError: no product, or several, answer to the code.
    """
    products = {offer.partition("#")[0] for offer in find_offers(exported_calendar(Path(state)), code)}
    if len(products) != 1:
        message = f"{code!r} stands for {len(products)} products"
        raise UnknownCodeError(message)
    identifier = products.pop()
    with _database(Path(state)) as database:
        database.execute("INSERT OR REPLACE INTO deletion (product, sent) VALUES (?, 0)", (identifier,))
    return identifier


def _price_text(price: str) -> str:
    if not price:
        return ""
    try:
        value = Decimal(price.replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        message = f"price {price!r} is not a number"
        raise ValueError(message)
    return f"{value:f}"
