"""The shop's state: one SQLite file, changed in one transaction a request, committed before the answer."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.woocommerce.php import Query

ZONE = ZoneInfo("Europe/Moscow")
UNCATEGORIZED = 15
SITE = "http://shop.example"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS product (
    id INTEGER PRIMARY KEY AUTOINCREMENT, parent INTEGER NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,
    sku TEXT NOT NULL, gtin TEXT NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL, price TEXT NOT NULL,
    stock_status TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS product_sku ON product (sku);
CREATE INDEX IF NOT EXISTS product_gtin ON product (gtin);
CREATE INDEX IF NOT EXISTS product_slug ON product (slug);
CREATE INDEX IF NOT EXISTS product_parent ON product (parent, id);
CREATE INDEX IF NOT EXISTS product_modified ON product (modified, id);
CREATE TABLE IF NOT EXISTS slug_number (base TEXT PRIMARY KEY, number INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS term (
    id INTEGER PRIMARY KEY AUTOINCREMENT, taxonomy TEXT NOT NULL, name TEXT NOT NULL, slug TEXT NOT NULL,
    parent INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (taxonomy, slug));
CREATE INDEX IF NOT EXISTS term_name ON term (taxonomy, parent, name);
CREATE TABLE IF NOT EXISTS attribute (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS filed (
    term INTEGER NOT NULL, product INTEGER NOT NULL, PRIMARY KEY (term, product)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS filed_product ON filed (product, term);
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, by TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, kind TEXT NOT NULL, id INTEGER NOT NULL, key TEXT NOT NULL, effect TEXT NOT NULL,
    sha TEXT NOT NULL, changed TEXT NOT NULL);
"""
_TABLES = ("product", "slug_number", "term", "attribute", "filed", "ledger")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, or one item of a batch, as the shop's functions see it."""

    method: str
    path: str
    query: Query = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    by: str = "api"

    def item(self, body: dict[str, Any], **query: "str | list[str]") -> "Call":
        """The same call with one batch item's body."""
        return Call(self.method, self.path, dict(query), body, self.by)


def canonical(body: object) -> str:
    """JSON with sorted names, so that equal bodies have equal digests."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def gmt(moment: datetime) -> str:
    """A moment as Woo writes it in a `_gmt` field."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def local(gmt_text: str | None) -> str | None:
    """A `_gmt` value in the shop's own time."""
    if not gmt_text:
        return None
    return datetime.fromisoformat(gmt_text).replace(tzinfo=UTC).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")


class Shop:
    """The database and the clock; not thread-safe, used from the server's one event loop."""

    def __init__(self, path: Path | str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.database = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self.database.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-32000"):
            self.database.execute(f"PRAGMA {pragma}")
        self._prepare()

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()

    def rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self.database.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> sqlite3.Row | None:
        """The first row of a query, or None."""
        found: sqlite3.Row | None = self.database.execute(sql, values).fetchone()
        return found

    def run(self, sql: str, *values: object) -> int:
        """Execute a change and return the identifier of an inserted row."""
        return self.database.execute(sql, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; committed when the block ends without an exception."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    @contextmanager
    def item(self) -> Iterator[None]:
        """A part of a transaction that fails by itself: one item of a batch."""
        self.database.execute("SAVEPOINT item")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK TO item")
            self.database.execute("RELEASE item")
            raise
        self.database.execute("RELEASE item")

    def next_number(self, base: str) -> int:
        """Count up from 1 under a name: suffixes of slugs, identifiers of meta rows and uploads."""
        self.run("INSERT OR IGNORE INTO slug_number VALUES (?, 0)", base)
        self.run("UPDATE slug_number SET number = number + 1 WHERE base = ?", base)
        found = self.row("SELECT number FROM slug_number WHERE base = ?", base)
        return int(found["number"]) if found else 1

    def record(self, call: Call, kind: str, identifier: int, key: str, effect: str, changed: object = None) -> None:
        """Append one committed write to the ledger; `effect` is create, update, noop, trash or delete."""
        sha = hashlib.sha256(canonical(call.body).encode()).hexdigest()
        self.run(
            "INSERT INTO ledger (at, by, method, path, kind, id, key, effect, sha, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.now().astimezone(UTC).isoformat(timespec="milliseconds"), call.by, call.method, call.path, kind,
            identifier, key, effect, sha, canonical(changed or {}),
        )  # fmt: skip

    def reset(self) -> None:
        """Empty the shop, ledger included."""
        with self.transaction():
            for table in _TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
            self.run("DELETE FROM sqlite_sequence")
        self._prepare()

    def _prepare(self) -> None:
        self.database.executescript(_SCHEMA)
        sql = "INSERT OR IGNORE INTO term VALUES (?, 'product_cat', 'Uncategorized', 'uncategorized', 0, '{}')"
        self.run(sql, UNCATEGORIZED)
