"""`make live`: tests that need more than Python. Installs what it can, then says what was not run, never "passed"."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from launch.places import Places

POLICY = Path("/usr/sbin/policy-rc.d")  # Debian: whether a package may start its service
NO_TESTS = 5  # pytest's exit status when nothing was collected


@dataclass(frozen=True)
class Tool:
    """A program of the machine: any of `names` will do; `package` is Debian's."""

    names: tuple[str, ...]
    package: str

    @property
    def there(self) -> bool:
        """Whether it can be run."""
        folders = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
        return any(shutil.which(name, path=folders) for name in self.names)


TOOLS = (Tool(("sshd",), "openssh-server"), Tool(("chromium", "chromium-browser", "google-chrome"), "chromium"))


def live(places: Places, arguments: list[str]) -> int:
    """Run the live tests; returns 0 when none failed, also when none could run, and says so."""
    report = places.root / ".live" / "report.xml"
    report.parent.mkdir(exist_ok=True)
    absent = install([tool for tool in TOOLS if not tool.there], report.with_name("apt.log"))
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-m", "live", "-rs", f"--junitxml={report}", *arguments]
    status = subprocess.run(command, cwd=places.root, check=False).returncode
    reasons = skipped(report.read_text()) if report.exists() else Counter()
    if status == NO_TESTS:
        print("NOT RUN: no live test was found.")
    for tool in absent:
        print(f"NOT RUN: whatever needs {tool.package} (could not be installed here).")
    for reason, count in reasons.items():
        print(f"NOT RUN: {count} test(s): {reason}")
    return 0 if status == NO_TESTS else status


def install(absent: list[Tool], log: Path) -> list[Tool]:
    """Install what apt-get can, which needs root; returns what is still missing. Its words go into `log`."""
    if absent and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing {', '.join(tool.package for tool in absent)} …", flush=True)
        with log.open("w") as words, _no_service_starts(words):
            _apt(words, "update")
            for tool in absent:
                _apt(words, "install", "-y", "--no-install-recommends", tool.package)
    return [tool for tool in absent if not tool.there]


def _apt(log: IO[str], *arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *arguments]
    subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)


@contextlib.contextmanager
def _no_service_starts(log: IO[str]) -> Iterator[None]:
    """The tests start an sshd of their own on a free port: installing one must not open this machine to others."""
    ours = not POLICY.exists() and not shutil.which("sshd", path="/usr/sbin")
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink()
            if shutil.which("systemctl"):
                subprocess.run(
                    ["systemctl", "disable", "ssh.service", "ssh.socket"], stdout=log, stderr=log, check=False
                )


def skipped(report: str) -> Counter[str]:
    """Reason → number of tests that were skipped, out of a junit report."""
    cases = ElementTree.fromstring(report).iter("skipped")  # noqa: S314
    return Counter(case.get("message", "") for case in cases)
