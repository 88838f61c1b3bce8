"""Snapshot targets: one ledger row; whatever is owed, the whole feed is rendered again and streamed to the sink.

The sink gets the header first, then an offer a letter, in the order of the query, and answers once the feed stands
under its name. Memory stays flat: the offers are one query's answer, read as it comes.
"""

import gc
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg

from canonical_model.errors import RetryLater
from connectors.protocol import Done, Letter, Refused
from hub.landscape.hub import Hub
from hub.store.canonical import table_name
from hub.sync.assortment import Assortment
from hub.sync.attempts import keep_refused
from hub.sync.claims import Settled, at_work, claim, release, settle
from hub.sync.documents import channel_of, row_type, rows_where, settings
from hub.sync.failpoints import reach
from hub.sync.feed_query import GONE, HIDDEN, NULL, ROOT_ID, Query, QueryWriter
from hub.sync.feed_rows import NamedRows, Reader, Row, rows_of, runs_of
from hub.sync.rendering import GONE as GONE_THERE
from hub.sync.rendering import OUTSIDE
from hub.sync.runs import progress
from hub.sync.shop_codes import ShopCodes
from hub.sync.targets import Document
from hub.sync.validity import next_change
from mappings.faults import NotPublishable, Waiting

CHUNK = 2000
IN_ORDER = (
    "enable_hashjoin = off",
    "enable_hashagg = off",
    "random_page_cost = 1.1",
    "max_parallel_workers_per_gather = 0",
)
"""How the query is to run: tables joined in the order of their keys. Hashes of whole tables would not stay flat, and
parallel workers each aggregate all of the stock."""


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

    def letters(self) -> Generator[Letter, None, None]:
        """The header, then every offer; while they come, the connection serves nothing else."""
        yield Letter(0, "feed", "update", "", self.header())
        kind = self.offer.kind
        for hub_id, payload in self._payloads(self.offer):
            yield Letter(hub_id, kind, "update", "", payload)

    def _list(self, document: Document) -> Iterator[dict[str, Any]]:
        for _, payload in self._payloads(document):
            yield payload

    def _payloads(self, document: Document) -> Iterator[tuple[int, dict[str, Any]]]:
        wanted = {link.part: settings(self.connection, link, self.channel) for link in document.links if link.where}
        writer = QueryWriter(document, wanted, self.assortment.conditions(document.root))
        query = writer.query()
        codes = self._name(document, writer)
        if document is not self.offer:
            self.refs.codes[document.kind] = codes.all()
        for link in document.links:
            moment = next_change(self.connection, link, wanted.get(link.part, {}))
            self.due = min(filter(None, (self.due, moment)), default=None)
        reader = Reader(writer, query, self._named(writer), self.channel.options, self.refs)
        run = query.places["", query.run] if query.run else None
        with self._answer(query) as lines:
            for rows in runs_of(rows_of(lines), run):
                yield from self._render(document, reader, rows)
        self.connection.commit()

    @contextmanager
    def _answer(self, query: Query) -> Iterator[psycopg.Copy]:
        """The rows of a query, as they come."""
        for setting in IN_ORDER:
            self.connection.execute(f"set local {setting}")
        with self.connection.cursor() as cursor:
            text = f"copy ({query.text}) to stdout (null '{NULL}')"
            with cursor.copy(text, query.arguments) as copy:
                yield copy

    def _named(self, writer: QueryWriter) -> dict[str, NamedRows]:
        """Rows that an array names: few (categories), so all of them at once."""
        made = {}
        for link in (one for one in writer.document.links if writer.named_by_array(one)):
            rows = self.connection.execute(f"select hub_id from {table_name(link.entity)}").fetchall()
            found = rows_where(self.connection, link.entity, "hub_id", [row[0] for row in rows])
            made[link.part] = NamedRows({row.hub_id: row for row in found})
        return made

    def _name(self, document: Document, writer: QueryWriter) -> ShopCodes:
        """Give everything that is shown a code, before anything refers to it."""
        codes = ShopCodes(self.connection, document)
        kind, columns = row_type(document.root)
        # One cursor: asking for a page at a time would read all codes again for each page.
        with self.connection.cursor("nameless") as cursor:
            cursor.execute(*writer.nameless(columns))
            while rows := cursor.fetchmany(CHUNK):
                codes.allocate([kind._make(row) for row in rows])
        self.connection.commit()
        return codes

    def _render(self, document: Document, reader: Reader, rows: list[Row]) -> Iterator[tuple[int, dict[str, Any]]]:
        """The payloads of rows that stand beside each other."""
        beside = [reader.beside(row) for row in rows] if reader.beside is not None else []
        for row in rows:
            if row[GONE] == "t" or row[HIDDEN] == "t":
                self._left_out(document, "hidden", GONE_THERE if row[GONE] == "t" else OUTSIDE)
                continue
            try:
                payload = reader.payload(row, beside)
            except NotPublishable as why:
                self._left_out(document, "unpublishable", why.reason)
            except Waiting as why:
                self._left_out(document, "unpublishable", f"its {why.document} is not in the feed")
            else:
                if document is self.offer:
                    self._count()
                yield int(row[ROOT_ID]), payload

    def _count(self) -> None:
        self.counts["offers"] += 1
        if self.counts["offers"] % CHUNK == 0:
            progress(self.hub, self.run_id, f"deliver:{self.offer.name}", self.counts.total(), None)

    def _left_out(self, document: Document, how: str, reason: str) -> None:
        if document is self.offer:
            self.counts[how] += 1
            self.reasons[reason] += 1


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
    """Publish the feed if anything in it is owed; returns counts of offers.

    Raises RetryLater, with the feed still owed, when the sink ended without saying that it stands there.
    """
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
        done, refused = None, list[Refused]()
        with closing(hub.sink(feed.offer.system)) as sink:
            for outcome in sink.push("feed", feed.letters()):
                if isinstance(outcome, Refused):
                    refused.append(outcome)
                if isinstance(outcome, Done):
                    done = outcome
        connection.commit()
        if done is None:
            for document, row in claimed:
                release(connection, document, [row])
            message = f"{feed.offer.name}: the target did not say that it holds the feed; it is written again"
            raise RetryLater(message)
        reach("deliver:pushed")
        keep_refused(connection, feed.offer, run_id, refused)
        for document, row in claimed:
            settle(connection, document, run_id, [Settled(row, target_id=done.target_id, due=feed.due, pushed=True)])
        connection.commit()
        reach("deliver:settled")
        progress(hub, run_id, f"deliver:{feed.offer.name}", feed.counts["offers"], feed.counts["offers"], finished=True)
    return dict(feed.counts | Counter(refused=len(refused)))
