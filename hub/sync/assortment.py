"""What a channel shows at all: `assortment: {category_not_in: [Услуги]}` in the landscape.

A rule is `<entity>_not_in` with names or source ids; what stands below a named row (its tree) is meant too. A root is
hidden when it is such a row, or leads to one along its references.
"""

from typing import Any

import psycopg

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.landscape.landscape import System
from hub.store.canonical import table_name
from hub.sync.arrays import array_text
from hub.sync.documents import named
from hub.sync.links import is_array, path_to

RULE = "_not_in"


class Assortment:
    """The excluded rows of one channel, resolved once a delivery."""

    def __init__(self, connection: psycopg.Connection[Any], system: System) -> None:
        self.excluded: dict[str, list[int]] = {}
        for rule, names in system.assortment.items():
            entity = _entity(system.name, rule)
            self.excluded[entity] = _with_tree(connection, entity, named(connection, entity, names))

    def hidden(self, connection: psycopg.Connection[Any], root: str, ids: list[int]) -> set[int]:
        """Those of the roots that the channel does not show."""
        found: set[int] = set()
        for condition, excluded in self.conditions(root):
            query = f"select r.hub_id from {condition} and r.hub_id = any(%s::bigint[])"
            found.update(row[0] for row in connection.execute(query, (excluded, array_text(ids))))
        return found

    def conditions(self, root: str) -> list[tuple[str, list[int]]]:
        """Each rule that reaches `root`, as (from-clause with a condition over one parameter, the excluded ids)."""
        made = []
        for entity, excluded in self.excluded.items():
            try:
                way = path_to(root, entity)
            except LookupError:
                continue
            if excluded:
                made.append((_reaches(root, way), excluded))
        return made


def _entity(system: str, rule: str) -> str:
    by_rule = {table_name(name) + RULE: name for name in ENTITIES}
    if rule not in by_rule:
        message = f"landscape.yml: systems.{system}.assortment.{rule}: allowed are {', '.join(by_rule)}"
        raise ConfigError(message)
    return by_rule[rule]


def _with_tree(connection: psycopg.Connection[Any], entity: str, ids: list[int]) -> list[int]:
    """The rows and everything below them, along the entity's reference to itself."""
    above = next((field for field, to in ENTITIES[entity].REFERS.items() if to == entity), None)
    if above is None or not ids:
        return ids
    rows = connection.execute(
        f"with recursive below as (select unnest(%s::bigint[]) as hub_id union "
        f"select e.hub_id from {table_name(entity)} e join below b on e.{above} = b.hub_id) select hub_id from below",
        (ids,),
    ).fetchall()
    return [row[0] for row in rows]


def _reaches(root: str, way: list[tuple[str, str]]) -> str:
    """`root r join … where` the last step names one of the excluded."""
    if not way:
        return f"{table_name(root)} r where r.hub_id = any(%s)"
    joins, here = f"{table_name(root)} r", "r"
    for step, (entity, field) in enumerate(way[:-1]):
        following = f"s{step}"
        table = table_name(ENTITIES[entity].REFERS[field])
        joins += f" join {table} {following} on {following}.hub_id = {here}.{field}"
        here = following
    entity, field = way[-1]
    operator = "&& %s::bigint[]" if is_array(entity, field) else "= any(%s)"
    return f"{joins} where {here}.{field} {operator}"
