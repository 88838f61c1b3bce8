"""Canonical rows put together as the documents that mappings render: a handful of queries a chunk, none a record.

A row is a named tuple with the entity's fields, references as hub ids, and `hub_id`. Rows with a validity are loaded
only while they are in force; the moment at which that next changes becomes the document's due time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.types.json import set_json_loads

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.landscape.landscape import System
from hub.store.canonical import table_name
from hub.store.tables import CANONICAL
from hub.sync.arrays import array_text
from hub.sync.links import ROOT, Link
from hub.sync.targets import Document
from hub.sync.validity import due_times, in_force
from mappings.outward import Channel
from mappings.outward import Document as Rendered

Ids = Sequence[int]


class Loaded(NamedTuple):
    """Documents of one chunk by the hub id of their root, and when each of them next changes by time alone."""

    documents: dict[int, Rendered]
    due: dict[int, datetime]


def channel_of(system: System) -> Channel:
    """The target as its mappings see it."""
    options = {"price_list": system.price_list, "gone": system.gone, "assortment": dict(system.assortment)}
    return Channel(system.name, options | system.options)


def load(
    connection: psycopg.Connection[Any],
    document: Document,
    ids: Ids,
    channel: Channel,
    codes: Mapping[int, str],
    hidden: frozenset[int] | set[int],
) -> Loaded:
    """Load the documents of these roots; a root without a row of its own is left out.

    `hidden`: roots outside the channel's assortment.
    """
    own = {row.hub_id: {ROOT: [row]} for row in rows_where(connection, document.root, "hub_id", ids)}
    due: dict[int, datetime] = {}
    for link in document.links:
        found = _part(connection, link, _flat(own, link.start), channel)
        for rows in own.values():
            rows[link.part] = found(rows[link.start])
        due_times(connection, link, own, due)
    made = {}
    for root, rows in own.items():
        row = rows.pop(ROOT)[0]
        gone = _gone(row, rows, document.links)
        made[root] = Rendered(document.kind, row, rows, codes.get(root), channel, root not in hidden, gone)
    return Loaded(made, due)


def _gone(root: Any, parts: Mapping[str, list[Any]], links: Iterable[Link]) -> bool:
    """A document is gone with its root, and with what its root is a variant of."""
    above = [
        row
        for link in links
        if link.forward and link.start == ROOT and not is_array_of(root, link.field)
        for row in parts[link.part]
    ]
    return any(getattr(row, "gone", False) for row in [root, *above])


def is_array_of(row: Any, field: str) -> bool:
    """Whether a row's reference names many."""
    return isinstance(getattr(row, field), list)


def _flat(own: Mapping[int, Mapping[str, list[Any]]], part: str) -> list[Any]:
    return [row for rows in own.values() for row in rows[part]]


def _part(connection: psycopg.Connection[Any], link: Link, starts: list[Any], channel: Channel) -> Any:
    """Load the rows of a part; returns the function from the rows it starts from to its rows."""
    if link.forward:
        many = bool(starts) and is_array_of(starts[0], link.field)
        named = {i for row in starts for i in (getattr(row, link.field) if many else [getattr(row, link.field)])}
        found = {row.hub_id: row for row in rows_where(connection, link.entity, "hub_id", list(named - {None}))}
        pick = attrgetter(link.field)
        if many:
            return lambda rows: [found[i] for row in rows for i in pick(row) if i in found]
        return lambda rows: [found[i] for row in rows if (i := pick(row)) in found]
    by: dict[int, list[Any]] = defaultdict(list)
    pick = attrgetter(link.field)
    ids = list({row.hub_id for row in starts})
    for row in rows_where(connection, link.entity, link.field, ids, settings(connection, link, channel)):
        by[pick(row)].append(row)
    # The rows of one start are handed on as they are: nobody changes them.
    return lambda rows: by.get(rows[0].hub_id, []) if len(rows) == 1 else [r for row in rows for r in by[row.hub_id]]


def settings(connection: psycopg.Connection[Any], link: Link, channel: Channel) -> dict[str, list[Any]]:
    """What a part's rows must equal: field -> allowed values; references are named by source id or by name."""
    wanted = {}
    for field, option in link.where.items():
        value = channel.options.get(option)
        if value is None:
            message = f"landscape.yml: systems.{channel.system} needs `{option}`, which its {link.part} are chosen by"
            raise ConfigError(message)
        refers = ENTITIES[link.entity].REFERS.get(field)
        wanted[field] = named(connection, refers, [value]) if refers else [value]
    return wanted


def named(connection: psycopg.Connection[Any], entity: str, names: Sequence[str]) -> list[int]:
    """Hub ids of the rows of an entity that are called so, by their name or by their id in a source."""
    rows = connection.execute(
        f"select e.hub_id from {table_name(entity)} e where e.name = any(%(names)s) "
        "or exists (select from identifier i join namespace n on n.id = i.namespace where i.hub_id = e.hub_id "
        "and n.kind = %(entity)s and i.key = any(%(names)s)) order by 1",
        {"names": list(names), "entity": entity},
    ).fetchall()
    return [row[0] for row in rows]


def rows_where(
    connection: psycopg.Connection[Any],
    entity: str,
    column: str,
    ids: Ids,
    equal: Mapping[str, list[Any]] | None = None,
) -> list[Any]:
    """Rows of an entity whose `column` is one of `ids`, in the order of their key."""
    if not ids:
        return []
    kind, columns = row_type(entity)
    also = "".join(f" and {field} = any(%({field})s)" for field in equal or {})
    key = ", ".join("hub_id" if field == "ref" else field for field in ENTITIES[entity].KEY)
    query = (
        f"select {columns} from {table_name(entity)} where {column} = any(%(ids)s::bigint[]){also}{in_force(entity)}"
    )
    with connection.cursor(binary=True) as cursor:
        set_json_loads(msgspec.json.decode, cursor)
        cursor.execute(f"{query} order by {key}", {"ids": array_text(ids), **(equal or {})})
        return list(map(kind._make, cursor.fetchall()))


@cache
def row_type(entity: str) -> tuple[Any, str]:
    """The named tuple of an entity's rows, and the columns in its order. Part rows have no hub id of their own."""
    names = [column.name for column in CANONICAL[entity].columns if column.name not in ("version", "set_run")]
    kind: Any = NamedTuple(f"{entity}Row", [(name, Any) for name in names])  # type: ignore[misc]
    return kind, ", ".join(names)
