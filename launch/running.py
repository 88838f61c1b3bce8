"""`make run`: own the hub, or attach to the one that is up."""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

import requests

from hub.store import embedded
from launch import nightly, starting, table
from launch.databases import MigrationError
from launch.keys import environment, load_keys
from launch.nightly import NightlyError
from launch.places import Places
from launch.processes import Children
from launch.retailer import SandboxError
from launch.screen import Screen
from launch.single import Owner, wait_ready
from launch.starting import Hub, StartError

ATTACH_TIMEOUT_S = 300.0
COULD_NOT = 2
FAILURES = (StartError, MigrationError, SandboxError, NightlyError, TimeoutError, requests.RequestException)


def run(places: Places, *, once: bool, products: int) -> int:
    """Run the nightly catalogue on a hub of our own or on the one that is up; returns the exit status."""
    screen, owner = Screen(), Owner(places.run)
    try:
        with _signals():
            if owner.acquire():
                return _own(places, owner, screen, once=once, products=products)
            return _attach(places, owner, screen, once=once, products=products)
    except KeyboardInterrupt:
        return 0 if not once else 1
    except FAILURES as error:
        screen.console.print(f"Could not run: {error}", style="red", markup=False, soft_wrap=True)
        return COULD_NOT


def _own(places: Places, owner: Owner, screen: Screen, *, once: bool, products: int) -> int:
    keys = load_keys(places)
    children = Children(places.run, keys["launch"])
    if left := end_all(places, children):
        screen.say(f"Ended what an interrupted run had left: {', '.join(left)}")
    try:
        with screen.bars():
            hub = starting.start(places, children, products, screen)
        owner.announce(hub.port)
        table.show_login(hub, screen)
        proven = _night(hub, screen, alone=True, keep_going=not once)
        if not once:
            table.show_login(hub, screen)
            screen.say("Ctrl-C or `make stop` ends it.")
            _watch(children)
        return 0 if proven else 1
    finally:
        with _deaf():
            screen.say("Stopping …")
            end_all(places, children)
            owner.release()


def _attach(places: Places, owner: Owner, screen: Screen, *, once: bool, products: int) -> int:
    """Another `make run` holds the hub: wait until it is ready, let 1C export again, run the nightly once more."""
    screen.say("The hub is up already: attaching to it.")
    with screen.bars(), screen.step("waiting for the hub"):
        found = wait_ready(places.run, owner.acquire, ATTACH_TIMEOUT_S)
    if found is None:  # its owner ended meanwhile, and the lock may be ours now
        owner.release()
        return run(places, once=once, products=products)
    hub = _hub_at(places, found.port)
    with screen.bars():
        starting.drop_export(places, products, hub, screen)
    proven = _night(hub, screen, alone=False, keep_going=False)
    table.show_login(hub, screen)
    return 0 if proven else 1


def _night(hub: Hub, screen: Screen, *, alone: bool, keep_going: bool) -> bool:
    """Run the nightly catalogue and show what came of it; `keep_going`: a hub without a nightly is still a hub."""
    try:
        night = nightly.run(hub, screen, alone=alone)
    except NightlyError as error:
        if not keep_going:
            raise
        screen.console.print(f"No nightly run: {error}", style="red", markup=False, soft_wrap=True)
        return False
    table.show(night, screen)
    return night.proven


def _hub_at(places: Places, port: int) -> Hub:
    keys = load_keys(places)
    server = embedded.start(places.postgres)
    added = environment(places, keys, port, server)
    return Hub(port, keys["admin_password"], starting.inherited(places) | added)


def end_all(places: Places, children: Children) -> list[str]:
    """End every process of this checkout's hub, PostgreSQL last and in its own orderly way; returns their names."""
    ended = children.stop(keep=("postgres",))
    if (server := embedded.running(places.postgres)) is not None:
        server.stop()
        ended.append("postgres")
    children.forget("postgres")
    return ended


def _watch(children: Children) -> None:
    """Stay in the foreground while everything lives."""
    while True:
        starting.check_alive(children)
        time.sleep(1)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM (make stop) and SIGHUP (the terminal was closed) end the hub the way Ctrl-C does."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """A second Ctrl-C does not interrupt the stopping."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
