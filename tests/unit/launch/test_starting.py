"""Keys, ports, the lock of `make run`, what the health page means, what the screen shows."""

import io
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from rich.console import Console

from launch import health, keys, live, ports, retailer, single
from launch.airflow_api import AirflowApi
from launch.places import Places
from launch.screen import Screen

ENDPOINTS = {
    "woocommerce": {"url": "http://127.0.0.1:1234", "consumer_key": "ck_1", "consumer_secret": "cs_1"},
    "erp": {"out": "/somewhere/out"},
}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_keys_are_made_once_and_readable_by_their_owner_alone(places: Places) -> None:
    first = keys.load_keys(places)
    assert keys.load_keys(places) == first
    assert json.loads(places.passwords.read_text()) == {"admin": first["admin_password"]}
    assert len(first["jwt_secret"]) >= 64
    assert {stat.S_IMODE(path.stat().st_mode) for path in (places.keys, places.passwords)} == {0o600}


def test_connections_of_other_systems_stay(places: Places) -> None:
    keys.write_private(places.connections, "crm: {conn_type: retailcrm}\nshop_woo: {conn_type: old}\n")
    retailer.write_connections(places, ENDPOINTS)
    written = yaml.safe_load(places.connections.read_text())
    assert written["crm"] == {"conn_type": "retailcrm"}
    assert (written["shop_woo"]["port"], written["shop_woo"]["password"]) == (1234, "cs_1")
    assert written["erp_1c"]["extra"] == {"folder": "/somewhere/out"}
    assert stat.S_IMODE(places.connections.stat().st_mode) == 0o600


def test_connections_are_those_that_the_landscape_names() -> None:
    landscape = yaml.safe_load((Places().root / "landscape.yml").read_text("utf-8"))
    named = {system["connection"] for system in landscape["systems"].values()}
    assert set(retailer.connections(Places(), ENDPOINTS)) == named


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.pick([port]) != port


def test_only_one_launcher_owns_the_hub_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from launch.single import Owner; o = Owner(Path(sys.argv[1]));"
        "assert o.acquire(); o.announce(4711); print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, cwd=Places().root)
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        mine = single.Owner(tmp_path)
        assert not mine.acquire()
        assert single.holder(tmp_path) == other.pid
        assert single.running(tmp_path) == single.Running(other.pid, 4711)
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    assert single.running(tmp_path) is None
    assert mine.acquire()
    mine.release()


class _Page(BaseHTTPRequestHandler):
    body: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.body).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def page() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def component(name: str, at: datetime, status: str = "healthy") -> dict[str, str]:
    return {"status": status, f"latest_{name}_heartbeat": at.isoformat()}


def test_health_is_what_the_body_says_and_a_killed_schedulers_heartbeat_is_none(page: str) -> None:
    started = datetime.now(UTC)
    later, before = started + timedelta(seconds=1), started - timedelta(seconds=5)
    _Page.body = {
        "metadatabase": {"status": "healthy"},
        "scheduler": component("scheduler", before),
        "dag_processor": component("dag_processor", later, "unhealthy"),
        "triggerer": component("triggerer", later),
    }
    api = AirflowApi(page, "")
    assert api.unhealthy(started) == ["scheduler", "dag-processor"]
    assert health.main([page, "scheduler"]) == 0
    assert health.main([page, "dag_processor"]) == 1
    api.session.close()


def test_no_api_server_is_one_thing_that_is_down() -> None:
    port = ports.pick([])
    assert AirflowApi(f"http://127.0.0.1:{port}", "").unhealthy(datetime.now(UTC)) == ["api-server"]
    assert health.main([f"http://127.0.0.1:{port}", "scheduler"]) == 1


def test_bars_fit_80_columns() -> None:
    paper = Console(width=200, file=io.StringIO())
    screen = Screen(Console(force_terminal=True, width=80, file=io.StringIO()))
    with screen.bars(), screen.bar("deliver:shop/product and more", unit="products") as report:
        report(999_999, 1_000_000)
        assert screen.progress is not None
        with paper.capture() as drawn:
            paper.print(screen.progress.get_renderable())
    line = drawn.get().rstrip()
    assert "999 999/1 000 000" in line
    assert len(line) <= 80


def test_live_lists_what_was_skipped_with_its_reason() -> None:
    report = (
        "<testsuites><testsuite><testcase name='a'><skipped message='needs Chromium'/></testcase>"
        "<testcase name='b'><skipped message='needs Chromium'/></testcase><testcase name='c'/></testsuite></testsuites>"
    )
    assert live.skipped(report) == {"needs Chromium": 2}
