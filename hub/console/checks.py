"""`hub check`: is everything there that a night needs? Each finding is one sentence in plain words."""

import configparser
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from sqlalchemy import text

from canonical_model.entities import ENTITIES
from canonical_model.errors import ConfigError, HubError
from hub.console.status import status
from hub.landscape.hub import Hub
from hub.landscape.landscape import Landscape, System
from hub.store.database import ROOT

Data = dict[str, Any]


def check(hub: Hub) -> Data:
    """Return `{fine, checks: [{what, ok, text}]}`; asks every system, and raises nothing that a system caused."""
    findings = [_try("database", partial(_database, hub)), _try("landing store", partial(_landing, hub))]
    findings += [_try("owners", partial(_owners, hub.landscape))]
    for system in hub.landscape.systems.values():
        findings.append(_try(f"mappings of {system.name}", partial(_mappings, system)))
        findings += [_try(f"connection {system.connection}, {use}", work) for use, work in _connections(hub, system)]
    if findings[0]["ok"]:
        findings += _freshness(hub)
    return {"fine": all(found["ok"] for found in findings), "checks": findings}


def _try(what: str, work: Callable[[], str]) -> Data:
    try:
        return {"what": what, "ok": True, "text": work()}
    except HubError as error:
        return {"what": what, "ok": False, "text": str(error)}


def _database(hub: Hub) -> str:
    with hub.engine.connect() as connection:
        version = connection.execute(text("show server_version")).scalar_one()
    if int(str(version).split(".")[0]) < 15:
        message = f"PostgreSQL {version} is too old; the hub needs 15 or newer"
        raise ConfigError(message)
    return f"PostgreSQL {version} answers"


def _landing(hub: Hub) -> str:
    local = hub.landing.url.startswith("file:")
    if local and "Celery" in executor() and os.environ.get("HUB_LANDING_SHARED") != "yes":
        message = (
            "the landing store is a local folder, but Celery workers may run on other machines: set HUB_LANDING_URL "
            "to s3://…, or HUB_LANDING_SHARED=yes when every machine mounts that folder"
        )
        raise ConfigError(message)
    with hub.landing.create("check") as out:
        out.write(b"written by hub check")
    hub.landing.remove("check")
    return "can be written to" + (" (a folder of this machine)" if local else "")


def executor() -> str:
    """Airflow's executor: from the environment, else from the repository's airflow.cfg."""
    if named := os.environ.get("AIRFLOW__CORE__EXECUTOR"):
        return named
    settings = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=(";",))
    settings.read(os.environ.get("AIRFLOW_CONFIG", ROOT / "airflow.cfg"), encoding="utf8")
    return settings.get("core", "executor", fallback="LocalExecutor")


def _owners(landscape: Landscape) -> str:
    for name, entity in ENTITIES.items():
        for field in entity.__struct_fields__:
            landscape.owner(name, field)
    return f"every field of {len(ENTITIES)} entities has an owner"


def _mappings(system: System) -> str:
    from mappings import registry

    kinds = registry.inbound_kinds(system.connector) if system.streams else ()
    for kind in kinds:
        registry.inbound(system.connector, kind)
    documents = registry.documents(system.connector) if system.is_target else ()
    for document in documents:
        registry.outbound(system.connector, document)
    return f"{len(kinds)} kinds of records come in, {len(documents)} kinds of documents go out"


def _connections(hub: Hub, system: System) -> Iterator[tuple[str, Callable[[], str]]]:
    for stream in system.streams:
        yield f"stream {stream}", partial(_ask_source, hub, system, stream)
    if system.is_target:
        yield "as a target", partial(_ask_sink, hub, system)


def _ask_source(hub: Hub, system: System, stream: str) -> str:
    with closing(hub.source(system, stream)) as source:
        return source.check()


def _ask_sink(hub: Hub, system: System) -> str:
    with closing(hub.sink(system)) as sink:
        return sink.check()


def _freshness(hub: Hub) -> list[Data]:
    rows = [row for row in status(hub)["rows"] if row["role"] == "source" and row["fresh_within"]]
    return [
        {
            "what": f"freshness of {row['system']}/{row['entity']}",
            "ok": row["freshness"] != "dead",
            "text": f"{row['freshness']}; last landed: {(row['last_landed'] or 'never')[:16].replace('T', ' ')}",
        }
        for row in rows
    ]
