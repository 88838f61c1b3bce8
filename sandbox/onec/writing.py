"""Files as 1C leaves them: straight under the final name, growing while they are written, end tag last."""

import re
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

ARCHIVE = "webdata.zip"
_OURS = re.compile(r"(import|offers)0_\d+\.xml|webdata\.zip|[A-Za-z]+_1_\d+_[0-9a-f-]{36}\.xml")
_BATCH = 256


@dataclass(slots=True)
class Document:
    """One file being written; pieces are encoded and handed over in lumps."""

    body: IO[bytes]
    encoding: str
    pending: list[str] = field(default_factory=list)

    def write(self, text: str) -> None:
        """Add a piece of text."""
        self.pending.append(text)
        if len(self.pending) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Make everything written so far visible to whoever looks at the folder."""
        self.body.write("".join(self.pending).encode(self.encoding, "xmlcharrefreplace"))
        self.pending.clear()
        self.body.flush()


@dataclass(slots=True)
class Folder:
    """The exchange folder, with the encoding, the archive and the slowness of this 1C (seconds)."""

    path: Path
    encoding: str = "utf-8"
    zipped: bool = False
    pause_between: float = 0.0
    pause_inside: float = 0.0
    formed: datetime = datetime(2026, 11, 23, 3)  # noqa: DTZ001 - 1C writes local time without a zone
    names: list[str] = field(default_factory=list)
    archive: zipfile.ZipFile | None = None

    @contextmanager
    def session(self) -> Iterator["Folder"]:
        """Clear the last export away, as 1C does, and open the archive, if any, for all documents of this one."""
        self.path.mkdir(parents=True, exist_ok=True)
        for file in self.path.iterdir():
            if _OURS.fullmatch(file.name):
                file.unlink()
        with ExitStack() as stack:
            if self.zipped:
                self.archive = stack.enter_context(zipfile.ZipFile(self.path / ARCHIVE, "w", zipfile.ZIP_DEFLATED))
            yield self

    @contextmanager
    def document(self, name: str) -> Iterator[Document]:
        """Open one file; whatever was there under its name is gone at once."""
        if self.names and self.pause_between:
            time.sleep(self.pause_between)
        self.names.append(name)
        with self._open(name) as body:
            if self.encoding == "utf-8":
                body.write(b"\xef\xbb\xbf")
            document = Document(body, self.encoding)
            yield document
            document.flush()

    def _open(self, name: str) -> IO[bytes]:
        if self.archive is None:
            return (self.path / name).open("wb")
        when = self.formed
        entry = zipfile.ZipInfo(name, (when.year, when.month, when.day, when.hour, when.minute, when.second))
        entry.compress_type = zipfile.ZIP_DEFLATED
        return self.archive.open(entry, "w", force_zip64=True)

    def linger(self, document: Document) -> None:
        """Leave a file half-written for a while."""
        if self.pause_inside:
            document.flush()
            time.sleep(self.pause_inside)


Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Meter:
    """Counts records written and tells whoever asked, every thousand and at the end."""

    total: int
    progress: Progress | None = None
    done: int = 0

    def step(self) -> None:
        """One more record."""
        self.done += 1
        if self.progress and (self.done % 1000 == 0 or self.done == self.total):
            self.progress(self.done, self.total)
