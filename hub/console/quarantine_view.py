"""Quarantine for people: what is parked, why, its bytes, and the way back."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from canonical_model.errors import ConfigError
from hub.console.people import started_by
from hub.flows.flows import REPLAY
from hub.flows.running import Report, go_on
from hub.flows.verdicts import WAITS
from hub.landscape.hub import Hub
from hub.sync.runs import end_run, start_run

Data = dict[str, Any]
PAGE = 100

_FILTER = (
    "state = 'open' and (cast(:system as text) is null or system = :system) "
    "and (cast(:kind as text) is null or kind = :kind)"
)
_COUNT = text(f"select count(*) from quarantine where {_FILTER}")  # noqa: S608 - a constant
_REASONS = text(
    f"select system, kind, stage, reason, count(*) as records from quarantine where {_FILTER} "  # noqa: S608
    "group by 1, 2, 3, 4 order by records desc limit 50"
)
_LIST = text(
    "select id, system, stream, kind, part, key, stage, field, reason, parked_at "  # noqa: S608
    f"from quarantine where {_FILTER} order by id limit :limit offset :offset"
)
_SHOW = text(
    "select id, system, stream, batch_id, run_id, kind, part, key, stage, field, reason, body, state, parked_at, "
    "settled_at, settled_by from quarantine where id = :id"
)


def listed(hub: Hub, system: str | None = None, kind: str | None = None, page: int = 1) -> Data:
    """Return one page of open records without their bytes, and how many there are by reason."""
    chosen = {"system": system or None, "kind": kind or None}
    with hub.engine.connect() as connection:
        total = connection.execute(_COUNT, chosen).scalar_one()
        reasons = [dict(row) for row in connection.execute(_REASONS, chosen).mappings()]
        rows = connection.execute(_LIST, chosen | {"limit": PAGE, "offset": (max(page, 1) - 1) * PAGE}).mappings()
        records = [{key: _plain(value) for key, value in row.items()} for row in rows]
    return {"open": total, "page": page, "pages": max(1, -(-total // PAGE)), "reasons": reasons, "records": records}


def shown(hub: Hub, record: int) -> Data:
    """Return one record with its bytes as text; raises ConfigError when there is none."""
    with hub.engine.connect() as connection:
        row = connection.execute(_SHOW, {"id": record}).mappings().first()
    if row is None:
        message = f"no quarantined record {record}; `hub quarantine list` has the numbers"
        raise ConfigError(message)
    return {key: _plain(value) for key, value in row.items()}


def replay_here(hub: Hub, records: Sequence[int], by: str, report: Report | None = None) -> Data:
    """Send records through the whole path at once, in this process, to a verdict; all open ones when none is named."""
    from hub.sync.quarantine import replay

    run_id = start_run(hub, REPLAY.name, started_by("hub quarantine replay"))
    batches = replay(hub, run_id, records or _all_open(hub), by)
    return {"run": run_id, "batches": batches, "verdict": go_on(hub, REPLAY, run_id, report=report)}


def replay_later(hub: Hub, records: Sequence[int], by: str) -> Data:
    """Land records again for the next run to take; returns at once."""
    from hub.sync.quarantine import replay

    run_id = start_run(hub, REPLAY.name, started_by(f"Replay pressed by {by}, server"))
    try:
        batches = replay(hub, run_id, records, by)
    finally:
        end_run(hub, run_id, WAITS, {})
    return {"run": run_id, "batches": batches}


def _all_open(hub: Hub) -> list[int]:
    with hub.engine.connect() as connection:
        return list(connection.execute(text("select id from quarantine where state = 'open'")).scalars())


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf8", errors="replace")
    return value.isoformat() if hasattr(value, "isoformat") else value
