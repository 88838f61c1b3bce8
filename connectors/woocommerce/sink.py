"""Products, variations and categories into a WooCommerce shop: batches, with one outcome a letter.

A batch answers 200 with an error in place of each object that it refused. What concerns one object is that letter's
outcome; what concerns the request is the outcome of each letter in it. A create is never repeated blindly: unanswered,
it is `Unknown`, and `ask` looks it up by its own key (`sku`; `slug` for categories).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from canonical_model.errors import RetryLater
from connectors.http import Answer, Http, Silent, Unanswered
from connectors.protocol import Absent, Blob, Connection, Done, Letter, Outcome, Pace, Refused, RetryAt, Unknown
from connectors.woocommerce.batches import Batch, Fault, Item, Results, batches, in_windows, is_create, target_id
from connectors.woocommerce.client import IN_FLIGHT, PAGE, check, in_flight, open_shop
from connectors.woocommerce.lookup import find, holds
from connectors.woocommerce.source import MEDIA, STREAMS, WooSource, joined, listed, variations

RETRY_S = 30.0
TAKEN = ("product_invalid_sku", "woocommerce_rest_product_not_created", "term_exists", "duplicate_term_slug")
"""What a create is refused with when its key stands there already, in the shop's several versions."""

GONE = (
    "woocommerce_rest_product_invalid_id",
    "woocommerce_rest_product_variation_invalid_id",
    "woocommerce_rest_invalid_id",
    "woocommerce_rest_term_invalid",
)


def open_sink(connection: Connection, options: Mapping[str, Any], pace: Pace) -> WooSink:
    """The sink of a connection; reaches out only when given something."""
    return WooSink(open_shop(connection, options, pace), int(options.get("in_flight", IN_FLIGHT)))


class WooSink:
    """Writes to a shop; each public method may be used by one thread at a time."""

    def __init__(self, shop: Http, width: int = IN_FLIGHT) -> None:
        self._shop, self._width = shop, width

    def check(self) -> str:
        """Reach the shop; raises ConfigError or RetryLater."""
        return check(self._shop)

    def push(self, kind: str, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Send letters in batches of up to 100, several batches at once; letters are taken as they are needed.

        A payload is the JSON object itself. `remove` with an empty payload deletes for good, with a payload it updates
        (hide, zero). The target id of a variation is `<product>/<variation>`.

        Raises:
            ConfigError: the shop does not accept the keys; outcomes of what was under way come first.
        """
        for outcomes in in_flight(self._send, batches(kind, letters), self._width):
            yield from outcomes

    def ask(self, kind: str, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Look letters up by their own key, or by target id where they have one: Done, Absent, or still Unknown."""
        yield from in_flight(self._ask, letters, self._width)

    def read(self, kind: str, target_ids: Iterable[str] | None) -> Iterator[Blob]:
        """Rows as the shop holds them, to be cut like a pull of the same kind; ids that are gone are left out."""
        stream = STREAMS[kind]
        if target_ids is None:
            source = WooSource(self._shop)
            yield from source.pull(stream, None)
        elif kind == "variation":
            for number, ids in enumerate(in_windows(target_ids, PAGE * self._width)):
                rows = in_flight(self._read_variations, by_parent(ids), self._width)
                yield _blob(stream, number, [row for some in rows for row in some])
        else:
            pages = in_flight(lambda ids: listed(self._shop, kind, ids), in_windows(target_ids, PAGE), self._width)
            for number, page in enumerate(pages):
                yield _blob(stream, number, page)

    def close(self) -> None:
        """Close the connections to the shop."""
        self._shop.close()

    def _read_variations(self, job: tuple[int, list[str]]) -> list[bytes]:
        parent, ids = job
        return variations(self._shop, parent, {"include": ",".join(ids)})

    def _send(self, batch: Batch, looked: bool = False) -> list[Outcome]:
        """One batch and what became of each letter in it."""
        letters = batch.letters
        if batch.path is None:
            return [RetryAt(letter, RETRY_S, "its product is not in the shop yet") for letter in letters]
        if unnamed := [letter for letter in letters if letter.op == "remove" and not letter.target_id]:
            rest = Batch(batch.path, [letter for letter in letters if letter not in unnamed])
            return [*map(self._remove_unnamed, unnamed), *(self._send(rest) if rest.letters else ())]
        if letters[0].kind == "category" and not looked:
            return self._send_categories(batch)
        try:
            answer = self._shop.send("POST", batch.path, body=batch.body())
            if answer.ok:
                return self._settle_all(batch, answer.decode(Results))
        except Silent as error:
            return [Unknown(letter, str(error)) for letter in letters]
        except Unanswered as error:
            return [_unanswered(letter, error) for letter in letters]
        except RetryLater as error:
            return [RetryAt(letter, error.after, str(error)) for letter in letters]
        return self._refused_whole(batch, answer)

    def _refused_whole(self, batch: Batch, answer: Answer) -> list[Outcome]:
        """A request refused as a whole had no effect: halve it until the object at fault stands alone."""
        if len(batch.letters) > 1:
            return [outcome for half in batch.halves() for outcome in self._send(half)]
        try:
            fault = answer.decode(Fault)
        except Unanswered:
            fault = Fault(str(answer.status), answer.came())
        return [self._refused(letter, fault) for letter in batch.letters]

    def _refused(self, letter: Letter, fault: Fault) -> Refused:
        return Refused(letter, self._shop.redact(fault.text()), fault.field())

    def _settle_all(self, batch: Batch, results: Results) -> list[Outcome]:
        """Pair results with letters; a shop that leaves some out has told nothing about them."""
        pairs = batch.pair(results)
        if pairs is None:
            return [
                _unanswered(letter, Unanswered("the batch's answer has another length")) for letter in batch.letters
            ]
        return [self._settle(letter, item) for letter, item in pairs]

    def _settle(self, letter: Letter, item: Item) -> Outcome:
        """What one object's result means for its letter."""
        fault = item.error
        if fault is None:
            facts = {"permalink": item.permalink} if item.permalink else {}
            return Done(letter, target_id(letter, item.id), facts=facts)
        if fault.code in GONE and not is_create(letter):
            return Done(letter, letter.target_id, duplicate=True) if letter.op == "remove" else Absent(letter)
        if fault.status == 429:
            return RetryAt(letter, RETRY_S, self._shop.redact(fault.text()))
        if fault.status >= 500:
            return _unanswered(letter, Unanswered(self._shop.redact(fault.text())))
        if fault.code in TAKEN and is_create(letter):
            return self._adopt(letter, fault)
        return self._refused(letter, fault)

    def _send_categories(self, batch: Batch) -> list[Outcome]:
        """Make only those that are not there; a key that stands twice in the batch is made once."""
        first = {letter.key: letter for letter in reversed(batch.letters) if is_create(letter)}
        later = [letter for letter in batch.letters if is_create(letter) and first[letter.key] is not letter]
        looked = in_flight(lambda letter: (letter.id, self._look_first(letter)), first.values(), self._width)
        known = {id_: outcome for id_, outcome in looked if outcome}
        rest = [letter for letter in batch.letters if letter.id not in known and letter not in later]
        sent = self._send(Batch(batch.path, rest), looked=True) if rest else []
        again = self._send(Batch(batch.path, later)) if later else []
        return [*known.values(), *sent, *again]

    def _look_first(self, letter: Letter) -> Outcome | None:
        """A category whose slug is taken would silently get another one: None = it may be made."""
        try:
            rows = find(self._shop, letter)
        except RetryLater as error:
            return RetryAt(letter, error.after, str(error))
        return self._adopt(letter, Fault("slug_taken", f"slug {letter.key} is taken")) if rows else None

    def _remove_unnamed(self, letter: Letter) -> Outcome:
        """Something to take off whose target id was never learnt."""
        return self._resend(letter, Absent(letter))

    def _adopt(self, letter: Letter, fault: Fault) -> Outcome:
        """Our key stands there already: if the row is truly ours, update it; the letter is then a duplicate."""
        outcome = self._resend(replace(letter, op="update"), self._refused(letter, fault))
        if isinstance(outcome, Done):
            return Done(letter, outcome.target_id, duplicate=True, facts=outcome.facts)
        return replace(outcome, letter=letter)

    def _resend(self, letter: Letter, missing: Outcome) -> Outcome:
        """Find the letter's row by its own key and send the letter to it; `missing` where there is none."""
        try:
            rows = find(self._shop, letter)
        except RetryLater as error:
            return RetryAt(letter, error.after, str(error))
        if len(rows) != 1:
            return missing if not rows else _ambiguous(letter, [row.id for row in rows])
        named = replace(letter, target_id=target_id(letter, rows[0].id))
        (outcome,) = (made for batch in batches(letter.kind, [named]) for made in self._send(batch))
        return replace(outcome, letter=letter)

    def _ask(self, letter: Letter) -> Outcome:
        """Whether the shop holds it; of an update also whether it holds what the letter says."""
        try:
            rows = find(self._shop, letter)
        except RetryLater as error:
            return Unknown(letter, str(error))
        if not rows:
            return Absent(letter)
        if len(rows) > 1:
            return _ambiguous(letter, [row.id for row in rows])
        if letter.target_id and not holds(rows[0].whole, letter.payload or {}):
            return RetryAt(letter, 0.0, "the shop holds an older state")
        return Done(letter, target_id(letter, rows[0].id), duplicate=True)


def by_parent(ids: Iterable[str]) -> list[tuple[int, list[str]]]:
    """`<product>/<variation>` ids by product, at most a page at once."""
    found: dict[int, list[str]] = {}
    for id_ in ids:
        parent, _, variation = id_.partition("/")
        found.setdefault(int(parent), []).append(variation)
    return [(parent, some) for parent, all_ in found.items() for some in in_windows(all_, PAGE)]


def _blob(stream: str, number: int, rows: Iterable[bytes | msgspec.Raw]) -> Blob:
    return Blob(stream, f"read-{stream}-{number}.json", MEDIA, io.BytesIO(joined(rows)))


def _unanswered(letter: Letter, error: RetryLater) -> Outcome:
    """The shop failed on it: an update may simply be repeated, a create must be asked about."""
    return Unknown(letter, str(error)) if is_create(letter) else RetryAt(letter, error.after, str(error))


def _ambiguous(letter: Letter, ids: list[int]) -> Refused:
    return Refused(letter, f"{letter.key} stands on several rows of the shop: {', '.join(map(str, ids))}", "sku")
