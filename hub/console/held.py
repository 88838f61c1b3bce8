"""Held batches: what came looks wrong, nothing of it has gone anywhere, and a named person decides."""

from typing import Any

from sqlalchemy import text

from canonical_model.errors import ConfigError
from hub.console.audit import record
from hub.landscape.hub import Hub

Data = dict[str, Any]

_HELD = text(
    "select b.id as batch, b.system, b.stream, b.package, b.snapshot, b.landed_at, b.counts, h.reasons, h.held_at, "
    "h.state, h.settled_at, h.settled_by from held_batch h join batch b on b.id = h.batch_id "
    "where (h.state = 'held' and cast(:batch as integer) is null) or b.id = :batch order by b.id"
)
_SETTLE = text(
    "update held_batch set state = :state, settled_at = now(), settled_by = :by "
    "where batch_id = :batch and state = 'held' returning batch_id"
)
_REJECT = text("update batch set state = 'refused', reason = :reason where id = :batch")


def held(hub: Hub, batch: int | None = None) -> list[Data]:
    """Return the batches that wait for a person, oldest first, with the reasons; or one batch, whatever its state."""
    with hub.engine.connect() as connection:
        rows = connection.execute(_HELD, {"batch": batch}).mappings().all()
    return [{key: _plain(value) for key, value in row.items()} for row in rows]


def release(hub: Hub, batch: int, by: str) -> Data:
    """Let a held batch go on with the next run, in this person's name; raises ConfigError when it is not held."""
    return _settle(hub, batch, by, "released")


def reject(hub: Hub, batch: int, by: str) -> Data:
    """Throw a held batch away; the next full export takes its place. Raises ConfigError when it is not held."""
    return _settle(hub, batch, by, "rejected")


def _settle(hub: Hub, batch: int, by: str, state: str) -> Data:
    with hub.engine.begin() as connection:
        if connection.execute(_SETTLE, {"batch": batch, "by": by, "state": state}).first() is None:
            message = f"batch {batch} is not held; `hub status` lists the held ones"
            raise ConfigError(message)
        if state == "rejected":
            connection.execute(_REJECT, {"batch": batch, "reason": f"rejected by {by}"})
        record(connection, by, f"batch.{state}", {"batch": batch})
    return {"batch": batch, "state": state, "by": by}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
