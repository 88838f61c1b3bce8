"""Which roots a change concerns: from the rows that a merge touched, along a document's links, to its roots: SQL text.

`touched` names, for each canonical entity, a table with a column `hub_id`; for rows that are part of another (prices,
stock levels) that column holds the parent's hub id. A row that now refers to another one than before concerns both.
"""

from collections.abc import Mapping, Sequence

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.store.canonical import table_name
from hub.sync.links import ROOT, Link, is_array, key_column


def roots_touched(
    root: str, links: Sequence[Link], touched: Mapping[str, str], version: int | None = None
) -> list[str]:
    """Return one `select hub_id …` a way in which the touched rows reach a root; none when they cannot.

    `version`: the merge that touched them, to find what they referred to before it.
    """
    by_part = {link.part: link for link in links}
    entity = {ROOT: root} | {link.part: link.entity for link in links}
    found = [f"select hub_id from {touched[root]}"] if root in touched else []
    for link in links:
        if link.entity not in touched:
            continue
        query = _back(link, entity[link.start], f"select hub_id from {touched[link.entity]}", reported=True)
        ways = [query] if version is None else [query, *_before(link, version)]
        part = link.start
        while part:
            step = by_part[part]
            ways = [_back(step, entity[step.start], way, reported=False) for way in ways]
            part = step.start
        found += ways
    return list(dict.fromkeys(found))


def _before(link: Link, version: int) -> list[str]:
    """What rows of a part referred to before a merge, as its change log has it."""
    if link.forward or link.field in ENTITIES[link.entity].KEY or not ENTITIES[link.entity].HISTORY:
        return []
    return [
        f"select (old->>'{link.field}')::bigint as hub_id from change where day = (now() at time zone 'UTC')::date "
        f"and version = {version} and entity = '{link.entity}' and old->>'{link.field}' is not null"
    ]


def standing(root: str, links: Sequence[Link], when: tuple[str, str] | None) -> tuple[str, str]:
    """Joins and a condition, for rows `r` of the root's table: which of them have a document at all.

    Where a row on the way to the part is missing the document stands, to say that it cannot be published and why.
    Raises ConfigError where the way leads over more than one row.
    """
    if when is None:
        return "", "true"
    part, field = when
    by_part = {link.part: link for link in links}
    way: list[Link] = []
    while part:
        way.insert(0, by_part[part])
        part = way[0].start
    joins, here, broken, holder = "", "r", "", root
    for step, link in enumerate(way):
        if link.forward and not is_array(holder, link.field):
            joins += f" left join {table_name(link.entity)} w{step} on w{step}.hub_id = {here}.{link.field}"
            here, broken = f"w{step}", f"w{step}.hub_id is null or "
        elif not link.forward and link is way[-1]:
            there = f"exists (select from {table_name(link.entity)} e where e.{link.field} = {here}.hub_id"
            return joins, f"({broken}{there} and e.{field} is not null))"
        else:
            message = f"when: {when[0]}: `{link.part}` on the way there is more than one row"
            raise ConfigError(message)
        holder = link.entity
    return joins, f"({broken}{here}.{field} is not null)"


def _back(link: Link, start: str, query: str, *, reported: bool) -> str:
    """Turn a query for ids of a part's rows into one for ids of the part it starts from."""
    if not link.forward:
        if reported and link.field == ENTITIES[link.entity].PART_OF:
            return query
        return (
            f"select e.{link.field} as hub_id from {table_name(link.entity)} e join ({query}) t on {_on(link.entity)}"
        )
    table = table_name(start)
    key = key_column(start)
    if is_array(start, link.field):
        return (
            f"select e.{key} as hub_id from {table} e "
            f"where e.{link.field} && (select coalesce(array_agg(t.hub_id), '{{}}'::bigint[]) from ({query}) t)"
        )
    return f"select e.{key} as hub_id from {table} e join ({query}) t on e.{link.field} = t.hub_id"


def _on(entity: str) -> str:
    return f"e.{key_column(entity)} = t.hub_id"
