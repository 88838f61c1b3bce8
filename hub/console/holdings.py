"""What the canonical tables hold: records of each entity, who owns them, when they last changed."""

from typing import Any

from sqlalchemy import Connection, func, select, text

from canonical_model.entities import ENTITIES
from hub.landscape.landscape import Landscape
from hub.store.tables import CANONICAL, run

# Beyond this the database's own estimate will do: a page must not count millions of rows at each look.
COUNTED_EXACTLY = 200_000
_ESTIMATE = text("select greatest(reltuples, 0)::bigint from pg_class where oid = cast(:name as regclass)")


def canonical(connection: Connection, landscape: Landscape) -> list[dict[str, Any]]:
    """One row an entity; `gone` counts the deleted ones, which `records` leaves out."""
    return [_held(connection, name, landscape.owners.get(name, {}).get("*", "")) for name in ENTITIES]


def _held(connection: Connection, name: str, owner: str) -> dict[str, Any]:
    table = CANONICAL[name]
    records = int(connection.execute(_ESTIMATE, {"name": table.name}).scalar_one())
    gone, changed, estimated = 0, None, records > COUNTED_EXACTLY
    if not estimated:
        hidden = func.count().filter(table.c.gone) if "gone" in table.c else text("0")
        counts = select(func.count(), hidden, func.max(table.c.set_run)).select_from(table)
        everything, gone, last = connection.execute(counts).one()
        records = everything - gone
        changed = connection.execute(select(run.c.started_at).where(run.c.id == last)).scalar()
    return {
        "entity": name,
        "owner": owner,
        "records": records,
        "gone": gone,
        "estimated": estimated,
        "last_changed": changed.isoformat() if changed else None,
    }
