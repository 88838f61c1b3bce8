"""The unique code of a document at a target: given once, kept for ever, searchable there.

The article where it is one product's alone; else, or where there is none, with the beginning of the source's id, longer
on collision. All documents of a target share one space of codes, so a product and its variation differ.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from hub.store.canonical import table_name
from hub.sync.arrays import array_text
from hub.sync.targets import Document
from mappings import codes


class ShopCodes:
    """Codes of one document kind of one target; what is shared is looked up once."""

    def __init__(self, connection: psycopg.Connection[Any], document: Document) -> None:
        self.connection, self.document = connection, document
        self._shared: set[str] | None = None

    def known(self, ids: Sequence[int]) -> dict[int, str]:
        """Codes that were given before, by root."""
        rows = self.connection.execute(
            "select hub_id, code from code where target = %s and document = %s and hub_id = any(%s::bigint[])",
            (self.document.system.name, self.document.number, array_text(ids)),
        )
        return dict(rows.fetchall())

    def all(self) -> dict[int, str]:
        """All codes that were given, by root."""
        rows = self.connection.execute(
            "select hub_id, code from code where target = %s and document = %s",
            (self.document.system.name, self.document.number),
        )
        return dict(rows.fetchall())

    def allocate(self, roots: Sequence[Any]) -> dict[int, str]:
        """Give each root a code that nobody has; the caller commits. Returns them by root."""
        sources = self._source_ids([root.hub_id for root in roots])
        wanted = {root.hub_id: self._candidates(root, sources.get(root.hub_id, str(root.hub_id))) for root in roots}
        given: dict[int, str] = {}
        while wanted:
            asked = {root: next(candidates) for root, candidates in wanted.items()}
            taken = self.connection.execute(
                "insert into code (target, code, document, hub_id) "
                "select %s, c.code, %s, c.hub_id from unnest(%s::text[], %s::bigint[]) as c(code, hub_id) "
                "on conflict do nothing returning hub_id, code",
                (self.document.system.name, self.document.number, list(asked.values()), list(asked)),
            ).fetchall()
            given.update(taken)
            wanted = {root: candidates for root, candidates in wanted.items() if root not in given}
            given.update(self.known(list(wanted)))
            wanted = {root: candidates for root, candidates in wanted.items() if root not in given}
        return given

    def _candidates(self, root: Any, source_id: str) -> Iterator[str]:
        """An article that stands on several rows is nobody's alone: then not even the first one gets it bare."""
        article = getattr(root, "article", None)
        found = codes.candidates(article, source_id)
        if article and self._is_shared(article):
            next(found)
        return found

    def _is_shared(self, article: str) -> bool:
        """Whether an article stands on several live rows of this kind."""
        if self._shared is None:
            rows = self.connection.execute(
                f"select article from {table_name(self.document.root)} where article <> '' and not gone "
                "group by article having count(*) > 1"
            )
            self._shared = {row[0] for row in rows}
        return article in self._shared

    def _source_ids(self, ids: Sequence[int]) -> dict[int, str]:
        """The source's own id of each root: of the first system that named it."""
        rows = self.connection.execute(
            "select distinct on (i.hub_id) i.hub_id, i.key from identifier i join namespace n on n.id = i.namespace "
            "where i.hub_id = any(%s) and n.kind = %s order by i.hub_id, i.first_run, i.namespace",
            (list(ids), self.document.root),
        )
        return dict(rows.fetchall())
