"""The documents that each target of the landscape gets, and the number under which the ledger keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from connectors import registry as connectors
from hub.landscape.hub import Hub
from hub.landscape.landscape import System
from hub.store.canonical import table_name
from hub.sync.links import Link, links_of
from hub.sync.owed import standing
from mappings import registry as mappings
from mappings.outward import OutMapping

SNAPSHOT_ID = 0


@dataclass(frozen=True)
class Document:
    """One document kind of one target.

    Attributes:
        number: its namespace: (target, document kind) in two bytes.
        system: the target.
        kind: document kind: `product`, `variation`, `offer`.
        mapping: the compiled outbound mapping.
        links: its parts, in loading order.
        snapshot: the target takes everything at once; the ledger has one row for it.
    """

    number: int
    system: System
    kind: str
    mapping: OutMapping
    links: tuple[Link, ...]
    snapshot: bool

    @property
    def root(self) -> str:
        """The canonical entity that one document is about."""
        return self.mapping.root

    @property
    def name(self) -> str:
        """`shop/product`, as progress and proof call it."""
        return f"{self.system.name}/{self.kind}"

    @property
    def roots(self) -> str:
        """SQL for the hub ids of all roots that have such a document: `select r.hub_id from …`, open for `and …`."""
        joins, condition = standing(self.root, self.links, self.mapping.when)
        return f"select r.hub_id from {table_name(self.root)} r{joins} where {condition}"

    def concerned(self, ways: Sequence[str]) -> str:
        """SQL for those of the roots that these queries name; what once had such a document keeps it, to be taken off.

        A root that was only mentioned has no row of its own yet: it is left out.
        """
        named = " union ".join(ways)
        found = f"{self.roots} and r.hub_id in ({named})"
        if self.mapping.when is None:
            return found
        return f"{found} union ({named}) intersect select hub_id from delivery where document = {self.number}"


def documents_of(hub: Hub, connection: psycopg.Connection[Any], target: str) -> list[Document]:
    """Return the target's documents, parents before children; new kinds get their number here."""
    system = hub.landscape.system(target)
    snapshot = connectors.spec(system.connector).delivery == "snapshot"
    return [
        Document(
            number=namespace(connection, target, kind),
            system=system,
            kind=kind,
            mapping=mapping,
            links=tuple(links_of(mapping)),
            snapshot=snapshot,
        )
        for kind in mappings.documents(system.connector)
        for mapping in [mappings.outbound(system.connector, kind)]
    ]


def namespace(connection: psycopg.Connection[Any], system: str, kind: str) -> int:
    """Return the number of (system, kind), made when it is new."""
    select = "select id from namespace where system = %s and kind = %s"
    row = connection.execute(select, (system, kind)).fetchone()
    if row is None:
        connection.execute(
            "insert into namespace (system, kind) values (%s, %s) on conflict do nothing", (system, kind)
        )
        row = connection.execute(select, (system, kind)).fetchone()
    assert row is not None
    return int(row[0])
