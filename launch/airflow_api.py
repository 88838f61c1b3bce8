"""Airflow seen through its REST API on 127.0.0.1: health, DAGs, runs."""

import time
from datetime import UTC, datetime
from typing import Any

import requests

COMPONENTS = {"scheduler": "scheduler", "dag_processor": "dag_processor", "triggerer": "triggerer"}
TIMEOUT_S = 20.0


class AirflowApi:
    """A session logged in as `admin`; the token is renewed when Airflow no longer takes it."""

    def __init__(self, address: str, password: str) -> None:
        self.address, self.password = address, password
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy stands between a machine and itself

    def unhealthy(self, since: datetime) -> list[str]:
        """Components that are not up, by the body of the health page (its HTTP code is 200 in any case).

        A heartbeat older than `since` is the one of a process that was killed.
        """
        try:
            answer = self.session.get(f"{self.address}/api/v2/monitor/health", timeout=TIMEOUT_S)
            body = answer.json()
        except (requests.RequestException, ValueError):
            return ["api-server"]
        down = [] if body.get("metadatabase", {}).get("status") == "healthy" else ["database"]
        for name in COMPONENTS:
            state = body.get(name) or {}
            beat = state.get(f"latest_{name}_heartbeat")
            fresh = beat is not None and datetime.fromisoformat(beat) >= since
            if state.get("status") != "healthy" or not fresh:
                down.append(name.replace("_", "-"))
        return down

    def call(self, method: str, path: str, **fields: Any) -> Any:
        """One call of the public API; returns the decoded body. Raises requests.HTTPError for a refusal."""
        answer = self._send(method, path, **fields)
        if answer.status_code == 401:
            self._log_in()
            answer = self._send(method, path, **fields)
        answer.raise_for_status()
        return answer.json()

    def dag(self, dag_id: str) -> dict[str, Any] | None:
        """The DAG as Airflow knows it, or None as long as it does not."""
        try:
            return dict(self.call("GET", f"/dags/{dag_id}"))
        except requests.HTTPError as error:
            if error.response.status_code == 404:
                return None
            raise

    def wait_for_dag(self, dag_id: str, timeout_s: float) -> bool:
        """Wait until the DAG processor has read the DAG."""
        deadline = time.monotonic() + timeout_s
        while self.dag(dag_id) is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True

    def import_errors(self) -> list[str]:
        """The last line of each DAG file's import error."""
        errors = self.call("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in errors]

    def fail_unfinished(self, dag_id: str) -> None:
        """Mark runs failed that a hub left when it ended: no process of theirs lives, and a new run does their work."""
        query = {"state": ["queued", "running"], "limit": 100}
        for run in self.call("GET", f"/dags/{dag_id}/dagRuns", params=query)["dag_runs"]:
            self.call("PATCH", f"/dags/{dag_id}/dagRuns/{run['dag_run_id']}", json={"state": "failed"})

    def trigger(self, dag_id: str) -> str:
        """Start a run and unpause the DAG; returns the run's id."""
        run_id = f"make_run__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"
        fields: dict[str, Any] = {"dag_run_id": run_id, "logical_date": None, "conf": {}}
        # In this order: unpausing first may put a scheduled run before ours.
        started = self.call("POST", f"/dags/{dag_id}/dagRuns", json=fields)
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        return str(started["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The run's task instances."""
        return list(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"])

    def _send(self, method: str, path: str, **fields: Any) -> requests.Response:
        return self.session.request(method, f"{self.address}/api/v2{path}", timeout=TIMEOUT_S, **fields)

    def _log_in(self) -> None:
        login = {"username": "admin", "password": self.password}
        answer = self.session.post(f"{self.address}/auth/token", json=login, timeout=TIMEOUT_S)
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
