"""The target side of a proof: what the target holds, compared with what it was given.

Read back: everything delivered in this run, plus a rolling share of the rest, oldest first, so that each document is
read within `prove_within_days`; all of it where it fits the target's budget. A difference counts only if a second
reading shows it too. Differences are classed, and their rows are owed again: the repair plan of the next delivery.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec
import psycopg

from connectors import registry
from connectors.protocol import Sink
from hub.sync.claims import OWED
from hub.sync.documents import channel_of, load
from hub.sync.references import KnownIds, references_of
from hub.sync.rendering import digest_of
from hub.sync.targets import Document
from hub.sync.views import Viewer
from mappings.faults import NotPublishable, Waiting

ALL_AT_ONCE = 10_000
CHUNK = 1000
MOST_SHOWN = 100

_LEDGER = f"""
select count(*), count(*) filter (where {OWED} and state in ('idle', 'shadow')),
  count(*) filter (where state = 'unknown'), count(*) filter (where state = 'asked'),
  count(*) filter (where state = 'waiting' and {OWED}), count(*) filter (where state = 'refused'),
  count(*) filter (where state = 'unpublishable'), count(*) filter (where target_id is not null),
  count(*) filter (where target_id is not null and delivered_run = %(run)s)
from delivery where document = %(document)s
"""
_NAMES = "documents", "owed", "unknown", "asked", "waiting", "refused", "unpublishable", "at_target", "changed"
_TO_READ = """
select hub_id, target_id, delivered_digest, code from delivery
where document = %(document)s and target_id is not null and delivered_digest is not null and owed <= delivered
  and hub_id > %(after)s and (delivered_run = %(run)s or %(all)s or proven_at is null or proven_at < %(before)s)
order by hub_id limit %(limit)s
"""


class Expected(msgspec.Struct):
    """One document as the ledger says that the target holds it."""

    hub_id: int
    target_id: str
    digest: bytes
    code: str | None


class ReadBack:
    """Reads one document kind back and says where it differs."""

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        sink: Sink,
        document: Document,
        documents: Sequence[Document],
        run_id: int,
    ) -> None:
        self.connection, self.sink, self.document, self.documents = connection, sink, document, documents
        self.run_id = run_id
        self.viewer = Viewer(document)
        self.cut = registry.cut(document.system.connector)
        self.counts: Counter[str] = Counter()
        self.differences: list[dict[str, Any]] = []

    def prove(self) -> Counter[str]:
        """Read back and compare; returns the counts. Commits what was proven and what is owed again."""
        self.counts.update(ledger_counts(self.connection, self.document, self.run_id))
        for chunk in _chunks(self._to_read(), CHUNK):
            wrong = self._compare(chunk)
            if wrong:
                wrong = self._compare([expected for expected, _ in wrong])
            self._write(chunk, wrong)
        return self.counts

    def _to_read(self) -> Iterator[Expected]:
        everything = self.counts["at_target"] <= ALL_AT_ONCE
        before = None if everything else self._rolling()
        after = -1
        while True:
            rows = self.connection.execute(
                _TO_READ,
                {
                    "document": self.document.number, "run": self.run_id, "all": everything, "before": before,
                    "after": after, "limit": CHUNK,
                },
            ).fetchall()  # fmt: skip
            self.connection.commit()
            if not rows:
                return
            after = rows[-1][0]
            yield from (Expected(*row) for row in rows)

    def _rolling(self) -> Any:
        """Read before this moment = due again: the oldest share of a day, less what was read in the last day."""
        share = math.ceil(self.counts["at_target"] / max(1, self.document.system.prove_within_days))
        row = self.connection.execute(
            "select max(proven_at) from (select proven_at from delivery where document = %s and target_id is not null "
            "order by proven_at nulls first limit greatest(0, %s - (select count(*) from delivery where document = %s "
            "and proven_at > now() - interval '20 hours'))) t",
            (self.document.number, share, self.document.number),
        ).fetchone()
        return row[0] if row else None

    def _compare(self, chunk: Sequence[Expected]) -> list[tuple[Expected, bytes | None]]:
        """Those that the target holds differently, with their view; None = it does not hold them."""
        views: dict[str, bytes] = {}
        for blob in self.sink.read(self.document.kind, [expected.target_id for expected in chunk]):
            for raw in self.cut(blob.stream, blob.body, blob.media):
                if not raw.gone:
                    views[raw.id] = self.viewer.of_raw(raw)
        found = [(expected, views.get(expected.target_id)) for expected in chunk]
        return [(one, view) for one, view in found if view is None or digest_of(view) != one.digest]

    def _write(self, chunk: Sequence[Expected], wrong: Sequence[tuple[Expected, bytes | None]]) -> None:
        bad = {expected.hub_id for expected, _ in wrong}
        good = [expected.hub_id for expected in chunk if expected.hub_id not in bad]
        self.counts["read_back"] += len(chunk)
        self.counts["equal"] += len(good)
        self.connection.execute(
            "update delivery set proven_run = %s, proven_at = now() where document = %s and hub_id = any(%s)",
            (self.run_id, self.document.number, good),
        )
        if wrong:
            ours = self._rendered([expected.hub_id for expected, _ in wrong])
            for expected, view in wrong:
                self._difference(expected, view, ours.get(expected.hub_id))
            self.connection.execute(
                "update delivery set delivered = 0, delivered_digest = null, state = 'idle', not_before = null "
                "where document = %s and hub_id = any(%s)",
                (self.document.number, list(bad)),
            )
            self.counts["plan"] += len(bad)
        self.connection.commit()

    def _difference(self, expected: Expected, view: bytes | None, ours: bytes | None) -> None:
        kind = "missing" if view is None else "different"
        self.counts[kind] += 1
        if len(self.differences) >= MOST_SHOWN:
            return
        shown: dict[str, Any] = {"class": kind, "key": expected.code, "target_id": expected.target_id}
        if view is not None and ours is not None:
            shown["fields"] = differing(ours, view)
        self.differences.append(shown)

    def _rendered(self, ids: Sequence[int]) -> dict[int, bytes]:
        """What we would send now, to name the fields that differ."""
        return rendered_views(self.connection, self.document, self.documents, ids, self.viewer)


def differing(ours: bytes, theirs: bytes) -> dict[str, Any]:
    """The fields in which two views differ."""
    mine, found = msgspec.json.decode(ours), msgspec.json.decode(theirs)
    names = [name for name in mine if mine[name] != found.get(name)]
    return {name: {"ours": mine[name], "theirs": found.get(name)} for name in names}


def rendered_views(
    connection: psycopg.Connection[Any],
    document: Document,
    documents: Sequence[Document],
    ids: Sequence[int],
    viewer: Viewer,
) -> dict[int, bytes]:
    """The views of these documents as they render now; without those that cannot be rendered."""
    codes = connection.execute(
        "select hub_id, code from delivery where document = %s and hub_id = any(%s) and code is not null",
        (document.number, list(ids)),
    ).fetchall()
    loaded = load(connection, document, ids, channel_of(document.system), dict(codes), set())
    refs = KnownIds(references_of(document, documents))
    refs.load(connection, loaded.documents)
    made = {}
    for hub_id, one in loaded.documents.items():
        try:
            made[hub_id] = viewer.of_payload(document.mapping.render(one, refs))
        except (NotPublishable, Waiting):
            continue
    return made


def ledger_counts(connection: psycopg.Connection[Any], document: Document, run_id: int) -> dict[str, int]:
    """What the ledger knows of one document kind."""
    row = connection.execute(_LEDGER, {"document": document.number, "run": run_id}).fetchone()
    assert row is not None
    return dict(zip(_NAMES, row, strict=True))


def oldest_unread_days(connection: psycopg.Connection[Any], document: Document) -> float | None:
    """Days since the document that was read back longest ago; None when nothing is at the target."""
    row = connection.execute(
        "select extract(epoch from now() - min(coalesce(proven_at, delivered_at))) / 86400 from delivery "
        "where document = %s and target_id is not null",
        (document.number,),
    ).fetchone()
    return None if row is None or row[0] is None else float(row[0])


def _chunks(items: Iterable[Expected], size: int) -> Iterator[list[Expected]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk
