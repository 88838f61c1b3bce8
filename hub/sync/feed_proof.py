"""A published feed is read back whole: every offer in it is compared with what it should say, in one pass.

The feed stands in the order of hub ids, as it was written, so both sides are walked together and memory stays flat.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple, cast

import psycopg

from canonical_model.errors import RejectRecord
from connectors import registry
from connectors.xml import parse
from hub.landscape.hub import Hub
from hub.sync.attempts import refused_before
from hub.sync.feed import Feed, no_cycles
from hub.sync.readback import MOST_SHOWN, differing, ledger_counts
from hub.sync.targets import Document
from hub.sync.views import Viewer

AHEAD = 100
"""How many offers a feed may lack in a row, or have too many, and still be walked in step."""


def prove(
    hub: Hub, connection: psycopg.Connection[Any], run_id: int, documents: Sequence[Document], *, paused: bool
) -> tuple[Counter[str], list[dict[str, Any]]]:
    """Compare the published feed with what renders now; returns counts and the first differences.

    A feed that is owed already is not read: what it should say has moved on. A difference makes the feed owed again;
    an offer that the feed refused is none: writing it again cannot help. A feed that is not one any more (cut short,
    replaced by something else) is one difference with its reason, and ends the walk.
    """
    counts: Counter[str] = Counter(paused=int(paused))
    for document in documents:
        counts.update(ledger_counts(connection, document, run_id))
    connection.commit()
    counts["documents"] = 0
    differences: list[dict[str, Any]] = []
    if paused or counts["owed"] or not counts["at_target"]:
        return counts, differences
    feed = Feed(hub, run_id, connection, documents)
    viewer, refused = Viewer(documents[-1]), refused_before(connection, documents[-1])
    offers = feed.letters()
    next(offers)
    standing = _Standing(hub, documents[-1])
    published = _InOrder(iter(standing))
    with no_cycles():
        for letter in offers:
            code = str(letter.payload["id"])
            ours, offer = viewer.of_payload(letter.payload), published.take(code)
            if standing.broken is not None:
                break
            theirs = viewer.of_record(cast(Any, offer.element)) if offer is not None else None
            counts["read_back"] += 1
            if theirs == ours:
                counts["equal"] += 1
                continue
            left_out = refused.get(letter.id) if theirs is None else None
            kind = "different" if theirs else "refused" if left_out else "missing"
            counts[kind] += 1
            if len(differences) < MOST_SHOWN:
                more: dict[str, Any] = {"fields": differing(ours, theirs)} if theirs else {}
                differences.append({"class": kind, "key": code} | ({"reason": left_out} if left_out else more))
    if standing.broken is None:
        counts["strangers"] = published.rest()
    offers.close()
    connection.rollback()
    if standing.broken is not None:
        counts["different"] += 1
        reason = f"the feed that stands there cannot be read: {standing.broken}; it is written again"
        differences.insert(0, {"class": "different", "key": documents[-1].system.name, "reason": reason})
    counts["documents"], counts["unpublishable"] = feed.counts["offers"], feed.counts["unpublishable"]
    counts["hidden"] = feed.counts["hidden"]
    _settle(connection, run_id, documents, wrong=counts["different"] + counts["missing"] + counts["strangers"])
    return counts, differences


class _Offer(NamedTuple):
    """One published offer."""

    id: str
    element: Any


class _InOrder:
    """Published offers, taken in the order in which they should stand; looks a little ahead for one that is missing."""

    def __init__(self, offers: Iterator[_Offer]) -> None:
        self.offers, self.ahead, self.strangers = offers, deque[_Offer](), 0

    def take(self, code: str) -> _Offer | None:
        """The offer of that code, or None; offers that are passed over are strangers."""
        if not self.ahead:
            self.ahead.extend(islice(self.offers, 1))
        if self.ahead and self.ahead[0].id != code:
            self.ahead.extend(islice(self.offers, AHEAD - len(self.ahead)))
        at = next((at for at, raw in enumerate(self.ahead) if raw.id == code), None)
        if at is None:
            return None
        self.strangers += at
        for _ in range(at):
            self.ahead.popleft()
        return self.ahead.popleft()

    def rest(self) -> int:
        """Strangers among what was published, what is left included."""
        return self.strangers + len(self.ahead) + sum(1 for _ in self.offers)


class _Standing:
    """Offers of the feed as it stands; `broken` says why no more of them came, where the feed is none any more."""

    def __init__(self, hub: Hub, offer: Document) -> None:
        self.hub, self.offer = hub, offer
        self.broken: str | None = None

    def __iter__(self) -> Iterator[_Offer]:
        try:
            yield from self._offers()
        except RejectRecord as why:
            self.broken = str(why)

    def _offers(self) -> Iterator[_Offer]:
        cut = registry.cut(self.offer.system.connector)
        with closing(self.hub.sink(self.offer.system)) as sink:
            for blob in sink.read(self.offer.kind, None):
                for raw in cut(blob.stream, blob.body, blob.media):
                    if raw.kind == self.offer.kind:
                        yield _Offer(raw.id, parse(raw.body))


def _settle(connection: psycopg.Connection[Any], run_id: int, documents: Sequence[Document], wrong: int) -> None:
    numbers = [document.number for document in documents]
    if wrong:
        query = "update delivery set delivered = 0 where document = any(%s)"
        connection.execute(query, (numbers,))
    else:
        query = "update delivery set proven_run = %s, proven_at = now() where document = any(%s)"
        connection.execute(query, (run_id, numbers))
    connection.commit()
