"""A deadline for a whole HTTP exchange, which neither `requests` nor `urllib3` has.

Their time-outs restart with every byte received. Here each read from the socket may only wait for what is left of the
exchange's deadline, in headers and body alike.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

_thread = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything that this thread reads through `Adapter` ends within so many seconds, or raises `TimeoutError`."""
    _thread.due = time.monotonic() + seconds
    try:
        yield
    finally:
        del _thread.due


def _left() -> float:
    """Seconds left; raises `TimeoutError` when none are."""
    left: float = getattr(_thread, "due", float("inf")) - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of the exchange has passed")
    return left


class _TimedReader(io.RawIOBase):
    """The reading side of a socket, each wait limited by the deadline."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _left()
        self._sock.settimeout(None if left == float("inf") else left)
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            super().close()


class _TimedSocket:
    """What `http.client` needs of a socket to read an answer: `makefile`, and `close` for a short-lived one."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock), 1 << 16)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Timed:
    """Mixed into both connection classes: answers are read under the deadline."""

    sock: Any

    def getresponse(self) -> HTTPResponse:
        real = self.sock
        self.sock = _TimedSocket(real)
        try:
            answer: HTTPResponse = super().getresponse()  # type: ignore[misc]
        finally:
            if self.sock is not None:
                self.sock = real
        return answer


class _TimedHTTP(_Timed, HTTPConnection):  # type: ignore[misc]
    """Plain connection under a deadline."""


class _TimedHTTPS(_Timed, HTTPSConnection):  # type: ignore[misc]
    """TLS connection under a deadline."""


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _TimedHTTP


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPS


class Adapter(HTTPAdapter):
    """The transport of a session whose answers are read under `within`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool, with our connections in place of urllib3's."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
