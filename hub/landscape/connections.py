"""Connections by id: environment `AIRFLOW_CONN_*`, then `.airflow/connections.yml`, then a look-up that is handed in.

Inside an Airflow task the DAG hands over Airflow's own look-up; the engine never imports Airflow.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from canonical_model.errors import ConfigError
from connectors.protocol import Connection
from hub.store.database import ROOT

Lookup = Callable[[str], Connection | None]


def find_connection(connection_id: str, lookup: Lookup | None = None, file: Path | None = None) -> Connection:
    """Return the connection; raises ConfigError that says where it was looked for."""
    if text := os.environ.get(f"AIRFLOW_CONN_{connection_id.upper()}"):
        return _from_text(connection_id, text)
    path = file or ROOT / ".airflow" / "connections.yml"
    if path.exists():
        known = yaml.safe_load(path.read_text(encoding="utf8")) or {}
        if connection_id in known:
            return from_fields(connection_id, known[connection_id])
    if lookup is not None and (found := lookup(connection_id)) is not None:
        return found
    message = (
        f"no connection '{connection_id}': set AIRFLOW_CONN_{connection_id.upper()}, add it to "
        ".airflow/connections.yml or create it in Airflow under Admin → Connections"
    )
    raise ConfigError(message)


def _from_text(connection_id: str, text: str) -> Connection:
    """Airflow's two forms: JSON or a URI."""
    if text.startswith("{"):
        return from_fields(connection_id, json.loads(text))
    parts = urlsplit(text)
    return Connection(
        id=connection_id,
        type=parts.scheme,
        host=unquote(parts.hostname or ""),
        port=parts.port,
        schema=unquote(parts.path.lstrip("/")),
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        extra=dict(parse_qsl(parts.query)),
    )


def from_fields(connection_id: str, fields: dict[str, Any]) -> Connection:
    """Make a connection from the fields of Airflow's connections file."""
    extra = fields.get("extra") or {}
    port = fields.get("port")
    return Connection(
        id=connection_id,
        type=fields.get("conn_type", ""),
        host=fields.get("host") or "",
        port=int(port) if port not in (None, "") else None,
        schema=fields.get("schema") or "",
        login=fields.get("login") or "",
        password=fields.get("password") or "",
        extra=json.loads(extra) if isinstance(extra, str) else extra,
    )
