"""A power cut anywhere between 1C's folder and the verdict, and another start: the shop and the feed never notice."""

import itertools
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from night import Goods
from trade_night import Trade, connections, open_hub, systems, trading

from hub.flows.flows import PRICES_STOCK
from hub.flows.running import run_flow
from hub.flows.stages import Flow
from hub.store import embedded
from hub.store.database import engine
from hub.sync import failpoints

pytestmark = pytest.mark.timeout(200)

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(
    [
        "connectors.commerceml.source", "connectors.woocommerce.sink", "connectors.woocommerce.source",
        "connectors.yml.sink", "connectors.yml.source", "hub.sync.deliver", "hub.sync.guard", "hub.sync.land",
        "hub.sync.merge", "hub.sync.normalise", "hub.sync.prove", "trade_night",
    ]
)  # fmt: skip
# The guard of the day: what Great Expectations does is the same every time, and takes seconds to import.
FLOW = Flow("whole_night", PRICES_STOCK.stages)
BEFORE_THE_SHOP = (
    "land:written",
    "land:committed",
    "land:acknowledged",
    "normalise:staged",
    "normalise:committed",
    "guard:committed",
    "merge:begin",
    "merge:filled",
    "merge:applied",
    "merge:committed",
)
AT_THE_TARGETS = ("deliver:claimed", "deliver:rendered", "deliver:settle", "deliver:settled", "deliver:pushed")
ONLY_AFTER_A_KILL = "deliver:asked"
_names = itertools.count(1)


def nights() -> list[list[Goods]]:
    """Two nights: 45 lamps and 5 shirts in three sizes; two prices change, two things vanish, one is new."""
    group = "<Группы><Ид>g1</Ид></Группы>"
    lamps = [
        Goods(id=f"lamp-{n:03}", name=f"Лампа {n}", article=f"L{n // 2}", price=f"{100 + n}.50", extra=group)
        for n in range(45)
    ]
    shirts = [
        Goods(id=f"shirt-{n}#{size}", name=f"Рубашка {n} ({size})", price=f"{900 + n}", stock=f"{n}", extra=group)
        for n in range(5)
        for size in ("S", "M", "L")
    ]
    second = [lamps[0].but(price="99.00"), *lamps[2:], shirts[0].but(price="950"), *shirts[2:]]
    return [lamps + shirts, [*second, Goods(id="lamp-new", name="Новая", article="NEW", extra=group)]]


def one_start(url: str, landing: str, folder: str, port: int, feed: str, failpoint: str) -> None:
    """A start of the flow in a process of its own."""
    os.environ["HUB_FAILPOINT"] = failpoint
    hub = open_hub(url, landing, connections(Path(folder), port, Path(feed)), systems())
    run_flow(hub, FLOW, f"doomed {os.getpid()}")


def start(trade: Trade, failpoint: str = "") -> Any:
    arguments = (trade.hub.url, trade.hub.landing.url, str(trade.onec.folder), trade.port, str(trade.feed), failpoint)
    process = FORK.Process(target=one_start, args=arguments)
    process.start()
    return process


def killed_at(trade: Trade, failpoint: str) -> bool:
    """Start with a failpoint; whether the process got there."""
    process = start(trade, failpoint)
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL), failpoint
    return bool(process.exitcode)


def recover(trade: Trade) -> None:
    """Start again until proven, as a scheduler does."""
    verdicts = []
    while not verdicts or verdicts[-1] != "proven":
        verdicts.append(trade.go(FLOW))
        assert len(verdicts) < 4, trade.moved


@contextmanager
def opened(postgres: embedded.EmbeddedServer, folder: Path) -> Iterator[Trade]:
    """A whole house on a database of its own."""
    name = f"kills_{os.getpid()}_{next(_names)}"
    url = postgres.clone("hub_template", name)
    with trading(url, folder, systems()) as trade:
        yield trade
    engine(url).dispose()
    postgres.drop(name)


@pytest.fixture
def trade(postgres: embedded.EmbeddedServer, tmp_path: Path) -> Iterator[Trade]:
    with opened(postgres, tmp_path) as found:
        yield found


class Undisturbed:
    """What two nights come to when nothing happens, and how often each failpoint was passed in each of them."""

    def __init__(self, trade: Trade) -> None:
        self.passed: list[Counter[str]] = []
        before = os.environ.get("HUB_FAILPOINT")
        os.environ["HUB_FAILPOINT"] = "none:0"
        for goods in nights():
            failpoints._passed.clear()
            trade.onec.drop(goods)
            assert trade.go(FLOW) == "proven", trade.moved
            self.passed.append(failpoints._passed.copy())
        failpoints._passed.clear()
        os.environ.pop("HUB_FAILPOINT") if before is None else os.environ.update(HUB_FAILPOINT=before)
        self.evidence = trade.evidence()


@pytest.fixture(scope="module")
def undisturbed(postgres: embedded.EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    with opened(postgres, tmp_path_factory.mktemp("undisturbed")) as trade:
        return Undisturbed(trade)


def check(trade: Trade, undisturbed: Undisturbed) -> None:
    found = trade.evidence()
    for what, expected in undisturbed.evidence.items():
        assert found[what] == expected, what
    twice = "select count(*) from (select 1 from identifier group by namespace, key having count(*) > 1) x"
    assert trade.one(twice) == 0
    assert trade.one("select count(*) from quarantine") == 0


def test_every_failpoint_of_the_flow_is_known(undisturbed):
    known = {*BEFORE_THE_SHOP, *AT_THE_TARGETS}
    assert set(undisturbed.passed[0]) - {"*"} == set(undisturbed.passed[1]) - {"*"} == known
    assert all(undisturbed.evidence["effects"].values())
    assert sum(undisturbed.evidence["effects"].values()) > 70


def test_killed_at_every_boundary_on_the_way_in(trade, undisturbed):
    """One kill after the other, at each boundary's last hit: with one package a night it is the first one too."""
    for goods, passed in zip(nights(), undisturbed.passed, strict=True):
        trade.onec.drop(goods)
        for name in BEFORE_THE_SHOP:
            assert passed[name] == 1
            assert killed_at(trade, f"{name}:1")
        recover(trade)
    check(trade, undisturbed)


@pytest.mark.parametrize(
    ("name", "hits"),
    [
        # Where the first kill has moved nothing yet, both fit into one night.
        ("deliver:claimed", ("first", "last")),
        ("deliver:rendered", ("first", "last")),
        ("deliver:pushed", ("first", "last")),
        ("deliver:settle", ("first",)),
        ("deliver:settle", ("last",)),
        ("deliver:settled", ("first",)),
        ("deliver:settled", ("last",)),
    ],
    ids=lambda value: value if isinstance(value, str) else " and ".join(value),
)
def test_killed_at_a_boundary_of_the_delivery(trade, undisturbed, name, hits):
    for goods, passed in zip(nights(), undisturbed.passed, strict=True):
        trade.onec.drop(goods)
        for hit in hits:
            assert killed_at(trade, f"{name}:{1 if hit == 'first' else passed[name]}")
        recover(trade)
    check(trade, undisturbed)


def test_killed_again_after_asking_what_became_of_the_first_try(trade, undisturbed):
    for goods in nights():
        trade.onec.drop(goods)
        # Products are the second kind: their creates have left, and nobody has written down that they arrived.
        assert killed_at(trade, "deliver:settle:4")
        for _ in range(2):
            killed_at(trade, f"{ONLY_AFTER_A_KILL}:1")
        recover(trade)
    check(trade, undisturbed)


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_random_moments(trade, undisturbed, seed):
    """Twice a night, each time somewhere in what was left to do: 20 moments in all."""
    dice = random.Random(seed)
    for goods in nights():
        trade.onec.drop(goods)
        for _ in range(2):
            process = start(trade)
            time.sleep(dice.uniform(0.05, 1.5))
            process.kill()
            process.join(60)
        recover(trade)
    check(trade, undisturbed)
