"""All servers of the retailer in one process, until they are told to end."""

import asyncio
import json
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.sftp.server import FolderServer
from sandbox.woocommerce.server import ShopServer

ENDPOINTS, SECRETS = "endpoints.json", "secrets.json"


def erp_folder(directory: Path) -> Path:
    """Where this retailer's 1C drops its exports."""
    return directory / "erp" / "out"


def erp_state(directory: Path) -> Path:
    """Where this retailer's 1C keeps what people changed in it."""
    return directory / "onec"


def write_private(file: Path, content: dict[str, Any]) -> None:
    """Write JSON for its owner's eyes only, all at once."""
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(content, stream, indent=2)
    part.replace(file)


def kept_secrets(directory: Path) -> dict[str, str]:
    """Keys and passwords, generated once."""
    file = directory / SECRETS
    if not file.exists():
        generated = {
            "consumer_key": f"ck_{secrets.token_hex(20)}",
            "consumer_secret": f"cs_{secrets.token_hex(20)}",
            "sftp_user": "exchange",
            "sftp_password": secrets.token_urlsafe(18),
        }
        write_private(file, generated)
    kept: dict[str, str] = json.loads(file.read_text("utf-8"))
    return kept


def _endpoints(directory: Path, kept: dict[str, str], shop: ShopServer, files: FolderServer) -> dict[str, Any]:
    url = f"http://127.0.0.1:{shop.port}"
    return {
        "pid": os.getpid(),
        "woocommerce": {
            "url": url, "control": f"{url}/_sandbox",
            "consumer_key": kept["consumer_key"], "consumer_secret": kept["consumer_secret"],
        },
        "sftp": {
            "host": "127.0.0.1", "port": files.port, "user": files.user, "password": files.password,
            "host_key": files.public_key, "folder": "/out",
        },
        "erp": {"out": str(erp_folder(directory)), "state": str(erp_state(directory))},
    }  # fmt: skip


async def _serve(directory: Path, woo_port: int, sftp_port: int, ready: Callable[[dict[str, Any]], object]) -> None:
    kept = kept_secrets(directory)
    erp_folder(directory).mkdir(parents=True, exist_ok=True)
    shop = ShopServer(directory / "woocommerce", kept["consumer_key"], kept["consumer_secret"], woo_port)
    files = FolderServer(
        directory / "erp", directory / "sftp", kept["sftp_user"], kept["sftp_password"], sftp_port
    ).start()  # fmt: skip

    def end() -> None:
        shop.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)
    serving = asyncio.create_task(shop.serve_until_told())
    while not shop.started and not serving.done():
        await asyncio.sleep(0.01)
    if shop.started:
        endpoints = _endpoints(directory, kept, shop, files)
        write_private(directory / ENDPOINTS, endpoints)
        ready(endpoints)
    try:
        await serving
    finally:
        (directory / ENDPOINTS).unlink(missing_ok=True)
        files.stop()


def serve(
    directory: Path, woo_port: int = 0, sftp_port: int = 0, ready: Callable[[dict[str, Any]], object] = id
) -> None:
    """Serve until SIGTERM or SIGINT; `endpoints.json` is there exactly while everything answers."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ENDPOINTS).unlink(missing_ok=True)
    asyncio.run(_serve(directory, woo_port, sftp_port, ready))
