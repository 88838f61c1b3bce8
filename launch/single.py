"""One launcher a checkout: whoever holds the lock owns the hub, everybody else attaches to it."""

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from launch.keys import write_private


@dataclass(frozen=True)
class Running:
    """What the owner says of its hub once Airflow is healthy."""

    pid: int
    port: int


class Owner:
    """The lock on .airflow/run: held until this process ends, whatever ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock: int | None = None

    def acquire(self) -> bool:
        """Become the owner unless somebody is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / "launcher.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps([os.getpid(), psutil.Process().create_time()]).encode())
        (self.folder / "hub.json").unlink(missing_ok=True)
        return True

    def release(self) -> None:
        """Give the lock back; what it said of the hub goes with it."""
        if self._lock is not None:
            (self.folder / "hub.json").unlink(missing_ok=True)
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None

    def announce(self, port: int) -> None:
        """Say that the hub is ready, for those who attach to it."""
        write_private(self.folder / "hub.json", json.dumps(asdict(Running(os.getpid(), port))))


def holder(folder: Path) -> int | None:
    """The pid of the living process that holds the lock."""
    try:
        pid, created = json.loads((folder / "launcher.lock").read_text())
        process = psutil.Process(pid)
        alive = abs(process.create_time() - created) < 2 and process.status() != psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None
    return int(pid) if alive and pid != os.getpid() else None


def running(folder: Path) -> Running | None:
    """The ready hub that the holder of the lock announced."""
    try:
        announced = Running(**json.loads((folder / "hub.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return announced if announced.pid == holder(folder) else None


def wait_ready(folder: Path, give_up: Callable[[], bool], timeout_s: float) -> Running | None:
    """Wait for the owner's hub to become ready; None when `give_up` says so or time is over."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and not give_up():
        if (hub := running(folder)) is not None:
            return hub
        time.sleep(0.3)
    return None
