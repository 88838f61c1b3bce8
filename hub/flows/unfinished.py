"""Which stages of a run began and have not ended well: kept in the run's summary until they do.

A stage that was killed cannot say so; therefore its name is written before it starts and struck out when it ends.
"""

from sqlalchemy import text

from hub.landscape.hub import Hub

_BEGIN = text(
    "update run set verdict = null, ended_at = null, summary = jsonb_set(summary, '{unfinished}', "
    "coalesce(summary->'unfinished', '{}') || jsonb_build_object(cast(:stage as text), cast(:why as text))) "
    "where id = :run"
)
_END = text("update run set summary = summary #- array['unfinished', cast(:stage as text)] where id = :run")
_READ = text("select coalesce(summary->'unfinished', '{}') from run where id = :run")


def begin(hub: Hub, run_id: int, stage: str, why: str = "began and did not end") -> None:
    """Write that a stage began, or why it failed; the run has no verdict as long as it is under way."""
    with hub.engine.begin() as connection:
        connection.execute(_BEGIN, {"run": run_id, "stage": stage, "why": why})


def end(hub: Hub, run_id: int, stage: str) -> None:
    """Strike out a stage that ended well."""
    with hub.engine.begin() as connection:
        connection.execute(_END, {"run": run_id, "stage": stage})


def unfinished(hub: Hub, run_id: int) -> dict[str, str]:
    """Return the stages that have not ended well, each with the reason."""
    with hub.engine.connect() as connection:
        return dict(connection.execute(_READ, {"run": run_id}).scalar_one())
