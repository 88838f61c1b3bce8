"""`hub run`: a flow in this process, with the same stages as its DAG."""

from contextlib import nullcontext
from typing import Any

from hub.console.bars import Bars
from hub.console.people import started_by
from hub.flows.flows import flow_named
from hub.flows.running import Report, go_on, summary_of
from hub.landscape.hub import Hub
from hub.sync.runs import start_run


def run_here(hub: Hub, name: str, *, dry: bool = False, report: Report | None = None) -> dict[str, Any]:
    """Run a flow to its verdict, with bars where somebody watches; raises ConfigError for an unknown flow."""
    flow = flow_named(name)
    run_id = start_run(hub, flow.name, started_by("hub run"))
    with Bars(hub, run_id) if report else nullcontext():
        verdict = go_on(hub, flow, run_id, dry=dry, report=report)
    return {"flow": flow.name, "run": run_id, "verdict": verdict, "summary": summary_of(hub, run_id)}
