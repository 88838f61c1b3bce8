"""Where everything is measured: a PostgreSQL of its own, exports made once, a fresh database for each measurement."""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from benchmarks.generator import Export, generate
from benchmarks.measuring import Measured, process, task
from benchmarks.screen import Screen
from hub.store import embedded, migrate
from hub.store.database import engine

TEMPLATE = "bench_template"


class Night(NamedTuple):
    """A database with its landing store, in which a night may be followed by another."""

    name: str
    url: str
    landing: Path
    folder: Path


class Stand:
    """Server, folder, exports; what was measured once is not measured again in the same run."""

    def __init__(self, folder: Path, server: embedded.EmbeddedServer, screen: Screen) -> None:
        self.folder, self.server, self.screen = folder, server, screen
        self.known: dict[Any, Any] = {}
        self._numbers = itertools.count(1)
        self._exports: dict[tuple[int, int], Export] = {}

    def export(self, count: int, day: int) -> Export:
        """The export of a day, generated at its first use."""
        if (count, day) not in self._exports:
            with self.screen.bar(f"generate {count} products, day {day}") as report:
                folder = self.folder / "exports" / f"{count}-{day}"
                self._exports[count, day] = generate(folder, count, day, report)
        return self._exports[count, day]

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` returns, made at the first call with this key."""
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]

    def run(self, name: str, given: Mapping[str, Any], label: str) -> Measured:
        """Measure one task of the bench in a process of its own."""
        self._quiet()
        with self.screen.step(label):
            return task(name, given, self.server.pid)

    def command(self, command: Sequence[str], label: str) -> Measured:
        """Measure a command that prints a JSON object last."""
        self._quiet()
        with self.screen.step(label):
            return process(command, self.server.pid)

    def _quiet(self) -> None:
        """The server writes out what earlier ones left, so that nobody pays for another."""
        with psycopg.connect(self.server.url("postgres"), autocommit=True) as connection:
            connection.execute("checkpoint")

    @contextmanager
    def empty(self) -> Iterator[str]:
        """A fresh, empty database; dropped afterwards."""
        name = f"bench_{next(self._numbers)}"
        self.server.create_databases([name])
        yield self.server.url(name)
        self.server.drop(name)

    @contextmanager
    def night(self) -> Iterator[Night]:
        """A fresh database of the hub and a landing store; both gone afterwards."""
        name = f"bench_{next(self._numbers)}"
        folder = self.folder / name
        (folder / "landing").mkdir(parents=True)
        url = self.server.clone(self._template, name)
        yield Night(name, url, folder / "landing", folder)
        self.server.drop(name)
        shutil.rmtree(folder)

    @contextmanager
    def copy(self, night: Night) -> Iterator[Night]:
        """A night as it stands, to go on from more than once; gone afterwards."""
        name = f"bench_{next(self._numbers)}"
        url = self.server.clone(night.name, name)
        folder = self.folder / name
        shutil.copytree(night.landing, folder / "landing", copy_function=os.link)
        yield Night(name, url, folder / "landing", folder)
        self.server.drop(name)
        shutil.rmtree(folder)

    def drop(self, night: Night, export: Export) -> str:
        """Lay an export where that night's 1C leaves its files; returns the folder."""
        there = night.folder / export.folder.name
        there.mkdir()
        for name in ("import.xml", "offers.xml"):
            os.link(export.folder / name, there / name)
        return str(there)

    @cached_property
    def _template(self) -> str:
        self.server.create_databases([TEMPLATE])
        url = self.server.url(TEMPLATE)
        migrate.upgrade(url)
        engine(url).dispose()
        return TEMPLATE


@contextmanager
def opened(screen: Screen) -> Iterator[Stand]:
    """A stand in a temporary folder; server and folder are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as folder:
        # The server's handle locks a file there once more when this process ends, and so makes the folder anew.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        # As root the server runs under another user, who must be able to enter.
        Path(folder).chmod(0o755)
        with screen.step("start PostgreSQL"):
            server = embedded.start(Path(folder) / "data", embedded.SETTINGS, databases=())
        try:
            yield Stand(Path(folder), server, screen)
        finally:
            server.stop()
