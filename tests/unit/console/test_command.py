import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.console import checks, command, runs
from hub.console.provider_info import get_provider_info
from hub.landscape.hub import Hub

SAMPLES = Path(__file__).parents[4] / "shared" / "specs" / "commerceml" / "samples"
Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `hub … --json`; returns the exit status and the one object that stands on standard output."""

    def run(*words: object) -> Answer:
        status, text = said(*words, "--json")
        assert text.count("\n") == 1
        return status, json.loads(text)

    def said(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["hub", *map(str, words)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        with pytest.raises(SystemExit) as ended:
            command.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run `hub …` for people; returns the exit status and what it says."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["hub", *map(str, words)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        with pytest.raises(SystemExit) as ended:
            command.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    return run


def test_help_comes_at_once() -> None:
    times = []
    for _ in range(3):
        begun = time.process_time(), time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "hub.console"], capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - begun[1])
        assert "quarantine" in done.stdout
    assert min(times) < 0.5


def test_status_of_an_empty_hub(hub: Hub, ask: Callable[..., Answer]) -> None:
    status, data = ask("status")
    assert status == 1
    assert data["runs"] == []
    assert [(row["system"], row["role"]) for row in data["rows"]] == [
        ("erp", "source"),
        ("shop", "target"),
        ("feed", "target"),
    ]
    assert data["rows"][0]["freshness"] == "not asked yet"
    assert data["rows"][2]["shadow"] is True


def test_status_counts_what_stands(hub: Hub, night: dict[str, int], ask: Callable[..., Answer]) -> None:
    status, data = ask("status")
    assert status == 1
    erp, shop = data["rows"][:2]
    assert (erp["freshness"], erp["fresh_within"], erp["quarantined"], erp["held"]) == ("fresh", 26 * 3600, 1, 1)
    assert {name: shop[name] for name in ("entity", "delivered", "owed", "refused", "unknown", "waiting")} == {
        "entity": "product",
        "delivered": 1,
        "owed": 3,
        "refused": 1,
        "unknown": 1,
        "waiting": 1,
    }
    assert shop["verdict"] == "not proven"
    assert data["runs"][0]["verdict"] == "held"
    assert [(held["batch"], held["reasons"][0]["text"]) for held in data["held"]] == [
        (night["batch"], "300 products, not 700")
    ]
    assert [warning["level"] for warning in data["warnings"]] == ["red", "red", "amber", "amber"]


def test_a_run_under_way_has_an_empty_verdict(
    hub: Hub, night: dict[str, int], put: Callable[..., Any], ask: Callable[..., Answer]
) -> None:
    put("insert into run (flow, trigger) values ('catalogue_nightly', 'scheduled__2')")
    assert ask("status")[1]["runs"][0]["verdict"] == ""


def test_proof_of_the_last_run_with_a_verdict(
    hub: Hub, night: dict[str, int], put: Callable[..., Any], ask: Callable[..., Answer]
) -> None:
    put("insert into run (flow, trigger) values ('catalogue_nightly', 'scheduled__2')")
    status, data = ask("proof")
    assert (status, data["run"], data["verdict"]) == (1, night["run"], "held")
    assert data["subjects"][0]["subject"] == "target:shop/product"
    assert data["subjects"][0]["differences"] == [{"code": "A-2", "class": "refused"}]


def test_proof_without_any_run_says_how_to_start(hub: Hub, ask: Callable[..., Answer]) -> None:
    status, data = ask("proof")
    assert status == 2
    assert "hub run catalogue_nightly" in data["error"]


def test_quarantine_list_and_show(hub: Hub, night: dict[str, int], ask: Callable[..., Answer]) -> None:
    status, data = ask("quarantine", "list", "--kind", "Товар")
    assert (status, data["open"], data["reasons"][0]["reason"]) == (0, 1, "two prices of one type")
    status, data = ask("quarantine", "show", night["parked"])
    assert (status, data["key"]) == (0, "a1")
    assert data["body"].startswith("<Товар>")
    assert ask("quarantine", "show", 999)[0] == 2


def test_pause_and_resume(hub: Hub, ask: Callable[..., Answer], put: Callable[..., Any]) -> None:
    assert ask("pause", "shop", "--reason", "the shop moves house")[0] == 0
    assert ask("status")[1]["rows"][1]["paused"]["reason"] == "the shop moves house"
    assert ask("resume", "shop")[1]["was_paused"] is True
    assert put("select string_agg(action, ' ' order by id) from audit") == "target.pause target.resume"
    assert "there are shop, feed" in ask("pause", "erp", "--reason", "x")[1]["error"]


def test_release_and_reject(hub: Hub, night: dict[str, int], ask: Callable[..., Answer]) -> None:
    assert ask("release", night["batch"])[1]["state"] == "released"
    status, data = ask("reject", night["batch"])
    assert status == 2
    assert "is not held" in data["error"]


@pytest.mark.parametrize(
    "words",
    [("pause", "shop"), ("nonsense",), ("preview", "erp"), ("run", "nonsense"), ("proof", "x")],
    ids=lambda words: " ".join(words),
)
def test_what_could_not_run_is_one_object_and_2(hub: Hub, ask: Callable[..., Answer], words: tuple[str, ...]) -> None:
    status, data = ask(*words)
    assert status == 2
    assert list(data) == ["error"]


def test_without_a_database_the_error_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Answer], hub: Hub
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://postgres@127.0.0.1:1/nothing")
    status, data = ask("status")
    assert status == 2
    assert "make run" in data["error"]


def test_check_names_each_connection_in_plain_words(hub: Hub, ask: Callable[..., Answer]) -> None:
    status, data = ask("check")
    found = {check["what"]: check for check in data["checks"]}
    assert status == 1
    assert found["database"]["ok"]
    assert found["owners"]["ok"]
    assert found["landing store"]["ok"]
    assert "AIRFLOW_CONN_TEST_ERP" in found["connection test_erp, stream catalogue"]["text"]


def test_a_local_landing_store_is_refused_with_celery(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    found = {check["what"]: check for check in checks.check(hub)["checks"]}
    assert "HUB_LANDING_SHARED" in found["landing store"]["text"]
    monkeypatch.setenv("HUB_LANDING_SHARED", "yes")
    assert {check["what"]: check for check in checks.check(hub)["checks"]}["landing store"]["ok"]


@pytest.mark.parametrize("words", [("status",), ("proof",), ("quarantine", "list"), ("check",)], ids=" ".join)
def test_what_people_read_fits_80_columns(
    hub: Hub, night: dict[str, int], tell: Callable[..., tuple[int, str]], words: tuple[str, ...]
) -> None:
    _, text = tell(*words)
    assert text.strip()
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.skipif(not SAMPLES.exists(), reason="the real exports are not beside this checkout")
@pytest.mark.parametrize("system", ["erp", "commerceml"])
def test_preview_accounts_for_every_record(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Answer], system: str
) -> None:
    monkeypatch.delenv("HUB_DATABASE_URL", raising=False)
    files = [SAMPLES / "1coutlet_import0_1.xml", SAMPLES / "1coutlet_offers0_1.xml"]
    status, data = ask("preview", system, *files)
    assert sorted(data) == ["entities", "mapped", "quarantined", "read", "reasons", "unmapped"]
    assert (data["read"]["Товар"], data["read"]["Предложение"]) == (1197, 2641)
    for kind, read in data["read"].items():
        assert read == data["mapped"].get(kind, 0) + data["quarantined"].get(kind, 0)
    assert data["unmapped"] == {}
    assert status == (1 if any(data["quarantined"].values()) else 0)


def test_preview_of_a_foreign_file_names_it(tmp_path: Path, ask: Callable[..., Answer]) -> None:
    (tmp_path / "foreign.xml").write_text("<html><body/></html>")
    status, data = ask("preview", "commerceml", tmp_path / "foreign.xml")
    assert status == 2
    assert "foreign.xml" in data["error"]


def test_explain_and_sync_of_an_unknown_number(hub: Hub, ask: Callable[..., Answer]) -> None:
    for words in (("explain", "nothing"), ("sync", "nothing", "--to", "shop")):
        status, data = ask(*words)
        assert status == 2
        assert "nothing is called 'nothing'" in data["error"]


def test_a_dry_run_is_not_the_last_verdict(hub: Hub, night: dict[str, int], put: Callable[..., Any]) -> None:
    put("insert into run (flow, trigger, verdict) values ('catalogue_nightly', 'a person', 'dry run')")
    with hub.engine.connect() as connection:
        assert [run["verdict"] for run in runs.last_runs(connection)] == ["held"]


def test_the_provider_names_a_connection_type_for_each_connector() -> None:
    found = get_provider_info()
    assert found["package-name"] == "retail-hub"
    assert [kind["connection-type"] for kind in found["connection-types"]] == ["commerceml", "woocommerce", "yml"]


def test_a_fault_of_the_hub_is_one_object_and_2() -> None:
    program = (
        "import sys; sys.argv = ['hub', 'status', '--json']\n"
        "from hub.console import command, status\n"
        "status.status = lambda hub: 1 / 0\n"
        "command._hub = lambda: None\n"
        "command.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "ZeroDivisionError" in json.loads(done.stdout)["error"]
    assert "Traceback" in done.stderr
