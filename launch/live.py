"""`make live`: tests that need more than Python. Installs what it can, then says what was not run, never "passed"."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from launch.places import Places

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
    absent = install([tool for tool in TOOLS if not tool.there])
    report = places.root / ".live" / "report.xml"
    report.parent.mkdir(exist_ok=True)
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


def install(absent: Iterable[Tool]) -> list[Tool]:
    """Install what apt-get can, which needs root; returns what is still missing."""
    absent = list(absent)
    if absent and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"Installing {', '.join(tool.package for tool in absent)} …", flush=True)
        apt = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*apt, "update"], env=environment, stdout=subprocess.DEVNULL, check=False)
        for tool in absent:
            # No policy allows a server to start: the tests start an sshd of their own on a free port.
            options = ["install", "-y", "--no-install-recommends", tool.package]
            subprocess.run([*apt, *options], env=environment, stdout=subprocess.DEVNULL, check=False)
    return [tool for tool in absent if not tool.there]


def skipped(report: str) -> Counter[str]:
    """Reason → number of tests that were skipped, out of a junit report."""
    cases = ElementTree.fromstring(report).iter("skipped")  # noqa: S314
    return Counter(case.get("message", "") for case in cases)
