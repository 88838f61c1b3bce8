"""How a target calls the documents that others refer to, and who may go on once it has learnt a new one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from canonical_model.entities import ENTITIES
from hub.store.canonical import table_name
from hub.sync.links import is_array
from hub.sync.targets import Document
from mappings.faults import Waiting
from mappings.outward import Document as Rendered


class Reference(NamedTuple):
    """A field of a document's root that names the root of another document of the same target."""

    field: str
    document: Document
    many: bool


def references_of(document: Document, documents: Iterable[Document]) -> list[Reference]:
    """The references of a document to those it comes after, and to others of its own kind."""
    known = {d.root: d for d in documents if d.kind in document.mapping.after or d.kind == document.kind}
    refers = ENTITIES[document.root].REFERS
    return [
        Reference(field, known[entity], is_array(document.root, field))
        for field, entity in refers.items()
        if entity in known
    ]


class KnownIds:
    """Target ids of what a chunk of documents refers to; the `refs` that mappings render with."""

    def __init__(self, references: Sequence[Reference], *, dry: bool = False) -> None:
        self.references = references
        self.ids: dict[str, dict[int, str]] = {reference.document.kind: {} for reference in references}
        self.dry = dry
        above = [reference for reference in references if not reference.many and not _to_itself(reference)]
        self._above = above[0] if above else None

    def load(self, connection: psycopg.Connection[Any], documents: Mapping[int, Rendered]) -> None:
        """Look up what these documents refer to; forgets the chunk before."""
        for reference in self.references:
            named: set[int] = set()
            for document in documents.values():
                value = getattr(document.root, reference.field)
                named.update(value if reference.many else [value])
            self.ids[reference.document.kind] = dict(
                connection.execute(
                    "select hub_id, target_id from delivery where document = %s and hub_id = any(%s) "
                    "and target_id is not null",
                    (reference.document.number, list(named - {None})),
                ).fetchall()
            )

    def target_id(self, document: str, hub_id: int) -> str:
        """Return the target's id; raises Waiting when the target does not hold it yet. A dry run invents `0`."""
        found = self.ids.get(document, {}).get(hub_id)
        if found is None:
            if self.dry:
                return "0"
            raise Waiting(document, hub_id)
        return found

    def parent_id(self, document: Rendered) -> str | None:
        """The target's id of what this document is a variant of; None for one that stands alone; raises Waiting."""
        if self._above is None:
            return None
        return self.target_id(self._above.document.kind, getattr(document.root, self._above.field))

    def keep_known(self, document: Rendered) -> None:
        """Leave out of a document's parts what the target does not hold: for what is only to be taken off."""
        for reference in self.references:
            known = self.ids[reference.document.kind]
            for part, rows in document.parts.items():
                if (
                    reference.many
                    and rows
                    and getattr(rows[0], "hub_id", None) in getattr(document.root, reference.field)
                ):
                    document.parts[part] = [row for row in rows if row.hub_id in known]

    def parent_if_known(self, document: Rendered) -> str | None:
        """As `parent_id`; None where the target does not hold it."""
        try:
            return self.parent_id(document)
        except Waiting:
            return None


def _to_itself(reference: Reference) -> bool:
    return ENTITIES[reference.document.root].REFERS.get(reference.field) == reference.document.root


def wake(
    connection: psycopg.Connection[Any], bound: Document, ids: Sequence[int], documents: Iterable[Document]
) -> None:
    """Owe again what could not be published because these were not at the target; they are now."""
    for document in documents:
        for reference in references_of(document, [bound]) if bound.kind in _concerned(document) else []:
            operator = "&& %s::bigint[]" if reference.many else "= any(%s)"
            connection.execute(
                f"update delivery d set delivered = 0, state = 'waiting' from {table_name(document.root)} e "
                f"where d.document = %s and d.state = 'unpublishable' and d.hub_id = e.hub_id "
                f"and e.{reference.field} {operator}",
                (document.number, list(ids)),
            )


def _concerned(document: Document) -> set[str]:
    return {document.kind, *document.mapping.after}
