"""How the parts of a document hang on its root: along the references that the canonical entities have.

An outbound mapping names a root entity and parts. `of: product` follows a reference of the part it starts from,
`by: sku` takes the rows of another entity that refer to it; `from` names the part to start from (the root if empty).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError
from hub.store.tables import CANONICAL

ROOT = ""


class Link(NamedTuple):
    """One part of a document.

    Attributes:
        part: its name in the mapping.
        entity: what it is made of.
        field: the reference followed: on the part it starts from (`forward`), else on `entity` itself.
        start: the part it starts from; `ROOT` for the root.
        many: it may have more than one row.
        where: fields of its rows that must equal a setting of the channel.
    """

    part: str
    entity: str
    field: str
    forward: bool
    start: str
    many: bool
    where: Mapping[str, str]


def links_of(mapping: Any) -> list[Link]:
    """Return the parts of an outbound mapping in the order in which they can be loaded; raises ConfigError."""
    entities = {ROOT: mapping.root}
    found: list[Link] = []
    for name, part in mapping.parts.items():
        start = getattr(part, "start", "") or ROOT
        if start not in entities:
            message = f"{mapping.document}: part {name} starts from '{start}', which is not named before it"
            raise ConfigError(message)
        link = _link(mapping.document, name, part, start, entities[start])
        entities[name] = link.entity
        found.append(link)
    return found


def _link(document: str, name: str, part: Any, start: str, begins: str) -> Link:
    if part.of:
        target = ENTITIES[begins].REFERS.get(part.of)
        if target is None:
            message = f"{document}: part {name}: {begins}.{part.of} is no reference"
            raise ConfigError(message)
        return Link(name, target, part.of, True, start, part.of_many, {})
    if ENTITIES[part.entity].REFERS.get(part.by) != begins:
        message = f"{document}: part {name}: {part.entity}.{part.by} does not refer to {begins}"
        raise ConfigError(message)
    return Link(name, part.entity, part.by, False, start, True, dict(part.where))


def id_column(entity: str) -> str:
    """The column that holds the hub id by which a change of the entity is reported (the parent's for part rows)."""
    return ENTITIES[entity].PART_OF or "hub_id"


def is_array(entity: str, field: str) -> bool:
    """Whether a reference is an array of hub ids."""
    return getattr(CANONICAL[entity].c[field].type, "item_type", None) is not None
