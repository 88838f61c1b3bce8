"""Starting the hub: PostgreSQL, sandbox, Airflow's four components, until the health page says that all are up."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from launch import databases, retailer
from launch.airflow_api import COMPONENTS, AirflowApi
from launch.keys import elsewhere, environment, load_keys, write_env
from launch.places import Places
from launch.ports import pick
from launch.processes import Children
from launch.screen import Screen

HEALTH_TIMEOUT_S = 240.0
# The log servers are left out: all processes write into one folder. Port 9 keeps the API server from asking an
# Airflow of somebody else that listens on the default port.
COMMANDS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
NO_LOG_SERVER = {
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": "9",
    "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": "9",
}


class StartError(RuntimeError):
    """Something that the hub needs did not come up; the message holds the end of its log."""


@dataclass(frozen=True)
class Hub:
    """A hub that is up: where it listens and who may log in."""

    port: int
    password: str
    environment: dict[str, str]

    @property
    def address(self) -> str:
        """Airflow's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> AirflowApi:
        """A new session with it."""
        return AirflowApi(self.address, self.password)


def start(places: Places, children: Children, products: int, screen: Screen) -> Hub:
    """Start all there is; the sandbox's 1C drops its export while Airflow starts."""
    keys = load_keys(places)
    with screen.step("PostgreSQL"):
        server = databases.start(places)
        children.remember("postgres", server.pid, places.postgres / "log")
    port = pick([8080, 8081, 8082, 8083])
    added = environment(places, keys, port, server)
    hub = Hub(port, keys["admin_password"], inherited(places) | NO_LOG_SERVER | elsewhere(places) | added)
    write_env(places, added)
    with screen.step("databases"):
        databases.migrate_hub(server)
        databases.migrate_airflow(places, server, hub.environment)
    with screen.step("sandbox retailer"):
        endpoints = retailer.serve(places, children, hub.environment)
        retailer.write_connections(places, endpoints)
    if places.elsewhere is not None:  # the hub looks for the file in .airflow/, and in the environment before
        for name, fields in retailer.connections(places, endpoints).items():
            hub.environment[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(fields)
    with ThreadPoolExecutor(1) as background:
        dropping = background.submit(drop_export, places, products, hub, screen)
        start_airflow(places, children, hub, screen)
        dropping.result()
    return hub


def drop_export(places: Places, products: int, hub: Hub, screen: Screen) -> None:
    """Let the sandbox's 1C export its catalogue, with a bar."""
    with screen.bar("1C exports", unit="records") as report:
        retailer.drop(places, products, hub.environment, report)


def start_airflow(places: Places, children: Children, hub: Hub, screen: Screen) -> None:
    """Start Airflow's components as children and wait until each is healthy."""
    since = datetime.now(UTC)
    for name, command in COMMANDS.items():
        log = places.logs / f"{name}.log"
        children.start(name, [places.bin("airflow"), *command], hub.environment, log)
    deadline = time.monotonic() + HEALTH_TIMEOUT_S
    total = len(COMPONENTS) + 2
    with screen.bar("Airflow", unit="components") as report:
        while down := hub.api.unhealthy(since):
            report(0 if down == ["api-server"] else total - len(down), total)
            check_alive(children)
            if time.monotonic() > deadline:
                message = f"not healthy after {HEALTH_TIMEOUT_S:.0f} s: {', '.join(down)}; logs in {places.logs}"
                raise StartError(message)
            time.sleep(0.5)
        report(total, total)


def check_alive(children: Children) -> None:
    """Raise StartError when a child has ended by itself."""
    for child in children.ended():
        message = f"{child.name} ended by itself. Its log ({child.log}) ends:\n{retailer.tail(Path(child.log))}"
        raise StartError(message)


def inherited(places: Places) -> dict[str, str]:
    """The launcher's own environment without what would point Airflow elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HUB_", "MAKE"))}
    kept["PATH"] = f"{places.root / '.venv' / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept
