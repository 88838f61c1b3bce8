"""The landing store: bytes as received, compressed, with a manifest beside each blob.

fsspec: `file://` by default, `s3://` when configured. A file is written under a passing name and renamed, so a reader
never sees half of it. The manifest repeats what the database knows, so that a restored database can re-register blobs.
"""

import hashlib
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple, cast

import fsspec
import zstandard

from canonical_model.errors import RejectRecord

CHUNK = 1 << 20


class Landed(NamedTuple):
    """A blob that is durable: its path in the store, sha256 of the bytes as received, and their number."""

    path: str
    sha256: bytes
    size: int


class LandingStore:
    """Blobs, delta indexes and staged rows under one root URL (`file:///…` or `s3://…`)."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.fs, self.root = fsspec.core.url_to_fs(self.url)

    def write(self, folder: str, name: str, body: BinaryIO, facts: dict[str, Any], *, cap: int = 8 << 30) -> Landed:
        """Copy `body` into `folder`, with `facts` in its manifest; raises RejectRecord beyond `cap` bytes."""
        path = f"{folder}/{PurePosixPath(name.replace('/', '_')).name}.zst"
        digest, size = hashlib.sha256(), 0
        with self.create(path) as raw, zstandard.ZstdCompressor(level=-1).stream_writer(raw, closefd=False) as out:
            while chunk := body.read(CHUNK):
                size += len(chunk)
                if size > cap:
                    message = f"{name} is larger than {cap} bytes"
                    raise RejectRecord(message)
                digest.update(chunk)
                out.write(chunk)
        landed = Landed(path, digest.digest(), size)
        self._manifest(facts | {"name": name}, landed)
        return landed

    def _manifest(self, facts: dict[str, Any], landed: Landed) -> None:
        manifest = facts | {
            "sha256": landed.sha256.hex(),
            "size": landed.size,
            "landed_at": datetime.now(UTC).isoformat(),
        }
        with self.create(f"{landed.path}.json") as out:
            out.write(json.dumps(manifest, ensure_ascii=False, indent=1).encode())

    def open(self, path: str) -> BinaryIO:
        """Open a landed blob, decompressed."""
        raw = self.fs.open(f"{self.root}/{path}", "rb")
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_size=CHUNK, closefd=True)
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, reader), CHUNK))

    def create(self, path: str) -> "_Renamed":
        """Open a file for writing that appears under its name only when it is complete."""
        return _Renamed(self.fs, f"{self.root}/{path}")

    def read_bytes(self, path: str) -> bytes:
        """Read a small file whole."""
        return cast(bytes, self.fs.cat_file(f"{self.root}/{path}"))

    def open_plain(self, path: str) -> BinaryIO:
        """Open a file that was written by `create`."""
        if (local := self.local(path)) is not None:
            return Path(local).open("rb")  # fsspec's own file object costs a Python call a line
        return cast(BinaryIO, self.fs.open(f"{self.root}/{path}", "rb"))

    def local(self, path: str) -> str | None:
        """Return the path on this machine's disk, or None when the store is elsewhere."""
        return f"{self.root}/{path}" if self.url.startswith("file:") else None

    def remove(self, folder: str) -> None:
        """Remove a folder and what is in it; nothing happens when it is not there."""
        if self.fs.exists(f"{self.root}/{folder}"):
            self.fs.rm(f"{self.root}/{folder}", recursive=True)


class _Renamed:
    """Writes to `<path>.part` and renames on success."""

    def __init__(self, fs: Any, path: str) -> None:
        self.fs, self.path = fs, path
        self.file: Any = None

    def __enter__(self) -> BinaryIO:
        self.fs.makedirs(self.path.rsplit("/", 1)[0], exist_ok=True)
        self.file = self.fs.open(f"{self.path}.part", "wb")
        return cast(BinaryIO, self.file)

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None and (descriptor := getattr(self.file, "fileno", None)) is not None:
            # The database will say that it is here, and the source will be told: it must survive a power cut.
            self.file.flush()
            os.fsync(descriptor())
        self.file.close()
        if kind is None:
            self.fs.mv(f"{self.path}.part", self.path)
        else:
            self.fs.rm(f"{self.path}.part")
