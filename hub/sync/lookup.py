"""What a person means by a number: a code at a target, a source's own id, or an article."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.store.canonical import table_name
from hub.store.tables import CANONICAL
from hub.sync.owed import roots_touched
from hub.sync.references import references_of
from hub.sync.targets import Document


class Found(NamedTuple):
    """One canonical row."""

    entity: str
    hub_id: int


def find(connection: psycopg.Connection[Any], number: str) -> list[Found]:
    """Return the rows that a number names, most exact first; raises ConfigError when there are none."""
    by_code = connection.execute(
        "select n.kind, n.system, c.hub_id from code c join namespace n on n.id = c.document where c.code = %s",
        (number,),
    ).fetchall()
    ids = {row[2] for row in by_code}
    ids |= {row[0] for row in connection.execute("select hub_id from identifier where key = %s", (number,))}
    found = []
    for entity in ENTITIES:
        columns = CANONICAL[entity].columns
        if "hub_id" not in columns or ENTITIES[entity].DICTIONARY:
            continue
        also = " or article = %(number)s" if "article" in columns else ""
        rows = connection.execute(
            f"select hub_id from {table_name(entity)} where hub_id = any(%(ids)s){also} order by 1",
            {"ids": list(ids), "number": number},
        )
        found += [Found(entity, row[0]) for row in rows]
    if not found:
        message = f"nothing is called '{number}': no code at a target, no id of a source, no article"
        raise ConfigError(message)
    return found


def roots_of(
    connection: psycopg.Connection[Any], documents: Sequence[Document], found: Sequence[Found]
) -> dict[str, list[int]]:
    """The roots of each document kind that these rows concern, by kind."""
    tables = {}
    for entity in {one.entity for one in found}:
        table = tables[entity] = f"meant_{table_name(entity)}"
        connection.execute(f"drop table if exists {table}")
        connection.execute(f"create temp table {table} (hub_id bigint)")
        ids = [one.hub_id for one in found if one.entity == entity]
        connection.execute(f"insert into {table} select unnest(%s::bigint[])", (ids,))
    made = {}
    for document in documents:
        ways = roots_touched(document.root, document.links, tables)
        query = document.concerned(ways)
        made[document.kind] = [row[0] for row in connection.execute(query)] if ways else []
    return made


def with_parents(
    connection: psycopg.Connection[Any], documents: Sequence[Document], roots: dict[str, list[int]]
) -> list[int]:
    """These roots and all that they refer to at the target, in one list: hub ids are unique over all of them."""
    wanted = {kind: set(ids) for kind, ids in roots.items()}
    for document in reversed(documents):
        size = -1
        while size != len(wanted[document.kind]):
            size = len(wanted[document.kind])
            for reference in references_of(document, documents):
                field = f"unnest({reference.field})" if reference.many else reference.field
                query = f"select {field} from {table_name(document.root)} where hub_id = any(%s)"
                named = connection.execute(query, (list(wanted[document.kind]),)).fetchall()
                wanted[reference.document.kind] |= {row[0] for row in named} - {None}
    return sorted(set().union(*wanted.values()))
