"""`hub run`: a flow in this process, with the same stages as its DAG."""

from typing import Any

from hub.console.people import started_by
from hub.flows.flows import flow_named
from hub.flows.running import Report, run_flow, summary_of
from hub.landscape.hub import Hub
from hub.sync.runs import start_run


def run_here(hub: Hub, name: str, *, dry: bool = False, report: Report | None = None) -> dict[str, Any]:
    """Run a flow to its verdict; raises ConfigError for an unknown flow."""
    flow, trigger = flow_named(name), started_by("hub run")
    verdict = run_flow(hub, flow, trigger, dry=dry, report=report)
    run_id = start_run(hub, flow.name, trigger)
    return {"flow": flow.name, "run": run_id, "verdict": verdict, "summary": summary_of(hub, run_id)}
