"""Folders of files: on this machine or behind SFTP, with one small interface, so that a connector has one code path.

Names that could lead elsewhere (`..`, separators, control characters, very long ones), symbolic links, devices and
pipes are left out of a listing and named once in the log. Files are written as `.part` and renamed when whole.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import msgspec

from canonical_model.errors import ConfigError, RejectRecord, RetryLater

PARTIAL = ".part"
ARCHIVE = "archive"
MAX_NAME = 255
MAX_PATH = 1000
MAX_ENTRIES = 20_000
MAX_DEPTH = 6

Scan = Callable[[str], Iterable[tuple[str, int, int, int]]]

log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True, order=True):
    """One regular file: name relative to the folder (`goods/goods_1_1.xml`), size in bytes, mtime in Unix seconds."""

    name: str
    size: int
    mtime: int


class Folder(Protocol):
    """What a connector needs of a place where files lie. Names are relative to it, with `/`."""

    def list(self, under: str = "", skip: Iterable[str] = ()) -> list[Entry]:
        """Regular files at any depth, without the skipped sub-folders and without unfinished `.part` files."""

    def open(self, entry: Entry) -> BinaryIO:
        """The file's bytes, seekable; raises RetryLater when it changes while it is read."""

    def rename(self, old: str, new: str) -> bool:
        """Move a file, making folders; never overwrites (a number is added); False when `old` is not there."""

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file that appears only when it is whole, in place of an older one."""

    def find(self, name: str) -> Entry | None:
        """The file as it is now, or None."""

    def close(self) -> None:
        """Let go of the connection."""


def check_name(name: str) -> str:
    """Return a relative path of plain names, or raise RejectRecord saying why it is refused."""
    parts = name.split("/")
    fault = ""
    if len(name) > MAX_PATH or any(len(part.encode("utf-8", "replace")) > MAX_NAME for part in parts):
        fault = "is too long"
    elif any(part in ("", ".", "..") for part in parts) or "\\" in name:
        fault = "leads elsewhere"
    elif not name.isprintable():
        fault = "holds characters that cannot be shown"
    if fault:
        message = f"file name {name[:80]!r} {fault}"
        raise RejectRecord(message)
    return name


def _is_safe(name: str) -> bool:
    try:
        check_name(name)
    except RejectRecord:
        return False
    return "/" not in name


def walk(
    scan: Callable[[str], Iterable[tuple[str, int, int, int]]], under: str, skip: Iterable[str]
) -> Iterator[Entry]:
    """Entries below `under`; `scan(folder)` gives (name, mode, size, mtime) without following links."""
    skipped, refused, count = set(skip), [], 0
    waiting = [(under, 0)]
    while waiting:
        folder, depth = waiting.pop()
        for name, mode, size, mtime in scan(folder):
            path = f"{folder}/{name}" if folder else name
            count += 1
            if count > MAX_ENTRIES:
                message = f"more than {MAX_ENTRIES} files in {under or 'the folder'}: clear it up"
                raise ConfigError(message)
            is_folder = stat.S_ISDIR(mode)
            if path in skipped or name.endswith(PARTIAL):
                continue
            if not _is_safe(name) or not (is_folder or stat.S_ISREG(mode)) or depth > MAX_DEPTH:
                refused.append(path[:80])
            elif is_folder:
                waiting.append((path, depth + 1))
            else:
                yield Entry(path, size, mtime)
    if refused:
        log.warning("left out %d unsafe names or special files, such as %r", len(refused), refused[0])


def free_name(folder: Folder, name: str) -> str:
    """The name, or the name with a number when it is taken."""
    stem, dot, suffix = name.rpartition(".")
    for number in range(1, 10_000):
        tried = name if number == 1 else f"{stem or suffix}.{number}{dot if stem else ''}{suffix if stem else ''}"
        if folder.find(tried) is None:
            return tried
    message = f"10 000 files named like {name!r}"
    raise ConfigError(message)


class LocalFolder:
    """A folder on this machine."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        if not self.root.is_absolute():
            message = f"folder {str(root)!r} must be an absolute path"
            raise ConfigError(message)

    def _path(self, name: str) -> Path:
        return self.root / check_name(name)

    def _scan(self, folder: str) -> Iterator[tuple[str, int, int, int]]:
        path = self.root / folder if folder else self.root
        try:
            found = list(os.scandir(path))
        except FileNotFoundError:
            message = f"folder {str(path)!r} does not exist"
            raise ConfigError(message) from None
        except (NotADirectoryError, PermissionError) as error:
            message = f"folder {str(path)!r}: {error.strerror}"
            raise ConfigError(message) from None
        for item in found:
            try:
                about = item.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield item.name, about.st_mode, about.st_size, int(about.st_mtime)

    def list(self, under: str = "", skip: Iterable[str] = ()) -> list[Entry]:
        """See `Folder.list`; raises ConfigError when the folder is not there."""
        return sorted(walk(self._scan, under, skip))

    def open(self, entry: Entry) -> BinaryIO:
        """See `Folder.open`; a link or a pipe is refused even if it took the file's place just now."""
        try:
            handle = os.open(self._path(entry.name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            message = f"{entry.name} is no longer there"
            raise RetryLater(message) from None
        except PermissionError:
            message = f"{entry.name}: no permission to read it"
            raise ConfigError(message) from None
        except OSError as error:
            message = f"{entry.name}: {error.strerror}"
            raise RejectRecord(message) from None
        stream = _Steady(handle, entry)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            stream.close()
            message = f"{entry.name} is not a regular file"
            raise RejectRecord(message)
        return io.BufferedReader(stream, 1 << 18)

    def rename(self, old: str, new: str) -> bool:
        """See `Folder.rename`."""
        if self.find(old) is None:
            return False
        target = self._path(free_name(self, new))
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path(old).rename(target)
        return True

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """See `Folder.write`."""
        target = self._path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + PARTIAL)
        with partial.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)

    def find(self, name: str) -> Entry | None:
        """See `Folder.find`."""
        try:
            about = self._path(name).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(name, about.st_size, int(about.st_mtime))

    def close(self) -> None:
        """Nothing is held."""


class _Steady(io.RawIOBase):
    """A file that says at its end whether it was rewritten meanwhile."""

    def __init__(self, handle: int, entry: Entry) -> None:
        self.handle = handle
        self.entry = entry

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.handle

    def seek(self, offset: int, whence: int = 0) -> int:
        return os.lseek(self.handle, offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Read; at the end compare size and mtime with the listing's."""
        count = os.readv(self.handle, [buffer])
        if not count:
            about = os.fstat(self.handle)
            if (about.st_size, int(about.st_mtime)) != (self.entry.size, self.entry.mtime):
                message = f"{self.entry.name} changed while it was read"
                raise RetryLater(message)
        return count

    def close(self) -> None:
        if not self.closed:
            os.close(self.handle)
        super().close()


def quiet(listing: Callable[[], list[Entry]], settle: float, patience: float = 10.0) -> list[Entry]:
    """The files of a listing once nothing has changed for `settle` seconds; none while something still does.

    Two equal listings are always asked for. Quiet that comes within `patience` seconds is waited for.
    """
    until = time.monotonic() + patience
    before, entries = None, listing()
    while entries:
        age = time.time() - max(entry.mtime for entry in entries)
        # mtime has whole seconds and the server's clock: a time to come proves nothing, watching does.
        ahead = age < -1
        rest = settle if ahead else max(settle - age, 0.0)
        if before == entries and not rest:
            return entries
        pause = max(rest, min(settle, 1.0))
        if time.monotonic() + pause > until:
            return []
        time.sleep(pause)
        before, entries = entries, listing()
        if ahead and before == entries:
            return entries
    return []


def receipt(entry: Entry) -> str:
    """What `archive` needs: the file as it was taken."""
    return f"{entry.size}:{entry.mtime}:{entry.name}"


def archive(folder: Folder, receipts: Iterable[str], under: str) -> None:
    """Move taken files to `archive/<day>/<under>/`; safe twice; one that was replaced meanwhile stays."""
    day = datetime.now(UTC).date().isoformat()
    for taken in sorted(set(receipts)):
        size, mtime, name = taken.split(":", 2)
        if folder.find(name) == Entry(name, int(size), int(mtime)):
            folder.rename(name, f"{ARCHIVE}/{day}/{under}/{name}")


def seconds(options: Mapping[str, Any], name: str, default: float) -> float:
    """A number of seconds from the landscape; raises ConfigError."""
    try:
        return float(options.get(name, default))
    except (TypeError, ValueError):
        message = f"{name} must be a number of seconds, not {options[name]!r}"
        raise ConfigError(message) from None
