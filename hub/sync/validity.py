"""Rows that hold for a time (a price's validity): which are in force, and when a document changes by time alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg

from hub.store.canonical import table_name
from hub.store.tables import CANONICAL
from hub.sync.arrays import array_text
from hub.sync.links import Link

FROM, TO = "valid_from", "valid_to"


def holds_for_a_time(entity: str) -> bool:
    """Whether rows of the entity have a validity."""
    return {FROM, TO} <= set(CANONICAL[entity].columns.keys())


def in_force(entity: str) -> str:
    """The condition under which a row counts now; empty where rows have no validity."""
    if not holds_for_a_time(entity):
        return ""
    return f" and ({FROM} is null or {FROM} <= now()) and ({TO} is null or {TO} > now())"


def due_times(
    connection: psycopg.Connection[Any],
    link: Link,
    own: Mapping[int, Mapping[str, list[Any]]],
    due: dict[int, datetime],
) -> None:
    """Add to `due`, by root, the next moment at which a row of this part begins or ceases to hold."""
    if link.forward or not holds_for_a_time(link.entity):
        return
    starts = {start.hub_id for rows in own.values() for start in rows[link.start]}
    found = connection.execute(
        f"select {link.field}, min(m) from (select {link.field}, unnest(array[{FROM}, {TO}]) m "
        f"from {table_name(link.entity)} where {link.field} = any(%s::bigint[]) "
        f"and ({FROM} is not null or {TO} is not null)) t "
        "where m > now() group by 1",
        (array_text(starts),),
    )
    moments = dict(found.fetchall())
    if not moments:
        return
    for root, rows in own.items():
        for start in rows[link.start]:
            if start.hub_id in moments:
                due[root] = min(due.get(root, moments[start.hub_id]), moments[start.hub_id])


def next_change(connection: psycopg.Connection[Any], link: Link, wanted: Mapping[str, list[Any]]) -> datetime | None:
    """The next moment at which any row of a part begins or ceases to hold."""
    if link.forward or not holds_for_a_time(link.entity):
        return None
    also = "".join(f" and {field} = any(%s)" for field in wanted)
    found = connection.execute(
        f"select min(m) from (select unnest(array[{FROM}, {TO}]) m from {table_name(link.entity)} "
        f"where ({FROM} is not null or {TO} is not null){also}) t where m > now()",
        list(wanted.values()),
    ).fetchone()
    return found[0] if found else None
