"""`make stop`: end every process that was started here, and leave none."""

import contextlib
import os
import signal
import time

import psutil

from launch.keys import load_keys
from launch.places import Places
from launch.processes import Children
from launch.running import end_all
from launch.single import Owner, holder

ORDERLY_S = 60.0


def stop(places: Places) -> int:
    """Ask the launcher to stop, end what is left, say what it was; returns 0."""
    if not places.keys.exists():
        print("Nothing was started here.")
        return 0
    children = Children(places.run, load_keys(places)["launch"])
    named = [child.name for child in children.known() if child.process() is not None]
    launcher = _end_launcher(places)
    owner = Owner(places.run)
    owner.acquire()
    left = end_all(places, children)
    owner.release()
    ended = [*launcher, *dict.fromkeys([*named, *left])]
    print(f"Ended: {', '.join(ended)}." if ended else "Nothing was running.")
    return 0


def _end_launcher(places: Places) -> list[str]:
    """End the `make run` that holds the hub; it ends its children itself unless it hangs."""
    pid = holder(places.run)
    if pid is None:
        return []
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        process = psutil.Process(pid)
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + ORDERLY_S
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > deadline:
                process.kill()
                break
            time.sleep(0.1)
    return ["make run"]
