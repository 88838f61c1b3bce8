"""The SFTP server, through paramiko's own client."""

import base64
import json
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko
import pytest

from sandbox.sftp.server import FolderServer, host_key


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    running = FolderServer(tmp_path / "erp", tmp_path / "state", "exchange", "secret").start()
    yield running
    running.stop()


@contextmanager
def connected(server: FolderServer, password: str = "secret") -> Iterator[paramiko.SFTPClient]:
    name, key = server.public_key.split()
    transport = paramiko.Transport(("127.0.0.1", server.port))
    try:
        transport.connect(paramiko.RSAKey(data=base64.b64decode(key)), "exchange", password)
        assert transport.get_remote_server_key().get_name() == name
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        yield client
    finally:
        transport.close()


def test_a_file_goes_up_and_comes_down_again(server: FolderServer, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "local").write_bytes(content)
    with connected(server) as client:
        client.mkdir("in")
        client.put(str(tmp_path / "local"), "in/a.xml.part")
        client.posix_rename("in/a.xml.part", "in/a.xml")
        assert client.listdir("in") == ["a.xml"]
        assert client.stat("in/a.xml").st_size == len(content)
        client.get("in/a.xml", str(tmp_path / "back"))
        client.remove("in/a.xml")
        client.rmdir("in")
    assert (tmp_path / "back").read_bytes() == content


def test_only_posix_rename_replaces(server: FolderServer) -> None:
    (server.root / "old").write_text("new content")
    (server.root / "target").write_text("old content")
    with connected(server) as client:
        with pytest.raises(OSError, match="Failure"):
            client.rename("old", "target")
        client.posix_rename("old", "target")
    assert (server.root / "target").read_text() == "new content"


def test_nothing_outside_the_folder_is_reached(server: FolderServer, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    (server.root / "link").symlink_to(tmp_path / "outside")
    with connected(server) as client:
        with pytest.raises(FileNotFoundError):
            client.open("../outside")
        with pytest.raises(PermissionError):
            client.open("link")
        assert client.normalize("../..") == "/"


def test_a_wrong_password_is_refused(server: FolderServer) -> None:
    with pytest.raises(paramiko.AuthenticationException), connected(server, "guess"):
        pass


def test_the_host_key_is_kept_and_private(server: FolderServer) -> None:
    assert host_key(server.state).get_base64() == server.public_key.split()[1]
    assert stat.S_IMODE((server.state / "host_key").stat().st_mode) == 0o600


def test_the_connection_drops_after_so_many_bytes(server: FolderServer, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(b"x" * 500_000)
    (server.state / "faults.json").write_text(json.dumps({"drop_after": 100_000}))
    with connected(server) as client, pytest.raises((OSError, EOFError, paramiko.SSHException)):
        client.put(str(tmp_path / "local"), "cut.xml")
    assert (server.root / "cut.xml").stat().st_size == 100_000


def test_renames_are_refused_on_demand(server: FolderServer) -> None:
    (server.root / "a").write_text("a")
    (server.state / "faults.json").write_text(json.dumps({"refuse_rename": True}))
    with connected(server) as client:
        for rename in (client.rename, client.posix_rename):
            with pytest.raises(PermissionError):
                rename("a", "b")
