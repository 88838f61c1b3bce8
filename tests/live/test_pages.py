"""The pages in a real browser, inside a real Airflow: what stands there, in light and dark, wide and narrow.

Screenshots are left under .live/. Airflow's API server runs on a database of its own beside a hub with one held night.
"""

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import text
from websockets.sync.client import ClientConnection, connect

from hub.store.database import engine
from hub.store.embedded import EmbeddedServer

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
USERS = {"anna": "admin", "olga": "op", "viktor": "viewer"}

NIGHT = """
insert into run (flow, trigger, ended_at, verdict, summary) values
  ('catalogue_nightly', 'scheduled__2026-11-23', now(), 'held', '{"coverage": "12 changed tonight, all read back"}');
insert into stream_state (system, stream, asked_at, landed_at) values ('erp', 'catalogue', now(), now());
insert into batch (system, stream, package, snapshot, state, run_id) values
  ('erp', 'catalogue', 'import0', true, 'held', 1);
insert into held_batch (batch_id, reasons) values (1, '[{"text": "300 products came, the last nights had 1000"}]');
insert into quarantine (system, stream, batch_id, run_id, kind, key, stage, reason, body) values
  ('erp', 'catalogue', 1, 1, 'Товар', 'a1', 'map', 'two prices of one type', '<Товар><Имя>Чай</Имя></Товар>');
insert into namespace (system, kind) values ('shop', 'product'), ('feed', 'offer');
insert into delivery (document, hub_id, owed, delivered, state, reason, code, delivered_at) values
  (1, 1, 2, 2, 'idle', null, 'A-1', now()), (1, 2, 2, 0, 'refused', 'sku is taken', 'A-2', null);
insert into proof (run_id, subject, verdict, counts) values
  (1, 'target:shop/product', 'not proven', '{"delivered": 1}');
"""


class Browser:
    """Chromium over its DevTools protocol."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None
        # No sandbox of its own: it shows nothing but our pages, and as root Chromium does not start with it.
        options = [
            "--headless",
            "--no-sandbox",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder}",
            "about:blank",
        ]
        self.process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = until(lambda: (folder / "DevToolsActivePort").read_text().split()[0], OSError, IndexError)
        pages = requests.get(f"http://127.0.0.1:{port}/json", timeout=10).json()
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        self.opened = ExitStack()
        self.socket: ClientConnection = self.opened.enter_context(connect(address, max_size=None))
        self.numbers = count(1)
        self.asked: list[str] = []
        self.call("Network.enable")
        self.call("Page.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("method") == "Network.requestWillBeSent":
                self.asked.append(answer["params"]["request"]["url"])
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def run(self, script: str) -> Any:
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def look(self, name: str) -> None:
        (ROOT / ".live").mkdir(exist_ok=True)
        shot = self.call("Page.captureScreenshot", format="png")["data"]
        (ROOT / ".live" / f"{name}.png").write_bytes(base64.b64decode(shot))

    def size(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name: str) -> None:
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def close(self) -> None:
        self.opened.close()
        self.process.terminate()
        self.process.wait(20)


def until(work: Callable[[], Any], *not_yet: type[Exception], seconds: float = 60) -> Any:
    """The first true answer of `work`; what it raises of `not_yet` means: ask again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := work():
                return found
        except not_yet:
            pass
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def hub_url(postgres: EmbeddedServer) -> Iterator[str]:
    url = postgres.clone("hub_template", "hub_pages")
    with engine(url).begin() as connection:
        connection.execute(text(NIGHT.replace(":", "\\:")))
    yield url
    engine(url).dispose()
    postgres.drop("hub_pages")


@pytest.fixture(scope="module")
def airflow(postgres: EmbeddedServer, hub_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an API server with our plugin."""
    home = tmp_path_factory.mktemp("airflow-home")
    (home / "passwords.json").write_text(json.dumps(dict.fromkeys(USERS, "password")))
    postgres.create_databases(["airflow_pages"])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "HUB_ROOT": str(ROOT),
        "HUB_DATABASE_URL": hub_url,
        "HUB_LANDING_URL": f"file://{home}/landing",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.url("airflow_pages", "psycopg2"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": postgres.url("airflow_pages", "psycopg"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this test, long enough to be one" * 2,
        "AIRFLOW__API__SECRET_KEY": "another secret of this test",
        "AIRFLOW__API__BASE_URL": address,
    }
    command = [sys.executable, "-m", "airflow"]
    migrated = subprocess.run([*command, "db", "migrate"], env=environment, cwd=home, capture_output=True, text=True)
    assert migrated.returncode == 0, migrated.stderr
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "api-server", "--port", str(port)], env=environment, cwd=home, stdout=log, stderr=log
        )
    try:
        until(lambda: requests.get(f"{address}/api/v2/version", timeout=5).ok, requests.RequestException, seconds=120)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def token(address: str, user: str) -> str:
    answer = requests.post(f"{address}/auth/token", json={"username": user, "password": "password"}, timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["access_token"])


@pytest.fixture
def browser(airflow: str, tmp_path: Path) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("needs chromium")
    opened = Browser(tmp_path / "profile")
    opened.call("Network.setCookie", name="_token", value=token(airflow, "olga"), url=airflow)
    yield opened
    opened.close()


FRAME = "document.querySelector('iframe').contentDocument"


def in_frame(browser: Browser, words: str) -> str:
    """The text of the page in Airflow's frame, once it holds some words."""

    def look() -> str:
        found = str(
            browser.run(f"document.querySelector('iframe') && {FRAME}.body ? {FRAME}.body.innerText : ''") or ""
        )
        return found if words in found else ""

    return str(until(look, AssertionError))


def test_the_first_page_inside_airflow(browser: Browser, airflow: str) -> None:
    browser.size(1280, 900)
    browser.open(f"{airflow}/plugin/hub")
    said = in_frame(browser, "What needs you")
    for words in (
        "held",
        "12 changed tonight, all read back",
        "erp/catalogue holds back 1 batch: what came looks wrong.",
        "Open Held, read the reasons, press Release or Reject.",
        "erp/catalogue has 1 record in quarantine.",
        "shop/product refused 1 document.",
    ):
        assert words in re.sub(r"\s+", " ", said)
    browser.look("hub-in-airflow")
    outside = [url for url in browser.asked if not url.startswith((airflow, "data:", "about:", "blob:"))]
    assert outside == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (480, 900)], ids=["wide", "narrow"])
def test_the_page_alone_fits_its_window(browser: Browser, airflow: str, scheme: str, width: int, height: int) -> None:
    browser.size(width, height)
    browser.scheme(scheme)
    browser.open(f"{airflow}/hub/")
    until(lambda: browser.run("document.readyState == 'complete' && !!document.querySelector('main')"))
    assert browser.run("document.documentElement.scrollWidth") <= width
    background = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    browser.look(f"hub-{scheme}-{width}")


def test_an_operator_releases_a_batch_inside_the_frame(browser: Browser, airflow: str) -> None:
    browser.size(1280, 900)
    browser.open(f"{airflow}/plugin/hub")
    in_frame(browser, "What needs you")
    browser.run(f"[...{FRAME}.querySelectorAll('nav a')].find(a => a.textContent == 'Held').click()")
    in_frame(browser, "300 products came, the last nights had 1000")
    browser.run(f"[...{FRAME}.querySelectorAll('button')].find(b => b.textContent == 'Release').click()")
    assert browser.run(f"{FRAME}.querySelector('dialog[open]').innerText").startswith("Release batch 1?")
    browser.look("hub-held-dialog")
    browser.run(f"{FRAME}.querySelector('dialog[open] button[type=submit]').click()")
    in_frame(browser, "No batch is held")


@pytest.mark.parametrize(("user", "expected"), [("viktor", 403), ("olga", 303), ("anna", 303)])
def test_who_may_pause(airflow: str, user: str, expected: int) -> None:
    cookies = {"_token": token(airflow, user)}
    answer = requests.post(
        f"{airflow}/hub/targets/feed/pause",
        cookies=cookies,
        data={"reason": "a test"},
        allow_redirects=False,
        timeout=30,
    )
    assert answer.status_code == expected


def test_a_stranger_sees_nothing(airflow: str) -> None:
    for path in ("", "held", "quarantine", "quarantine/1", "refused", "runs/1", "assets/hub.css"):
        answer = requests.get(f"{airflow}/hub/{path}", timeout=30)
        assert answer.status_code == 401
        assert "erp" not in answer.text
