import io
import logging
import os
import socket
import threading
from contextlib import contextmanager

import paramiko
import pytest

from canonical_model.errors import ConfigError, RejectRecord, RetryLater
from connectors.commerceml import source as commerceml
from connectors.folders import Entry, LocalFolder, check_name
from connectors.protocol import Connection
from connectors.sftp import SftpFolder, fingerprint, open_folder

KEY = paramiko.RSAKey.generate(2048)
OTHER = paramiko.ECDSAKey.generate()


class Door(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL if (username, password) == ("hub", "secret-7") else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username):
        return "password"

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED


class Handle(paramiko.SFTPHandle):
    def __init__(self, file, flags):
        super().__init__(flags)
        self.readfile = self.writefile = file

    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


def files(root, extra=()):
    """SFTP over a folder; `extra` are names that only the listing knows."""

    class Files(paramiko.SFTPServerInterface):
        def path(self, name):
            return root / self.canonicalize(name).lstrip("/")

        def answer(self, act):
            try:
                act()
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            return paramiko.SFTP_OK

        def list_folder(self, path):
            try:
                found = [paramiko.SFTPAttributes.from_stat(p.lstat(), p.name) for p in self.path(path).iterdir()]
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            for name in extra:
                found.append(paramiko.SFTPAttributes.from_stat(os.stat(__file__), name))
            return found

        def lstat(self, path):
            try:
                return paramiko.SFTPAttributes.from_stat(self.path(path).lstat())
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)

        stat = lstat

        def open(self, path, flags, attr):
            try:
                descriptor = os.open(self.path(path), flags, 0o600)
            except OSError as error:
                return paramiko.SFTPServer.convert_errno(error.errno)
            return Handle(os.fdopen(descriptor, "wb" if flags & os.O_WRONLY else "rb"), flags)

        def mkdir(self, path, attr):
            return self.answer(self.path(path).mkdir)

        def rename(self, old, new):
            if self.path(new).exists():
                return paramiko.SFTP_FAILURE
            return self.answer(lambda: self.path(old).rename(self.path(new)))

        def posix_rename(self, old, new):
            return self.answer(lambda: self.path(old).replace(self.path(new)))

    return Files


@contextmanager
def serving(root, extra=()):
    """An SFTP server on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    transports = []

    def accept():
        while True:
            try:
                raw, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(raw)
            transport.add_server_key(KEY)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, files(root, extra))
            transports.append(transport)
            try:
                transport.start_server(server=Door())
            except (paramiko.SSHException, EOFError, OSError):
                transport.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for transport in transports:
            transport.close()


def connection(port, key=KEY, **changes):
    pinned = {"host_key": f"{key.get_name()} {key.get_base64()}"} if key else {}
    facts = {"host": "127.0.0.1", "port": port, "login": "hub", "password": "secret-7", "extra": pinned} | changes
    return Connection("erp_1c", **facts)


@pytest.fixture(params=["local", "sftp"])
def folder(request, tmp_path):
    """The same folder, on this machine and behind SFTP."""
    if request.param == "local":
        yield LocalFolder(tmp_path)
        return
    with serving(tmp_path) as port:
        remote = SftpFolder(connection(port), "/")
        yield remote
        remote.close()


def test_files_are_listed_with_size_and_time(folder, tmp_path):
    (tmp_path / "goods").mkdir()
    for name in ("b.xml", "goods/a.xml", "goods/c.xml.part"):
        (tmp_path / name).write_bytes(b"12345")
        os.utime(tmp_path / name, (1_700_000_000, 1_700_000_000))
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive/old.xml").write_bytes(b"")
    assert folder.list(skip={"archive"}) == [Entry("b.xml", 5, 1_700_000_000), Entry("goods/a.xml", 5, 1_700_000_000)]
    assert folder.list("goods") == [Entry("goods/a.xml", 5, 1_700_000_000)]
    assert folder.find("b.xml") == Entry("b.xml", 5, 1_700_000_000)
    assert folder.find("none.xml") is None


def test_files_are_read_and_seekable(folder, tmp_path):
    data = os.urandom(300_000)
    (tmp_path / "a.xml").write_bytes(data)
    with folder.open(folder.find("a.xml")) as stream:
        assert stream.read() == data
        stream.seek(299_990)
        assert stream.read() == data[-10:]


def test_a_file_that_is_not_as_it_was_listed_is_not_believed(folder, tmp_path):
    (tmp_path / "a.xml").write_bytes(b"new")
    with (
        pytest.raises(RetryLater, match=r"a\.xml changed while it was read"),
        folder.open(Entry("a.xml", 3, 1)) as stream,
    ):
        stream.read()


def test_files_appear_whole_and_replace_older_ones(folder, tmp_path):
    def chunks(text):
        assert not (tmp_path / "out/feed.xml").exists() or (tmp_path / "out/feed.xml").read_bytes() == b"first"
        yield text
        assert (tmp_path / "out/feed.xml.part").exists()

    folder.write("out/feed.xml", [b"first"])
    folder.write("out/feed.xml", chunks(b"second"))
    assert (tmp_path / "out/feed.xml").read_bytes() == b"second"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["feed.xml"]


def test_a_failed_write_leaves_the_older_file(folder, tmp_path):
    def chunks():
        yield b"half"
        raise RetryLater("the database is away")

    folder.write("feed.xml", [b"first"])
    with pytest.raises(RetryLater, match="the database is away"):
        folder.write("feed.xml", chunks())
    assert (tmp_path / "feed.xml").read_bytes() == b"first"


def test_files_are_moved_and_never_overwritten(folder, tmp_path):
    for text in (b"1", b"2", b"3"):
        (tmp_path / "a.xml").write_bytes(text)
        assert folder.rename("a.xml", "archive/2026/a.xml") is True
    assert folder.rename("a.xml", "archive/2026/a.xml") is False
    found = {path.name: path.read_bytes() for path in (tmp_path / "archive/2026").iterdir()}
    assert found == {"a.xml": b"1", "a.2.xml": b"2", "a.3.xml": b"3"}


def test_links_and_pipes_are_left_out(folder, tmp_path, caplog):
    (tmp_path / "real.xml").write_bytes(b"")
    (tmp_path / "link.xml").symlink_to("/etc/passwd")
    (tmp_path / "linked").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe.xml")
    with caplog.at_level(logging.WARNING):
        assert [entry.name for entry in folder.list()] == ["real.xml"]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("name", ["link.xml", "pipe.xml"])
def test_a_link_or_pipe_that_took_a_files_place_is_not_followed(tmp_path, name):
    (tmp_path / "link.xml").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.xml")
    with pytest.raises((RejectRecord, RetryLater)):
        LocalFolder(tmp_path).open(Entry(name, 0, 0))


HOSTILE = [
    "../x.xml",
    "/etc/passwd",
    "..",
    "a\nb.xml",
    "a\x00b",
    "x" * 256,
    "ж" * 128,
    "a\\b",
    "a//b",
    "./a",
    "\u202eb",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(RejectRecord, match="file name"):
        check_name(name)


def test_hostile_names_in_a_listing_are_left_out_with_one_line(tmp_path, caplog):
    (tmp_path / "good.xml").write_bytes(b"")
    with serving(tmp_path, ["../../x.xml", "/etc/x", "a\nb.xml", "x" * 5000, ".."]) as port:
        folder = SftpFolder(connection(port), "/")
        with caplog.at_level(logging.WARNING, logger="connectors"):
            assert [entry.name for entry in folder.list()] == ["good.xml"]
        folder.close()
    assert len(caplog.records) == 1
    assert "\n" not in caplog.records[0].getMessage()


def refused(error, **facts):
    with pytest.raises(error) as caught:
        SftpFolder(**facts).list()
    assert "secret-7" not in repr(caught.value)
    return str(caught.value)


def test_an_unknown_host_key_is_refused_before_the_password_is_sent(tmp_path):
    other = paramiko.RSAKey.generate(2048)
    with serving(tmp_path) as port:
        message = refused(ConfigError, connection=connection(port, other))
    assert fingerprint(KEY.asbytes()) in message
    assert fingerprint(other.asbytes()) in message


def test_a_host_key_of_another_kind_is_refused(tmp_path):
    with serving(tmp_path) as port:
        assert "ecdsa-sha2-nistp256" in refused(ConfigError, connection=connection(port, OTHER))


@pytest.mark.parametrize("pinned", ["", "ssh-rsa", "AAAA", "ssh-rsa ???"])
def test_without_a_readable_pinned_key_nothing_is_opened(pinned):
    with pytest.raises(ConfigError, match="must pin the server's key"):
        open_folder(connection(1, extra={"host_key": pinned}))


def test_a_wrong_password_is_a_setting_to_change(tmp_path):
    with serving(tmp_path) as port:
        assert "refused the login" in refused(ConfigError, connection=connection(port, password="wrong"))


def test_a_refused_connection_is_tried_later():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "127.0.0.1" in refused(RetryLater, connection=connection(port))


def test_a_missing_folder_is_a_setting_to_change(tmp_path):
    with serving(tmp_path) as port:
        folder = SftpFolder(connection(port), "/nowhere")
        with pytest.raises(ConfigError, match="not there"):
            folder.list()
        folder.close()


def test_a_lost_connection_is_made_again(tmp_path):
    (tmp_path / "a.xml").write_bytes(b"")
    with serving(tmp_path) as port:
        folder = SftpFolder(connection(port), "/")
        assert len(folder.list()) == 1
        folder._sftp().get_channel().get_transport().close()
        assert len(folder.list()) == 1
        folder.close()


def test_1c_is_read_from_sftp_by_the_same_path(tmp_path):
    (tmp_path / "in").mkdir()
    export = '<КоммерческаяИнформация><Каталог СодержитТолькоИзменения="true"/></КоммерческаяИнформация>'.encode()
    (tmp_path / "in/import0_1.xml").write_bytes(export)
    os.utime(tmp_path / "in/import0_1.xml", (1, 1))
    with serving(tmp_path) as port:
        source = commerceml.open_source(connection(port), {"settle": "0", "folder": "in"}, None)
        pulled = source.pull("catalogue", None)
        blob = next(pulled)
        assert (blob.name, blob.body.read()) == ("in/import0_1.xml", export)
        source.acknowledge("catalogue", [blob.receipt])
        assert list(pulled) == []
    [archived] = list(tmp_path.rglob("*.xml"))
    assert archived.relative_to(tmp_path).parts[0] == "archive"
    assert io.BytesIO(archived.read_bytes()).read() == export
