"""Source of CommerceML: whole packages out of a folder, one blob a file, and their records."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from canonical_model.errors import ConfigError, RetryLater
from connectors.archives import members as members_of
from connectors.commerceml.cut import XML, ZIP, cut
from connectors.commerceml.package import Package, group, judge
from connectors.folders import ARCHIVE, Entry, Folder, LocalFolder, archive, quiet, receipt, seconds
from connectors.protocol import Blob, Connection, Pace
from connectors.sftp import open_folder

__all__ = ["CommerceMl", "cut", "open_files", "open_source"]

PRICES_STOCK = "prices_stock"


def open_source(connection: Connection, options: Mapping[str, Any], pace: Pace) -> CommerceMl:
    """Open the source; `options`: `folder`, `settle` and `stale` in seconds. Raises ConfigError."""
    return CommerceMl(open_folder(connection), options)


class CommerceMl:
    """A folder in which 1C leaves packages. See README.md for what makes a file and a package complete."""

    def __init__(self, folder: Folder, options: Mapping[str, Any]) -> None:
        self.folder = folder
        self.options = options
        self.settle = seconds(options, "settle", 60)
        self.stale = seconds(options, "stale", 600)

    def check(self) -> str:
        """Say what lies in the folder; raises ConfigError or RetryLater."""
        entries = self._entries("catalogue")
        return f"{len(entries)} files wait in the exchange folder ({sum(entry.size for entry in entries)} bytes)"

    def cut(self, stream: str, body: BinaryIO, media: str) -> Iterator[Any]:
        """See `cut`."""
        return cut(stream, body, media)

    def pull(self, stream: str, since: str | None) -> Iterator[Blob]:
        """Yield complete packages, oldest first; nothing when the folder is not quiet.

        Raises:
            RetryLater: after everything that is ready: what is incomplete and older than `stale`, by name.
        """
        entries = quiet(lambda: self._entries(stream), self.settle)
        late = []
        with ExitStack() as opened:
            opened.callback(self.folder.close)
            members = [member for entry in entries for member in members_of(self.folder, entry, opened)]
            for sessions in group(members):
                for package in sessions:
                    snapshot, why = judge(package, halves_wanted=stream != PRICES_STOCK)
                    if why:
                        late.append((max(member.entry.mtime for member in package.members), why))
                        # A later session must not overtake this one.
                        break
                    yield from _blobs(package, stream, snapshot)
        overdue = [why for since_s, why in late if time.time() - since_s > self.stale]
        if overdue:
            raise RetryLater("; ".join(overdue), after=self.settle)

    def acknowledge(self, stream: str, receipts: Iterable[str]) -> None:
        """Move processed files to the archive folder; one that was replaced meanwhile stays."""
        archive(self.folder, receipts, stream)

    def close(self) -> None:
        """Let go of the connection."""
        self.folder.close()

    def _entries(self, stream: str) -> list[Entry]:
        own = str(self.options.get("folder") or "").strip("/")
        if stream == PRICES_STOCK and not own:
            own = PRICES_STOCK
            if self.folder.find(own) is None:
                return []
        found = self.folder.list(own, skip={ARCHIVE, PRICES_STOCK} - {own})
        return [entry for entry in found if entry.name.lower().endswith((".xml", ".zip"))]


def open_files(paths: Iterable[Path], stream: str = "catalogue") -> Iterator[Blob]:
    """The blobs of local files (XML or zip) as `pull` would give them, without waiting; for previews."""
    with ExitStack() as opened:
        members = []
        for path in paths:
            folder = LocalFolder(path.resolve().parent)
            entry = folder.find(path.name)
            if entry is None:
                message = f"{path} does not exist"
                raise ConfigError(message)
            members += members_of(folder, entry, opened)
        for sessions in group(members):
            for package in sessions:
                snapshot, why = judge(package)
                yield from _blobs(package, stream, snapshot and not why)


def _blobs(package: Package, stream: str, snapshot: bool) -> Iterator[Blob]:
    last = package.members[-1]
    for member in package.members:
        media = ZIP if member.is_archive else XML
        with member.open() as body:
            yield Blob(
                stream, member.name, media, body, None, package.name, member is last, snapshot, receipt(member.entry)
            )
