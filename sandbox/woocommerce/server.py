"""The shop on a port: uvicorn with connections that can be cut, in the foreground or in a thread."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.woocommerce.app import Storefront
from sandbox.woocommerce.auth import Keys
from sandbox.woocommerce.shop import Shop

FILE = "woocommerce.db"
_OPEN: dict[tuple[str, int], asyncio.Transport] = {}


class _Cuttable(H11Protocol):
    """Remembers each connection by its peer's address, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.peer = transport.get_extra_info("peername")
        _OPEN[self.peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.pop(self.peer, None)
        super().connection_lost(exc)


def _hang_up(request: Request) -> None:
    client = request.client
    transport = _OPEN.get((client.host, client.port)) if client else None
    if transport is not None:
        transport.abort()


class ShopServer(uvicorn.Server):
    """One shop; `port` is known once `started` is set. Signals are the caller's business."""

    def __init__(self, directory: Path, key: str, secret: str, port: int = 0, host: str = "127.0.0.1") -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.shop = Shop(directory / FILE)
        self.front = Storefront(self.shop, Keys(key, secret), _hang_up)
        super().__init__(
            uvicorn.Config(
                self.front.app(), host=host, port=port, http=_Cuttable, ws="none", lifespan="off",
                access_log=False, log_level="warning", timeout_graceful_shutdown=1, backlog=256,
            )
        )  # fmt: skip

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    @property
    def port(self) -> int:
        """The port that the system gave us."""
        name: tuple[Any, ...] = self.servers[0].sockets[0].getsockname()
        return int(name[1])

    async def serve_until_told(self) -> None:
        """Serve until `should_exit` is set, then close the database."""
        try:
            await self.serve()
        finally:
            self.shop.close()


@contextmanager
def running(directory: Path, key: str, secret: str, port: int = 0) -> Iterator[ShopServer]:
    """A shop in a thread of this process, for tests."""
    server = ShopServer(directory, key, secret, port)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve_until_told()), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        if not thread.is_alive():
            message = "the shop could not start"
            raise RuntimeError(message)
    try:
        yield server
    finally:
        server.should_exit = True
        with contextlib.suppress(RuntimeError):
            thread.join(10)
