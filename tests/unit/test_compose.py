"""docker-compose.yml and Dockerfile, as far as reading them can tell."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer", "worker")
SECRET = re.compile(r"PASSWORD|SECRET(?!S__)|FERNET_KEY|TOKEN")


def environment(service: str) -> dict[str, str]:
    return {name: str(value) for name, value in SERVICES[service]["environment"].items()}


def test_services_for_more_than_one_machine() -> None:
    assert set(SERVICES) == {"postgres", "redis", "init", *AIRFLOW, "sandbox"}
    assert SERVICES["sandbox"]["profiles"] == ["sandbox"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["sandbox"]


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_foreign_image_is_pinned_to_a_patch_version(service: str) -> None:
    assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z]+", SERVICES[service]["image"])


def test_no_latest_anywhere() -> None:
    assert "latest" not in TEXT + DOCKERFILE
    assert re.search(r"^ARG PYTHON_IMAGE=python:\d+\.\d+\.\d+-", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("service", ["init", *AIRFLOW, "sandbox"])
def test_own_image_runs_as_nobody_special(service: str) -> None:
    assert SERVICES[service]["build"] == "."
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert SERVICES[service]["image"] == f"retail-hub:${{HUB_VERSION:-{version}}}"
    assert SERVICES[service]["user"] == "hub"
    assert SERVICES[service]["cap_drop"] == ["ALL"]


def test_image_is_made_from_the_lock_and_ends_as_another_user_than_root() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert "-r requirements.lock" in DOCKERFILE
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1:] == ["hub"]


def test_every_secret_is_a_variable_that_must_be_set() -> None:
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            if SECRET.search(name):
                assert re.fullmatch(r"\$\{(\w+):\?set \1\}", value), name
    passwords = re.findall(r"://\w*:([^@\n]+)@", TEXT)
    assert len(passwords) >= 5
    assert [found for found in passwords if not re.fullmatch(r"\$\{(\w+):\?set \1\}", found)] == []


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "init"])
def test_health_check_reads_what_is_answered_not_only_a_code(service: str) -> None:
    test = SERVICES[service]["healthcheck"]["test"]
    test = " ".join(test) if isinstance(test, list) else test
    assert "curl" not in test
    assert re.search(r"grep -q|launch\.health|test -s", test)


@pytest.mark.parametrize(
    ("service", "component"),
    [
        ("api-server", "metadatabase"),
        ("scheduler", "scheduler"),
        ("dag-processor", "dag_processor"),
        ("triggerer", "triggerer"),
    ],
)
def test_component_asks_the_health_page_about_itself(service: str, component: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][-1] == component


@pytest.mark.parametrize("service", AIRFLOW)
def test_component_has_what_all_must_share(service: str) -> None:
    shared = environment(service)
    assert shared["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"
    assert shared["AIRFLOW__CORE__AUTH_MANAGER"].endswith("FabAuthManager")
    assert shared["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://api-server:8080/execution/"
    assert shared["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith("@postgres:5432/airflow")
    assert shared["AIRFLOW__CELERY__BROKER_URL"].endswith("@redis:6379/0")
    assert shared["HUB_DATABASE_URL"].endswith("@postgres:5432/hub")
    assert "landing:/var/lib/hub/landing" in SERVICES[service]["volumes"]
    assert SERVICES[service]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}


def test_both_databases_are_made_and_migrated_before_anything_starts() -> None:
    script = COMPOSE["configs"]["databases"]["content"]
    assert "make_database airflow" in script
    assert "make_database hub" in script
    command = SERVICES["init"]["command"][-1]
    assert "airflow db migrate" in command
    assert "hub.store.migrate" in command
    assert SERVICES["init"]["depends_on"]["postgres"] == {"condition": "service_healthy"}


def test_nothing_is_published_to_other_machines_by_itself() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api-server": ["127.0.0.1:${HUB_PORT:-8080}:8080"]}


def test_named_volumes_are_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])


def test_production_guide_names_every_variable_that_must_be_set() -> None:
    guide = (ROOT / "docs" / "production.md").read_text("utf-8")
    assert [name for name in sorted(set(re.findall(r"\$\{(\w+):\?", TEXT))) if f"`{name}`" not in guide] == []
