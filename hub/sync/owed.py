"""Which roots a change concerns: from the rows that a merge touched, along a document's links, to its roots: SQL text.

`touched` names, for each canonical entity, a table with a column `hub_id`; for rows that are part of another (prices,
stock levels) that column holds the parent's hub id.
"""

from collections.abc import Mapping, Sequence

from canonical_model.entities import ENTITIES
from hub.store.canonical import table_name
from hub.sync.links import ROOT, Link, is_array, key_column


def roots_touched(root: str, links: Sequence[Link], touched: Mapping[str, str]) -> list[str]:
    """Return one `select hub_id …` a way in which the touched rows reach a root; none when they cannot."""
    by_part = {link.part: link for link in links}
    entity = {ROOT: root} | {link.part: link.entity for link in links}
    found = [f"select hub_id from {touched[root]}"] if root in touched else []
    for link in links:
        if link.entity not in touched:
            continue
        query = f"select hub_id from {touched[link.entity]}"
        part: str | None = link.part
        while part:
            step = by_part[part]
            query = _back(step, entity[step.start], query, reported=part == link.part)
            part = step.start
        found.append(query)
    return list(dict.fromkeys(found))


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
