from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from canonical_model.errors import ConfigError, GuardTripped, HubError, ProofFailed, RetryLater
from hub.flows.flows import CATALOGUE_NIGHTLY, flow_named
from hub.flows.running import run_flow, run_stage
from hub.flows.stages import Counts, Flow, Stage
from hub.flows.unfinished import begin
from hub.flows.verdicts import insist
from hub.landscape.hub import Hub
from hub.landscape.landscape import parse_landscape
from hub.store.landing import LandingStore
from hub.sync.runs import conclude, start_run

LANDSCAPE = parse_landscape(
    {
        "systems": {
            "erp": {"connector": "commerceml", "connection": "erp_1c", "streams": {"catalogue": {}, "stock": {}}},
            "shop": {"connector": "woocommerce", "connection": "shop_woo", "deliver": "live"},
        }
    }
)


@pytest.fixture
def hub(database: str, tmp_path: Path) -> Hub:
    return Hub(database, LandingStore(f"file://{tmp_path}"), LANDSCAPE)


class Stages:
    """The nightly stages with recorded work; `fail` makes one of them raise."""

    def __init__(self, fail: dict[str, HubError]) -> None:
        self.fail, self.done = fail, list[str]()

    def flow(self) -> Flow:
        return Flow(
            "catalogue_nightly",
            tuple(
                Stage(stage.name, stage.over, self.work(stage.name), stage.may_fail, stage.in_any_case)
                for stage in CATALOGUE_NIGHTLY.stages
            ),
        )

    def work(self, name: str) -> Callable[[Hub, int, str], Counts]:
        def work(hub: Hub, run_id: int, subject: str) -> Counts:
            at = f"{name}:{subject}" if subject else name
            if at in self.fail:
                raise self.fail[at]
            self.done.append(at)
            if name == "prove":
                with hub.connect() as connection:
                    return {"verdict": conclude(connection, run_id, "proven", {"coverage": "all read back"})}
            return {"records": 1}

        return work


def verdict_of(hub: Hub) -> tuple[Any, dict[str, Any]]:
    with hub.engine.connect() as connection:
        verdict, summary = connection.execute(text("select verdict, summary from run")).one()
        return verdict, summary


ALL = [
    "land:erp/catalogue",
    "land:erp/stock",
    "normalise:erp/catalogue",
    "normalise:erp/stock",
    "guard:erp/catalogue",
    "guard:erp/stock",
    "merge",
    "deliver:shop",
    "prove",
]


def test_a_flow_runs_every_stage_for_every_subject(hub: Hub) -> None:
    stages, seen = Stages({}), list[tuple[str, str, Counts]]()
    assert run_flow(hub, stages.flow(), "test", report=lambda *what: seen.append(what)) == "proven"
    assert stages.done == ALL
    assert seen[0] == ("land", "erp/catalogue", {"records": 1})
    assert verdict_of(hub) == ("proven", {"coverage": "all read back", "unfinished": {}})


def test_a_dead_source_spoils_the_verdict_and_nothing_else(hub: Hub) -> None:
    stages = Stages({"land:erp/catalogue": ConfigError("the password is wrong")})
    assert run_flow(hub, stages.flow(), "test") == "not proven"
    assert stages.done == ALL[1:]
    verdict, summary = verdict_of(hub)
    assert verdict == "not proven"
    assert summary["unfinished"] == {"land:erp/catalogue": "the password is wrong"}


def test_nothing_is_merged_or_sent_behind_a_failed_guard(hub: Hub) -> None:
    stages = Stages({"guard:erp/stock": ConfigError("no bounds")})
    assert run_flow(hub, stages.flow(), "test") == "not proven"
    assert "merge" not in stages.done
    assert "deliver:shop" not in stages.done
    assert stages.done[-1] == "prove"


def test_an_unready_system_is_asked_again(hub: Hub) -> None:
    stages = Stages({})
    tries = iter([RetryLater("busy", 0.0), RetryLater("busy", 0.0), None])
    honest = stages.work("land")

    def busy(hub: Hub, run_id: int, subject: str) -> Counts:
        if error := next(tries, None):
            raise error
        return honest(hub, run_id, subject)

    flow = stages.flow()
    flow = Flow(flow.name, (Stage("land", "streams", busy, may_fail=True), *flow.stages[1:]))
    assert run_flow(hub, flow, "test") == "proven"


def test_a_target_that_stays_busy_is_proved_all_the_same(hub: Hub) -> None:
    stages = Stages({"deliver:shop": RetryLater("3 of shop/product wait for another try", 0.0)})
    assert run_flow(hub, stages.flow(), "test") == "not proven"
    assert stages.done[-1] == "prove"
    assert verdict_of(hub)[1]["unfinished"] == {"deliver:shop": "3 of shop/product wait for another try"}


def test_a_killed_stage_is_not_proven_until_it_ends_well(hub: Hub) -> None:
    flow, run_id = Stages({}).flow(), start_run(hub, "catalogue_nightly", "test")

    def killed(hub: Hub, run_id: int, subject: str) -> Counts:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stage(hub, run_id, Stage("merge", "once", killed))
    assert run_stage(hub, run_id, flow.stage("prove"))["verdict"] == "not proven"
    run_stage(hub, run_id, flow.stage("merge"))
    assert verdict_of(hub)[0] is None
    assert run_stage(hub, run_id, flow.stage("prove"))["verdict"] == "proven"
    assert verdict_of(hub)[0] == "proven"


def test_a_run_that_is_held_stays_held_whatever_failed(hub: Hub) -> None:
    run_id = start_run(hub, "catalogue_nightly", "test")
    begin(hub, run_id, "deliver:shop")
    with hub.connect() as connection:
        assert conclude(connection, run_id, "held", {}) == "held"
        assert conclude(connection, run_id, "proven with gaps", {}) == "not proven"


def test_asking_for_a_run_again_takes_no_number(hub: Hub) -> None:
    first = start_run(hub, "catalogue_nightly", "test")
    for _ in range(3):
        assert start_run(hub, "catalogue_nightly", "test") == first
    assert start_run(hub, "catalogue_nightly", "another") == first + 1


@pytest.mark.parametrize("verdict", ["proven", "proven with gaps"])
def test_a_good_verdict_is_green(verdict: str) -> None:
    assert insist({"verdict": verdict}) == {"verdict": verdict}


def test_a_held_batch_is_red_and_says_what_to_press() -> None:
    with pytest.raises(GuardTripped, match="release or reject"):
        insist({"verdict": "held"})


def test_not_proven_is_red_and_names_what_failed() -> None:
    with pytest.raises(ProofFailed, match="deliver:shop failed: the shop answers 500"):
        insist({"verdict": "not proven", "unfinished": {"deliver:shop": "the shop answers 500"}})


def test_an_unknown_flow_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no flow 'nightly'; there are catalogue_nightly, prices_stock"):
        flow_named("nightly")
