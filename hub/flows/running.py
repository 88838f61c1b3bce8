"""Run one stage, or a whole flow in this process (`hub run`). The DAGs call `run_stage`, one task a subject."""

import time
from collections.abc import Callable

from canonical_model.errors import Fenced, HubError, RetryLater
from hub.flows.stages import DELIVER, PROVE, Counts, Flow, Stage, label
from hub.flows.unfinished import begin, end, unfinished
from hub.flows.verdicts import DRY, HELD, NOT_PROVEN
from hub.landscape.hub import Hub
from hub.sync.runs import end_run, start_run

Report = Callable[[str, str, Counts], None]
TRIES = 3
LONGEST_WAIT_S = 60.0


def run_stage(hub: Hub, run_id: int, stage: Stage, subject: str = "", *, dry: bool = False) -> Counts:
    """Run one stage for one subject; returns its counts.

    A stage that fails or is killed stands in the run's summary until it ends well, and the verdict is `not proven`.
    Raises what the stage raised.
    """
    name = label(stage.name, subject)
    if stage.name == PROVE.name:
        return _conclude(hub, run_id, stage)
    begin(hub, run_id, name)
    work = _deliver_dry if dry and stage.name == DELIVER.name else stage.run
    try:
        counts = work(hub, run_id, subject)
    except Fenced:
        raise  # a newer try of this stage is at work, and will strike the name out or not
    except HubError as error:
        begin(hub, run_id, name, str(error))
        raise
    end(hub, run_id, name)
    return counts


def _deliver_dry(hub: Hub, run_id: int, target: str) -> Counts:
    from hub.sync.deliver import deliver

    return deliver(hub, run_id, target, dry=True)


def _conclude(hub: Hub, run_id: int, stage: Stage) -> Counts:
    """Prove, and say beside the verdict what spoilt it."""
    counts = stage.run(hub, run_id, "")
    return counts | {"doubtful": _doubtful(hub, run_id), "unfinished": unfinished(hub, run_id)}


def _doubtful(hub: Hub, run_id: int) -> list[str]:
    """The subjects of the proof (`target:shop/product`) that did not come out well; why, for one that was not read."""
    from sqlalchemy import select

    from hub.store.tables import proof

    chosen = select(proof.c.subject, proof.c.counts["unread"].astext, proof.c.differences).where(
        proof.c.run_id == run_id, proof.c.verdict.in_((NOT_PROVEN, HELD))
    )
    with hub.engine.connect() as connection:
        rows = connection.execute(chosen.order_by(proof.c.subject)).all()
    said = [differences[0]["reason"] if unread else subject for subject, unread, differences in rows]
    return list(dict.fromkeys(said))


def summary_of(hub: Hub, run_id: int) -> Counts:
    """Return the summary of a run as it stands."""
    from sqlalchemy import select

    from hub.store import tables

    with hub.engine.connect() as connection:
        return dict(connection.execute(select(tables.run.c.summary).where(tables.run.c.id == run_id)).scalar_one())


def run_flow(hub: Hub, flow: Flow, trigger: str, *, dry: bool = False, report: Report | None = None) -> str:
    """Run all stages of a flow here, one after the other; returns the verdict (`dry run` when `dry`).

    `report` gets (stage, subject, counts) after each; the counts of a failed one are `{"error": …}`.
    """
    return go_on(hub, flow, start_run(hub, flow.name, trigger), dry=dry, report=report)


def go_on(hub: Hub, flow: Flow, run_id: int, *, dry: bool = False, report: Report | None = None) -> str:
    """Run all stages of a flow in a run that has started; as `run_flow`."""
    failed: set[str] = set()
    moved: Counts = {}
    for stage in flow.stages:
        if dry and stage.name == PROVE.name:
            break
        subjects = stage.subjects(hub.landscape, flow.name)
        # A shop that cannot be reached does not keep the feed from being published: only what failed before counts.
        before = failed.difference(subjects)
        for subject in subjects:
            blocked = subject in failed or (stage.over != "streams" and bool(before))
            if blocked and not stage.in_any_case:
                continue
            counts = _try(hub, run_id, stage, subject, dry)
            moved[label(stage.name, subject)] = counts
            if "error" in counts and not stage.may_fail:
                failed.add(subject)
            if report is not None:
                report(stage.name, subject, counts)
    if dry:
        verdict = NOT_PROVEN if any("error" in counts for counts in moved.values()) else DRY
        end_run(hub, run_id, verdict, {"dry": moved})
        return verdict
    return str(moved[PROVE.name].get("verdict", NOT_PROVEN))


def _try(hub: Hub, run_id: int, stage: Stage, subject: str, dry: bool) -> Counts:
    for tries_left in reversed(range(TRIES)):
        try:
            return run_stage(hub, run_id, stage, subject, dry=dry)
        except RetryLater as error:
            if tries_left == 0:
                return {"error": str(error)}
            time.sleep(min(error.after, LONGEST_WAIT_S))
        except HubError as error:
            return {"error": str(error)}
    raise AssertionError
