"""Peak memory of this process above what its imports took. Linux only; elsewhere it is 0, which the table shows."""

from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"  # proc(5): resets VmHWM


def after_imports() -> int:
    """Forget the peak so far; returns the resident bytes that later ones are compared with."""
    if not _STATUS.exists():
        return 0
    _CLEAR.write_text(_FORGET_PEAK)
    return _resident("VmRSS")


def peak() -> int:
    """The most resident bytes since `after_imports`."""
    return _resident("VmHWM") if _STATUS.exists() else 0


def _resident(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
