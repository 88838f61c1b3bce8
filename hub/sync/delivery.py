"""One document kind on its way to one target, in one process."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg

from connectors.protocol import Absent, Accepted, Done, Letter, Outcome, Refused, RetryAt, Sink, Unknown
from hub.landscape.hub import Hub
from hub.sync import attempts
from hub.sync.assortment import Assortment
from hub.sync.claims import LEASE_S, OWED, Row, Settled, claim, count_owed, release, renew, settle
from hub.sync.documents import channel_of, load
from hub.sync.failpoints import reach
from hub.sync.references import KnownIds, references_of, wake
from hub.sync.rendering import Held, NoCode, Ready, decide
from hub.sync.runs import progress
from hub.sync.shop_codes import ShopCodes
from hub.sync.targets import Document
from hub.sync.views import Viewer

CHUNK = 250
"""Few enough that the first request leaves early; the next chunk is rendered while requests are under way."""
LUMP = 100
LUMP_S = 0.2
ASK_AGAIN_S = 5.0
"""A request that was not answered may still be running there: so long before it is asked about."""


class Delivery:
    """Claims, renders, pushes and settles documents of one kind."""

    def __init__(
        self,
        hub: Hub,
        run_id: int,
        connection: psycopg.Connection[Any],
        sink: Sink,
        document: Document,
        documents: Sequence[Document],
        assortment: Assortment,
        *,
        dry: bool,
        only: Sequence[int] | None,
    ) -> None:
        self.hub, self.run_id, self.connection, self.sink = hub, run_id, connection, sink
        self.document, self.documents, self.assortment = document, documents, assortment
        self.dry, self.only = dry, only
        self.counts: Counter[str] = Counter()
        self.channel = channel_of(document.system)
        self.refs = KnownIds(references_of(document, documents), dry=dry)
        self.codes = ShopCodes(connection, document)
        self.viewer = Viewer(document)
        self.pending: dict[int, Ready] = {}
        self.unsent: dict[int, Row] = {}
        self.leased = time.monotonic()
        self.due: dict[int, Any] = {}
        self.lump: list[tuple[Settled, Outcome | None]] = []
        self.flushed = time.monotonic()
        self.moved = 0
        self.total = count_owed(connection, document, only)
        connection.commit()

    def wave(self) -> int:
        """Go once over all that is owed; returns how many documents came further."""
        self.moved = 0
        letters = self._letters()
        if self.dry:
            for letter in letters:
                self.counts[f"would {letter.op}"] += 1
            return 0
        try:
            for outcome in self.sink.push(self.document.kind, letters):
                self._settle_outcome(outcome)
        finally:
            self._give_back()
            self._unanswered()
        return self.moved

    def soonest(self) -> float | None:
        """Seconds until something owed may be tried again; None when nothing is."""
        row = self.connection.execute(
            "select extract(epoch from min(not_before) - now()) from delivery "
            f"where document = %s and {OWED} and not_before is not null and lease_until is null "
            "and (%s::bigint[] is null or hub_id = any(%s))",
            (self.document.number, *[list(self.only) if self.only else None] * 2),
        ).fetchone()
        self.connection.commit()
        return None if row is None or row[0] is None else max(float(row[0]), 0.0) + 0.05

    def finish(self) -> None:
        """Count what stays behind, and say that this kind is through."""
        if not self.dry:
            rows = self.connection.execute(
                f"select state, count(*) from delivery where document = %s and {OWED} "
                "and (%s::bigint[] is null or hub_id = any(%s)) group by 1",
                (self.document.number, *[list(self.only) if self.only else None] * 2),
            ).fetchall()
            self.connection.commit()
            self.counts.update({"left" if state == "idle" else state: number for state, number in rows})
        self._progress(finished=True)

    def _letters(self) -> Iterator[Letter]:
        """Claim chunk after chunk as the sink takes letters."""
        after = 0
        while rows := self._claim(after):
            after = rows[-1].hub_id
            reach("deliver:claimed")
            if not self.dry:
                rows = self._asked(rows)
            ready = self._decide(rows)
            self.unsent = {one.row.hub_id: one.row for one in ready}
            for one in ready:
                if self._still_ours(one):
                    self.pending[one.row.hub_id] = one
                    yield one.letter
            self._progress()

    def _claim(self, after: int) -> list[Row]:
        self.leased = time.monotonic()
        rows = claim(self.connection, self.document, after, CHUNK, self.only, dry=self.dry)
        self.unsent = {row.hub_id: row for row in rows}
        return rows

    def _still_ours(self, one: Ready) -> bool:
        """Take a letter out of what is unsent; False where a newer try has taken its row over: it must not leave."""
        if not self.dry and time.monotonic() - self.leased > LEASE_S / 2:
            leased = time.monotonic()
            claimed = [*self.unsent.values(), *(ready.row for ready in self.pending.values())]
            kept = renew(self.connection, self.document, claimed)
            self.unsent = {root: row for root, row in self.unsent.items() if root in kept}
            self.leased = leased
        return self.unsent.pop(one.row.hub_id, None) is not None

    def _give_back(self) -> None:
        """Free what was claimed and never left, when the sink stopped in the middle of a chunk."""
        if self.unsent:
            self.connection.rollback()
            rows, self.unsent = list(self.unsent.values()), {}
            attempts.never_sent(self.connection, self.document, rows)
            release(self.connection, self.document, rows)

    # --- what is known before anything is pushed ---------------------------------------------------------------------

    def _asked(self, rows: list[Row]) -> list[Row]:
        """Ask about what may be at the target already; returns the rows that can go on, with what was learnt."""
        begun = attempts.open_keys(self.connection, self.document, rows, ASK_AGAIN_S)
        self.connection.commit()
        rows = self._let_settle(rows, begun)
        doubtful = {row.hub_id: row for row in rows if row.hub_id in begun or row.state == "asked"}
        if not doubtful:
            return rows
        letters = self._questions(list(doubtful.values()), {root: one.key for root, one in begun.items()})
        answers: dict[int, Row | None] = {}
        for outcome in self.sink.ask(self.document.kind, letters):
            row = doubtful[outcome.letter.id]
            answers[row.hub_id] = self._learn(row, outcome)
        reach("deliver:asked")
        self._flush()
        silent = [row for root, row in doubtful.items() if root not in answers]
        release(self.connection, self.document, silent)
        return [found for row in rows if (found := answers.get(row.hub_id) if row.hub_id in doubtful else row)]

    def _let_settle(self, rows: list[Row], begun: Mapping[int, attempts.Open]) -> list[Row]:
        """Leave what the target may still be at, begun by a try that is gone, for a moment; returns the other rows."""
        early = {root: one for root, one in begun.items() if one.wait_s > 0}
        for row in rows:
            if row.hub_id in early:
                reason = "it may still be running there; the target is asked what became of it before it is sent again"
                wait = early[row.hub_id].wait_s
                self._settle(Settled(row, "unknown", delivered=False, reason=reason, wait_s=wait), None)
        if early:
            self._flush()
        return [row for row in rows if row.hub_id not in early]

    def _questions(self, rows: list[Row], keys: dict[int, str]) -> list[Letter]:
        loaded = load(self.connection, self.document, [row.hub_id for row in rows], self.channel, {}, set())
        self.refs.load(self.connection, loaded.documents)
        self.connection.commit()
        made = []
        for row in rows:
            document = loaded.documents.get(row.hub_id)
            parent = self.refs.parent_if_known(document) if document else None
            key = keys.get(row.hub_id, row.code or "")
            op: Any = "update" if row.target_id else "create"
            made.append(Letter(row.hub_id, self.document.kind, op, key, None, row.target_id, parent, row.ticket))
        return made

    def _learn(self, row: Row, outcome: Outcome) -> Row | None:
        """What an answer says of a doubtful row; None when it cannot go on now."""
        if isinstance(outcome, Done):
            target_id = outcome.target_id or row.target_id
            self._bind(row, target_id)
            found = row._replace(target_id=target_id, state="idle", ticket=None)
            return found._replace(delivered_digest=row.refused_digest) if row.state == "asked" else found
        if isinstance(outcome, Absent):
            attempts.end(self.connection, self.document, {row.hub_id: "absent"}, {})
            self.connection.commit()
            return row._replace(state="idle", ticket=None, refused_digest=None)
        if isinstance(outcome, RetryAt) and row.target_id:
            return row._replace(state="idle", ticket=None)
        self._settle(self._outcome(row, None, outcome), outcome)
        return None

    def _bind(self, row: Row, target_id: str | None) -> None:
        """Keep the target's id, and commit at once."""
        self.connection.execute(
            "update delivery set target_id = %s where document = %s and hub_id = %s and lease_token = %s",
            (target_id, self.document.number, row.hub_id, row.lease_token),
        )
        attempts.end(self.connection, self.document, {row.hub_id: "done"}, {row.hub_id: "found by our own key"})
        if row.target_id is None:
            wake(self.connection, self.document, [row.hub_id], self.documents)
        self.connection.commit()
        self.counts["found"] += 1

    # --- deciding ----------------------------------------------------------------------------------------------------

    def _decide(self, rows: list[Row]) -> list[Ready]:
        """Load and render a chunk; settle what needs no push; write the attempts of what is to be created; commit."""
        if not rows:
            return []
        ids = [row.hub_id for row in rows]
        hidden = self.assortment.hidden(self.connection, self.document.root, ids)
        codes = self.codes.known(ids) | {row.hub_id: row.code for row in rows if row.code}
        loaded = load(self.connection, self.document, ids, self.channel, codes, hidden)
        self.refs.load(self.connection, loaded.documents)
        self.due.update(loaded.due)
        decisions = [self._one(row, loaded.documents.get(row.hub_id)) for row in rows]
        nameless = [decision.row for decision in decisions if isinstance(decision, NoCode)]
        if nameless:
            given = self.codes.allocate([loaded.documents[row.hub_id].root for row in nameless])
            for row in nameless:
                loaded.documents[row.hub_id].code = given[row.hub_id]
            again = {row.hub_id: self._one(row, loaded.documents[row.hub_id]) for row in nameless}
            decisions = [again[d.row.hub_id] if isinstance(d, NoCode) else d for d in decisions]
        if self.dry:
            return self._dry(decisions)
        self._hold([decision for decision in decisions if isinstance(decision, Held)])
        for decision in decisions:
            if isinstance(decision, Settled):
                self._settle(decision._replace(due=self._due(decision.row)), None)
        ready = [decision for decision in decisions if isinstance(decision, Ready)]
        creates = [(one.row, one.letter.key) for one in ready if one.letter.op == "create"]
        attempts.begin(self.connection, self.document, self.run_id, creates)
        self._flush()
        reach("deliver:rendered")
        return ready

    def _one(self, row: Row, document: Any) -> Any:
        return decide(row, document, self.document.mapping, self.refs, self.viewer)

    def _due(self, row: Row) -> Any:
        return self.due.pop(row.hub_id, None)

    def _dry(self, decisions: Sequence[Any]) -> list[Ready]:
        self.connection.rollback()
        for decision in decisions:
            if isinstance(decision, Settled):
                self.counts[_counted(decision, None, dry=True)] += 1
        return [decision for decision in decisions if isinstance(decision, Ready)]

    def _hold(self, held: Sequence[Held]) -> None:
        """Waiting is for what will come; where what it waits for cannot be published, neither can this."""
        for kind in {one.waiting.document for one in held}:
            mine = [one for one in held if one.waiting.document == kind]
            other = next(document for document in self.documents if document.kind == kind)
            states = {
                row[0]: row[1:]
                for row in self.connection.execute(
                    f"select hub_id, {OWED} and state <> 'unpublishable', coalesce(reason, state), code, "
                    "target_id is not null from delivery where document = %s and hub_id = any(%s)",
                    (other.number, [one.waiting.hub_id for one in mine]),
                )
            }
            for one in mine:
                coming, why, code, there = states.get(one.waiting.hub_id, (False, "it was not received", None, False))
                if there:  # Another delivery has put it there since our look: this one is claimed again at once.
                    self.moved += 1
                if coming or there:
                    text = f"waits for {kind} {code or ''}".rstrip()
                    self._settle(Settled(one.row, "waiting", delivered=False, reason=text), None)
                else:
                    text = f"its {kind} is not at the target: {why}"
                    self._settle(Settled(one.row, "unpublishable", reason=text), None)

    # --- settling ----------------------------------------------------------------------------------------------------

    def _settle_outcome(self, outcome: Outcome) -> None:
        ready = self.pending.pop(outcome.letter.id, None)
        if ready is not None:
            self._settle(self._outcome(ready.row, ready, outcome), outcome)

    def _outcome(self, row: Row, ready: Ready | None, outcome: Outcome) -> Settled:
        """What an outcome means for the row it is about."""
        code = outcome.letter.key or None
        digest = ready.digest if ready else None
        if isinstance(outcome, Done):
            removed = outcome.letter.op == "remove" and not outcome.letter.payload
            state = "unpublishable" if ready and ready.unpublishable else "idle"
            return Settled(
                row, state, digest=digest, target_id="" if removed else outcome.target_id, code=code, pushed=True,
                reason=ready.reason if ready else None, due=self._due(row),
            )  # fmt: skip
        if isinstance(outcome, Accepted):
            wait = outcome.ask_after_s
            return Settled(row, "asked", delivered=False, refused=digest, wait_s=wait, ticket=outcome.ticket, code=code)
        if isinstance(outcome, Refused):
            reason = f"{outcome.field}: {outcome.reason}" if outcome.field else outcome.reason
            return Settled(row, "refused", reason=reason, refused=digest, code=code, due=self._due(row))
        if isinstance(outcome, Unknown):
            reason = f"{outcome.why}; the target is asked what became of it before it is sent again"
            return Settled(row, "unknown", delivered=False, reason=reason, wait_s=ASK_AGAIN_S, code=code)
        if isinstance(outcome, RetryAt):
            reason = f"{outcome.why}; it is sent again after {outcome.after_s:.0f} s"
            return Settled(row, delivered=False, reason=reason, wait_s=outcome.after_s, code=code)
        if outcome.letter.op == "remove":
            return Settled(row, digest=b"", target_id="", code=code, reason=ready.reason if ready else None)
        return Settled(row, delivered=False, digest=b"", target_id="", reason="the target has lost it", code=code)

    def _settle(self, settled: Settled, outcome: Outcome | None) -> None:
        self.lump.append((settled, outcome))
        if outcome is not None and (len(self.lump) >= LUMP or time.monotonic() - self.flushed > LUMP_S):
            self._flush()

    def _flush(self) -> None:
        """Write a lump of settlements with the ids that the target gave, and commit."""
        lump, self.lump = self.lump, []
        reach("deliver:settle")
        settle(self.connection, self.document, self.run_id, [settled for settled, _ in lump])
        told = {s.row.hub_id: type(o).__name__.lower().removesuffix("at") for s, o in lump if o is not None}
        attempts.end(self.connection, self.document, told, {s.row.hub_id: s.reason or "" for s, _ in lump})
        bound = [s.row.hub_id for s, o in lump if isinstance(o, Done) and s.row.target_id is None and s.target_id]
        if bound:
            wake(self.connection, self.document, bound, self.documents)
        self.connection.commit()
        reach("deliver:settled")
        self.flushed = time.monotonic()
        self.counts.update(name for s, o in lump if (name := _counted(s, o)))
        self.moved += sum(1 for s, o in lump if isinstance(o, Done | Absent))

    def _unanswered(self) -> None:
        """Letters that were taken and never heard of again: a create is unknown, anything else is simply owed still."""
        left, self.pending = list(self.pending.values()), {}
        for ready in left:
            outcome: Outcome = Unknown(ready.letter, "no answer came")
            if ready.letter.op != "create":
                outcome = RetryAt(ready.letter, ASK_AGAIN_S, "no answer came")
            self._settle(self._outcome(ready.row, ready, outcome), outcome)
        self._flush()

    def _progress(self, *, finished: bool = False) -> None:
        done = sum(number for name, number in self.counts.items() if name in _FINAL)
        stage = f"deliver:{self.document.name}"
        progress(self.hub, self.run_id, stage, done, max(self.total, done), finished=finished)


_FINAL = ("created", "updated", "removed", "unchanged", "refused", "unpublishable", "hidden")


def _counted(settled: Settled, outcome: Outcome | None, *, dry: bool = False) -> str:
    """The name under which a settlement is counted; empty for what is counted where it stays behind."""
    if isinstance(outcome, Done):
        return {"create": "created", "update": "updated", "remove": "removed"}.get(outcome.letter.op, "done")
    if not settled.delivered:
        return ""
    if settled.state in ("refused", "unpublishable"):
        return settled.state
    return "unchanged" if settled.row.target_id else "hidden"
