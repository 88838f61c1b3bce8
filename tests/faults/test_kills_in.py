"""A power cut at every boundary between 1C's folder and the canonical tables, and at any moment: nothing changes."""

import multiprocessing
import os
import random
import signal
import time

import pytest
from night import Goods, Night, landscape_of

from connectors.protocol import Connection
from hub.landscape.hub import Hub
from hub.landscape.landscape import parse_landscape
from hub.store.landing import LandingStore

FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["hub.sync.merge", "hub.sync.normalise", "hub.sync.guard", "hub.sync.land", "night"])
FAILPOINTS = (
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


def one_night(url: str, folder: str, landing: str, failpoint: str) -> None:
    """A start of the flow in a process of its own."""
    os.environ["HUB_FAILPOINT"] = failpoint
    connection = Connection("test_1c", extra={"folder": folder})
    hub = Hub(url, LandingStore(landing), parse_landscape(landscape_of()), {"test_1c": connection}.get)
    Night(hub, None).run()  # type: ignore[arg-type]


def start(night: Night, failpoint: str = "") -> multiprocessing.process.BaseProcess:
    arguments = (night.hub.url, str(night.onec.folder), night.hub.landing.url, failpoint)
    process = FORK.Process(target=one_night, args=arguments)
    process.start()
    return process


def nights(goods: int = 40) -> list[list[Goods]]:
    first = [Goods(id=f"id-{n:03}", name=f"Лампа {n}", price=f"{100 + n}.50") for n in range(goods)]
    second = [first[0].but(price="99.00"), *first[2:], Goods(id="id-new", name="Новая")]
    return [first, second]


@pytest.fixture
def undisturbed(night: Night) -> dict[str, list[tuple[object, ...]]]:
    """What two nights come to when nothing happens; the database is as before afterwards."""
    for goods in nights():
        night.onec.drop(goods)
        night.run()
    found = night.canonical()
    with night.hub.connect() as connection:
        tables = connection.execute(
            "select string_agg(format('%I', tablename), ', ') from pg_tables "
            "where schemaname = 'public' and tablename <> 'alembic_version' and tablename not like 'change%'"
        ).fetchone()
        assert tables is not None
        connection.execute(f"truncate {tables[0]}, change")
    night.hub.landing.remove("")
    return found


def check_accounts(night: Night) -> None:
    assert night.rows("select state, count(*) from batch group by 1") == [("merged", 2)]
    assert night.one("select count(*) from quarantine") == 0
    twice = "select count(*) from (select 1 from identifier group by namespace, key having count(*) > 1) x"
    assert night.one(twice) == 0


@pytest.mark.parametrize("failpoint", FAILPOINTS)
@pytest.mark.parametrize("doomed", [0, 1], ids=["first night", "second night"])
def test_killed_at_a_boundary(night, undisturbed, failpoint, doomed):
    for number, goods in enumerate(nights()):
        night.onec.drop(goods)
        process = start(night, f"{failpoint}:1" if number == doomed else "")
        process.join(60)
        assert process.exitcode == (-signal.SIGKILL if number == doomed else 0)
        night.run()
    assert night.canonical() == undisturbed
    check_accounts(night)


@pytest.mark.parametrize("seed", range(20))
def test_killed_at_a_random_moment(night, undisturbed, seed):
    dice = random.Random(seed)
    for goods in nights():
        night.onec.drop(goods)
        process = start(night)
        time.sleep(dice.uniform(0.05, 0.6))
        process.kill()
        process.join(60)
        night.run()
    assert night.canonical() == undisturbed
    check_accounts(night)


def test_two_tries_at_once(night, undisturbed):
    for goods in nights():
        night.onec.drop(goods)
        tries = [start(night) for _ in range(3)]
        for process in tries:
            process.join(60)
        night.run()
    assert night.canonical() == undisturbed
    check_accounts(night)
