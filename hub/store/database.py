"""Connections to the hub's database: SQLAlchemy for queries, psycopg for COPY and claims. One dialect: PostgreSQL.

The database is named by `HUB_DATABASE_URL` (`postgresql://…`); `make run` writes it to `.airflow/env`.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from canonical_model.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """Return the URL of the hub's database, from the environment or `.airflow/env`; raises ConfigError when unset."""
    if url := os.environ.get("HUB_DATABASE_URL"):
        return url
    env = ROOT / ".airflow" / "env"
    if env.exists():
        for line in env.read_text(encoding="utf8").splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            if name.strip() == "HUB_DATABASE_URL":
                return value.strip().strip("'\"")
    message = "HUB_DATABASE_URL is not set and .airflow/env has none: start the hub with `make run`"
    raise ConfigError(message)


@lru_cache(maxsize=8)
def engine(url: str) -> Engine:
    """Return the SQLAlchemy engine of a URL; one a process."""
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), pool_size=4, max_overflow=20)


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection[Any]:
    """Open a psycopg connection of its own (COPY, advisory locks, claims)."""
    plain = make_url(url).set(drivername="postgresql")
    connection = psycopg.connect(plain.render_as_string(hide_password=False), autocommit=autocommit)
    # Short look-ups by key inside loading transactions: jit only costs there.
    connection.execute("set jit = off")
    if not autocommit:
        connection.commit()
    return connection
