"""Runs: one row a start of a flow, its progress for people to watch, its verdict at the end."""

import json
from typing import Any

import psycopg
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from hub.landscape.hub import Hub
from hub.store import tables
from hub.sync.verdict import NOT_PROVEN, worst


def start_run(hub: Hub, flow: str, trigger: str) -> int:
    """Return the id of the run that `trigger` (an Airflow run id, a person's name and time) started; safe twice."""
    known = select(tables.run.c.id).where(tables.run.c.flow == flow, tables.run.c.trigger == trigger)
    with hub.engine.begin() as connection:
        found = connection.execute(known).scalar_one_or_none()
        if found is None:
            # Only now: an insert that meets another row takes a number of the sequence all the same.
            connection.execute(insert(tables.run).values(flow=flow, trigger=trigger).on_conflict_do_nothing())
            found = connection.execute(known).scalar_one()
    return int(found)


def end_run(hub: Hub, run_id: int, verdict: str, summary: dict[str, Any]) -> None:
    """Write the verdict of a run."""
    with hub.engine.begin() as connection:
        connection.execute(
            tables.run.update()
            .where(tables.run.c.id == run_id)
            .values(verdict=verdict, summary=summary, ended_at=text("now()"))
        )


def conclude(connection: psycopg.Connection[Any], run_id: int, verdict: str, summary: dict[str, Any]) -> str:
    """Write and return the verdict of a proof: `not proven`, or worse, where a stage of the run has not ended well.

    In one statement, so that nobody reads another verdict in between. `summary` is added to what the run's says.
    """
    row = connection.execute(
        "update run set verdict = case when coalesce(summary->'unfinished', '{}') = '{}' then %(verdict)s "
        "else %(spoilt)s end, summary = summary || %(summary)s::jsonb, ended_at = now() where id = %(run)s "
        "returning verdict",
        {
            "verdict": verdict,
            "spoilt": worst([verdict, NOT_PROVEN]),
            "summary": json.dumps(summary, ensure_ascii=False),
            "run": run_id,
        },
    ).fetchone()
    connection.commit()
    assert row is not None
    return str(row[0])


def progress(hub: Hub, run_id: int, stage: str, done: int, total: int | None, *, finished: bool = False) -> None:
    """Say how far a stage is: `done` of `total` (None = not known yet) in the stage's own unit."""
    statement = insert(tables.run_progress).values(
        run_id=run_id, stage=stage, done=done, total=total, finished=finished, updated_at=text("now()")
    )
    fresh = {name: statement.excluded[name] for name in ("done", "total", "finished", "updated_at")}
    with hub.engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=["run_id", "stage"], set_=fresh))
