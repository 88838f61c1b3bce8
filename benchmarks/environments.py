"""Environments of peers whose requirements do not fit the project's own: made on demand, kept in .airflow/bench."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".airflow" / "bench"
REQUIREMENTS = {"dlt": ("dlt[postgres]==1.31.0", "lxml>=6.1")}


class Unavailable(Exception):
    """A peer's environment cannot be made here; the message says why."""


def interpreter(name: str) -> Path:
    """Python of a peer's environment, made at its first use; raises Unavailable."""
    folder = KEPT / f"{name}-{sys.version_info.major}.{sys.version_info.minor}"
    python, made = folder / "bin" / "python", folder / "made"
    wanted = "\n".join(REQUIREMENTS[name])
    if made.exists() and made.read_text() == wanted:
        return python
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        message = f"{uv.name} is not in the project's environment: make setup-dev"
        raise Unavailable(message)
    _run([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
    _run([str(uv), "pip", "install", "--quiet", "--python", str(python), *REQUIREMENTS[name]])
    made.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600)
    except subprocess.TimeoutExpired as error:
        message = f"{' '.join(command[:3])} took longer than ten minutes"
        raise Unavailable(message) from error
    if done.returncode:
        message = f"{' '.join(command[:3])} failed: {done.stderr.strip()[-300:]}"
        raise Unavailable(message)
