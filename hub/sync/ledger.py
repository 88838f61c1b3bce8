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


def mark_owed(
    hub: Hub, connection: psycopg.Connection[Any], version: int, touched: Mapping[str, str]
) -> dict[str, int]:
    """Owe every document that rows changed by merge `version` concern; call it inside the merge's transaction.

    `touched`: canonical entity -> temp table with a column `hub_id` (the parent's for prices and stock levels).
    Returns the number of documents now owed, by `target/document kind`.
    """
    counts = {}
    for system in hub.landscape.targets():
        for document in documents_of(hub, connection, system.name):
            queries = roots_touched(document.root, document.links, touched)
            if queries:
                counts[document.name] = _owe(connection, document, version, " union ".join(queries))
    return counts


def _owe(connection: psycopg.Connection[Any], document: Document, version: int, roots: str) -> int:
    if document.snapshot:
        roots = f"select {SNAPSHOT_ID}::bigint as hub_id where exists ({roots})"
    done = connection.execute(
        "insert into delivery (document, hub_id, owed) "
        f"select %s, r.hub_id, %s from ({roots}) r where r.hub_id is not null "
        "on conflict (document, hub_id) do update set owed = excluded.owed",
        (document.number, version),
    )
    return done.rowcount


def seed(hub: Hub, target: str) -> dict[str, int]:
    """Owe every existing root to a target that is new in the landscape; rows that are there already stay as they are.

    Returns the number of new rows by `target/document kind`.
    """
    counts = {}
    with hub.connect() as connection:
        for document in documents_of(hub, connection, target):
            roots = f"select hub_id from {table_name(document.root)}"
            if document.snapshot:
                roots = f"select {SNAPSHOT_ID} as hub_id where exists ({roots})"
            done = connection.execute(
                "insert into delivery (document, hub_id, owed) "
                f"select %s, r.hub_id, (select last_value from merge_number) from ({roots}) r on conflict do nothing",
                (document.number,),
            )
            counts[document.name] = done.rowcount
    return counts
