"""The feed as a target: all offers at once, streamed, visible only when whole.

`push("feed", letters)`: the first letter's payload is the shop header, each following one is an offer: a payload for
`render_offer`, or one ready `<offer>…</offer>` as bytes. Outcomes come after the file stands under its name.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from canonical_model import errors
from canonical_model.errors import ConfigError
from connectors.folders import Folder
from connectors.protocol import Absent, Blob, Connection, Done, Letter, Outcome, Pace, Refused
from connectors.sftp import open_folder
from connectors.yml.header import FORMATS, TAIL, render_header
from connectors.yml.offers import legal, render_offers
from connectors.yml.source import DEFAULT_FILE, STREAM, YmlSource, chunks_of, feed_date, undated_digest

OFFERS_AT_ONCE = 100
"""Rendered together: few enough to stay in the processor's cache."""

DEFAULT_ZONE = "Europe/Moscow"
FRESH = timedelta(days=7)
"""An unchanged feed is written anew after so long: Market drops a feed whose date is ten days old."""


def open_sink(connection: Connection, options: Mapping[str, Any], pace: Pace) -> YmlSink:
    """The feed in a connection's folder. Options: `file`, `date_format` (rfc3339, minutes), `rewrite` (always)."""
    return YmlSink(open_folder(connection), options)


class YmlSink:
    """Writes one feed file."""

    def __init__(self, folder: Folder, options: Mapping[str, Any]) -> None:
        """Raises ConfigError for a date format or a zone that does not exist."""
        self._folder = folder
        self._file = str(options.get("file") or DEFAULT_FILE)
        self._format = str(options.get("date_format") or "rfc3339")
        self._always = options.get("rewrite") == "always"
        try:
            self._zone = ZoneInfo(str(options.get("zone") or DEFAULT_ZONE))
        except (ZoneInfoNotFoundError, ValueError):
            msg = f"zone {options.get('zone')!r} does not exist"
            raise ConfigError(msg) from None
        if self._format not in FORMATS:
            msg = f"date_format {self._format!r} is not one of {', '.join(FORMATS)}"
            raise ConfigError(msg)

    def check(self) -> str:
        """Say which feed stands in the folder; raises ConfigError or RetryLater."""
        return YmlSource(self._folder, self._file).check()

    def push(self, kind: str, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Write the feed and yield an outcome for each letter, header included.

        Memory stays flat: outcomes carry letters without key and payload. `duplicate`: nothing but the date differs
        from the feed that stands there, which was left alone. An offer that cannot be rendered is Refused and left
        out; so is, silently, what shall be removed.

        Raises:
            ConfigError: the first letter is no header; the folder cannot be written.
        """
        source = iter(letters)
        first = next(source, None)
        if first is None:
            return
        if not isinstance(first.payload, Mapping):
            raise ConfigError("a feed begins with its header")
        written, refused = array("q", [first.id]), list[Refused]()
        head = render_header(first.payload, self._format, self._zone)
        duplicate = self._publish(chain([head], _rendered(source, written, refused), [TAIL]))
        yield from refused
        for id_ in written:
            yield Done(Letter(id_, kind, "update", "", None), self._file, duplicate)

    def ask(self, kind: str, letters: Iterable[Letter]) -> Iterator[Outcome]:
        """Whether a feed stands there; what it holds shows only by reading it."""
        stands = self._folder.find(self._file) is not None
        for letter in letters:
            yield Done(letter, self._file, duplicate=True) if stands else Absent(letter)

    def read(self, kind: str, target_ids: Iterable[str] | None) -> Iterator[Blob]:
        """The whole feed, whatever ids are asked for."""
        return YmlSource(self._folder, self._file).pull(STREAM, None)

    def close(self) -> None:
        """Let go of the connection."""
        self._folder.close()

    def _publish(self, chunks: Iterator[bytes]) -> bool:
        """Write the feed; True when a fresh one with the same content stands there and was left alone."""
        entry = None if self._always else self._folder.find(self._file)
        if entry is None:
            self._folder.write(self._file, chunks)
            return False
        with self._folder.open(entry) as standing:
            dated = feed_date(standing)
        if dated is None or datetime.now(UTC) - dated > FRESH:
            self._folder.write(self._file, chunks)
            return False
        with tempfile.TemporaryFile() as spool, self._folder.open(entry) as standing:
            spool.writelines(chunks)
            spool.seek(0)
            if undated_digest(spool) == undated_digest(standing):
                return True
            spool.seek(0)
            self._folder.write(self._file, chunks_of(spool))
        return False


def _rendered(letters: Iterator[Letter], written: array[int], refused: list[Refused]) -> Iterator[bytes]:
    """Offers as bytes; notes which letters are in, and which cannot be."""
    while some := list(islice(letters, OFFERS_AT_ONCE)):
        kept = [letter for letter in some if letter.op != "remove"]
        written.extend(letter.id for letter in some if letter.op == "remove")
        if all(isinstance(letter.payload, bytes) for letter in kept):
            yield legal(b"".join([letter.payload for letter in kept]))
        elif not any(isinstance(letter.payload, bytes) for letter in kept):
            try:
                yield render_offers([letter.payload for letter in kept])
            except errors.Refused:
                kept = yield from _one_by_one(kept, refused)
        else:
            kept = yield from _one_by_one(kept, refused)
        written.extend([letter.id for letter in kept])


def _one_by_one(letters: list[Letter], refused: list[Refused]) -> Any:
    """Offers whose lump could not be rendered, each alone; returns the letters that could."""
    kept = []
    for letter in letters:
        try:
            yield legal(letter.payload) if isinstance(letter.payload, bytes) else render_offers([letter.payload])
        except errors.Refused as why:
            refused.append(Refused(letter, why.reason, why.field))
        else:
            kept.append(letter)
    return kept
