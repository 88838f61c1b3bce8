"""Runs as people see them: verdict, coverage, what moved, and the proof behind a verdict."""

from typing import Any

from sqlalchemy import Connection, text

from canonical_model.errors import ConfigError
from hub.flows.flows import FLOWS
from hub.landscape.hub import Hub

Data = dict[str, Any]

_LAST = text(
    "select distinct on (flow) id, flow, trigger, started_at, ended_at, verdict, summary from run "
    "where flow = any(:flows) and verdict is distinct from 'dry run' order by flow, id desc"
)
_RUNS = text("select id, flow, trigger, started_at, ended_at, verdict, summary from run order by id desc limit :limit")
_RUN = text("select id, flow, trigger, started_at, ended_at, verdict, summary from run where id = :run")
_NEWEST = text(
    "select id from run where flow = any(:flows) and verdict is distinct from 'dry run' "
    "order by (verdict is null), id desc limit 1"
)
_PROOF = text("select subject, verdict, counts, differences from proof where run_id = :run order by subject")
_MOVED = text("select run_id, subject, counts from proof where run_id = any(:runs) order by run_id, subject")
_STAGES = text("select stage, done, total, finished from run_progress where run_id = :run order by updated_at, stage")


def last_runs(connection: Connection) -> list[Data]:
    """The last run of each flow; a run under way has an empty verdict."""
    return [_run(row) for row in connection.execute(_LAST, {"flows": list(FLOWS)}).mappings()]


def recent_runs(hub: Hub, limit: int = 20) -> list[Data]:
    """The newest runs of all flows, newest first."""
    with hub.engine.connect() as connection:
        found = [_run(row) for row in connection.execute(_RUNS, {"limit": limit}).mappings()]
        proofs = connection.execute(_MOVED, {"runs": [run["run"] for run in found]}).all()
    for run in found:
        run["moved"] = {subject: counts for run_id, subject, counts in proofs if run_id == run["run"]}
    return found


def proof(hub: Hub, run_id: int | None = None) -> Data:
    """Return the proof of a run, the newest with a verdict when none is named; raises ConfigError without any."""
    with hub.engine.connect() as connection:
        chosen = run_id or connection.execute(_NEWEST, {"flows": list(FLOWS)}).scalar()
        row = connection.execute(_RUN, {"run": chosen}).mappings().first()
        if row is None:
            message = f"there is no run {run_id}; `hub status` lists the last ones" if run_id else _NO_RUN
            raise ConfigError(message)
        subjects = [dict(found) for found in connection.execute(_PROOF, {"run": chosen}).mappings()]
        stages = [dict(found) for found in connection.execute(_STAGES, {"run": chosen}).mappings()]
    return _run(row) | {"summary": row["summary"], "subjects": subjects, "stages": stages}


_NO_RUN = "nothing has run yet; `hub run catalogue_nightly` starts the first run"


def _run(row: Any) -> Data:
    summary = row["summary"]
    return {
        "run": row["id"],
        "flow": row["flow"],
        "trigger": row["trigger"],
        "started_at": row["started_at"].isoformat(),
        "ended_at": row["ended_at"].isoformat() if row["ended_at"] else None,
        "verdict": row["verdict"] or "",
        "coverage": summary.get("coverage", ""),
        "unfinished": summary.get("unfinished", {}),
    }
