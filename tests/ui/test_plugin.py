"""The plugin inside a real Airflow application, in a process of its own: who may look, who may decide."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
USERS = {"viktor": "viewer", "ulla": "user", "olga": "op", "anna": "admin"}

WALK = """
import asyncio, json, re, sys
import airflow.sdk
from airflow.plugins_manager import get_fastapi_plugins
before = set(sys.modules)
get_fastapi_plugins()
imported = sorted(name for name in set(sys.modules) - before if name.split(".")[0] in ("hub", "connectors", "fastapi"))
import httpx
from airflow.api_fastapi.app import create_app
from airflow import settings
from airflow.models.revoked_token import RevokedToken
import hub_pages

RevokedToken.__table__.create(settings.engine)  # all that signing in asks Airflow's own database for

def address(path):
    return "/hub" + re.sub(r"[{]\\w+[}]", "1", path.replace("{target}", "shop").replace("{name}", "hub.css"))

async def walk():
    found = []
    transport = httpx.ASGITransport(create_app(apps="all"))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        tokens = {}
        for user in json.loads(sys.argv[1]):
            answer = await client.post("/auth/token", json={"username": user, "password": "password"})
            tokens[user] = answer.json()["access_token"]
        for route in hub_pages.pages().routes:
            for method in route.methods:
                for user in (None, *tokens):
                    cookies = {"_token": tokens[user]} if user else {}
                    client.cookies = httpx.Cookies(cookies)
                    answer = await client.request(method, address(route.path))
                    found.append([method, route.path, user, answer.status_code])
    return found

print("RESULT" + json.dumps({"imported": imported, "answers": asyncio.run(walk())}))
"""


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("airflow")
    (home / "passwords.json").write_text(json.dumps(dict.fromkeys(USERS, "password")))
    environment = os.environ | {
        "AIRFLOW_HOME": str(home),
        "HUB_ROOT": str(ROOT),
        "AIRFLOW_CONFIG": str(ROOT / "airflow.cfg"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this test, long enough to be one" * 2,
        "HUB_DATABASE_URL": "postgresql://postgres@127.0.0.1:1/there-is-none",
    }
    done = subprocess.run(
        [sys.executable, "-c", WALK, json.dumps(list(USERS))],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.split("RESULT")[1]))


def answers(walked: dict[str, Any], user: str | None) -> dict[str, int]:
    return {f"{method} {path}": status for method, path, who, status in walked["answers"] if who == user}


def test_a_stranger_gets_401_everywhere(walked: dict[str, Any]) -> None:
    assert len(answers(walked, None)) >= 12
    assert set(answers(walked, None).values()) == {401}


@pytest.mark.parametrize("user", ["viktor", "ulla"])
def test_who_may_look_may_not_write(walked: dict[str, Any], user: str) -> None:
    for route, status in answers(walked, user).items():
        assert (status == 403) == route.startswith("POST"), route


@pytest.mark.parametrize("user", ["olga", "anna"])
def test_operators_pass_and_hear_that_the_database_does_not_answer(walked: dict[str, Any], user: str) -> None:
    found = answers(walked, user)
    assert found.pop("GET /assets/{name}") == 200
    assert set(found.values()) <= {409, 503}


def test_loading_the_plugin_imports_none_of_the_pages(walked: dict[str, Any]) -> None:
    """Airflow loads it in every task process."""
    assert walked["imported"] == []
