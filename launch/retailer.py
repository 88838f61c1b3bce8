"""The sandbox retailer, driven as a program of its own: no code of it is imported."""

import json
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from launch.keys import write_private
from launch.places import Places
from launch.processes import Children

START_TIMEOUT_S = 60.0


class SandboxError(RuntimeError):
    """The sandbox did not do what it was asked; the message holds its own words."""


def serve(places: Places, children: Children, environment: dict[str, str]) -> dict[str, Any]:
    """Start the sandbox and wait for its endpoints.json; returns that."""
    endpoints = places.sandbox / "endpoints.json"
    endpoints.unlink(missing_ok=True)
    places.sandbox.mkdir(parents=True, exist_ok=True)
    log = places.logs / "sandbox.log"
    child = children.start("sandbox", _command(places, "serve"), environment, log)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and child.process() is not None:
        if (found := _read(endpoints)) is not None:
            return found
        time.sleep(0.1)
    message = f"the sandbox did not start:\n{tail(log)}"
    raise SandboxError(message)


def write_connections(places: Places, endpoints: dict[str, Any]) -> None:
    """Write .airflow/connections.yml from the sandbox's endpoints; connections of other systems stay."""
    there = yaml.safe_load(places.connections.read_text()) if places.connections.exists() else None
    text = yaml.safe_dump({**(there or {}), **connections(places, endpoints)}, allow_unicode=True, sort_keys=True)
    write_private(places.connections, f"# The sandbox's entries are written anew at each `make run`.\n{text}")


def connections(places: Places, endpoints: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The connections that landscape.yml names, in the fields of Airflow's connections file."""
    shop = urlsplit(endpoints["woocommerce"]["url"])
    return {
        "erp_1c": {"conn_type": "commerceml", "extra": {"folder": endpoints["erp"]["out"]}},
        "shop_woo": {
            "conn_type": "woocommerce",
            "schema": shop.scheme,
            "host": shop.hostname,
            "port": shop.port,
            "login": endpoints["woocommerce"]["consumer_key"],
            "password": endpoints["woocommerce"]["consumer_secret"],
        },
        "feed_folder": {"conn_type": "yml", "extra": {"folder": str(places.sandbox / "feeds")}},
    }


def drop(places: Places, products: int, environment: Mapping[str, str], report: Callable[[int, int], None]) -> None:
    """Let the sandbox's 1C drop a full export of `products`; `report(done, total)` follows it."""
    command = _command(places, "drop", "--products", str(products), "--progress", "json")
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=places.root
    ) as process:
        lines: deque[str] = deque(maxlen=15)
        for line in process.stderr or ():
            lines.append(line)
            for done, total in _progress(line):
                report(done, total)
    if process.returncode:
        message = f"the sandbox's 1C did not drop an export:\n{''.join(lines)}"
        raise SandboxError(message)


def set_price(places: Places, sku: str, price: str) -> str:
    """Change one price in the sandbox's 1C; returns what it says."""
    command = _command(places, "price", sku, price)
    done = subprocess.run(command, cwd=places.root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(done.stderr.strip())
    offer = json.loads(done.stdout)["offer"]
    return f"1C sells {sku} at {price} now (offer {offer}); the next `make run` exports it."


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def _command(places: Places, verb: str, *options: str) -> list[str]:
    return [places.bin("python"), "-m", "sandbox", verb, "--dir", str(places.sandbox), *options]


def _progress(line: str) -> Iterator[tuple[int, int]]:
    """(done, total) of a progress line, nothing of any other line."""
    try:
        fields = json.loads(line)
    except ValueError:
        return
    if isinstance(fields, dict) and "done" in fields and fields.get("total"):
        yield int(fields["done"]), int(fields["total"])


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, ValueError):
        return None
