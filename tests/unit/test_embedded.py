"""The embedded PostgreSQL starts, is found again, survives kills, and clones the migrated template."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hub.store import embedded

SETTINGS = {**embedded.TEST_SETTINGS, "shared_buffers": "16MB"}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hub-embedded-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"
        if server := embedded.running(Path(folder) / "data"):
            server.stop()


def test_two_databases_of_one_template_do_not_see_each_other(postgres: embedded.EmbeddedServer, database: str) -> None:
    other = postgres.clone("hub_template", "hub_other")
    with psycopg.connect(database, autocommit=True) as one, psycopg.connect(other) as two:
        one.execute("INSERT INTO pause (target, by, reason) VALUES ('shop', 'test', 'test')")
        assert two.execute("SELECT count(*) FROM pause").fetchone() == (0,)
    postgres.drop("hub_other")


def test_start_attaches_to_the_running_server_and_stop_ends_it(data_dir: Path) -> None:
    first = embedded.start(data_dir, SETTINGS)
    assert embedded.start(data_dir, SETTINGS).pid == first.pid
    with psycopg.connect(first.url("hub")) as connection:
        assert connection.execute("SHOW shared_buffers").fetchone() == ("16MB",)
        assert connection.execute("SHOW jit").fetchone() == ("off",)
    first.stop()
    assert embedded.running_pid(data_dir) is None
    first.stop()


def test_start_after_sigkill_finds_what_was_committed(data_dir: Path) -> None:
    server = embedded.start(data_dir, {**SETTINGS, "synchronous_commit": "on"})
    with psycopg.connect(server.url("hub"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    os.kill(server.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while embedded.running_pid(data_dir) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    again = embedded.start(data_dir, SETTINGS)
    assert again.pid != server.pid
    with psycopg.connect(again.url("hub")) as connection:
        assert connection.execute("SELECT to_regclass('kept') IS NOT NULL").fetchone() == (True,)


def test_pid_file_that_names_somebody_elses_process_is_not_believed(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "postmaster.pid").write_text(f"{os.getpid()}\n{data_dir}\n{int(time.time())}\n5432\n\n\n\nready\n")
    assert embedded.running_pid(data_dir) is None


def test_url_of_a_long_path_leads_to_where_the_socket_is(data_dir: Path) -> None:
    deep = data_dir.parent / ("long-" * 12) / ("folder-" * 8)
    deep.mkdir(parents=True)
    server = embedded.start(deep / "data", SETTINGS)
    try:
        with psycopg.connect(server.url("hub")) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        server.stop()
