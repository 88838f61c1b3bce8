"""Keys, passwords and the environment of the hub's processes: generated once, readable by their owner alone."""

import base64
import json
import os
import secrets
from pathlib import Path

from hub.store.embedded import EmbeddedServer
from launch.places import Places


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; mode 600 from its first byte."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def load_keys(places: Places) -> dict[str, str]:
    """The keys of this .airflow/, generated on first use; also writes Airflow's password file when it is missing."""
    if places.keys.exists():
        keys = {str(name): str(value) for name, value in json.loads(places.keys.read_text()).items()}
    else:
        keys = {
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "jwt_secret": secrets.token_urlsafe(48),
            "api_secret": secrets.token_urlsafe(32),
            "admin_password": secrets.token_urlsafe(12),
            "launch": secrets.token_hex(8),
        }
        write_private(places.keys, json.dumps(keys, indent=1))
    if not places.passwords.exists():
        write_private(places.passwords, json.dumps({"admin": keys["admin_password"]}))
    return keys


def environment(places: Places, keys: dict[str, str], port: int, server: EmbeddedServer) -> dict[str, str]:
    """What every process of the hub is started with, in addition to the launcher's own environment.

    `port` is the API server's on 127.0.0.1. Airflow's asynchronous connections go through psycopg 3.
    """
    address = f"http://127.0.0.1:{port}"
    return {
        "HUB_ROOT": str(places.root),
        "HUB_DATABASE_URL": server.url("hub"),
        "AIRFLOW_HOME": str(places.home),
        "AIRFLOW_CONFIG": str(places.root / "airflow.cfg"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": server.url("airflow", "psycopg2"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": server.url("airflow", "psycopg"),
        "AIRFLOW__CORE__FERNET_KEY": keys["fernet_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": keys["jwt_secret"],
        "AIRFLOW__API__SECRET_KEY": keys["api_secret"],
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
    }


def elsewhere(places: Places) -> dict[str, str]:
    """What airflow.cfg and the hub expect under .airflow/, when it is written to another folder."""
    if places.elsewhere is None:
        return {}
    return {
        "HUB_LANDING_URL": f"file://{places.home / 'landing'}",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(places.passwords),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(places.home / "logs"),
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(places.connections)}),
    }


def write_env(places: Places, variables: dict[str, str]) -> None:
    """Write .airflow/env, which the `hub` command reads and a shell can source."""
    lines = ["# Made by `make run`. In a shell: set -a; . .airflow/env; set +a"]
    lines += [f"{name}='{value}'" for name, value in variables.items()]
    write_private(places.env, "\n".join(lines) + "\n")
