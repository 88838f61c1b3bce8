"""The opened hub: database, landing store, landscape and connectors of this retailer, for one process."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine

from connectors import registry
from connectors.protocol import Sink, Source
from hub.landscape.connections import Lookup, find_connection
from hub.landscape.landscape import Landscape, System, read_landscape
from hub.landscape.pace import DatabasePace
from hub.store.database import ROOT, connect, database_url, engine
from hub.store.landing import LandingStore


@dataclass
class Hub:
    """What every stage works with."""

    url: str
    landing: LandingStore
    landscape: Landscape
    lookup: Lookup | None = None
    paces: dict[str, DatabasePace] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine of the hub's database."""
        return engine(self.url)

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection[Any]:
        """Open a psycopg connection of its own."""
        return connect(self.url, autocommit=autocommit)

    def options(self, system: System, stream: str | None = None) -> dict[str, Any]:
        """What the connector gets to know of the landscape: the system's options, then the stream's."""
        known = {
            "system": system.name,
            "zone": system.zone,
            "environment": system.environment,
            "gone": system.gone,
            "price_list": system.price_list,
        }
        of_stream = system.streams[stream].options if stream else {}
        return known | system.options | of_stream

    def pace(self, system: System) -> DatabasePace:
        """The bucket of the system's connection."""
        if system.connection not in self.paces:
            rate = system.options.get("requests_per_second") or registry.spec(system.connector).requests_per_second
            self.paces[system.connection] = DatabasePace(self.url, system.connection, float(rate) if rate else None)
        return self.paces[system.connection]

    def source(self, system: System, stream: str | None = None) -> Source:
        """Open the system's source."""
        connection = find_connection(system.connection, self.lookup)
        return registry.open_source(system.connector, connection, self.options(system, stream), self.pace(system))

    def sink(self, system: System) -> Sink:
        """Open the system's sink."""
        connection = find_connection(system.connection, self.lookup)
        return registry.open_sink(system.connector, connection, self.options(system), self.pace(system))

    def close(self) -> None:
        """Close what was opened."""
        for pace in self.paces.values():
            pace.close()
        self.paces.clear()


def open_hub(lookup: Lookup | None = None, *, landscape: Path | None = None, url: str | None = None) -> Hub:
    """Open the hub of this environment: `HUB_DATABASE_URL`, `HUB_LANDING_URL`, `HUB_LANDSCAPE`."""
    landing = os.environ.get("HUB_LANDING_URL", f"file://{ROOT}/.airflow/landing")
    path = landscape or Path(os.environ.get("HUB_LANDSCAPE", ROOT / "landscape.yml"))
    return Hub(url or database_url(), LandingStore(landing), read_landscape(path), lookup)
