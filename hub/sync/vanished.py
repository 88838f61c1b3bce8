"""What a full export no longer holds: its records are marked gone, its parts (rests, prices) lose their rows."""

from collections import Counter
from typing import Any

import msgspec
import psycopg

from canonical_model.entities import ENTITIES
from hub.landscape.hub import Hub
from hub.store.canonical import table_name
from hub.sync.batches import Batch
from hub.sync.delta import signed
from hub.sync.fill import parent_of

Vanished = list[tuple[str, str, list[int]]]


def vanished_path(batch: Batch) -> str:
    """Where normalise wrote the vanished keys of a batch."""
    return f"work/{batch.system}/{batch.stream}/{batch.id}/vanished"


def mark_gone(hub: Hub, connection: psycopg.Connection[Any], batch: Batch, version: int, run_id: int) -> Counter[str]:
    """Mark vanished records as gone and note them as touched; returns counts by entity."""
    counts: Counter[str] = Counter()
    found = msgspec.msgpack.decode(hub.landing.read_bytes(vanished_path(batch)), type=Vanished)
    for main, sets, hashes in found:
        keys = signed(hashes)
        if main:
            counts[main] += _gone(connection, batch.system, main, keys, version, run_id)
        for entity in (name for name in sets.split(",") if name and not main):
            _drop_sets(connection, batch.system, entity, keys)
    return counts


def _gone(
    connection: psycopg.Connection[Any], system: str, entity: str, keys: list[int], version: int, run_id: int
) -> int:
    table = table_name(entity)
    done = connection.execute(
        "with ids as (update identifier i set gone_run = %(run)s from namespace n "
        "where n.system = %(system)s and n.kind = %(entity)s and i.namespace = n.id and i.key_hash = any(%(keys)s) "
        "returning i.hub_id), "
        f'rows as (update "{table}" t set gone = true, version = %(version)s, set_run = %(run)s from ids '
        "where t.hub_id = ids.hub_id and not t.gone returning t.hub_id), "
        "logged as (insert into change (day, entity, hub_id, version, run_id, old, new) "
        "select (now() at time zone 'UTC')::date, %(entity)s, hub_id, %(version)s, %(run)s, "
        "'{\"gone\": false}', '{\"gone\": true}' from rows) "
        f'insert into "touched_{table}" select hub_id from rows',
        {"run": run_id, "system": system, "entity": entity, "keys": keys, "version": version},
    )
    return done.rowcount


def _drop_sets(connection: psycopg.Connection[Any], system: str, entity: str, keys: list[int]) -> None:
    """A vanished part states an empty set: its parents' rows go with the sets that the batch states."""
    connection.execute(
        "insert into stated (entity, hub_id) select %s, i.hub_id from identifier i "
        "join namespace n on i.namespace = n.id where n.system = %s and n.kind = %s and i.key_hash = any(%s)",
        (entity, system, parent_of(entity), keys),
    )


def follow_rows(connection: psycopg.Connection[Any], run_id: int) -> None:
    """Identifiers say the same as the rows that this merge touched: gone by a deletion mark, or named again."""
    for name, entity in ENTITIES.items():
        if entity.KEY != ("ref",):
            continue
        table = table_name(name)
        connection.execute(f'analyze "touched_{table}"')
        spaces = "i.namespace in (select id from namespace where kind = %(name)s)"
        connection.execute(
            f'update identifier i set gone_run = %(run)s from "touched_{table}" t join "{table}" e using (hub_id) '
            f"where e.gone and i.hub_id = t.hub_id and i.gone_run is null and {spaces}",
            {"run": run_id, "name": name},
        )
        connection.execute(
            f'update identifier i set gone_run = null from "s_{table}" s '
            f"where not s.gone and i.hub_id = s.hub_id and i.gone_run is not null and {spaces}",
            {"name": name},
        )
