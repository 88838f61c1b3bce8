"""The listening side: host key, one user with a password, one thread a connection."""

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any

from paramiko import (
    RSAKey,
    ServerInterface,
    SFTPServer,
    SSHException,
    Transport,
)
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from sandbox.sftp.folder import Session

KEY_FILE, FAULTS_FILE = "host_key", "faults.json"


class _Doorman(ServerInterface):
    def __init__(self, user: str, password: str) -> None:
        self.expected = (user, password)

    def check_auth_password(self, username: str, password: str) -> int:
        return AUTH_SUCCESSFUL if (username, password) == self.expected else AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


def host_key(state: Path) -> RSAKey:
    """The server's key, generated once and kept readable to its owner only."""
    file = state / KEY_FILE
    if file.exists():
        return RSAKey.from_private_key_file(str(file))
    state.mkdir(parents=True, exist_ok=True)
    key = RSAKey.generate(2048)
    file.touch(0o600)
    key.write_private_key_file(str(file))
    return key


class FolderServer:
    """Serves one folder from `start()` to `stop()`; faults are read from `faults.json` in the state directory."""

    def __init__(self, root: Path, state: Path, user: str, password: str, port: int = 0) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.state, self.user, self.password = root, state, user, password
        self.key = host_key(state)
        self.transports: list[Transport] = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self.listener.getsockname()[1])

    @property
    def public_key(self) -> str:
        """The host key as a known_hosts line has it: type and base64."""
        return f"{self.key.get_name()} {self.key.get_base64()}"

    def start(self) -> "FolderServer":
        """Begin to accept connections."""
        self.thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for transport in self.transports:
            transport.close()
        self.thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.transports = [transport for transport in self.transports if transport.is_active()]
            self._greet(connection)

    def _greet(self, connection: socket.socket) -> None:
        transport = Transport(connection)
        transport.add_server_key(self.key)
        faults: Any = self.state / FAULTS_FILE
        transport.set_subsystem_handler(
            "sftp", SFTPServer, Session, transport=transport, root=self.root, faults=faults
        )  # fmt: skip
        self.transports.append(transport)
        with contextlib.suppress(SSHException, EOFError, OSError):
            transport.start_server(event=threading.Event(), server=_Doorman(self.user, self.password))
