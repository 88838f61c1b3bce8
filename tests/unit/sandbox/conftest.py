"""A running shop and the two ways of talking to it: the vendor's own client, and plain requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from woocommerce import API

from sandbox.woocommerce.server import ShopServer, running

KEY, SECRET = "ck_test", "cs_test"


class Till:
    """The shop as a test sees it."""

    def __init__(self, server: ShopServer) -> None:
        self.server = server
        self.url = f"http://127.0.0.1:{server.port}"
        self.api = API(self.url, KEY, SECRET, timeout=20)

    def control(self, name: str, body: Any = None, **query: Any) -> Any:
        url = f"{self.url}/_sandbox/{name}"
        answer = (
            requests.get(url, params=query, timeout=20) if body is None else requests.post(url, json=body, timeout=20)
        )
        return answer.json()

    def create(self, **fields: Any) -> dict[str, Any]:
        answer = self.api.post("products", {"name": "Кружка", **fields})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def ledger(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.control("ledger")["entries"]
        return entries


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Till]:
    with running(tmp_path / "shop", KEY, SECRET) as server:
        yield Till(server)
