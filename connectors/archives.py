"""Archives: members read one by one, within bounds, whatever the archive says of itself."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import BinaryIO, cast

import msgspec

from canonical_model.errors import RejectRecord
from connectors.folders import Entry, Folder, check_name

MAX_MEMBERS = 10_000
MAX_BYTES = 8 << 30
MAX_RATIO = 200
SMALL = 16 << 20
"""Below so many bytes no ratio is suspicious."""


class Member(msgspec.Struct, frozen=True):
    """One file to read, lying in a folder or in an archive there.

    Attributes:
        name: path for people: `goods/goods_1_1.xml`, `webdata.zip/import0_1.xml`.
        entry: the file in the folder that holds it: the archive, for one that lies in an archive.
        open: gives its bytes, seekable.
    """

    name: str
    entry: Entry
    open: Callable[[], BinaryIO]

    @property
    def is_archive(self) -> bool:
        """It is an archive that could not be taken apart."""
        return self.name.lower().endswith(".zip")


def members(folder: Folder, entry: Entry, opened: ExitStack) -> list[Member]:
    """The file itself, or the documents in it; an archive that is refused stands for itself (`unpacked` says why)."""
    alone = [Member(entry.name, entry, partial(folder.open, entry))]
    if not alone[0].is_archive:
        return alone
    stream = opened.enter_context(folder.open(entry))
    try:
        archive = opened.enter_context(open_archive(stream))
        inner = documents(archive)
    except RejectRecord:
        return alone
    return [Member(f"{entry.name}/{info.filename}", entry, partial(extract, archive, info)) for info in inner]


def unpacked(body: BinaryIO) -> Iterator[BinaryIO]:
    """The documents of an archive that is read as a stream; raises RejectRecord with the reason."""
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(body, copy)
        with open_archive(copy) as archive:
            for member in documents(archive):
                with extract(archive, member) as document:
                    yield document


_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)


def documents(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The XML members of an archive (pictures and the like are left); raises RejectRecord for a hostile one."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_MEMBERS:
        message = f"the archive has {len(members)} members, at most {MAX_MEMBERS}"
        raise RejectRecord(message)
    for member in members:
        check_name(member.filename)
        if member.flag_bits & 1:
            message = f"{member.filename!r} in the archive is encrypted"
            raise RejectRecord(message)
        if member.filename.lower().endswith((".zip", ".gz", ".rar", ".7z")):
            message = f"{member.filename!r} is an archive inside an archive"
            raise RejectRecord(message)
        if member.file_size > SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            message = f"{member.filename!r} unpacks to more than {MAX_RATIO} times its size"
            raise RejectRecord(message)
    if sum(member.file_size for member in members) > MAX_BYTES:
        message = f"the archive unpacks to more than {MAX_BYTES} bytes"
        raise RejectRecord(message)
    _read_through(archive)
    return [member for member in members if member.filename.lower().endswith(".xml")]


def _read_through(archive: zipfile.ZipFile) -> None:
    # Never more than each member announces is unpacked; a lie shows in its checksum.
    try:
        damaged = archive.testzip()
    except _DAMAGE as error:
        message = f"the archive is damaged: {error}"
        raise RejectRecord(message) from None
    if damaged is not None:
        message = f"{damaged!r} in the archive is damaged"
        raise RejectRecord(message)


def extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """The member's bytes in a temporary file; raises RejectRecord when they are not what the archive announces."""
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 the caller closes it
    try:
        with archive.open(member) as packed:
            while chunk := packed.read(1 << 18):
                file.write(chunk)
        if file.tell() != member.file_size:
            raise zipfile.BadZipFile("shorter than announced")
    except _DAMAGE as error:
        file.close()
        message = f"{member.filename!r} in the archive is damaged: {error}"
        raise RejectRecord(message) from None
    file.seek(0)
    return file


def open_archive(stream: BinaryIO) -> zipfile.ZipFile:
    """Open an archive; raises RejectRecord when it is none."""
    try:
        return zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        message = f"not a readable zip archive: {error}"
        raise RejectRecord(message) from None
