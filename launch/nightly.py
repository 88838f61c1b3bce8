"""The nightly catalogue, started through Airflow's REST API and followed to its verdict."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from hub.store.database import connect
from launch.screen import Screen
from launch.starting import Hub

DAG_ID = "catalogue_nightly"
DAG_TIMEOUT_S = 90.0
KILO = 1000
OVER = ("success", "failed")


class NightlyError(RuntimeError):
    """The nightly run could not be started; the message says why."""


@dataclass(frozen=True)
class Stage:
    """One stage's progress, as the stage itself wrote it."""

    name: str
    done: int
    total: int | None
    finished: bool


@dataclass(frozen=True)
class Night:
    """How a run ended: Airflow's state, the hub's verdict (empty when it never came to one), what moved."""

    state: str
    seconds: float
    verdict: str = ""
    run_id: int | None = None
    failed: list[str] = field(default_factory=list)
    proofs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """Whether `make run ONCE=1` may end with status 0."""
        return self.state == "success" and self.verdict == "proven"


def run(hub: Hub, screen: Screen, *, alone: bool) -> Night:
    """Trigger the DAG and follow its run until it is over; `alone`: this hub has only just been started."""
    api = hub.api
    dag_file = Path(hub.environment["HUB_ROOT"], "dags", f"{DAG_ID}.py")
    if not dag_file.exists():
        message = f"there is no {dag_file}"
        raise NightlyError(message)
    if not api.wait_for_dag(DAG_ID, DAG_TIMEOUT_S):
        found = [f"Airflow knows no DAG {DAG_ID} after {DAG_TIMEOUT_S:.0f} s.", *api.import_errors()]
        raise NightlyError("\n".join(found))
    if alone:
        api.fail_unfinished(DAG_ID)
    started = time.monotonic()
    trigger = api.trigger(DAG_ID)
    with connect(hub.environment["HUB_DATABASE_URL"], autocommit=True) as connection, screen.bars():
        while (state := _state(api, trigger)) not in OVER:
            _draw(screen, stages(connection, trigger))
            time.sleep(0.5)
        _draw(screen, stages(connection, trigger))
        failed = [str(task["task_id"]) for task in api.tasks(DAG_ID, trigger) if task["state"] == "failed"]
        return outcome(connection, trigger, state, time.monotonic() - started, failed)


def stages(connection: psycopg.Connection[Any], trigger: str) -> list[Stage]:
    """Progress of the hub's run that the Airflow run `trigger` made, in the order of its stages' beginning."""
    query = """
        SELECT p.stage, p.done, p.total, p.finished FROM run_progress p JOIN run r ON r.id = p.run_id
        WHERE r.flow = %s AND strpos(r.trigger, %s) > 0 ORDER BY p.finished DESC, p.updated_at
    """
    return [Stage(*row) for row in connection.execute(query, (DAG_ID, trigger)).fetchall()]


def outcome(connection: psycopg.Connection[Any], trigger: str, state: str, seconds: float, failed: list[str]) -> Night:
    """What the hub's database says of the run that `trigger` made."""
    query = "SELECT id, coalesce(verdict, '') FROM run WHERE flow = %s AND strpos(trigger, %s) > 0"
    row = connection.execute(query, (DAG_ID, trigger)).fetchone()
    if row is None:
        return Night(state, seconds, failed=failed)
    proofs = connection.execute(
        "SELECT subject, verdict, counts FROM proof WHERE run_id = %s ORDER BY subject", (row[0],)
    ).fetchall()
    moved = _moved(connection, row[0])
    subjects = [
        {"subject": subject, "verdict": verdict, "counts": counts | moved.get(subject, {})}
        for subject, verdict, counts in proofs
    ]
    return Night(state, seconds, row[1], row[0], failed, subjects)


def _moved(connection: psycopg.Connection[Any], run_id: int) -> dict[str, dict[str, int]]:
    """How many records of each stream were new, changed or gone in what the run merged."""
    query = """
        SELECT 'source:' || system || '/' || stream, sum((t->>'new')::int), sum((t->>'changed')::int),
          sum((t->>'vanished')::int) FROM batch, LATERAL (SELECT counts->'total' AS t) total
        WHERE merge_run = %s GROUP BY 1
    """
    return {subject: {"moved": sum(filter(None, n))} for subject, *n in connection.execute(query, (run_id,))}


def _state(api: Any, trigger: str) -> str:
    """The run's state; an API server that is busy for a moment does not end the following."""
    try:
        return str(api.run_state(DAG_ID, trigger))
    except (requests.ConnectionError, requests.Timeout):
        return "unknown"


def _draw(screen: Screen, stages: list[Stage]) -> None:
    for stage in stages:
        if stage.name.startswith("land:"):  # counts bytes
            total = stage.total and math.ceil(stage.total / KILO)
            screen.show(stage.name, math.ceil(stage.done / KILO), total, "kB", finished=stage.finished)
        else:
            screen.show(stage.name, stage.done, stage.total, finished=stage.finished)
