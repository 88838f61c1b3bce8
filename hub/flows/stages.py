"""The stages that flows are made of.

Light on purpose: DAG files import this at every parse, so the engine is imported only when a stage runs.
Every stage is safe to run again, and moves ids and counts, never records.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from hub.landscape.landscape import Landscape, read_landscape

if TYPE_CHECKING:
    from hub.landscape.hub import Hub

Counts = dict[str, Any]
Work = Callable[["Hub", int, str], Counts]


class Stage(msgspec.Struct, frozen=True):
    """One step of a flow.

    Attributes:
        name: as operators read it, in Airflow and in `hub run` alike.
        over: runs once for each stream (`erp/catalogue`), for each target (`shop`), or once.
        run: the work, for (hub, run id, subject); returns counts.
        may_fail: its failure spoils the verdict, but what stands behind it goes on: a source that does not answer
            must not keep the other sources' records, or its own of yesterday, from moving.
        in_any_case: runs whatever happened before it.
    """

    name: str
    over: Literal["streams", "targets", "once"]
    run: Work
    may_fail: bool = False
    in_any_case: bool = False

    def subjects(self, landscape: Landscape, flow: str) -> list[str]:
        """What it runs for in a flow, one after the other or side by side; `[""]` for a stage that runs once."""
        if self.over == "streams":
            return streams(landscape, flow)
        if self.over == "targets":
            return targets(landscape)
        return [""]


class Flow(msgspec.Struct, frozen=True):
    """What runs together. The name is also the DAG's id."""

    name: str
    stages: tuple[Stage, ...]

    def stage(self, name: str) -> Stage:
        """Return the stage of that name; raises KeyError."""
        return {stage.name: stage for stage in self.stages}[name]


def this_landscape() -> Landscape:
    """Read the landscape of this hub without opening it: `HUB_LANDSCAPE`, else landscape.yml of the repository."""
    return read_landscape(Path(os.environ.get("HUB_LANDSCAPE", Path(__file__).resolve().parents[2] / "landscape.yml")))


def streams(landscape: Landscape, flow: str) -> list[str]:
    """Every stream that a flow pulls, as `system/stream`.

    A system that has a stream of the flow's name gives that one alone (`prices_stock`, so that the whole catalogue
    waits for the night and its thorough guard); the others give all they have.
    """
    return [
        f"{system.name}/{stream}"
        for system, stream in landscape.sources()
        if stream == flow or flow not in system.streams
    ]


def targets(landscape: Landscape) -> list[str]:
    """Every system that documents are rendered for."""
    return [system.name for system in landscape.targets()]


def label(stage: str, subject: str) -> str:
    """How a stage of a run is named to people: `land:erp/catalogue`, `merge`."""
    return f"{stage}:{subject}" if subject else stage


def _land(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.land import land

    system, stream = subject.split("/")
    return land(hub, run_id, system, stream)


def _normalise(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.normalise import normalise

    system, stream = subject.split("/")
    return normalise(hub, run_id, system, stream)


def _guard(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.guard import guard

    system, stream = subject.split("/")
    return guard(hub, run_id, system, stream, thorough=False)


def _guard_thoroughly(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.guard import guard

    system, stream = subject.split("/")
    return guard(hub, run_id, system, stream, thorough=True)


def _merge(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.merge import merge

    return merge(hub, run_id)


def _deliver(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.deliver import deliver

    return deliver(hub, run_id, subject)


def _prove(hub: Hub, run_id: int, subject: str) -> Counts:
    from hub.sync.prove import prove

    return {"verdict": prove(hub, run_id)}


LAND = Stage("land", "streams", _land, may_fail=True)
NORMALISE = Stage("normalise", "streams", _normalise)
GUARD = Stage("guard", "streams", _guard)
GUARD_THOROUGHLY = Stage("guard", "streams", _guard_thoroughly)
MERGE = Stage("merge", "once", _merge)
DELIVER = Stage("deliver", "targets", _deliver)
PROVE = Stage("prove", "once", _prove, in_any_case=True)
