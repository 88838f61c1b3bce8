"""Processes that were started are ended with all they forked, and nobody else's ever is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from launch.processes import Child, Children

SLEEP = [sys.executable, "-c", "import time; time.sleep(120)"]
# A child in its own session that forked another, which moved to a session of its own: Airflow does both.
FORKS = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN if sys.argv[1] == "deaf" else signal.SIG_DFL)
inside = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
outside = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], start_new_session=True)
print(inside.pid, outside.pid, flush=True)
time.sleep(120)
"""


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    made = Children(tmp_path / "run", f"test-{os.getpid()}-{time.monotonic_ns()}")
    yield made
    made.stop(grace_s=2)


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


def gone(pid: int, within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def forked(log: Path) -> list[int]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if log.exists() and len(pids := log.read_text().split()) == 2:
            return [int(pid) for pid in pids]
        time.sleep(0.05)
    raise TimeoutError(log)


@pytest.mark.parametrize("manners", ["polite", "deaf"])
def test_stop_ends_a_child_and_what_it_forked(children: Children, tmp_path: Path, manners: str) -> None:
    log = tmp_path / "log"
    child = children.start("forking", [sys.executable, "-c", FORKS, manners], environment(), log)
    family = [child.pid, *forked(log)]
    assert children.stop(grace_s=1) == ["forking"]
    assert [pid for pid in family if not gone(pid)] == []
    assert children.known() == []


def test_another_launcher_ends_what_a_killed_one_left(tmp_path: Path) -> None:
    first = Children(tmp_path / "run", f"token-{time.monotonic_ns()}")
    log = tmp_path / "log"
    child = first.start("forking", [sys.executable, "-c", FORKS, "polite"], environment(), log)
    family = [child.pid, *forked(log)]
    os.kill(child.pid, signal.SIGKILL)
    later = Children(tmp_path / "run", first.token)
    assert later.stop(grace_s=2) == ["forking"]
    first._popens["forking"].wait()  # a zombie of this very process
    assert [pid for pid in family if not gone(pid)] == []
    assert later.stop() == []


def test_a_pid_that_is_somebody_elses_now_is_left_alone(children: Children, tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        children.remember("old", stranger.pid)
        file = tmp_path / "run" / "old.pid.json"
        file.write_text(file.read_text().replace('"created": ', '"created": 1'))
        assert children.stop(grace_s=0.5) == []
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_kept_child_is_not_ended(children: Children, tmp_path: Path) -> None:
    kept = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        children.remember("postgres", kept.pid)
        children.start("other", SLEEP, environment(), tmp_path / "log")
        assert children.stop(keep=("postgres",), grace_s=2) == ["other"]
        assert kept.poll() is None
    finally:
        kept.kill()
        kept.wait()


def test_a_child_that_ended_by_itself_is_told(children: Children, tmp_path: Path) -> None:
    children.start("short", [sys.executable, "-c", "print('why')"], environment(), tmp_path / "log")
    deadline = time.monotonic() + 20
    while not (ended := children.ended()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [child.name for child in ended] == ["short"]
    assert (tmp_path / "log").read_text() == "why\n"


def test_a_child_is_known_by_its_start_time_too() -> None:
    me = psutil.Process()
    assert Child("me", me.pid, me.create_time()).process() is not None
    assert Child("me", me.pid, me.create_time() - 100).process() is None
