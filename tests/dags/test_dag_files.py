import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.flows.flows import FLOWS

DAGS = Path(__file__).parents[2] / "dags"
FILES = sorted(path for path in DAGS.glob("*.py") if path.name != "hub_tasks.py")
HEAVY = ("pandas", "great_expectations", "lxml", "paramiko", "numpy", "psycopg", "requests")

DESCRIBE = f"""
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag({str(DAGS)!r})
print("RESULT" + json.dumps({{"errors": bag.import_errors, "dags": {{dag.dag_id: {{
    "tasks": {{task.task_id: {{
        "up": sorted(task.upstream_task_ids), "rule": task.trigger_rule.value, "timeout": bool(task.execution_timeout),
        "retries": task.retries, "policy": type(task.retry_policy).__name__,
        "assets": [asset.name for asset in task.outlets],
    }} for task in dag.topological_sort()}},
    "doc": dag.doc_md, "catchup": dag.catchup, "max_active_runs": dag.max_active_runs, "timetable": repr(dag.timetable),
    "timeout": bool(dag.dagrun_timeout),
}} for dag in bag.dags.values()}}}}))
"""


@pytest.fixture(scope="session")
def dags(in_airflow: Callable[[str], str]) -> dict[str, Any]:
    found = json.loads(in_airflow(DESCRIBE).split("RESULT")[1])
    assert found["errors"] == {}
    return dict(found["dags"])


def test_each_dag_is_a_flow_and_its_file_carries_its_name(dags: dict[str, Any]) -> None:
    assert sorted(dags) == sorted(path.stem for path in FILES)
    assert set(dags) <= set(FLOWS)


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_dag_and_hub_run_name_the_same_stages(dags: dict[str, Any], name: str) -> None:
    assert [task.split(".")[-1] for task in dags[name]["tasks"]] == [stage.name for stage in FLOWS[name].stages]


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_stage_goes_on_after_a_failure_in_the_dag_where_it_does_in_hub_run(dags: dict[str, Any], name: str) -> None:
    before = None
    for stage, task in zip(FLOWS[name].stages, dags[name]["tasks"].values(), strict=True):
        goes_on = stage.in_any_case or (before is not None and before.may_fail)
        assert task["rule"] == ("all_done" if goes_on else "all_success"), stage.name
        before = stage


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_a_dag_keeps_the_house_rules(dags: dict[str, Any], name: str) -> None:
    dag = dags[name]
    assert (dag["catchup"], dag["max_active_runs"], dag["timeout"]) == (False, 1, True)
    assert "Europe/Moscow" in dag["timetable"]
    assert "Red means" in dag["doc"]
    assert len(dag["tasks"]) <= 6
    for task in dag["tasks"].values():
        assert (task["timeout"], task["policy"]) == (True, "HubRetryPolicy")
        assert task["retries"] > 0
    assert [asset for task in dag["tasks"].values() for asset in task["assets"]] == [
        "canonical_catalogue",
        "proven_catalogue",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_is_wiring_only(path: Path) -> None:
    source = path.read_text(encoding="utf8")
    assert len(source.splitlines()) <= 60
    branching = (ast.If, ast.For, ast.While, ast.IfExp, ast.Try, ast.ListComp, ast.Match)
    assert [type(node).__name__ for node in ast.walk(ast.parse(source)) if isinstance(node, branching)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parsing_a_dag_file_imports_nothing_heavy(path: Path, in_airflow: Callable[[str], str]) -> None:
    program = f"import sys, runpy, airflow.sdk; runpy.run_path({str(path)!r}); print(' '.join(sys.modules))"
    modules = in_airflow(program).split()
    assert "hub.flows.stages" in modules
    assert [name for name in HEAVY if name in modules] == []


def test_the_retry_policy_follows_the_error_tree(in_airflow: Callable[[str], str]) -> None:
    program = """
from hub_tasks import HubRetryPolicy
from canonical_model.errors import *
decide = lambda error: HubRetryPolicy().evaluate(error, 1, 3)
for error in (RetryLater("busy", 7.0), ConfigError("bad password"), GuardTripped("held"), Fenced("older"), OSError()):
    found = decide(error)
    print(type(error).__name__, found.action.value, found.retry_delay.total_seconds() if found.retry_delay else "-")
"""
    assert in_airflow(program).splitlines() == [
        "RetryLater retry 7.0",
        "ConfigError fail -",
        "GuardTripped fail -",
        "Fenced fail -",
        "OSError default -",
    ]
