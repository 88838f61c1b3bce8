"""The folder that is served: nothing outside it can be reached."""

import contextlib
import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paramiko import (
    ServerInterface,
    SFTPAttributes,
    SFTPHandle,
    SFTPServer,
    SFTPServerInterface,
    Transport,
)
from paramiko.sftp import SFTP_NO_SUCH_FILE, SFTP_OK, SFTP_OP_UNSUPPORTED, SFTP_PERMISSION_DENIED


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong: the connection drops after so many bytes of file data (0: never), renames are refused."""

    drop_after: int = 0
    refuse_rename: bool = False

    @classmethod
    def read(cls, file: Path) -> "Faults":
        """The faults set in a JSON file; none when it is absent."""
        with contextlib.suppress(FileNotFoundError):
            return cls(**json.loads(file.read_text("utf-8")))
        return cls()


class Session(SFTPServerInterface):
    """One client's view of the folder."""

    def __init__(
        self, server: ServerInterface, transport: Transport, root: Path, faults: Path, *largs: Any, **kwargs: Any
    ) -> None:
        super().__init__(server, *largs, **kwargs)
        self.transport = transport
        self.root = root.resolve()
        self.faults = faults
        self.moved = 0

    def allowance(self, size: int) -> int:
        """How much of a piece of file data still passes; the connection is cut at the fault's limit."""
        limit = Faults.read(self.faults).drop_after
        passed = min(size, max(limit - self.moved, 0)) if limit else size
        self.moved += passed
        if passed < size:
            self.transport.close()
        return passed

    def _local(self, path: str) -> Path:
        local = Path(f"{self.root}/{self.canonicalize(path)}")
        if not local.parent.resolve().is_relative_to(self.root) or local.is_symlink():
            raise PermissionError(path)
        return local

    def list_folder(self, path: str) -> list[SFTPAttributes] | int:
        """Names with their attributes, in no promised order."""
        try:
            return [
                SFTPAttributes.from_stat(entry.stat(), entry.name) for entry in self._local(path).iterdir()
            ]  # fmt: skip
        except OSError as error:
            return _status(error)

    def stat(self, path: str) -> SFTPAttributes | int:
        """Attributes of one entry."""
        try:
            return SFTPAttributes.from_stat(self._local(path).stat())
        except OSError as error:
            return _status(error)

    lstat = stat

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> "SFTPHandle | int":
        """A file for reading or writing."""
        try:
            descriptor = os.open(self._local(path), flags, 0o644)
        except OSError as error:
            return _status(error)
        writing = flags & (os.O_WRONLY | os.O_RDWR)
        mode = "rb" if not writing else "r+b" if flags & os.O_RDWR else "ab" if flags & os.O_APPEND else "wb"
        return _File(self, os.fdopen(descriptor, mode), flags)

    def remove(self, path: str) -> int:
        """Delete a file."""
        return _tried(lambda: self._local(path).unlink())

    def rename(self, oldpath: str, newpath: str) -> int:
        """The protocol's own rename: an existing target is an error."""
        if Faults.read(self.faults).refuse_rename:
            return SFTP_PERMISSION_DENIED
        return _tried(lambda: self._rename(oldpath, newpath, replace=False))

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """posix-rename@openssh.com: replaces the target in one step."""
        if Faults.read(self.faults).refuse_rename:
            return SFTP_PERMISSION_DENIED
        return _tried(lambda: self._rename(oldpath, newpath, replace=True))

    def _rename(self, old: str, new: str, replace: bool) -> None:
        target = self._local(new)
        if target.exists() and not replace:
            raise FileExistsError(errno.EEXIST, new)
        self._local(old).replace(target)

    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        """Make a folder."""
        return _tried(lambda: self._local(path).mkdir())

    def rmdir(self, path: str) -> int:
        """Remove an empty folder."""
        return _tried(lambda: self._local(path).rmdir())

    def chattr(self, path: str, attr: SFTPAttributes) -> int:
        """Set attributes."""
        return _tried(lambda: SFTPServer.set_file_attr(str(self._local(path)), attr))


class _File(SFTPHandle):
    """An open file whose traffic is counted."""

    def __init__(self, session: Session, body: Any, flags: int) -> None:
        super().__init__(flags)
        self.session = session
        self.readfile = self.writefile = body
        self.body = body

    def read(self, offset: int, length: int) -> Any:
        """A slice of the file."""
        return super().read(offset, self.session.allowance(length))

    def write(self, offset: int, data: Any) -> int:
        """Write a slice."""
        status: int = super().write(offset, data[: self.session.allowance(len(data))])
        return status

    def stat(self) -> SFTPAttributes | int:
        """Attributes of the open file."""
        return SFTPAttributes.from_stat(os.fstat(self.body.fileno()))


def _tried(act: Any) -> int:
    try:
        act()
    except OSError as error:
        return _status(error)
    return SFTP_OK


def _status(error: OSError) -> int:
    if isinstance(error, FileNotFoundError):
        return SFTP_NO_SUCH_FILE
    if error.errno is None:
        return SFTP_PERMISSION_DENIED
    return SFTPServer.convert_errno(error.errno) or SFTP_OP_UNSUPPORTED
