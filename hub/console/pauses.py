"""Pausing a target: state coalesces until it is resumed; nothing is lost. Every decision is written to the audit."""

from typing import Any

from sqlalchemy import text

from canonical_model.errors import ConfigError
from hub.console.audit import record
from hub.landscape.hub import Hub

Data = dict[str, Any]

_PAUSE = text(
    'insert into pause (target, "by", reason) values (:target, :by, :reason) '
    'on conflict (target) do update set "by" = excluded."by", reason = excluded.reason'
)
_RESUME = text("delete from pause where target = :target returning target")


def pause(hub: Hub, target: str, by: str, reason: str) -> Data:
    """Stop deliveries to a target; raises ConfigError for an unknown target or an empty reason."""
    _check(hub, target)
    if not reason.strip():
        message = "a pause needs a reason: whoever finds it tomorrow must know whether to resume"
        raise ConfigError(message)
    with hub.engine.begin() as connection:
        connection.execute(_PAUSE, {"target": target, "by": by, "reason": reason.strip()})
        record(connection, by, "target.pause", {"target": target, "reason": reason.strip()})
    return {"target": target, "paused": True, "by": by, "reason": reason.strip()}


def resume(hub: Hub, target: str, by: str) -> Data:
    """Let deliveries to a target go on; the next run sends what is owed. Safe when it was not paused."""
    _check(hub, target)
    with hub.engine.begin() as connection:
        was = connection.execute(_RESUME, {"target": target}).first() is not None
        if was:
            record(connection, by, "target.resume", {"target": target})
    return {"target": target, "paused": False, "was_paused": was, "by": by}


def _check(hub: Hub, target: str) -> None:
    known = [system.name for system in hub.landscape.targets()]
    if target not in known:
        message = f"no target '{target}' in landscape.yml; there are {', '.join(known)}"
        raise ConfigError(message)
