"""`make setup`: the environment in .venv, from the hash-pinned locks. Standard library only: nothing is there yet.

Three steps, each skipped when its inputs (lock, pyproject.toml, interpreter) are those of the last time:
the virtual environment with uv in it, the packages of the lock(s), the project itself (editable).
"""

import argparse
import configparser
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from launch.bar import Bar

ROOT = Path(__file__).resolve().parents[1]
LOCKS = {False: ("requirements.lock",), True: ("requirements.lock", "requirements-dev.lock")}


class SetupFailedError(RuntimeError):
    """The environment could not be made; the message says what to do."""


def main() -> int:
    """Make or refresh .venv; returns the exit status (2: could not)."""
    parser = argparse.ArgumentParser(prog="make setup")
    parser.add_argument("--dev", action="store_true", help="development tools too (make check, make test)")
    dev = parser.parse_args().dev
    try:
        prepare(ROOT, dev=dev)
    except SetupFailedError as error:
        print(f"Set-up failed: {error}", file=sys.stderr)
        return 2
    return 0


def prepare(root: Path, *, dev: bool) -> list[str]:
    """Bring root/.venv up to date; returns the steps that were needed."""
    venv = root / ".venv"
    stamp = venv / "hub-setup.json"
    done = _read(stamp) if (venv / "bin/python").exists() else {}
    wanted = _keys(root, dev=dev)
    if done.get("python") != wanted["python"]:
        done = {}
    steps = [step for step in wanted if done.get(step) != wanted[step]]
    for step in steps:
        _STEPS[step](root)
        done = {**_read(stamp), **done, step: wanted[step]}
        stamp.write_text(json.dumps(done, indent=1))
    if steps:
        print(f"Ready: .venv ({', '.join(steps)})", flush=True)
    return steps


def pinned(lock: str, name: str) -> str:
    """The block of one package (its `name==version` line with the hashes that follow) out of a lock's text."""
    lines = lock.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if line.startswith(f"{name}==")), None)
    if start is None:
        message = f"the lock pins no {name}"
        raise SetupFailedError(message)
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    return "".join(lines[start:end])


def count(lock: str) -> int:
    """How many packages a lock names (some are for other platforms)."""
    return sum(1 for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#")))


def _keys(root: Path, *, dev: bool) -> dict[str, str]:
    runtime, project = (_digest(root / name) for name in ("requirements.lock", "pyproject.toml"))
    python = f"{sys.version_info.major}.{sys.version_info.minor} {root}"
    keys = {"python": python, "packages": runtime}
    if dev:
        keys["development tools"] = _digest(root / "requirements-dev.lock") + runtime
    return {**keys, "project": project}


def _make_venv(root: Path) -> None:
    venv, lock = root / ".venv", (root / "requirements.lock").read_text()
    print(f"Python {sys.version.split()[0]} ({sys.executable})", flush=True)
    if venv.exists() and _read(venv / "hub-setup.json"):
        shutil.rmtree(venv)  # made for another interpreter or another folder
    _run(
        [sys.executable, "-m", "venv", str(venv)],
        "virtual environment",
        "On Debian and Ubuntu the module is a package of its own: apt install python3-venv",
    )
    only_uv = venv / "uv.lock"
    only_uv.write_text(pinned(lock, "uv"))
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "-q", "--no-deps", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(only_uv)], "uv", "Is the package index reachable (pip config list)?")


def _install_runtime(root: Path) -> None:
    _install(root, LOCKS[False], "packages")


def _install_dev(root: Path) -> None:
    _install(root, LOCKS[True], "development tools")


def _install(root: Path, locks: tuple[str, ...], what: str) -> None:
    total = sum(count((root / lock).read_text()) for lock in locks)
    files = [argument for lock in locks for argument in ("-r", str(root / lock))]
    site = next((root / ".venv/lib").glob("python3.*/site-packages"))
    uv = [*_uv(root), "--require-hashes", "--compile-bytecode", *files]
    hint = "Is the package index reachable? A mirror goes into UV_DEFAULT_INDEX or pip's index-url."
    _run(uv, what, hint, count=lambda: sum(1 for _ in site.glob("*.dist-info")), total=total)


def _install_project(root: Path) -> None:
    command = [*_uv(root), "--offline", "--no-build-isolation", "--no-deps", "--reinstall", "-e", str(root)]
    _run(command, "the project", "The lock pins what builds it (setuptools); is .venv whole? Remove it and try again.")


_STEPS = {
    "python": _make_venv,
    "packages": _install_runtime,
    "development tools": _install_dev,
    "project": _install_project,
}


def _uv(root: Path) -> list[str]:
    return [str(root / ".venv/bin/uv"), "pip", "install", "-q", "--python", str(root / ".venv/bin/python")]


def _environment() -> dict[str, str]:
    """Uv knows nothing of pip's settings: hand over the index, the certificates and a cache it can write."""
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    if "PIP_CERT" in environment:
        environment.setdefault("SSL_CERT_FILE", environment["PIP_CERT"])
    if index := environment.get("PIP_INDEX_URL") or _pip_index():
        environment.setdefault("UV_DEFAULT_INDEX", index)
    if not os.access(Path.home(), os.W_OK):
        environment.setdefault("UV_CACHE_DIR", str(ROOT / ".venv/.uv-cache"))
    return environment


def _pip_index() -> str | None:
    homes = [Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf", Path.home() / ".pip/pip.conf"]
    settings = configparser.RawConfigParser(strict=False)
    try:
        settings.read(homes)
    except (configparser.Error, OSError):
        return None
    return settings.get("global", "index-url", fallback=None)


def _run(command: list[str], what: str, hint: str, **progress: object) -> None:
    with Bar(what, **progress) as bar:  # type: ignore[arg-type]
        log = subprocess.Popen(
            command, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        output = bar.follow(log)
    if log.returncode:
        message = f"{what}: exit status {log.returncode}\n{output.strip()}\n{hint}"
        raise SetupFailedError(message)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _read(stamp: Path) -> dict[str, str]:
    try:
        return dict(json.loads(stamp.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(main())
