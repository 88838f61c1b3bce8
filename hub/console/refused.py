"""Documents that a target did not take, or has not answered for, or that wait for another: each with its reason."""

from typing import Any

from sqlalchemy import text

from hub.landscape.hub import Hub

Data = dict[str, Any]

_STUCK = text(
    "select n.system as target, n.kind, d.code, d.target_id, d.state, d.reason, d.attempts, d.not_before "
    "from delivery d join namespace n on n.id = d.document "
    "where d.state in ('refused', 'unknown', 'asked', 'waiting', 'unpublishable') "
    "and (cast(:target as text) is null or n.system = :target) order by d.state, n.id, d.code limit 200"
)


def stuck(hub: Hub, target: str | None = None) -> list[Data]:
    """Return at most 200 of them, by state."""
    with hub.engine.connect() as connection:
        rows = connection.execute(_STUCK, {"target": target or None}).mappings().all()
    return [dict(row) | {"not_before": row["not_before"] and row["not_before"].isoformat()} for row in rows]
