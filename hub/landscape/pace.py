"""One token bucket a connection, a PostgreSQL row shared by all processes, taken in lumps.

Paced callers finish at the vendor's limit with no rejected request; reacting to 429 alone sends ten times the requests.
"""

import threading
import time

import psycopg

from hub.store.database import connect

BURST_S = 0.5
"""Half a second's requests may go at once: with a whole second's, the first second would see twice the rate."""

_TAKE = """
insert into pace as p (connection, tokens) values (%(name)s, %(burst)s - %(lump)s)
on conflict (connection) do update set
  tokens = least(%(burst)s, p.tokens + extract(epoch from clock_timestamp() - p.updated_at) * %(rate)s) - %(lump)s,
  updated_at = clock_timestamp()
returning tokens, extract(epoch from blocked_until - clock_timestamp())
"""


class DatabasePace:
    """Takes `rate` requests a second from the shared bucket, `lump` at a time; safe for threads."""

    def __init__(self, url: str, name: str, rate: float | None) -> None:
        self.url, self.name, self.rate = url, name, rate
        self.lump = max(1, min(10, int((rate or 0) / 5)))
        self.burst = max(self.lump, (rate or 0) * BURST_S)
        self.here = 0
        self.lock = threading.Lock()
        self.blocked_until = self.ready_at = 0.0
        self.connection: psycopg.Connection[tuple[float, float | None]] | None = None

    def take(self, cost: int = 1) -> None:
        """Wait until `cost` requests may be sent."""
        ready_at = self.blocked_until
        if self.rate is not None:
            with self.lock:
                while self.here < cost:
                    self.ready_at = time.monotonic() + self._take_lump()
                self.here -= cost
                # Whoever takes from a lump waits for it, not only the thread that fetched it.
                ready_at = max(ready_at, self.ready_at)
        if (wait := ready_at - time.monotonic()) > 0:
            time.sleep(wait)

    def _take_lump(self) -> float:
        if self.connection is None:
            self.connection = connect(self.url, autocommit=True)
        assert self.rate is not None
        row = self.connection.execute(
            _TAKE, {"name": self.name, "rate": self.rate, "burst": self.burst, "lump": self.lump}
        ).fetchone()
        assert row is not None
        self.here += self.lump
        # A negative bucket is a promise: wait until it would be full enough.
        return max(-float(row[0]) / self.rate, float(row[1] or 0), 0.0)

    def slow_down(self, until_s: float) -> None:
        """The target said 429: everybody waits so many seconds."""
        self.blocked_until = max(self.blocked_until, time.monotonic() + until_s)
        with self.lock:
            if self.connection is None:
                self.connection = connect(self.url, autocommit=True)
            self.connection.execute(
                "insert into pace as p (connection, tokens, blocked_until) "
                "values (%(name)s, 0, clock_timestamp() + make_interval(secs => %(s)s)) "
                "on conflict (connection) do update set tokens = least(p.tokens, 0), "
                "blocked_until = greatest(p.blocked_until, excluded.blocked_until)",
                {"name": self.name, "s": until_s},
            )

    def close(self) -> None:
        """Close the connection of its own."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class NoPace:
    """For systems without a limit, and for what touches nothing outside."""

    def take(self, cost: int = 1) -> None:
        """Return at once."""

    def slow_down(self, until_s: float) -> None:
        """Wait here, where nobody else shares the limit."""
        time.sleep(until_s)
