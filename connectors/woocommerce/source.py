"""Products, variations and categories out of a WooCommerce shop."""

from __future__ import annotations

import email.utils
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import msgspec

from canonical_model.errors import ConfigError, RejectRecord, RetryLater
from connectors.http import Answer, Http
from connectors.protocol import Blob, Connection, Pace, Raw
from connectors.woocommerce.client import NoSuchAddress, Page, Row, check, in_flight, listing, open_shop

KINDS = {"products": "product", "variations": "variation", "categories": "category"}
STREAMS = {kind: stream for stream, kind in KINDS.items()}
OVERLAP = timedelta(minutes=10)
"""A slow transaction may commit later than its own `date_modified`: each window starts a little earlier."""

MEDIA = "application/json"


class Cursor(msgspec.Struct):
    """Where a pull stands.

    Attributes:
        since: start of the window on the shop's clock; empty for everything.
        started: when this listing began, on the shop's clock: the next window starts there.
        after: the last id of this listing that is durable; 0 between listings.
    """

    since: str = ""
    started: str = ""
    after: int = 0


def open_source(connection: Connection, options: Mapping[str, Any], pace: Pace) -> WooSource:
    """The source of a connection; reaches out only when asked something."""
    return WooSource(open_shop(connection, options, pace))


class WooSource:
    """Reads a shop; see the README for what its API cannot tell."""

    def __init__(self, shop: Http) -> None:
        self._shop = shop

    def check(self) -> str:
        """Reach the shop; raises ConfigError or RetryLater."""
        return check(self._shop)

    def pull(self, stream: str, since: str | None) -> Iterator[Blob]:
        """Blobs of rows changed since the cursor; everything, as a snapshot, without one (and for categories, which
        carry no dates). An interrupted listing goes on behind the last durable row.
        """
        cursor = msgspec.json.decode(since, type=Cursor) if since else Cursor()
        if stream == "categories":
            cursor.since = ""
        started = cursor.started if cursor.after else ""
        for page in self._pages(stream, cursor):
            started = started or shop_clock(page.answer)
            rows = self._of_parents(page.rows, window(cursor.since)) if stream == "variations" else page.rows
            following = Cursor(since=started) if page.last else Cursor(cursor.since, started, page.last_id)
            yield Blob(
                stream=stream,
                name=f"{stream}-{page.last_id}.json",
                media=MEDIA,
                body=io.BytesIO(joined(rows)),
                cursor=msgspec.json.encode(following).decode(),
                package=f"{stream}-{started}",
                last=page.last,
                snapshot=not cursor.since,
            )

    def _pages(self, stream: str, cursor: Cursor) -> Iterator[Page]:
        """The listing behind a stream; variations hang on the variable products, all of which are walked."""
        if stream == "products":
            return listing(self._shop, "/products", {"status": "any", **window(cursor.since)}, cursor.after)
        if stream == "variations":
            return listing(self._shop, "/products", {"status": "any", "type": "variable"}, cursor.after)
        if stream == "categories":
            return listing(self._shop, "/products/categories", {}, cursor.after)
        msg = f"woocommerce has no stream {stream!r}; it has {', '.join(KINDS)}"
        raise ConfigError(msg)

    def _of_parents(self, parents: list[msgspec.Raw], changed: Mapping[str, str]) -> list[bytes]:
        """Variations of these products, asked for side by side, in order of their parents."""
        ids = [msgspec.json.decode(row, type=Row).id for row in parents]
        found = dict(in_flight(lambda parent: (parent, variations(self._shop, parent, changed)), ids))
        return [row for parent in ids for row in found[parent]]

    def cut(self, stream: str, body: BinaryIO, media: str) -> Iterator[Raw]:
        """See module function `cut`."""
        return cut(stream, body, media)

    def acknowledge(self, stream: str, receipts: Iterable[str]) -> None:
        """A shop keeps no queue: nothing has to be told."""

    def close(self) -> None:
        """Close the connections to the shop."""
        self._shop.close()


def variations(shop: Http, parent: int, params: Mapping[str, str]) -> list[bytes]:
    """Variations of one product, each naming its `parent_id` (older shops leave it out); none if it is gone."""
    path = f"/products/{parent}/variations"
    try:
        rows = [row for page in listing(shop, path, {"status": "any", **params}) for row in page.rows]
    except NoSuchAddress:
        return []
    return [with_parent(bytes(row), parent) for row in rows]


def listed(shop: Http, kind: str, ids: Iterable[str]) -> list[msgspec.Raw]:
    """Products or categories with these ids, in order of id; at most 100 at once."""
    path, params = ("/products/categories", {}) if kind == "category" else ("/products", {"status": "any"})
    pages = listing(shop, path, {**params, "include": ",".join(ids)})
    return [row for page in pages for row in page.rows]


def with_parent(row: bytes, parent: int) -> bytes:
    """The row with `parent_id` in front, unless it names it already."""
    if msgspec.json.decode(row, type=Row).parent_id is not None:
        return row
    return b'{"parent_id":%d,' % parent + row.lstrip()[1:]


def window(since: str) -> dict[str, str]:
    """The filter for rows changed since a moment, overlapping; without `dates_are_gmt` the shop reads its own zone."""
    if not since:
        return {}
    start = datetime.fromisoformat(since) - OVERLAP
    return {"modified_after": start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": "true"}


def shop_clock(answer: Answer) -> str:
    """The moment of an answer on the shop's own clock, ISO 8601 in UTC; ours is not asked, it may be off.

    Raises:
        RetryLater: the answer carries no `Date`.
    """
    try:
        return email.utils.parsedate_to_datetime(answer.headers["date"]).astimezone(UTC).isoformat()
    except (KeyError, ValueError):
        msg = f"{answer.where}: the answer carries no valid Date header"
    raise RetryLater(msg)


def joined(rows: Iterable[bytes | msgspec.Raw]) -> bytes:
    """A JSON array of rows, each byte for byte as received."""
    return b"[" + b",\n".join(bytes(row) for row in rows) + b"]"


def cut(stream: str, body: BinaryIO, media: str) -> Iterator[Raw]:
    """Rows of a landed blob. Id of a variation: `<product>/<variation>`, which is also its target id.

    Raises:
        RejectRecord: the blob is not a JSON array of rows with ids, or the stream has another name.
    """
    kind, data, at = KINDS.get(stream), body.read(), 0
    if kind is None:
        msg = f"woocommerce has no stream {stream!r}; it has {', '.join(KINDS)}"
        raise RejectRecord(msg)
    try:
        rows = msgspec.json.decode(data, type=list[msgspec.Raw])
        for raw in rows:
            record = bytes(raw)
            row = msgspec.json.decode(record, type=Row)
            at = data.index(record, at)
            id_ = f"{row.parent_id}/{row.id}" if kind == "variation" else str(row.id)
            yield Raw(kind, id_, record, at, row.status == "trash")
            at += len(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        msg = f"{stream}: not a JSON array of rows with ids: {error}"
        raise RejectRecord(msg) from None
