"""The processes that `make run` starts: one file each, so that whoever comes later ends these and no others.

A process is known by its pid *and* its start time; what it forked, by its session and by a marker that children
inherit in their environment. A pid that somebody else got meanwhile is therefore never touched.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

MARKER = "HUB_LAUNCH"
GRACE_S = 6.0


@dataclass(frozen=True)
class Child:
    """A process that was started: `created` in seconds since the epoch, as the kernel tells it."""

    name: str
    pid: int
    created: float
    log: str = ""

    def process(self) -> psutil.Process | None:
        """The living process, or None when it ended (or its pid is somebody else's by now)."""
        try:
            process = psutil.Process(self.pid)
            alive = abs(process.create_time() - self.created) < 2 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


class Children:
    """Starts, remembers and ends processes. `folder` keeps one file a child; `token` is the marker's value."""

    def __init__(self, folder: Path, token: str) -> None:
        self.folder, self.token = folder, token
        self._popens: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str], log: Path) -> Child:
        """Start a child in a session of its own, its output appended to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            popen = subprocess.Popen(
                command,
                env={**environment, MARKER: self.token},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._popens[name] = popen
        return self.remember(name, popen.pid, log)

    def remember(self, name: str, pid: int, log: Path | None = None) -> Child:
        """Write down a living process."""
        child = Child(name, pid, psutil.Process(pid).create_time(), str(log or ""))
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".{name}.part"
        part.write_text(json.dumps({"pid": child.pid, "created": child.created, "log": child.log}))
        part.replace(self._file(name))
        return child

    def known(self) -> list[Child]:
        """Every child that was written down, living or not."""
        children = []
        for file in sorted(self.folder.glob("*.pid.json")):
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
                fields = json.loads(file.read_text())
                children.append(
                    Child(file.name.removesuffix(".pid.json"), fields["pid"], fields["created"], fields["log"])
                )
        return children

    def forget(self, name: str) -> None:
        """Remove a child's file."""
        self._file(name).unlink(missing_ok=True)

    def ended(self) -> list[Child]:
        """Children of this very process that are no longer running."""
        gone = {name for name, popen in self._popens.items() if popen.poll() is not None}
        return [child for child in self.known() if child.name in gone]

    def stop(self, keep: Iterable[str] = (), grace_s: float = GRACE_S) -> list[str]:
        """End all children but those in `keep`, with whatever they forked; returns the names of what was ended.

        SIGTERM first, SIGKILL to what is left after `grace_s`.
        """
        children = [child for child in self.known() if child.name not in keep]
        families = {child.name: self._family(child) for child in children}
        strays = self._strays()
        _end(list({p.pid: p for family in [*families.values(), strays] for p in family}.values()), grace_s)
        _end(self._strays(), grace_s)  # forked while we were at it
        for child in children:
            self._file(child.name).unlink(missing_ok=True)
            if popen := self._popens.pop(child.name, None):
                popen.wait()
        ended = [name for name, family in families.items() if family]
        return ended + (["stray processes"] if strays and not ended else [])

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pid.json"

    def _family(self, child: Child) -> list[psutil.Process]:
        """The child and everything in its session; a session outlives its leader and keeps the leader's pid taken."""
        if child.process() is None and psutil.pid_exists(child.pid) and not _zombie(child.pid):
            return []  # the pid is somebody else's now
        family = []
        for process in psutil.process_iter():
            with contextlib.suppress(ProcessLookupError, PermissionError, psutil.Error):
                if os.getsid(process.pid) == child.pid and process.status() != psutil.STATUS_ZOMBIE:
                    family.append(process)
        return family

    def _strays(self) -> list[psutil.Process]:
        """Living processes that carry the marker: forked by ours, whatever session they moved to."""
        strays = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                marked = process.environ().get(MARKER) == self.token
                if marked and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    strays.append(process)
        return strays


def _zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _end(processes: list[psutil.Process], grace_s: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        deadline = time.monotonic() + grace_s
        while processes and time.monotonic() < deadline:
            processes = [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
            time.sleep(0.05)
        if not processes:
            return
