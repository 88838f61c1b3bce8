"""The feed as a source: one file, cut into categories and offers, for the read-back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from xml.sax.saxutils import unescape as unescaped

import xxhash

from canonical_model.errors import ConfigError, RejectRecord
from connectors.folders import Folder
from connectors.protocol import Blob, Connection, Pace, Raw
from connectors.sftp import open_folder
from connectors.xml import utf8_chunks

STREAM = "feed"
DEFAULT_FILE = "feed.xml"
MAX_RECORD = 10 << 20
CHUNK = 1 << 18

_DATE = re.compile(rb"""<yml_catalog\s[^>]*?date\s*=\s*["']([^"']*)["']""")
_RECORD = re.compile(
    rb"<!--(?:.*?-->|(?P<open>.*))|<(offer|category)\b[^<]*(?:<(?!/\2>)(?:!\[CDATA\[.*?\]\]>)?[^<]*)*</\2>", re.DOTALL
)
_ID = re.compile(rb"""<\w+(?:\s[^>]*?)?\sid\s*=\s*["']([^"']*)["']""")


def open_source(connection: Connection, options: Mapping[str, Any], pace: Pace) -> YmlSource:
    """The feed in a connection's folder; option `file`."""
    return YmlSource(open_folder(connection), str(options.get("file") or DEFAULT_FILE))


class YmlSource:
    """Reads one feed file."""

    def __init__(self, folder: Folder, file: str) -> None:
        self._folder, self._file = folder, file

    def check(self) -> str:
        """Say which feed stands in the folder; raises ConfigError or RetryLater."""
        entry = next((one for one in self._folder.list() if one.name == self._file), None)
        if entry is None:
            return f"the folder is there, no {self._file} in it yet"
        return f"{self._file} stands in the folder, {entry.size} bytes"

    def pull(self, stream: str, since: str | None) -> Iterator[Blob]:
        """The feed as one snapshot; nothing when there is none."""
        if stream != STREAM:
            msg = f"yml has no stream {stream!r}; it has {STREAM}"
            raise ConfigError(msg)
        entry = self._folder.find(self._file)
        if entry is None:
            return
        with self._folder.open(entry) as body:
            yield Blob(STREAM, self._file, "application/xml", body, package=str(entry.mtime), snapshot=True)

    def cut(self, stream: str, body: BinaryIO, media: str) -> Iterator[Raw]:
        """See module function `cut`."""
        return cut(stream, body, media)

    def acknowledge(self, stream: str, receipts: Iterable[str]) -> None:
        """A feed stays where it stands: nothing has to be told."""

    def close(self) -> None:
        """Let go of the connection."""
        self._folder.close()


def cut(stream: str, body: BinaryIO, media: str) -> Iterator[Raw]:
    """Categories and offers of a feed, each as its bytes in UTF-8; memory stays flat.

    Raises:
        RejectRecord: not a whole feed, a record without id or larger than 10 MB; what came before has been yielded.
    """
    head, chunks = utf8_chunks(body)
    if head.root != "yml_catalog":
        msg = f"the root element is {head.root or 'missing'}, not yml_catalog"
        raise RejectRecord(msg)
    rest, at = b"", 0
    for chunk in chunks:
        rest, end = rest + chunk, 0
        for found in _RECORD.finditer(rest):
            if found["open"] is not None:
                break
            if found[2]:
                yield _record(found, at)
            end = found.end()
        rest, at = rest[end:], at + end
        if len(rest) > MAX_RECORD:
            msg = f"byte {at}: a record larger than {MAX_RECORD} bytes"
            raise RejectRecord(msg)
    if not rest.rstrip().endswith(b"</yml_catalog>"):
        raise RejectRecord("the feed ends before </yml_catalog>: it was cut short")


def _record(found: re.Match[bytes], base: int) -> Raw:
    id_ = _ID.match(found[0])
    if id_ is None or not id_[1]:
        msg = f"byte {base + found.start()}: {found[2].decode()} without an id"
        raise RejectRecord(msg)
    return Raw(
        found[2].decode(), unescaped(id_[1].decode(), {"&quot;": '"', "&apos;": "'"}), found[0], base + found.start()
    )


def feed_date(feed: BinaryIO) -> datetime | None:
    """The date in a feed's head; None when it has none. One without a zone is read as UTC."""
    found = _DATE.search(feed.read(CHUNK))
    try:
        moment = datetime.fromisoformat(found[1].decode()) if found else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def undated_digest(feed: BinaryIO) -> bytes:
    """Digest of a feed without the date in its head."""
    digest = xxhash.xxh3_128(_DATE.sub(b"", feed.read(CHUNK), count=1))
    for chunk in chunks_of(feed):
        digest.update(chunk)
    return digest.digest()


def chunks_of(feed: BinaryIO) -> Iterator[bytes]:
    """The rest of a file in pieces of 256 KiB."""
    while chunk := feed.read(CHUNK):
        yield chunk
