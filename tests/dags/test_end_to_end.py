"""The whole hub, started the way `make run` starts it, once for all tests here: sandbox, PostgreSQL, Airflow."""

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from rich.console import Console

from launch import nightly, retailer, starting
from launch.keys import load_keys
from launch.places import Places
from launch.processes import Children
from launch.running import end_all
from launch.screen import Screen
from launch.starting import Hub

PRODUCTS = 60


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with tempfile.TemporaryDirectory(prefix="hub-e2e-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs under a user of its own
        yield Places(elsewhere=Path(folder) / "home")


@pytest.fixture(scope="module")
def screen() -> Screen:
    return Screen(Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def hub(places: Places, screen: Screen) -> Iterator[Hub]:
    places.home.mkdir()
    children = Children(places.run, load_keys(places)["launch"])
    try:
        yield starting.start(places, children, PRODUCTS, screen)
    finally:
        end_all(places, children)


def test_all_components_are_up_and_every_dag_is_read(hub: Hub) -> None:
    for dag in ("catalogue_nightly", "prices_stock"):
        assert hub.api.wait_for_dag(dag, 60), hub.api.import_errors()
    assert hub.api.import_errors() == []


def test_connections_of_the_landscape_are_there_and_everything_listens_on_this_machine_only(
    hub: Hub, places: Places
) -> None:
    assert {"erp_1c", "shop_woo", "feed_folder"} <= set(places.connections.read_text().replace(":", " ").split())
    assert hub.address.startswith("http://127.0.0.1:")
    assert requests.get(f"{hub.address}/api/v2/dags", timeout=10).status_code == 401


def test_nightly_is_proven_and_a_second_one_moves_nothing(hub: Hub, places: Places, screen: Screen) -> None:
    first = nightly.run(hub, screen, alone=True)
    assert (first.state, first.verdict, first.failed) == ("success", "proven", [])
    retailer.drop(places, PRODUCTS, hub.environment, lambda _done, _total: None)
    second = nightly.run(hub, screen, alone=False)
    assert (second.state, second.verdict, second.failed) == ("success", "proven", [])
    with psycopg.connect(hub.environment["HUB_DATABASE_URL"]) as connection:
        parsed = connection.execute("select (counts->>'parsed')::int from batch order by id").fetchall()
        delivered = connection.execute(
            "select count(distinct delivered_run) from delivery where delivered_run is not null"
        )
        assert [row[0] for row in parsed][1:] == [0]
        assert delivered.fetchone() == (1,)
