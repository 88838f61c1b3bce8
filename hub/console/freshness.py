"""Whether a source is alive: nothing landed before its deadline is not "nothing to do"."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hub.landscape.landscape import Stream, System


def freshness(
    system: System, stream: Stream, asked: datetime | None, landed: datetime | None, now: datetime
) -> dict[str, Any]:
    """Say when a stream last brought something, and its state.

    `fresh`; `dead` (nothing landed within `fresh_within`); `silent by agreement` (in a blackout window);
    `not asked yet` (no run has looked); `no deadline` (the landscape sets none).
    """
    return {
        "last_landed": landed.isoformat() if landed else None,
        "fresh_within": int(stream.fresh_within.total_seconds()) if stream.fresh_within else None,
        "freshness": _state(system, stream, asked, landed, now),
    }


def _state(system: System, stream: Stream, asked: datetime | None, landed: datetime | None, now: datetime) -> str:
    if asked is None and landed is None:
        return "not asked yet"
    if stream.fresh_within is None:
        return "no deadline"
    if landed is not None and now - landed <= stream.fresh_within:
        return "fresh"
    return "silent by agreement" if _in_blackout(system, stream, now) else "dead"


def _in_blackout(system: System, stream: Stream, now: datetime) -> bool:
    here = now.astimezone(ZoneInfo(system.zone)).time()
    return any(start <= here < end if start <= end else here >= start or here < end for start, end in stream.blackout)
