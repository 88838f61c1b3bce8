"""A folder behind SFTP.

The host key is pinned (`extra.host_key`, as in a known_hosts line: `ssh-ed25519 AAAA…`) and every other is refused
before anything is sent. Connecting, silence and whole transfers have deadlines.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import shutil
import socket
import tempfile
import time
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import paramiko

from canonical_model.errors import ConfigError, RetryLater
from connectors.folders import PARTIAL, Entry, Folder, LocalFolder, check_name, free_name, walk
from connectors.protocol import Connection

MAX_FILE = 4 << 30
CONNECT_S = 15.0
SILENCE_S = 60.0
TRANSFER_S = 1800.0


def open_folder(connection: Connection) -> Folder:
    """The connection's folder: `host` and `extra.path` for SFTP, `extra.folder` (absolute) for this machine.

    Raises:
        ConfigError: neither is given, or the host key is not pinned.
    """
    if connection.host:
        return SftpFolder(connection, str(connection.extra.get("path") or "."))
    if folder := connection.extra.get("folder"):
        return LocalFolder(str(folder))
    message = f"connection {connection.id}: give a host (SFTP) or extra.folder (a folder of this machine)"
    raise ConfigError(message)


class SftpFolder:
    """A folder on an SFTP server; connects when it is first used and again when the connection was lost."""

    def __init__(self, connection: Connection, root: str = ".") -> None:
        self.connection = connection
        self.root = root.rstrip("/") or "/"
        self.key = pinned_key(connection)
        self._client: paramiko.SFTPClient | None = None
        self._count = 0
        self._fetched: dict[str, tuple[Entry, Path]] = {}
        self._spool = Path(tempfile.mkdtemp(prefix="sftp-"))
        weakref.finalize(self, shutil.rmtree, self._spool, ignore_errors=True)

    def _sftp(self) -> paramiko.SFTPClient:
        if self._client is None or not (channel := self._client.get_channel()) or channel.closed:
            self._client = _connect(self.connection, self.key)
        return self._client

    def _path(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{check_name(name)}" if name else self.root

    def _scan(self, folder: str) -> list[tuple[str, int, int, int]]:
        with _Plain(self.connection, folder or "the folder"):
            return [
                (item.filename, item.st_mode or 0, item.st_size or 0, int(item.st_mtime or 0))
                for item in self._sftp().listdir_attr(self._path(folder))
            ]

    def list(self, under: str = "", skip: Iterable[str] = ()) -> list[Entry]:
        """See `Folder.list`; raises ConfigError or RetryLater."""
        return sorted(walk(self._scan, under, skip))

    def open(self, entry: Entry) -> BinaryIO:
        """See `Folder.open`: fetched whole, once, within 30 minutes."""
        until = time.monotonic() + TRANSFER_S

        def watch(done: int, _: int) -> None:
            if time.monotonic() > until or done > min(MAX_FILE, entry.size + (1 << 20)):
                message = f"{entry.name} took longer than {TRANSFER_S:.0f} s or is larger than it was listed"
                raise RetryLater(message)

        held = self._fetched.get(entry.name)
        if held is None or held[0] != entry or not held[1].exists():
            self._count += 1
            held = entry, self._spool / str(self._count)
            with held[1].open("wb") as file, _Plain(self.connection, entry.name):
                self._sftp().getfo(self._path(entry.name), file, watch, max_concurrent_prefetch_requests=64)
            self._fetched[entry.name] = held
        if self.find(entry.name) != entry:
            message = f"{entry.name} changed while it was read"
            raise RetryLater(message)
        return held[1].open("rb")

    def rename(self, old: str, new: str) -> bool:
        """See `Folder.rename`."""
        if self.find(old) is None:
            return False
        target = free_name(self, new)
        self._make_folders(target)
        if old in self._fetched:
            self._fetched.pop(old)[1].unlink(missing_ok=True)
        with _Plain(self.connection, old):
            self._sftp().rename(self._path(old), self._path(target))
        return True

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """See `Folder.write`."""
        self._make_folders(name)
        with _Plain(self.connection, name):
            sftp = self._sftp()
            with sftp.open(self._path(name) + PARTIAL, "wb") as file:
                file.set_pipelined(True)
                for chunk in chunks:
                    file.write(chunk)
            sftp.posix_rename(self._path(name) + PARTIAL, self._path(name))

    def _make_folders(self, name: str) -> None:
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if self.find(folder) is None:
                with _Plain(self.connection, folder):
                    self._sftp().mkdir(self._path(folder))

    def find(self, name: str) -> Entry | None:
        """See `Folder.find`."""
        try:
            with _Plain(self.connection, name):
                about = self._sftp().lstat(self._path(name))
        except _NotThere:
            return None
        return Entry(name, about.st_size or 0, int(about.st_mtime or 0))

    def close(self) -> None:
        """Close the session and its transport."""
        if self._client is not None and (channel := self._client.get_channel()):
            channel.get_transport().close()
        self._client = None


class _NotThere(ConfigError):
    """The server says that there is no such file."""


class _Plain:
    """Turns what paramiko and the network raise into errors that say what happens next."""

    def __init__(self, connection: Connection, what: str) -> None:
        self.place = f"{connection.host}: {what}"

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, FileNotFoundError):
            message = f"{self.place}: not there"
            raise _NotThere(message) from None
        if isinstance(error, PermissionError) or (isinstance(error, OSError) and error.errno == errno.EACCES):
            message = f"{self.place}: no permission"
            raise ConfigError(message) from None
        if isinstance(error, (paramiko.SSHException, EOFError, OSError)):
            message = f"{self.place}: {type(error).__name__}: {error or 'the connection was lost'}"
            raise RetryLater(message) from None


def pinned_key(connection: Connection) -> tuple[str, bytes]:
    """Kind and bytes of `extra.host_key`; raises ConfigError when it is missing or unreadable."""
    words = str(connection.extra.get("host_key") or "").split()
    try:
        kind = next(at for at, word in enumerate(words) if word.startswith(("ssh-", "ecdsa-")))
        return words[kind], base64.b64decode(words[kind + 1], validate=True)
    except (StopIteration, IndexError, ValueError):
        message = (
            f"connection {connection.id}: extra.host_key must pin the server's key, such as 'ssh-ed25519 AAAA…'; "
            "ask the server's owner for it (ssh-keyscan shows what the server says of itself)"
        )
        raise ConfigError(message) from None


def fingerprint(key: bytes) -> str:
    """The key's fingerprint as OpenSSH prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def _connect(connection: Connection, pinned: tuple[str, bytes]) -> paramiko.SFTPClient:
    with _Plain(connection, "connecting"):
        raw = socket.create_connection((connection.host, connection.port or 22), timeout=CONNECT_S)
        transport = paramiko.Transport(raw)
        try:
            return _session(connection, pinned, transport)
        except BaseException:
            transport.close()
            raise


def _session(connection: Connection, pinned: tuple[str, bytes], transport: paramiko.Transport) -> paramiko.SFTPClient:
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = CONNECT_S
    kind, key = pinned
    # The server shows a key of the kind that is pinned; RSA is accepted with SHA-2 signatures only.
    wanted = ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)
    try:
        transport.get_security_options().key_types = wanted
        transport.start_client(timeout=CONNECT_S)
    except ValueError:
        message = f"connection {connection.id}: host keys of kind {kind} are not accepted"
        raise ConfigError(message) from None
    except paramiko.ssh_exception.IncompatiblePeer as error:
        message = f"{connection.host}: the server has no host key of kind {kind} as pinned ({error})"
        raise ConfigError(message) from None
    shown = transport.get_remote_server_key()
    if shown.asbytes() != key:
        message = (
            f"{connection.host}: host key {fingerprint(shown.asbytes())} is not the pinned {fingerprint(key)}; "
            "nothing was sent; ask the server's owner whether it was changed"
        )
        raise ConfigError(message)
    _log_in(connection, transport)
    client = paramiko.SFTPClient.from_transport(transport)
    if client is None or (channel := client.get_channel()) is None:
        message = f"{connection.host}: no SFTP session"
        raise RetryLater(message)
    channel.settimeout(SILENCE_S)
    return client


def _log_in(connection: Connection, transport: paramiko.Transport) -> None:
    try:
        if private := connection.extra.get("private_key"):
            transport.auth_publickey(connection.login, _private_key(str(private), connection))
        else:
            transport.auth_password(connection.login, connection.password, fallback=False)
    except (paramiko.AuthenticationException, paramiko.PasswordRequiredException):
        message = f"connection {connection.id}: {connection.host} refused the login"
        raise ConfigError(message) from None


def _private_key(text: str, connection: Connection) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text))
        except (paramiko.SSHException, ValueError):
            continue
    message = f"connection {connection.id}: extra.private_key cannot be read"
    raise ConfigError(message)
