"""Airflow's start, a piece at a time. The environment comes from a file: it holds the keys of this run."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT

PATIENCE_S = 180.0


def main(what: str, environment: str) -> dict[str, Any]:
    """Do one of the pieces below; returns what it says of itself."""
    variables: dict[str, str] = json.loads(Path(environment).read_text())
    pieces: dict[str, Callable[[Mapping[str, str]], dict[str, Any]]] = {
        "import": import_airflow,
        "DAG files": read_dag_files,
        "migrate": migrate,
        "API server": start_api_server,
    }
    return pieces[what](variables)


def import_airflow(variables: Mapping[str, str]) -> dict[str, Any]:
    """Import what every DAG file imports."""
    os.environ.update(variables)
    import airflow.sdk

    return {"imported": airflow.sdk.__name__}


def read_dag_files(variables: Mapping[str, str]) -> dict[str, Any]:
    """Read each DAG file as the DAG processor does: run it once."""
    os.environ.update(variables)
    sys.path.insert(0, str(ROOT / "dags"))
    files = sorted((ROOT / "dags").glob("*.py"))
    for file in files:
        runpy.run_path(str(file))
    return {"files": len(files)}


def migrate(variables: Mapping[str, str]) -> dict[str, Any]:
    """Bring an empty database to Airflow's newest schema."""
    subprocess.run([_airflow(), "db", "migrate"], env=dict(variables), capture_output=True, check=True)
    return {"migrated": True}


def start_api_server(variables: Mapping[str, str]) -> dict[str, Any]:
    """Start the API server, wait until it says that it is healthy, and end it; returns the seconds that this took."""
    began = time.perf_counter()
    server = subprocess.Popen(
        [_airflow(), "api-server"],
        env=dict(variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        health = f"{variables['AIRFLOW__API__BASE_URL']}/api/v2/monitor/health"
        while not _answers(health):
            if server.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                message = f"the API server is not healthy after {time.perf_counter() - began:.0f} s"
                raise RuntimeError(message)
            time.sleep(0.1)
        return {"seconds": time.perf_counter() - began}
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def _airflow() -> str:
    return str(Path(sys.executable).parent / "airflow")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return bool(json.load(answer)["metadatabase"]["status"] == "healthy")
    except (OSError, ValueError, KeyError):
        return False
