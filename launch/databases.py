"""The embedded PostgreSQL with both databases at their newest schema."""

import hashlib
import json
import subprocess

import psycopg

from hub.store import embedded, migrate
from launch.places import Places
from launch.retailer import tail


class MigrationError(RuntimeError):
    """Airflow's database could not be migrated; the message ends its log."""


def start(places: Places) -> embedded.EmbeddedServer:
    """Start (or find) PostgreSQL with the databases `airflow` and `hub`."""
    places.home.mkdir(mode=0o755, exist_ok=True)
    return embedded.start(places.postgres)


def migrate_hub(server: embedded.EmbeddedServer) -> None:
    """Bring the hub's database to its newest revision."""
    migrate.upgrade(server.url("hub"))


def migrate_airflow(places: Places, server: embedded.EmbeddedServer, environment: dict[str, str]) -> None:
    """Bring Airflow's database to its newest revision; skipped (5 s) when lock and revision are those of last time."""
    stamp = places.run / "airflow-database.json"
    if stamp.exists() and json.loads(stamp.read_text()) == _state(places, server):
        return
    log = places.logs / "airflow-migrate.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(
            [places.bin("airflow"), "db", "migrate"], env=environment, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        message = f"`airflow db migrate` failed:\n{tail(log)}"
        raise MigrationError(message)
    stamp.write_text(json.dumps(_state(places, server)))


def _state(places: Places, server: embedded.EmbeddedServer) -> dict[str, str | None]:
    lock = hashlib.sha256((places.root / "requirements.lock").read_bytes()).hexdigest()
    with psycopg.connect(server.url("airflow")) as connection:
        there = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there and there[0] else None
    return {"lock": lock, "revision": row[0] if row else None}
