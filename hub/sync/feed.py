"""Snapshot targets: one ledger row; whatever is owed, the whole feed is rendered again and streamed to the sink.

The sink gets the header first, then an offer a letter, ordered by hub id, and answers once the feed stands under its
name. Memory stays flat: documents are loaded a chunk at a time.
"""

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

from connectors.protocol import Done, Letter, Refused
from hub.landscape.hub import Hub
from hub.store.canonical import table_name
from hub.sync.assortment import Assortment
from hub.sync.attempts import keep_refused
from hub.sync.claims import Settled, at_work, claim, settle
from hub.sync.documents import channel_of, load
from hub.sync.failpoints import reach
from hub.sync.rendering import GONE, OUTSIDE
from hub.sync.runs import progress
from hub.sync.shop_codes import ShopCodes
from hub.sync.targets import Document
from mappings.faults import NotPublishable, Waiting

CHUNK = 2000


class FeedRefs:
    """In a feed everything is there at once: a document is referred to by its code."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[int, str]] = {}

    def target_id(self, document: str, hub_id: int) -> str:
        """Return the code of a document of the same feed; raises Waiting when the feed does not hold it."""
        found = self.codes.get(document, {}).get(hub_id)
        if found is None:
            raise Waiting(document, hub_id)
        return found


class Feed:
    """Renders everything that one channel shows; counts what it leaves out, by reason."""

    def __init__(
        self, hub: Hub, run_id: int, connection: psycopg.Connection[Any], documents: Sequence[Document]
    ) -> None:
        self.hub, self.run_id, self.connection = hub, run_id, connection
        self.offer, self.lists = documents[-1], documents[:-1]
        self.channel = channel_of(self.offer.system)
        self.assortment = Assortment(connection, self.offer.system)
        self.refs = FeedRefs()
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.due: datetime | None = None

    def header(self) -> dict[str, Any]:
        """What stands before the offers: the channel's own words, and each small list of the feed."""
        shop = dict(self.offer.system.options.get("shop", {}))
        lists = {_plural(document.kind): list(self._list(document)) for document in self.lists}
        return shop | {"date": datetime.now(UTC)} | lists

    def letters(self) -> Iterator[Letter]:
        """The header, then every offer."""
        yield Letter(0, "feed", "update", "", self.header())
        for hub_id, payload in self._payloads(self.offer):
            yield Letter(hub_id, self.offer.kind, "update", "", payload)

    def _list(self, document: Document) -> Iterator[dict[str, Any]]:
        self.refs.codes[document.kind] = {}
        for _, payload in self._payloads(document):
            yield payload

    def _payloads(self, document: Document) -> Iterator[tuple[int, dict[str, Any]]]:
        codes = ShopCodes(self.connection, document)
        after = 0
        while ids := self._next(document, after):
            after = ids[-1]
            hidden = self.assortment.hidden(self.connection, document.root, ids)
            known = codes.known(ids)
            loaded = load(self.connection, document, ids, self.channel, known, hidden)
            self._name(document, codes, loaded.documents)
            self.due = min([*loaded.due.values(), *([self.due] if self.due else [])], default=None)
            for hub_id, one in loaded.documents.items():
                payload = self._render(document, one)
                if payload is not None:
                    yield hub_id, payload
            self.connection.commit()
            if document is self.offer:
                progress(self.hub, self.run_id, f"deliver:{document.name}", self.counts.total(), None)

    def _name(self, document: Document, codes: ShopCodes, loaded: dict[int, Any]) -> None:
        nameless = [one for one in loaded.values() if one.code is None and one.visible and not one.gone]
        given = codes.allocate([one.root for one in nameless]) if nameless else {}
        for one in nameless:
            one.code = given[one.root.hub_id]
        if document is not self.offer:
            self.refs.codes[document.kind].update({i: one.code for i, one in loaded.items() if one.code is not None})

    def _render(self, document: Document, one: Any) -> dict[str, Any] | None:
        if one.gone or not one.visible:
            self._left_out(document, "hidden", GONE if one.gone else OUTSIDE)
            return None
        try:
            payload = document.mapping.render(one, self.refs)
        except NotPublishable as why:
            self._left_out(document, "unpublishable", why.reason)
            return None
        except Waiting as why:
            self._left_out(document, "unpublishable", f"its {why.document} is not in the feed")
            return None
        if document is self.offer:
            self.counts["offers"] += 1
        return payload

    def _left_out(self, document: Document, how: str, reason: str) -> None:
        if document is self.offer:
            self.counts[how] += 1
            self.reasons[reason] += 1

    def _next(self, document: Document, after: int) -> list[int]:
        rows = self.connection.execute(
            f"select hub_id from {table_name(document.root)} where hub_id > %s order by hub_id limit %s", (after, CHUNK)
        )
        return [row[0] for row in rows]


def _plural(kind: str) -> str:
    return kind[:-1] + "ies" if kind.endswith("y") else kind + "s"


@contextmanager
def no_cycles() -> Iterator[None]:
    """Rows and payloads hold no cycles: without the collector looking for some, a feed costs a third less."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def deliver(
    hub: Hub, run_id: int, documents: Sequence[Document], connection: psycopg.Connection[Any], *, dry: bool = False
) -> dict[str, int]:
    """Publish the feed if anything in it is owed; returns counts of offers."""
    total: Counter[str] = Counter()
    with at_work(hub, documents), no_cycles():
        claimed = [
            (document, row) for document in documents for row in claim(connection, document, -1, 1, None, dry=dry)
        ]
        if not claimed:
            return {}
        feed = Feed(hub, run_id, connection, documents)
        reach("deliver:claimed")
        if dry:
            total["would write"] = sum(1 for _ in feed.letters()) - 1
            return dict(total | feed.counts)
        target_id, refused = None, list[Refused]()
        with closing(hub.sink(feed.offer.system)) as sink:
            for outcome in sink.push("feed", feed.letters()):
                if isinstance(outcome, Refused):
                    refused.append(outcome)
                if isinstance(outcome, Done):
                    target_id = outcome.target_id
        connection.commit()
        reach("deliver:pushed")
        keep_refused(connection, feed.offer, run_id, refused)
        for document, row in claimed:
            settle(connection, document, run_id, [Settled(row, target_id=target_id, due=feed.due, pushed=True)])
        connection.commit()
        reach("deliver:settled")
        progress(hub, run_id, f"deliver:{feed.offer.name}", feed.counts["offers"], feed.counts["offers"], finished=True)
    return dict(feed.counts | Counter(refused=len(refused)))
