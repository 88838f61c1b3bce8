"""The ledger of state: what each target is owed, what it was given, and who is working on it just now.

One row for each (target, document kind, root). Owed = `owed > delivered or due_at <= now()`. A claim leases rows on the
database's clock and takes a new fencing token; every write of a delivery carries the token, and a write that finds
another one there raises Fenced: a newer try has taken over.
"""

from collections.abc import Mapping
from typing import Any

import psycopg

from hub.landscape.hub import Hub
from hub.store.canonical import table_name
from hub.sync.owed import roots_touched
from hub.sync.targets import SNAPSHOT_ID, Document, documents_of

# Two of them may meet over the first rows of a document: a merge and the seeding of a new target.
LOCK = 7_145_002


def mark_owed(
    hub: Hub, connection: psycopg.Connection[Any], version: int, touched: Mapping[str, str]
) -> dict[str, int]:
    """Owe every document that rows changed by merge `version` concern; call it inside the merge's transaction.

    `touched`: canonical entity -> temp table with a column `hub_id`, each id once (for prices and stock levels: the
    SKU's, repeats allowed).
    Returns the number of documents now owed, by `target/document kind`.
    """
    counts = {}
    for system in hub.landscape.targets():
        for document in documents_of(hub, connection, system.name):
            ways = roots_touched(document.root, document.links, touched, version)
            if ways:
                counts[document.name] = _owe(connection, document, version, ways, touched.get(document.root))
    return counts


def _owe(
    connection: psycopg.Connection[Any], document: Document, version: int, ways: list[str], own: str | None
) -> int:
    connection.execute("select pg_advisory_xact_lock(%s, %s)", (LOCK, document.number))
    first = _one(connection, f"select not exists (select from delivery where document = {document.number})")
    if document.snapshot:
        there = " or ".join(f"exists ({way})" for way in ways)
        roots = f"select {SNAPSHOT_ID}::bigint as hub_id where {there}"
    elif own is not None and (first or document.mapping.when is None) and _all_touched(connection, document.root, own):
        roots = f"select hub_id from {own}" if document.mapping.when is None else document.roots
    else:
        roots = document.concerned(ways)
    clash = "" if first else " on conflict (document, hub_id) do update set owed = excluded.owed"
    query = f"insert into delivery (document, hub_id, owed) select {document.number}, r.hub_id, %s from ({roots}) r"
    return connection.execute(query + clash, (version,)).rowcount


def _all_touched(connection: psycopg.Connection[Any], root: str, own: str) -> bool:
    """Whether every root there is was touched: then no other way can add one."""
    touched = _one(connection, f"select count(*) from {own}")
    return bool(touched and touched >= _one(connection, f"select count(*) from {table_name(root)}"))


def _one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def seed(hub: Hub, target: str) -> dict[str, int]:
    """Owe every existing root to a target that is new in the landscape; rows that are there already stay as they are.

    Returns the number of new rows by `target/document kind`.
    """
    counts = {}
    with hub.connect() as connection:
        for document in documents_of(hub, connection, target):
            connection.execute("select pg_advisory_xact_lock(%s, %s)", (LOCK, document.number))
            roots = document.roots
            if document.snapshot:
                roots = f"select {SNAPSHOT_ID}::bigint as hub_id where exists ({roots})"
            done = connection.execute(
                "insert into delivery (document, hub_id, owed) "
                f"select %(document)s, n.hub_id, greatest(1, (select last_value from merge_number)) from ({roots}) n "
                "where not exists (select from delivery d where d.document = %(document)s and d.hub_id = n.hub_id) "
                "on conflict do nothing",
                {"document": document.number},
            )
            if done.rowcount:
                counts[document.name] = done.rowcount
    return counts
