"""What all tests share: an AIRFLOW_HOME of their own and one PostgreSQL with a migrated template database."""

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import embedded, migrate
from hub.store.database import engine

# Airflow reads both at its first import (none above imports it), and otherwise writes into its user's home.
_HOME = tempfile.TemporaryDirectory(prefix="hub-airflow-")
os.environ["AIRFLOW_HOME"] = _HOME.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["HUB_ROOT"] = str(Path(__file__).resolve().parents[1])
for name in ("AIRFLOW_CONFIG", "HUB_DATABASE_URL", "HUB_LANDING_URL", "HUB_LANDSCAPE"):
    os.environ.pop(name, None)

pytest_plugins = ["night", "trade_night"]
TEMPLATE = "hub_template"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[embedded.EmbeddedServer]:
    """The session's PostgreSQL: data of its own, gone with the session."""
    # Not pytest's tmp_path: as root the server runs under another user, who may not enter that folder.
    with tempfile.TemporaryDirectory(prefix="hub-test-") as folder:
        # The server's handle locks a file there once more when this process ends, and so makes the folder anew.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        Path(folder).chmod(0o755)
        server = embedded.start(Path(folder) / "data", embedded.TEST_SETTINGS, databases=(TEMPLATE,))
        try:
            migrate.upgrade(server.url(TEMPLATE))
            engine(server.url(TEMPLATE)).dispose()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_url(postgres: embedded.EmbeddedServer) -> str:
    """URL of the session's server (its database `postgres`), for tests that make databases themselves."""
    return postgres.url("postgres")


@pytest.fixture
def database(postgres: embedded.EmbeddedServer) -> Iterator[str]:
    """URL of a fresh database at the newest revision, the test's own."""
    name = f"hub_{os.getpid()}_{next(_numbers)}"
    url = postgres.clone(TEMPLATE, name)
    yield url
    engine(url).dispose()
    postgres.drop(name)
