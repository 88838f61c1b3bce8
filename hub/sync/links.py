"""How the parts of a document hang on its root: along the references that the canonical entities have.

An outbound mapping names a root entity and parts. `from: product` follows a reference of the rows it starts from,
`by: sku` takes the rows of another entity that refer to them; `of` names the part to start from (the root if empty).
"""

from collections.abc import Mapping
from typing import NamedTuple

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.store.tables import CANONICAL
from mappings.columns import Part
from mappings.outward import OutMapping

ROOT = ""


class Link(NamedTuple):
    """One part of a document.

    Attributes:
        part: its name in the mapping.
        entity: what it is made of.
        field: the reference followed: on the rows it starts from (`forward`), else on its own.
        forward: see `field`.
        start: the part it starts from; `ROOT` for the root.
        where: field of its rows -> setting of the channel that it must equal.
    """

    part: str
    entity: str
    field: str
    forward: bool
    start: str
    where: Mapping[str, str]


def links_of(mapping: OutMapping) -> list[Link]:
    """Return the parts of an outbound mapping in the order in which they can be loaded; raises ConfigError."""
    entities = {ROOT: mapping.root}
    found: list[Link] = []
    left = dict(mapping.parts)
    while ready := [name for name, part in left.items() if part.of in entities]:
        for name in ready:
            part = left.pop(name)
            found.append(_link(f"{mapping.document}.out.yml: parts.{name}", name, part, entities[part.of]))
            entities[name] = part.entity
    if left:
        message = f"{mapping.document}.out.yml: parts {', '.join(left)} start from parts that do not exist"
        raise ConfigError(message)
    return found


def _link(where: str, name: str, part: Part, begins: str) -> Link:
    holder, target, field = (begins, part.entity, part.origin) if part.origin else (part.entity, begins, part.by)
    if ENTITIES[holder].REFERS.get(field) != target:
        message = f"{where}: {holder}.{field} does not refer to {target}"
        raise ConfigError(message)
    return Link(name, part.entity, field, bool(part.origin), part.of, part.where)


def key_column(entity: str) -> str:
    """The column by which a change of the entity is reported: its hub id, for part rows that of their parent."""
    return ENTITIES[entity].PART_OF or "hub_id"


def is_array(entity: str, field: str) -> bool:
    """Whether a reference is an array of hub ids."""
    return getattr(CANONICAL[entity].c[field].type, "item_type", None) is not None


def path_to(entity: str, wanted: str) -> list[tuple[str, str]]:
    """The shortest way along references from `entity` to `wanted`, as (entity, field); raises LookupError."""
    ways: list[list[tuple[str, str]]] = [[]]
    while ways:
        way = ways.pop(0)
        here = ENTITIES[way[-1][0]].REFERS[way[-1][1]] if way else entity
        if here == wanted:
            return way
        ways += [[*way, (here, field)] for field, to in ENTITIES[here].REFERS.items() if to != here and len(way) < 4]
    message = f"{entity} does not lead to {wanted}"
    raise LookupError(message)
