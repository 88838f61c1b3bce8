"""The plain tables that floor and peers fill: the same eight rows a product, keyed by the source's own texts."""

from collections.abc import Iterable
from typing import Any

import psycopg

TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "product": (
        (
            "product_id",
            "article",
            "barcode",
            "name",
            "description",
            "brand",
            "unit",
            "vat",
            "group_id",
            "properties",
        ),
        ("product_id",),
    ),
    "price": (("product_id", "price_type", "amount", "currency"), ("product_id", "price_type")),
    "stock": (("product_id", "store", "quantity"), ("product_id", "store")),
}
_TYPES = {"amount": "numeric(14,2)", "quantity": "numeric(14,3)", "vat": "smallint", "properties": "jsonb"}

Connection = psycopg.Connection[Any]


def create(connection: Connection) -> None:
    """Create the three tables."""
    for table, (columns, key) in TABLES.items():
        typed = ", ".join(f"{column} {_TYPES.get(column, 'text')} not null" for column in columns)
        connection.execute(f"create table {table} ({typed}, primary key ({', '.join(key)}))")


def stage(connection: Connection, table: str, text: Iterable[bytes], options: str = "") -> None:
    """COPY rows into a new temp table of that name, all columns as text."""
    columns = ", ".join(f"{column} text" for column in TABLES[table][0])
    connection.execute(f"create temp table s_{table} ({columns}) on commit drop")
    with connection.cursor() as cursor, cursor.copy(f"copy s_{table} from stdin {options}") as copy:
        for chunk in text:
            copy.write(chunk)


def take(connection: Connection, table: str) -> int:
    """Insert the staged rows, overwriting known ones; returns their number."""
    columns, key = TABLES[table]
    cast = ", ".join(f"{column}::{_TYPES[column]}" if column in _TYPES else column for column in columns)
    fresh = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    done = connection.execute(
        f"insert into {table} select {cast} from s_{table} on conflict ({', '.join(key)}) do update set {fresh}"
    )
    return done.rowcount
