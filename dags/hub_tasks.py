"""The hub's stages as Airflow tasks, for every DAG of the hub: when to try again, how Airflow hands over connections.

A task is a transaction that may run again: it carries ids and counts, and does the work of its DAG's flow, whose name
is the DAG's id.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Connection, RetryDecision, RetryPolicy, get_current_context, task
from airflow.sdk.exceptions import AirflowNotFoundException

from canonical_model.errors import ConfigError, Fenced, RetryLater, StopRun
from connectors.protocol import Connection as HubConnection
from hub.flows.flows import flow_named
from hub.flows.verdicts import insist

MERGED = Asset(name="canonical_catalogue", uri="x-hub://canonical/catalogue")
PROVEN = Asset(name="proven_catalogue", uri="x-hub://proven/catalogue")


class HubRetryPolicy(RetryPolicy):
    """Errors say what happens next: only an unready other side, or the unexpected, is worth another try."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Retry after as long as the other side asked for; fail at once where a person must act."""
        if isinstance(exception, RetryLater):
            return RetryDecision.retry(timedelta(seconds=exception.after), reason=str(exception))
        if isinstance(exception, ConfigError | StopRun | Fenced):
            return RetryDecision.fail(reason=str(exception))
        return RetryDecision.default()


# `retries` bounds the policy. Two tries may run side by side after a killed worker: every write carries a fence.
TASKS: dict[str, Any] = {
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "retry_policy": HubRetryPolicy(),
    "execution_timeout": timedelta(hours=2),
}


def connection(connection_id: str) -> HubConnection | None:
    """Look a connection up in Airflow; None when it has none of that name."""
    try:
        found = Connection.get(connection_id)
    except AirflowNotFoundException:
        return None
    return HubConnection(
        id=connection_id,
        type=found.conn_type,
        host=found.host or "",
        port=found.port,
        schema=found.schema or "",
        login=found.login or "",
        password=found.password or "",
        extra=found.extra_dejson,
    )


def run(stage: str, subject: str = "") -> dict[str, Any]:
    """Run one stage of this DAG's flow for one stream or target, in the hub's run of this DAG run; returns counts."""
    from hub.flows.running import run_stage
    from hub.landscape.hub import open_hub
    from hub.sync.runs import start_run

    context = get_current_context()
    context["subject"] = subject  # type: ignore[typeddict-unknown-key]  # for map_index_template
    flow = flow_named(context["dag"].dag_id)
    hub = open_hub(connection)
    try:
        return run_stage(hub, start_run(hub, flow.name, context["run_id"]), flow.stage(stage), subject)
    finally:
        hub.close()


@task(map_index_template="{{ subject }}")
def land(stream: str) -> dict[str, Any]:
    """Take what the source has, as received."""
    return run("land", stream)


# A source that does not answer must not keep what it sent before from moving on; the verdict says that it failed.
@task(map_index_template="{{ subject }}", trigger_rule="all_done")
def normalise(stream: str) -> dict[str, Any]:
    """Map what changed to canonical records."""
    return run("normalise", stream)


@task(map_index_template="{{ subject }}")
def guard(stream: str) -> dict[str, Any]:
    """Hold what looks foolish."""
    return run("guard", stream)


@task(outlets=[MERGED])
def merge() -> dict[str, Any]:
    """Write what changed into the canonical tables, and what is owed to whom."""
    return run("merge")


@task(map_index_template="{{ subject }}")
def deliver(target: str) -> dict[str, Any]:
    """Send a target what is owed to it."""
    return run("deliver", target)


@task(outlets=[PROVEN], trigger_rule="all_done")
def prove() -> dict[str, Any]:
    """Compare both ends and give the verdict: red unless `proven` or `proven with gaps`."""
    return insist(run("prove"))
