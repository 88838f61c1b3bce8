"""Airflow's own share: what its import, its database and its API server cost before the hub does anything."""

import json
import socket
from pathlib import Path

from benchmarks.measuring import Measured
from benchmarks.rows import Beside, Row
from benchmarks.stand import Stand
from launch.keys import elsewhere, environment, load_keys, write_private
from launch.places import Places
from launch.starting import inherited

PART = "start"


def rows(stand: Stand, count: int) -> list[Row]:
    """Four pieces of the start, the same whatever `count` is; nothing is asked of them."""
    file = _environment(stand)
    plain, dags = _piece(stand, "import", file), _piece(stand, "DAG files", file)
    schema, server = _piece(stand, "migrate", file), _piece(stand, "API server", file)
    stand.server.drop("airflow")
    note = f"healthy after {server.said['seconds']:.3g} s"
    return [
        Row(PART, "reading the DAG files", "CPU s", dags.cpu, Beside("import airflow.sdk", plain.cpu)),
        Row(PART, "Airflow's database, from nothing", "CPU s", schema.cpu, note=f"{schema.wall:.3g} s"),
        Row(PART, "Airflow's API server, start and end", "CPU s", server.cpu, note=note),
    ]


def _piece(stand: Stand, what: str, file: Path) -> Measured:
    return stand.run("tasks.start", {"what": what, "environment": str(file)}, f"Airflow: {what}")


def _environment(stand: Stand) -> Path:
    """What Airflow's processes are started with, by the launcher's own rules but in this run's folder."""
    stand.server.create_databases(["airflow"])
    places = Places(elsewhere=stand.folder / "airflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = inherited(places) | elsewhere(places) | environment(places, load_keys(places), port, stand.server)
    file = places.home / "environment.json"
    write_private(file, json.dumps(given))
    return file
