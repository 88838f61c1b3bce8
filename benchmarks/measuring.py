"""One measured process: CPU of itself and its children, CPU of PostgreSQL, wall time, and what it said."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[1]


class Failed(Exception):
    """A measured process ended badly; the message ends with its last words."""


class Measured(NamedTuple):
    """What one process cost.

    Attributes:
        client: CPU seconds of the process with its children.
        server: CPU seconds of PostgreSQL meanwhile (all its processes, ended ones too).
        wall: seconds.
        said: the JSON object that it printed last.
    """

    client: float
    server: float
    wall: float
    said: dict[str, Any]

    @property
    def cpu(self) -> float:
        """CPU seconds, client and PostgreSQL."""
        return self.client + self.server

    @property
    def memory(self) -> int:
        """Bytes at the peak above those after its imports."""
        return int(self.said["memory"])


def server_cpu(pid: int) -> float:
    """CPU seconds that PostgreSQL has used so far: the postmaster, its children, and those that ended."""
    postmaster = psutil.Process(pid)
    times = postmaster.cpu_times()
    total = times.user + times.system + times.children_user + times.children_system
    for child in postmaster.children():
        try:
            own = child.cpu_times()
        except psutil.NoSuchProcess:
            continue  # it ended just now, and its parent counts it
        total += own.user + own.system
    return float(total)


def task(name: str, given: Mapping[str, Any], server: int) -> Measured:
    """Run `benchmarks.<name>` in a process of its own beside the PostgreSQL of that pid; raises Failed."""
    command = [sys.executable, "-m", "benchmarks.task", name, json.dumps(given)]
    return process(command, server)


def process(command: Sequence[str], server: int) -> Measured:
    """Run a command that prints a JSON object as its last line; raises Failed."""
    before, started = server_cpu(server), time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert child.stdout is not None
    try:
        with child.stdout:
            output = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
    except BaseException:
        child.kill()
        child.wait()
        raise
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    lines = [line for line in output.splitlines() if line.strip()]
    if child.returncode or not lines or not lines[-1].startswith("{"):
        message = f"{' '.join(command[2:4])} ended with {child.returncode}: " + "\n".join(lines[-12:])
        raise Failed(message)
    said = json.loads(lines[-1])
    return Measured(used.ru_utime + used.ru_stime, server_cpu(server) - before, wall, said)


def least(measured: Sequence[Measured]) -> Measured:
    """The cheapest of several: a busy neighbour only ever adds."""
    return min(measured, key=lambda one: one.cpu)
